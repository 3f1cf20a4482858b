"""Refunds that came back to us: the platform is still owed them, so they are made once more or repaid by bank."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.domain import ledger as books
from marketplace.domain.errors import Conflict, Invalid
from marketplace.domain.money import Money
from marketplace.domain.payment import State
from marketplace.models import Booking, Payment, Refund
from marketplace.services import ledger
from marketplace.services.account import Decider
from marketplace.services.payment import start_refund
from marketplace.services.refund import SHORTEST_WORDS, audit_refund, hold_refund


def make_again(db: Session, *, refund_id: int, by: Decider, now: datetime) -> int:
    """Make a refund that came back once more, as a refund of its own with a new key; its id.

    It goes out of what the platform is owed, so the booking pays nothing a second time. Refuses (Conflict) one that
    is settled, and while the bank disputes the payment.
    """
    refund, booking, payment = hold_refund(db, refund_id, ("failed",))
    if payment.state == State.DISPUTED:
        raise Conflict("The bank has not decided its dispute yet, so Stripe refunds nothing. Nothing was changed.")
    again = Refund(
        payment_id=payment.id,
        booking_id=booking.id,
        state="pending",
        currency=refund.currency,
        amount_minor=refund.amount_minor,
        reason=refund.reason,
        retry_of_id=refund.id,
        created_at=now,
        updated_at=now,
    )
    db.add(again)
    db.flush()
    refund.state, refund.updated_at = "retried", now
    start_refund(db, booking, again, now)
    audit_refund(db, refund, "make_again", "failed", by, "", now)
    return again.id


def note_repaid(db: Session, *, refund_id: int, by: Decider, words: str, now: datetime) -> None:
    """The platform was repaid from our bank account by hand; `words` say how, for the audit.

    Refuses (Conflict) what is not owed beside the booking: only a refund that came back is.
    """
    if len(words.strip()) < SHORTEST_WORDS:
        raise Invalid("Say in a sentence how it was repaid. Nothing was changed.", field="words")
    refund, booking, payment = hold_refund(db, refund_id, ("failed", "refused", "owed"))
    before = refund.state
    if before != "failed" and refund.retry_of_id is None:
        raise Conflict("The booking still holds this money, so it has not gone back. Nothing was changed.")
    repaid = books.refund_repaid(
        row_id=refund.id,
        booking_id=booking.id,
        platform_id=payment.platform_id,
        amount=Money(refund.amount_minor, refund.currency),
    )
    ledger.post(db, repaid, now=now)
    refund.state, refund.updated_at = "repaid", now
    refund.repaid_words, refund.repaid_at = words.strip(), now
    audit_refund(db, refund, "repaid", before, by, words.strip(), now)


def due_of(db: Session, payment: Payment) -> Money:
    """What the platform is owed of this payment beside its booking."""
    place = books.refund_due_to(payment.platform_id)
    owed = -ledger.balance_of(db, place, payment.currency, booking_id=payment.booking_id)
    return Money(max(owed, 0), payment.currency)


def settle_due(db: Session, payment: Payment, taken: Money, now: datetime) -> Money:
    """The platform got `taken` another way: what it was owed by refunds that came back is owed no more, up to that."""
    left = due = min(due_of(db, payment), taken)
    waiting = select(Refund).where(Refund.payment_id == payment.id, Refund.state == "failed").order_by(Refund.id)
    for refund in db.scalars(waiting).all():
        if refund.amount_minor <= left.minor:
            refund.state, refund.updated_at = "dropped", now
            left -= Money(refund.amount_minor, refund.currency)
    return due - left


def find_failed(db: Session, booking: Booking, amount_minor: int) -> Refund | None:
    """A refund of this amount that came back and waits: what a refund made outside Marquee is taken for."""
    waiting = select(Refund).where(
        Refund.booking_id == booking.id, Refund.state == "failed", Refund.amount_minor == amount_minor
    )
    return db.scalar(waiting.order_by(Refund.id).limit(1))
