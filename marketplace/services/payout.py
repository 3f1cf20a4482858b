"""Payouts: made when the work is accepted, with the reasons to look closer, and decided on by admins."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.domain.booking import Party
from marketplace.domain.money import Money
from marketplace.domain.payout import (
    REVIEW_WITHIN,
    TRANSFER_TAKES,
    UNDO_WITHIN,
    State,
    Step,
    refuse_unless_low,
    take_step,
)
from marketplace.domain.payout_risk import LOW, current, risk_level
from marketplace.models import Booking, Payout
from marketplace.services.once import insert_once
from marketplace.services.payment import find_payment, left_to_refund, refund_rest, share_of
from marketplace.services.payout_notice import tell, tell_decision
from marketplace.services.payout_risk import look, refresh_reasons
from marketplace.services.payout_step import Decision, agreed_fee, facts_of, get_payout, move, record

# making ------------------------------------------------------------------------------------------


def create_payout(
    db: Session,
    booking: Booking,
    now: datetime,
    *,
    amount_minor: int | None = None,
    fee_minor: int | None = None,
) -> int | None:
    """The actor has earned money: a payout for review, with the reasons to look closer. Its id, or None if it is there.

    `amount_minor` is the actor's part and `fee_minor` ours where the booking's money is shared; left out, those of
    the price, less their parts of what was given back before. What was agreed is frozen here: nothing else of the
    booking's money ever becomes ours.
    """
    if amount_minor is None and (paid := find_payment(db, booking.id)) is not None:
        fee, actor = share_of(left_to_refund(db, paid), booking)
        amount_minor, fee_minor = actor.minor, fee.minor
    amount = Money(booking.net_minor if amount_minor is None else amount_minor, booking.currency)
    if not amount:
        return None
    reasons = look(db, booking.id, booking.actor_id, amount, (), now)
    payout_id = insert_once(
        db,
        Payout,
        booking_id=booking.id,
        actor_id=booking.actor_id,
        state=State.REVIEW,
        currency=amount.currency,
        amount_minor=amount.minor,
        fee_minor=agreed_fee(booking, amount.minor) if fee_minor is None else fee_minor,
        netted_minor=0,
        reversed_minor=0,
        approvals=0,
        risk=risk_level(reasons),
        reasons=reasons,
        words="",
        expected_on=(now + REVIEW_WITHIN + TRANSFER_TAKES).date(),
        review_due_at=now + REVIEW_WITHIN,
        created_at=now,
        updated_at=now,
    )
    if payout_id is None:
        return None
    payout = db.get_one(Payout, payout_id)
    record(db, payout, "create", Party.CLOCK, None, State.REVIEW, Decision(None), now)
    tell(db, payout, "review", f"{amount} is being reviewed", "Your payout is with us for review.", now)
    return payout.id


# deciding ----------------------------------------------------------------------------------------


def approve_payout(
    db: Session, *, payout_id: int, by: Decision, now: datetime, undo_within: timedelta = UNDO_WITHIN
) -> State:
    """One admin's approval; the state after it. Above the limit a second admin has to approve as well.

    Refuses (Conflict) when someone else has just decided, one's own payout (NotYours), and what something blocks.
    """
    return _decide(db, payout_id, Step.APPROVE, by, now, undo_within)


def approve_low_risk(
    db: Session, *, payout_id: int, by: Decision, now: datetime, undo_within: timedelta = UNDO_WITHIN
) -> State:
    """As `approve_payout`, for one among many: refuses (NotLow) what anything speaks for looking at by itself.

    It is judged by the facts of this instant, not by what was known when the list was drawn.
    """
    payout = get_payout(db, payout_id, lock=True)
    refresh_reasons(db, payout, now)
    heavy = [each["words"].rstrip(".") for each in current(payout.reasons) if each["level"] > LOW]
    refuse_unless_low(facts_of(db, payout, by), heavy)
    return _decide(db, payout_id, Step.APPROVE, by, now, undo_within)


def hold_payout(db: Session, *, payout_id: int, by: Decision, now: datetime) -> State:
    """Stop a payout for a reason the actor reads; `by.until` is when it comes back into review by itself."""
    return _decide(db, payout_id, Step.HOLD, by, now)


def ask_actor(db: Session, *, payout_id: int, by: Decision, now: datetime) -> State:
    """Ask the actor something: the payout is held until they answer, or until `by.until`."""
    return _decide(db, payout_id, Step.ASK, by, now)


def resume_payout(db: Session, *, payout_id: int, by: Decision, now: datetime) -> State:
    """Take a held payout back into review; a rejected one, too, with words."""
    return _decide(db, payout_id, Step.RESUME, by, now)


def reject_payout(db: Session, *, payout_id: int, by: Decision, now: datetime) -> State:
    """Refuse a payout for a reason the actor reads; the money stays with the booking until it is decided on again."""
    return _decide(db, payout_id, Step.REJECT, by, now)


def give_back(db: Session, *, payout_id: int, by: Decision, now: datetime) -> State:
    """Send a rejected payout's money, and our fee with it, back to the platform; by another admin than rejected it."""
    booking = db.get_one(Booking, get_payout(db, payout_id).booking_id)
    # the payment before its payout, as when Stripe tells of a dispute: neither then waits for the other
    find_payment(db, booking.id, lock=True)
    after = _decide(db, payout_id, Step.GIVE_BACK, by, now)
    refund_rest(db, booking, by.words.strip(), now)
    return after


def undo_approval(db: Session, *, payout_id: int, by: Decision, now: datetime) -> State:
    """Take an approval back while nothing has moved."""
    return _decide(db, payout_id, Step.UNDO, by, now)


def _decide(
    db: Session, payout_id: int, step: Step, by: Decision, now: datetime, undo_within: timedelta = UNDO_WITHIN
) -> State:
    payout = get_payout(db, payout_id, lock=True)
    transition = take_step(facts_of(db, payout, by), step, Party.ADMIN, now)
    refresh_reasons(db, payout, now)
    approvals = payout.approvals + 1 if step == Step.APPROVE else 0
    undo_until = now + undo_within if transition.after == State.APPROVED else None
    marks = _hold_marks(step, by, now) if transition.after == State.HELD else {}
    move(db, payout, transition, now, approvals=approvals, undo_until=undo_until, words=by.words.strip(), **marks)
    record(db, payout, step, Party.ADMIN, transition.before, transition.after, by, now)
    tell_decision(db, payout, step, transition.after, by.words, now)
    return transition.after


def _hold_marks(step: Step, by: Decision, now: datetime) -> dict[str, Any]:
    """Since when the actor is asked, when the hold is looked at again, and when money would then arrive."""
    later = (by.until + REVIEW_WITHIN + TRANSFER_TAKES).date() if by.until else None
    return {"asked_at": now if step == Step.ASK else None, "held_until": by.until, "expected_on": later}


def find_payout(db: Session, booking_id: int) -> Payout | None:
    """The payout of a booking, if the work has been accepted."""
    return db.scalar(select(Payout).where(Payout.booking_id == booking_id))
