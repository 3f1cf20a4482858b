"""Transfers to connected accounts, and their reversals."""

from marketplace.sandbox.stripe.account import require_receiver
from marketplace.sandbox.stripe.call import Call, list_of
from marketplace.sandbox.stripe.error import invalid, missing
from marketplace.sandbox.stripe.money import book
from marketplace.sandbox.stripe.state import Json, new_id


def create_transfer(call: Call) -> Json:
    """Move money to a connected account, out of one charge's funds or out of what is available."""
    params = call.params
    amount, currency = params.get("amount"), params["currency"]
    if amount is None:
        raise invalid("Missing required param: amount.", code="parameter_missing", param="amount")
    if amount < 1:
        raise invalid(
            "This value must be greater than or equal to 1.", code="parameter_invalid_integer", param="amount"
        )
    require_receiver(call, params["destination"])
    charge = _origin(call, params.get("source_transaction"), amount, currency)
    if charge is None and call.state.balance("", currency, available_only=True) < amount:
        raise invalid(
            "You have insufficient available funds in your Stripe account. Try adding funds directly to your"
            " available balance by creating Charges using the 4000000000000077 test card.",
            code="balance_insufficient",
        )
    return _move(call, amount, currency, charge)


def _origin(call: Call, ident: str | None, amount: int, currency: str) -> Json | None:
    if ident is None:
        return None
    charge = call.state.find("charge", ident)
    if charge is None:
        raise missing("charge", ident, "source_transaction")
    if not charge["paid"]:
        raise invalid("Cannot use a failed charge as a source_transaction.", param="source_transaction")
    if charge["currency"] != currency:
        raise invalid(
            "The currency of source_transaction's balance transaction must be the same as the transfer currency.",
            param="currency",
        )
    taken = sum(t["amount"] - t["amount_reversed"] for t in call.state.all("transfer", source_transaction=ident))
    if taken + amount > charge["amount"]:
        raise invalid(
            f"Transfers using this transaction as a source must not exceed the source amount of {charge['amount']}."
            f" (There are existing transfers with a combined amount of {taken}.)",
            code="transfer_source_balance_parameters_mismatch",
            param="amount",
        )
    return charge


def _move(call: Call, amount: int, currency: str, charge: Json | None) -> Json:
    ident, payment, destination = new_id("tr_3"), new_id("py_1"), call.params["destination"]
    due = _available_on(call, charge)
    transaction = book(call, kind="transfer", source=ident, amount=-amount, currency=currency, available_on=due)
    book(call, kind="payment", source=payment, amount=amount, currency=currency, account=destination, available_on=due)
    body: Json = {
        "id": ident,
        "object": "transfer",
        "amount": amount,
        "amount_reversed": 0,
        "balance_transaction": transaction,
        "created": call.now,
        "currency": currency,
        "description": call.params.get("description"),
        "destination": destination,
        "destination_payment": payment,
        "livemode": False,
        "metadata": call.params.get("metadata") or {},
        "reversals": {"object": "list", "data": [], "has_more": False, "url": f"/v1/transfers/{ident}/reversals"},
        "reversed": False,
        "source_transaction": charge["id"] if charge else None,
        "source_type": "card",
        "transfer_group": call.params.get("transfer_group") or (charge["transfer_group"] if charge else None),
    }
    call.state.add("transfer", body)
    call.announce("transfer.created", body)
    return body


def _available_on(call: Call, charge: Json | None) -> int:
    if charge is None:
        return call.now
    transaction = call.get("balance_transaction", charge["balance_transaction"], account="")
    return max(call.now, int(transaction["available_on"]))


def create_reversal(call: Call, ident: str) -> Json:
    """Take money of a transfer back; refused when the connected account no longer has it."""
    transfer = call.get("transfer", ident)
    left = transfer["amount"] - transfer["amount_reversed"]
    amount = call.params.get("amount", left)
    if not 0 < amount <= left:
        raise invalid(
            f"Transfer reversal amount ({amount}) is greater than unreversed amount on transfer ({left}).",
            param="amount",
        )
    account, currency = transfer["destination"], transfer["currency"]
    if call.state.balance(account, currency, available_only=False) < amount:
        raise invalid(
            "The connected account has insufficient funds to reverse this transfer.", code="balance_insufficient"
        )
    reversal = _take_back(call, transfer, amount)
    transfer["amount_reversed"] += amount
    transfer["reversed"] = transfer["amount_reversed"] == transfer["amount"]
    transfer["reversals"]["data"].insert(0, reversal)
    call.state.save(transfer)
    call.announce("transfer.reversed", transfer)
    return reversal


def _take_back(call: Call, transfer: Json, amount: int) -> Json:
    ident = new_id("trr_1")
    currency, account = transfer["currency"], transfer["destination"]
    transaction = book(
        call, kind="transfer_refund", source=ident, amount=amount, currency=currency, category="transfer_reversal"
    )
    book(call, kind="payment_refund", source=ident, amount=-amount, currency=currency, account=account)
    body: Json = {
        "id": ident,
        "object": "transfer_reversal",
        "amount": amount,
        "balance_transaction": transaction,
        "created": call.now,
        "currency": currency,
        "destination_payment_refund": None,
        "metadata": call.params.get("metadata") or {},
        "source_refund": None,
        "transfer": transfer["id"],
    }
    return call.state.add("transfer_reversal", body)


def get_transfer(call: Call, ident: str) -> Json:
    """One transfer."""
    return call.get("transfer", ident)


def list_transfers(call: Call) -> Json:
    """Transfers, newest first, of one group or destination if asked."""
    wanted = {name: call.params.get(name) for name in ("transfer_group", "destination")}
    return list_of(call, "transfer", "/v1/transfers", **wanted)


def list_reversals(call: Call, ident: str) -> Json:
    """Reversals of one transfer."""
    call.get("transfer", ident)
    return list_of(call, "transfer_reversal", f"/v1/transfers/{ident}/reversals", transfer=ident)


def get_reversal(call: Call, ident: str, reversal: str) -> Json:
    """One reversal."""
    call.get("transfer", ident)
    return call.get("transfer_reversal", reversal)
