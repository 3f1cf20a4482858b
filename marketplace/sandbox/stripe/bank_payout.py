"""Bank payouts of a balance: Stripe's own payouts, to the bank account of a connected account or of the platform."""

from marketplace.sandbox.stripe.account import require_access
from marketplace.sandbox.stripe.call import Call, list_of
from marketplace.sandbox.stripe.error import invalid
from marketplace.sandbox.stripe.money import book
from marketplace.sandbox.stripe.state import Json, new_id


def create_bank_payout(call: Call) -> Json:
    """Pay out of what is available on the balance acted for."""
    return pay_out(call, call.params["amount"], call.params["currency"], call.account)


def pay_out(call: Call, amount: int, currency: str, account: str, *, at_once: bool = True) -> Json:
    """Send money to the bank; it has arrived at once, or stays `in_transit`."""
    if call.state.balance(account, currency, available_only=True) < amount:
        raise invalid(
            "You have insufficient funds in your Stripe account for this payout.", code="balance_insufficient"
        )
    ident = new_id("po_1")
    transaction = book(call, kind="payout", source=ident, amount=-amount, currency=currency, account=account)
    body: Json = {
        "id": ident,
        "object": "payout",
        "amount": amount,
        "arrival_date": call.now,
        "automatic": False,
        "balance_transaction": transaction,
        "created": call.now,
        "currency": currency,
        "description": "STRIPE PAYOUT",
        "destination": new_id("ba_1"),
        "failure_balance_transaction": None,
        "failure_code": None,
        "failure_message": None,
        "livemode": False,
        "metadata": {},
        "method": "standard",
        "reconciliation_status": "completed",
        "source_type": "card",
        "statement_descriptor": None,
        "status": "in_transit",
        "type": "bank_account",
    }
    call.state.add("payout", body, account)
    call.announce("payout.created", body, account)
    return arrive(call, ident, account) if at_once else body


def arrive(call: Call, ident: str, account: str) -> Json:
    """The money is at the bank."""
    payout = call.get("payout", ident, account=account)
    payout["status"] = "paid"
    call.state.save(payout)
    call.announce("payout.paid", payout, account)
    return payout


def cancel(call: Call, ident: str, account: str) -> Json:
    """It is stopped on its way: the money is back on the balance it came from."""
    payout = call.get("payout", ident, account=account)
    payout["failure_balance_transaction"] = book(
        call, kind="payout_cancel", source=ident, amount=payout["amount"], currency=payout["currency"], account=account
    )
    payout["status"] = "canceled"
    call.state.save(payout)
    call.announce("payout.canceled", payout, account)
    return payout


def fail_bank_payout(call: Call, ident: str, account: str) -> Json:
    """The bank sends the money back to the balance it came from, even after it was `paid`."""
    payout = call.get("payout", ident, account=account)
    payout["failure_balance_transaction"] = book(
        call,
        kind="payout_failure",
        source=ident,
        amount=payout["amount"],
        currency=payout["currency"],
        account=account,
    )
    payout.update(status="failed", failure_code="account_closed", failure_message="The bank account has been closed.")
    call.state.save(payout)
    call.announce("payout.failed", payout, account)
    return payout


def get_bank_payout(call: Call, ident: str) -> Json:
    """One bank payout of the balance acted for."""
    if call.account:
        require_access(call, call.account)
    return call.get("payout", ident)


def list_bank_payouts(call: Call) -> Json:
    """Bank payouts of the balance acted for, newest first."""
    if call.account:
        require_access(call, call.account)
    return list_of(call, "payout", "/v1/payouts", status=call.params.get("status"))
