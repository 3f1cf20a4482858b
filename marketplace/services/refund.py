"""Refunds that a platform is owed and that wait: for its bank's decision, or for an admin after Stripe's refusal."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.domain import ledger as books
from marketplace.domain.errors import Conflict, Invalid, NotFound
from marketplace.domain.payment import State
from marketplace.models import Booking, Payment, Payout, Refund
from marketplace.services import ledger
from marketplace.services.account import Decider
from marketplace.services.audit import record_audit
from marketplace.services.payment import (
    OWED,
    REFUNDABLE,
    find_payment,
    left_beside_owed,
    refuse_while_leaving,
    start_refund,
    unearned_part,
)
from marketplace.services.payout_step import agreed_fee

SHORTEST_WORDS = 10


def retry_refund(db: Session, *, refund_id: int, by: Decider, now: datetime) -> None:
    """Ask Stripe once more, with a new key. Refuses (Conflict) one that waits no more, and while the bank disputes."""
    refund, booking, payment = hold_refund(db, refund_id, OWED)
    if payment.state == State.DISPUTED:
        raise Conflict("The bank has not decided its dispute yet, so Stripe refunds nothing. Nothing was changed.")
    refuse_while_leaving(db, booking.id)
    before = refund.state
    start_refund(db, booking, refund, now)
    audit_refund(db, refund, "retry", before, by, "", now)


def drop_refund(db: Session, *, refund_id: int, by: Decider, words: str, now: datetime) -> None:
    """The platform has its money already, by another way: nothing is owed any more. `words` say by which.

    Refuses (Conflict) while the booking's own money still holds it: then it has not gone back.
    """
    if len(words.strip()) < SHORTEST_WORDS:
        raise Invalid("Say in a sentence how the platform got its money back. Nothing was changed.", field="words")
    refund, booking, _ = hold_refund(db, refund_id, OWED)
    if refund.retry_of_id is not None:
        raise Conflict("The platform is owed this one: note how it was repaid instead. Nothing was changed.")
    if unearned_part(db, booking, booking.total_minor) - _wanted(db, booking) >= refund.amount_minor:
        raise Conflict("The booking still holds this money, so it has not gone back. Nothing was changed.")
    before = refund.state
    refund.state, refund.updated_at = "dropped", now
    audit_refund(db, refund, "drop", before, by, words.strip(), now)


def hold_refund(db: Session, refund_id: int, states: Collection[str]) -> tuple[Refund, Booking, Payment]:
    """A refund that is in one of `states`, with its booking and payment, taken in the order of every step: others wait.

    Refuses (Conflict) one that somebody has settled meanwhile.
    """
    booking_id = db.scalar(select(Refund.booking_id).where(Refund.id == refund_id))
    if booking_id is None:
        raise NotFound("There is no such refund.")
    db.execute(select(Booking.id).where(Booking.id == booking_id).with_for_update())
    payment = find_payment(db, booking_id, lock=True)
    refund = db.get_one(Refund, refund_id, populate_existing=True)
    if payment is None or refund.state not in states:
        raise Conflict("This refund waits no more. Look again. Nothing was changed.")
    return refund, db.get_one(Booking, booking_id), payment


def _wanted(db: Session, booking: Booking) -> int:
    """What of the booking's money the actor and we have still to earn, in minor units."""
    payout = db.scalar(select(Payout).where(Payout.booking_id == booking.id))
    if payout is None or ledger.is_posted(db, books.earn_key(booking.id)):
        return 0
    fee = agreed_fee(booking, payout.amount_minor) if payout.fee_minor is None else payout.fee_minor
    return payout.amount_minor + fee


def audit_refund(db: Session, refund: Refund, step: str, before: str, by: Decider, words: str, now: datetime) -> None:
    """What an admin decided about a refund."""
    record_audit(
        db,
        about="refund",
        about_id=refund.id,
        step=step,
        party="admin",
        principal_id=by.account_id,
        before={"state": before},
        after={"state": refund.state},
        reason=words,
        ip=by.ip,
        now=now,
    )


def settle_owed(db: Session, payment: Payment, now: datetime) -> None:
    """After each reading: what the bank has taken is owed no more, and what waited for a dispute that is over goes."""
    owed = _owed_of(db, payment)
    left = left_beside_owed(db, payment) if owed else 0
    for refund in owed:
        if left <= 0:
            refund.state, refund.updated_at = "dropped", now
            continue
        refund.amount_minor = min(refund.amount_minor, left)
        left -= refund.amount_minor
        if refund.state == "owed" and payment.state in REFUNDABLE:
            start_refund(db, db.get_one(Booking, payment.booking_id), refund, now)


def _owed_of(db: Session, payment: Payment) -> Sequence[Refund]:
    return db.scalars(
        select(Refund).where(Refund.payment_id == payment.id, Refund.state.in_(OWED)).order_by(Refund.id)
    ).all()
