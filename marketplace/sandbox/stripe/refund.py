"""Refunds of charges, and those that fail later."""

from marketplace.sandbox.stripe.call import Call, list_of
from marketplace.sandbox.stripe.error import invalid
from marketplace.sandbox.stripe.money import book
from marketplace.sandbox.stripe.state import Json, new_id


def create_refund(call: Call) -> Json:
    """Give back all that is left of a charge, or a part of it; Stripe's fee is not given back."""
    charge = _charge(call)
    left = charge["amount_captured"] - charge["amount_refunded"]
    amount = call.params.get("amount", left)
    _check(call, charge, amount, left)
    ident = new_id("re_3")
    transaction = book(
        call, kind="refund", source=ident, amount=-amount, currency=charge["currency"], description="REFUND FOR CHARGE"
    )
    body: Json = {
        "id": ident,
        "object": "refund",
        "amount": amount,
        "balance_transaction": transaction,
        "charge": charge["id"],
        "created": call.now,
        "currency": charge["currency"],
        "destination_details": {"type": "card", "card": {"type": "refund", "reference_status": "pending"}},
        "failure_balance_transaction": None,
        "failure_reason": None,
        "metadata": call.params.get("metadata") or {},
        "payment_intent": charge["payment_intent"],
        "reason": call.params.get("reason"),
        "receipt_number": None,
        "source_transfer_reversal": None,
        "status": "succeeded",
        "transfer_reversal": None,
    }
    call.state.add("refund", body)
    _count(call, charge, amount)
    call.announce("refund.created", body)
    call.announce("charge.refunded", charge)
    return body


def _charge(call: Call) -> Json:
    if ident := call.params.get("charge"):
        return call.get("charge", ident, param="charge")
    if not (intent_id := call.params.get("payment_intent")):
        raise invalid("One of the following params should be provided for this request: payment_intent or charge.")
    intent = call.get("payment_intent", intent_id, param="payment_intent")
    if intent["status"] != "succeeded":
        raise invalid(f"This PaymentIntent ({intent_id}) does not have a successful charge to refund.")
    return call.get("charge", intent["latest_charge"])


def _check(call: Call, charge: Json, amount: int, left: int) -> None:
    if call.params.get("reverse_transfer"):
        raise invalid("Cannot reverse transfer for a charge that has no associated transfer.", param="reverse_transfer")
    if not charge["paid"]:
        raise invalid(f"Charge {charge['id']} has not succeeded.", code="charge_not_refundable")
    if charge["disputed"] and not _is_won(call, charge):
        raise invalid(f"Charge {charge['id']} has been charged back; cannot issue a refund.", code="charge_disputed")
    if left == 0:
        raise invalid(f"Charge {charge['id']} has already been refunded.", code="charge_already_refunded")
    if not 0 < amount <= left:
        raise invalid(f"Refund amount ({amount}) is greater than unrefunded amount on charge ({left})", param="amount")


def _is_won(call: Call, charge: Json) -> bool:
    """Whether every dispute of the charge has been won: then it can be refunded like any other."""
    disputes = [each for each in call.state.all("dispute") if each["charge"] == charge["id"]]
    return all(dispute["status"] == "won" for dispute in disputes)


def _count(call: Call, charge: Json, amount: int) -> None:
    charge["amount_refunded"] += amount
    charge["refunded"] = charge["amount_refunded"] == charge["amount_captured"]
    call.state.save(charge)


def fail_refund(call: Call, ident: str) -> Json:
    """The bank sends the money back: it returns to the platform's balance, and the customer has nothing."""
    refund = call.get("refund", ident)
    if refund["status"] == "failed":
        return refund
    refund["failure_balance_transaction"] = book(
        call,
        kind="refund_failure",
        source=ident,
        amount=refund["amount"],
        currency=refund["currency"],
        description="REFUND FAILURE",
    )
    refund.update(status="failed", failure_reason="expired_or_canceled_card")
    call.state.save(refund)
    charge = call.get("charge", refund["charge"])
    _count(call, charge, -refund["amount"])
    call.announce("refund.failed", refund)
    call.announce("charge.refund.updated", refund)
    return refund


def get_refund(call: Call, ident: str) -> Json:
    """One refund."""
    return call.get("refund", ident)


def list_refunds(call: Call) -> Json:
    """Refunds, newest first, of one charge or intent if asked."""
    wanted = {name: call.params.get(name) for name in ("charge", "payment_intent")}
    return list_of(call, "refund", "/v1/refunds", **wanted)
