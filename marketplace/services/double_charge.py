"""A second charge for one booking: booked beside it, as owed to the platform, and sent back in full at once."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy.orm import Session

from marketplace.domain import ledger as books
from marketplace.domain.money import Money
from marketplace.gateways.payment import base as stripe
from marketplace.models import Booking, Payment
from marketplace.services import ledger
from marketplace.services.outbox import add_command
from marketplace.services.payment import reference_of
from marketplace.services.payment_notice import tell_admins


def book_double(
    db: Session, payment: Payment, charge: stripe.Charge, refunds: Iterable[stripe.Refund], now: datetime
) -> None:
    """Book a charge that is not the payment's own, send it back once, and book what became of that."""
    amount = Money(charge.amount_minor, charge.currency)
    place = {"booking_id": payment.booking_id, "platform_id": payment.platform_id}
    ledger.post(db, books.double_charged(charge_id=charge.id, amount=amount, **place), now=now)
    if charge.settled is not None and charge.settled.fee_minor:
        fee = Money(charge.settled.fee_minor, charge.settled.currency)
        told = books.stripe_fee(transaction_id=charge.settled.id, booking_id=payment.booking_id, amount=fee)
        ledger.post(db, told, now=now)
    made = [refund for refund in refunds if not refund.is_unmade or ledger.is_posted(db, f"refund:{refund.id}")]
    for refund in made:
        back = Money(refund.amount_minor, refund.currency)
        ledger.post(db, books.double_returned(refund_id=refund.id, amount=back, **place), now=now)
        if refund.state in ("failed", "canceled"):
            ledger.post(db, books.double_came_back(refund_id=refund.id, amount=back, **place), now=now)
            words = "The platform's bank sent the refund of a second charge back. It must be repaid in another way."
            tell_admins(db, payment, f"double_failed:{refund.id}", "A refund came back", words, now)
    if not made:
        _send_back(db, payment, charge, now)


def _send_back(db: Session, payment: Payment, charge: stripe.Charge, now: datetime) -> None:
    reference = reference_of(db.get_one(Booking, payment.booking_id))
    key = f"return:{reference}:{charge.id}:v1"
    add_command(
        db,
        kind="charge.return",
        about="payment",
        about_id=payment.id,
        key=key,
        params={
            "charge_id": charge.id,
            "amount_minor": charge.amount_minor,
            "metadata": {"reference": reference, "payment": str(payment.id), "command": key},
        },
        now=now,
    )
    words = f"{Money(charge.amount_minor, charge.currency)} were charged a second time ({charge.id}) and go back."
    tell_admins(db, payment, f"double:{charge.id}", "A booking was paid twice", words, now)
