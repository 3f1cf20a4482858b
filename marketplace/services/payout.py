"""Payouts: made when the work is accepted, with the reasons to look closer, and decided on by admins."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from statistics import median_low
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from marketplace.domain.booking import Party
from marketplace.domain.money import Money
from marketplace.domain.payout import (
    REVIEW_WITHIN,
    TRANSFER_TAKES,
    UNDO_WITHIN,
    RiskFacts,
    State,
    Step,
    find_reasons,
    risk_level,
    take_step,
)
from marketplace.models import Booking, BookingEvent, Dispute, Flag, Payout
from marketplace.services.once import insert_once
from marketplace.services.payment import find_payment, left_to_refund, refund_rest, share_of
from marketplace.services.payout_notice import tell, tell_decision
from marketplace.services.payout_step import (
    Decision,
    agreed_fee,
    facts_of,
    find_account,
    get_payout,
    move,
    record,
)
from marketplace.services.reconciliation import count_mismatches

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
    reasons = find_reasons(_risk_facts(db, booking, amount), now)
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
        reasons=[reason.to_json() for reason in reasons],
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


def _risk_facts(db: Session, booking: Booking, amount: Money) -> RiskFacts:
    actor_id = booking.actor_id
    earlier = _earlier_amounts(db, actor_id, amount.currency)
    account = find_account(db, actor_id)
    return RiskFacts(
        amount=amount,
        earlier_payouts=len(earlier),
        usual_minor=median_low(earlier) if earlier else None,
        bank_changed_at=account.bank_changed_at if account else None,
        account_ready=account is not None and account.state == "active",
        open_disputes=_count(db, select(func.count()).where(Dispute.booking_id == booking.id, Dispute.state == "open")),
        earlier_disputes=_count(
            db,
            select(func.count())
            .select_from(Dispute)
            .join(Booking, Booking.id == Dispute.booking_id)
            .where(Booking.actor_id == actor_id, Dispute.booking_id != booking.id),
        ),
        score_flags=_count(
            db,
            select(func.count()).where(
                Flag.actor_id == actor_id, Flag.state == "open", Flag.social_account_id.is_not(None)
            ),
        ),
        accepted_by_clock=_accepted_by_clock(db, booking.id),
        mismatches=count_mismatches(db, booking.id),
    )


def _earlier_amounts(db: Session, actor_id: int, currency: str) -> Sequence[int]:
    sent = select(Payout.amount_minor).where(
        Payout.actor_id == actor_id, Payout.currency == currency, Payout.transferred_at.is_not(None)
    )
    return db.scalars(sent).all()


def _accepted_by_clock(db: Session, booking_id: int) -> bool:
    step = select(BookingEvent.id).where(
        BookingEvent.booking_id == booking_id, BookingEvent.step == "approve", BookingEvent.party == Party.CLOCK
    )
    return db.scalar(step.limit(1)) is not None


def _count(db: Session, query: Any) -> int:
    return int(db.scalar(query) or 0)


# deciding ----------------------------------------------------------------------------------------


def approve_payout(
    db: Session, *, payout_id: int, by: Decision, now: datetime, undo_within: timedelta = UNDO_WITHIN
) -> State:
    """One admin's approval; the state after it. Above the limit a second admin has to approve as well.

    Refuses (Conflict) when someone else has just decided, one's own payout (NotYours), and what something blocks.
    """
    return _decide(db, payout_id, Step.APPROVE, by, now, undo_within)


def hold_payout(db: Session, *, payout_id: int, by: Decision, now: datetime) -> State:
    """Stop a payout for a reason the actor reads."""
    return _decide(db, payout_id, Step.HOLD, by, now)


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
    approvals = payout.approvals + 1 if step == Step.APPROVE else 0
    undo_until = now + undo_within if transition.after == State.APPROVED else None
    move(db, payout, transition, now, approvals=approvals, undo_until=undo_until, words=by.words.strip())
    record(db, payout, step, Party.ADMIN, transition.before, transition.after, by, now)
    tell_decision(db, payout, step, transition.after, by.words, now)
    return transition.after


def find_payout(db: Session, booking_id: int) -> Payout | None:
    """The payout of a booking, if the work has been accepted."""
    return db.scalar(select(Payout).where(Payout.booking_id == booking_id))
