"""Disputes: a customer's bank takes the money back, until it is won or lost."""

from marketplace.sandbox.stripe.call import Call, list_of
from marketplace.sandbox.stripe.error import invalid
from marketplace.sandbox.stripe.money import DISPUTE_FEE, book
from marketplace.sandbox.stripe.state import Json, new_id

ANSWER_WITHIN_S = 7 * 24 * 3600
MOST_CHARACTERS = 150_000
FILES = (
    "cancellation_policy",
    "customer_communication",
    "customer_signature",
    "duplicate_charge_documentation",
    "receipt",
    "refund_policy",
    "service_documentation",
    "shipping_documentation",
    "uncategorized_file",
)
"""Fields of evidence that name a file; all others are text."""
OPEN = ("needs_response", "under_review", "warning_needs_response", "warning_under_review")


def open_dispute(call: Call, charge_id: str, amount: int | None, reason: str) -> Json:
    """The bank withdraws the amount, and Stripe its fee, at once."""
    charge = call.get("charge", charge_id, param="charge")
    if charge["disputed"]:
        raise invalid(f"Charge {charge_id} is disputed already.")
    asked = charge["amount"] - charge["amount_refunded"] if amount is None else amount
    ident = new_id("du_1")
    transaction = book(
        call,
        kind="adjustment",
        source=ident,
        amount=-asked,
        currency=charge["currency"],
        fee=DISPUTE_FEE,
        category="dispute",
        description=f"Chargeback withdrawal for {charge_id}",
    )
    body: Json = {
        "id": ident,
        "object": "dispute",
        "amount": asked,
        "balance_transactions": [call.get("balance_transaction", transaction)],
        "charge": charge_id,
        "created": call.now,
        "currency": charge["currency"],
        "enhanced_eligibility_types": [],
        "evidence": {},
        "evidence_details": {
            "due_by": call.now + ANSWER_WITHIN_S,
            "has_evidence": False,
            "past_due": False,
            "submission_count": 0,
        },
        "is_charge_refundable": False,
        "livemode": False,
        "metadata": {},
        "payment_intent": charge["payment_intent"],
        "payment_method_details": {
            "type": "card",
            "card": {"brand": "visa", "case_type": "chargeback", "network_reason_code": "10.4"},
        },
        "reason": reason,
        "status": "needs_response",
    }
    call.state.add("dispute", body)
    charge["disputed"] = True
    call.state.save(charge)
    call.announce("charge.dispute.created", body)
    call.announce("charge.dispute.funds_withdrawn", body)
    return body


def settle_dispute(call: Call, ident: str, *, won: bool) -> Json:
    """The bank decides. Won: the amount comes back, the fee does not."""
    dispute = call.get("dispute", ident)
    if dispute["status"] not in OPEN:
        raise invalid(f"This dispute is {dispute['status']}.")
    dispute["status"] = "won" if won else "lost"
    if won:
        transaction = book(
            call,
            kind="adjustment",
            source=ident,
            amount=dispute["amount"],
            currency=dispute["currency"],
            category="dispute_reversal",
            description=f"Chargeback reversal for {dispute['charge']}",
        )
        dispute["balance_transactions"].append(call.get("balance_transaction", transaction))
    call.state.save(dispute)
    call.announce("charge.dispute.closed", dispute)
    if won:
        call.announce("charge.dispute.funds_reinstated", dispute)
    return dispute


def update_dispute(call: Call, ident: str) -> Json:
    """Add evidence; with `submit` it goes to the bank."""
    dispute = call.get("dispute", ident)
    if dispute["status"] not in OPEN:
        raise invalid("This dispute is already closed", code="dispute_closed")
    if dispute["evidence_details"]["submission_count"]:
        raise invalid("Evidence for this dispute has already been submitted.", code="dispute_evidence_submitted")
    evidence = call.params.get("evidence") or {}
    _check_evidence(call, evidence)
    dispute["evidence"].update(evidence)
    dispute["metadata"].update(call.params.get("metadata") or {})
    dispute["evidence_details"]["has_evidence"] = bool(dispute["evidence"])
    if call.params.get("submit", True):
        dispute["evidence_details"]["submission_count"] += 1
        dispute["status"] = "under_review"
    call.state.save(dispute)
    call.announce("charge.dispute.updated", dispute)
    return dispute


def _check_evidence(call: Call, evidence: Json) -> None:
    """Refuse a file that was not uploaded for this, and more text than a bank reads."""
    for name in FILES:
        if ident := evidence.get(name):
            found = call.get("file", ident, param=f"evidence[{name}]")
            if found["purpose"] != "dispute_evidence":
                raise invalid(f"The file {ident} was uploaded for another purpose.", param=f"evidence[{name}]")
    texts = sum(len(text) for name, text in evidence.items() if name not in FILES and isinstance(text, str))
    if texts > MOST_CHARACTERS:
        raise invalid("The combined character count of all fields is limited to 150,000.", param="evidence")


def close_dispute(call: Call, ident: str) -> Json:
    """Accept a dispute: it is lost."""
    return settle_dispute(call, ident, won=False)


def get_dispute(call: Call, ident: str) -> Json:
    """One dispute."""
    return call.get("dispute", ident)


def list_disputes(call: Call) -> Json:
    """Disputes, newest first, of one charge or intent if asked."""
    wanted = {name: call.params.get(name) for name in ("charge", "payment_intent")}
    return list_of(call, "dispute", "/v1/disputes", **wanted)
