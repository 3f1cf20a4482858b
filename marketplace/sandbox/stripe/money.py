"""The stand-in's balances: fees, balance transactions, and what is available when."""

from collections.abc import Sequence

from marketplace.sandbox.stripe.call import Call, list_of
from marketplace.sandbox.stripe.state import Json, new_id

CARD_FEE_BP = 290
CARD_FEE_FIXED = 30
DISPUTE_FEE = 1500
SETTLES_AFTER_S = 2 * 24 * 3600


def card_fee(amount: int) -> int:
    """Stripe's price of a card charge in minor units: 2.9 % rounded half up, and 30."""
    return (amount * CARD_FEE_BP + 5000) // 10000 + CARD_FEE_FIXED


def book(
    call: Call,
    *,
    kind: str,
    source: str,
    amount: int,
    currency: str,
    fee: int = 0,
    account: str = "",
    available_on: int | None = None,
    category: str | None = None,
    description: str | None = None,
) -> str:
    """Write one balance transaction; gives its id. `amount` is signed, `net` is amount less fee."""
    due = call.now if available_on is None else available_on
    body: Json = {
        "id": new_id("txn_"),
        "object": "balance_transaction",
        "amount": amount,
        "available_on": due,
        "balance_type": "payments",
        "created": call.now,
        "currency": currency,
        "description": description,
        "exchange_rate": None,
        "fee": fee,
        "fee_details": _fee_details(fee, currency),
        "net": amount - fee,
        "reporting_category": category or kind,
        "source": source,
        "status": "available" if due <= call.now else "pending",
        "type": kind,
    }
    return str(call.state.add("balance_transaction", body, account)["id"])


def _fee_details(fee: int, currency: str) -> Sequence[Json]:
    if not fee:
        return []
    return [
        {
            "amount": fee,
            "application": None,
            "currency": currency,
            "description": "Stripe processing fees",
            "type": "stripe_fee",
        }
    ]


def read_balance(call: Call) -> Json:
    """The balance object of the platform or of the connected account acted for."""
    rows = call.state.run(
        "SELECT DISTINCT json_extract(body, '$.currency') FROM document"
        " WHERE kind = 'balance_transaction' AND account = ?",
        call.account,
    )
    currencies = sorted(row[0] for row in rows) or ["usd"]
    available = {c: call.state.balance(call.account, c, available_only=True) for c in currencies}
    everything = {c: call.state.balance(call.account, c, available_only=False) for c in currencies}
    return {
        "object": "balance",
        "available": [_amount(available[c], c) for c in currencies],
        "connect_reserved": [{"amount": 0, "currency": c} for c in currencies],
        "livemode": False,
        "pending": [_amount(everything[c] - available[c], c) for c in currencies],
    }


def _amount(amount: int, currency: str) -> Json:
    return {"amount": amount, "currency": currency, "source_types": {"card": amount}}


def list_balance_transactions(call: Call) -> Json:
    """Balance transactions of this balance, newest first."""
    wanted = {name: call.params.get(name) for name in ("source", "type", "currency")}
    page = list_of(call, "balance_transaction", "/v1/balance_transactions", **wanted)
    page["data"] = [_ripened(call, each) for each in page["data"]]
    return page


def get_balance_transaction(call: Call, ident: str) -> Json:
    """One balance transaction."""
    return _ripened(call, call.get("balance_transaction", ident))


def _ripened(call: Call, body: Json) -> Json:
    return {**body, "status": "available" if body["available_on"] <= call.now else "pending"}
