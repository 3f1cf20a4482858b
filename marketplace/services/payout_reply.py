"""What brings a stopped payout back into review: the actor's answer or appeal, the day that was set for it, and the end
of what the clock held it for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session, aliased

from marketplace.domain.booking import Party
from marketplace.domain.errors import NotFound
from marketplace.domain.payout import Facts, State, Step, take_step
from marketplace.models import Dispute, Mismatch, Payout, PayoutEvent
from marketplace.services.mismatch import FROZEN, OPEN
from marketplace.services.payout_notice import tell_decision
from marketplace.services.payout_risk import refresh_reasons
from marketplace.services.payout_step import (
    NOT_YET,
    STOPS,
    Decision,
    facts_of,
    get_payout,
    move,
    record,
)
from marketplace.services.take_back import DISPUTED

PASSED: Final = "What it was held for is over."
AGREE: Final = "Our books and Stripe's agree about this booking again."


def answer_question(db: Session, *, payout_id: int, actor_id: int, by: Decision, now: datetime) -> State:
    """The actor answers what an admin has asked; refuses another's payout (NotFound) and one without a question."""
    payout = _own(db, payout_id, actor_id)
    return _return(db, payout, Step.ANSWER, Party.ACTOR, by, now, asked_at=payout.asked_at)


def appeal(db: Session, *, payout_id: int, actor_id: int, by: Decision, now: datetime) -> State:
    """The actor asks that another admin looks at a hold or a rejection; once for each, since it is in review then."""
    payout = _own(db, payout_id, actor_id)
    return _return(db, payout, Step.APPEAL, Party.ACTOR, by, now, appealed_at=now)


def find_due_holds(db: Session, *, now: datetime, limit: int = 100) -> Sequence[int]:
    """Held payouts whose day to be looked at again has come, longest due first."""
    due = select(Payout.id).where(Payout.state == State.HELD, Payout.held_until <= now)
    return db.scalars(due.order_by(Payout.held_until, Payout.id).limit(limit)).all()


def resume_due_hold(db: Session, *, payout_id: int, now: datetime) -> State:
    """The day has come: back into review, whether a question was answered or not."""
    payout = get_payout(db, payout_id, lock=True)
    if payout.state != State.HELD:
        return State(payout.state)
    asked = "The question has not been answered." if payout.asked_at else "The day to look at it again has come."
    after = _return(db, payout, Step.RESUME, Party.CLOCK, Decision(None, asked), now)
    tell_decision(db, payout, Step.RESUME, after, asked, now)
    return after


def find_thawed(db: Session, *, limit: int = 100) -> Sequence[int]:
    """Payouts that the clock holds for what passes by itself: a difference between our books and Stripe's, a dispute
    at the bank, or what kept them from being sent. In no order, so that those that still wait bar no other."""
    event, newer = aliased(PayoutEvent), aliased(PayoutEvent)
    last = select(func.max(newer.id)).where(newer.payout_id == Payout.id, newer.step.in_(STOPS)).scalar_subquery()
    passes = event.reason.in_((FROZEN, DISPUTED)) | event.reason.endswith(NOT_YET)
    differs = exists().where(Mismatch.booking_id == Payout.booking_id, Mismatch.state == OPEN)
    disputed = exists().where(Dispute.booking_id == Payout.booking_id, Dispute.state == "open")
    query = select(Payout.id).join(event, event.payout_id == Payout.id)
    by_clock = (event.id == last) & (event.party == Party.CLOCK)
    thawed = query.where(Payout.state == State.HELD, by_clock, passes, ~differs, ~disputed)
    return db.scalars(thawed.order_by(func.random()).limit(limit)).all()


def thaw_payout(db: Session, *, payout_id: int, now: datetime) -> State:
    """What it was held for has passed: back into review, unless something else blocks it."""
    payout = get_payout(db, payout_id, lock=True)
    words = AGREE if payout.words == FROZEN else PASSED
    settled = replace(facts_of(db, payout, Decision(None, words)), is_settled=True)
    if payout.state != State.HELD or settled.blocks:
        return State(payout.state)
    after = _return(db, payout, Step.RESUME, Party.CLOCK, Decision(None, words), now, facts=settled)
    tell_decision(db, payout, Step.RESUME, after, words, now)
    return after


def _own(db: Session, payout_id: int, actor_id: int) -> Payout:
    payout = get_payout(db, payout_id, lock=True)
    if payout.actor_id != actor_id:
        raise NotFound("There is no such payout.")
    return payout


def _return(
    db: Session,
    payout: Payout,
    step: Step,
    party: Party,
    by: Decision,
    now: datetime,
    facts: Facts | None = None,
    **marks: Any,
) -> State:
    transition = take_step(facts or facts_of(db, payout, by), step, party, now)
    refresh_reasons(db, payout, now)
    move(db, payout, transition, now, approvals=0, undo_until=None, words="", **marks)
    record(db, payout, step, party, transition.before, transition.after, by, now)
    return transition.after
