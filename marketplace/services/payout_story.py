"""One payout as its actor reads it: why it waits, since and until when, who decided, what to do, every step."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.domain.booking import Party
from marketplace.domain.errors import NotFound
from marketplace.domain.payout import STOPPED, State, Step, can_take, shown_state
from marketplace.domain.payout_risk import current
from marketplace.domain.payout_text import DID, what_to_do
from marketplace.models import Account, Booking, Brief, Payout, PayoutEvent, Platform
from marketplace.services.payout_step import STOPS, Decision, facts_of, is_account_active


@dataclass(frozen=True, slots=True)
class Told:
    """One step: when, who ("Ada, an admin", "Marquee", "You"), what they did, and their words."""

    at: datetime
    who: str
    did: str
    words: str


@dataclass(frozen=True, slots=True)
class Story:
    """A payout with its booking. `since` is when it came into its state; `stop` the decision that stopped it."""

    payout: Payout
    platform: str
    project: str
    session_at: datetime
    shown: str
    since: datetime
    stop: Told | None
    reasons: list[dict[str, Any]]
    todo: str
    can_answer: bool
    can_appeal: bool
    steps: Sequence[Told]


def read_story(db: Session, *, payout_id: int, actor_id: int, by: Decision, now: datetime) -> Story:
    """The actor's own payout; another's is not found."""
    found = db.execute(
        select(Payout, Platform.name, Brief.project, Booking.starts_at)
        .join(Booking, Booking.id == Payout.booking_id)
        .join(Platform, Platform.id == Booking.platform_id)
        .join(Brief, Brief.id == Booking.brief_id)
        .where(Payout.id == payout_id, Payout.actor_id == actor_id)
    ).first()
    if found is None:
        raise NotFound("There is no such payout.")
    payout, platform, project, session_at = found
    events, facts = _events(db, payout), facts_of(db, payout, by)
    stops = [_tell(event, name) for event, name in events if event.step in STOPS and event.after in STOPPED]
    todo = what_to_do(
        facts.state,
        is_asked=facts.is_asked,
        is_appealed=facts.is_appealed,
        account_ready=is_account_active(db, actor_id),
    )
    return Story(
        payout=payout,
        platform=platform,
        project=project,
        session_at=session_at,
        shown=shown_state(facts.state, payout.transferred_at, now),
        since=_since(payout, (event for event, _ in events)),
        stop=stops[-1] if stops and facts.state in STOPPED else None,
        reasons=current(payout.reasons) if facts.state in {State.REVIEW, *STOPPED} else [],
        todo=todo,
        can_answer=can_take(facts, Step.ANSWER, Party.ACTOR, now),
        can_appeal=can_take(facts, Step.APPEAL, Party.ACTOR, now),
        steps=[_tell(event, name) for event, name in events if event.step in DID],
    )


def _events(db: Session, payout: Payout) -> list[tuple[PayoutEvent, str | None]]:
    query = select(PayoutEvent, Account.name).outerjoin(Account, Account.id == PayoutEvent.principal_id)
    ours = query.where(PayoutEvent.payout_id == payout.id).order_by(PayoutEvent.id)
    return [(event, name) for event, name in db.execute(ours)]


def _since(payout: Payout, events: Iterable[PayoutEvent]) -> datetime:
    came = [event.at for event in events if event.after == payout.state and event.before != payout.state]
    return came[-1] if came else payout.created_at


def _tell(event: PayoutEvent, name: str | None) -> Told:
    if event.party == Party.ACTOR:
        who = "You"
    elif event.party == Party.ADMIN:
        who = f"{name.split(' ')[0]}, an admin," if name else "An admin"
    else:
        who = "Marquee"
    return Told(event.at, who, DID.get(event.step, event.step.replace("_", " ")), event.reason)
