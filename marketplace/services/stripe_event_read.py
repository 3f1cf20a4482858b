"""What admins see of Stripe's events: how late they are worked on, which of them wait, and one in full."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Literal

from sqlalchemy import ColumnElement, func, or_, select, true
from sqlalchemy.orm import Session

from marketplace.domain.errors import NotFound
from marketplace.models import ConnectAccount, Payment, Payout, StripeEvent
from marketplace.services.stripe_event import MOST_ATTEMPTS, subject_of

Tab = Literal["waiting", "failed", "all"]
PAGE: Final = 50
LAG_OVER: Final = timedelta(days=1)
HIDDEN: Final = "[hidden]"
SECRET_NAMES: Final = ("secret", "password", "token", "api_key")

_waits = StripeEvent.processed_at.is_(None)
TABS: Final[dict[str, ColumnElement[bool]]] = {
    "waiting": _waits & (StripeEvent.attempts < MOST_ATTEMPTS),
    "failed": _waits & (StripeEvent.attempts >= MOST_ATTEMPTS),
    "all": true(),
}


@dataclass(frozen=True, slots=True)
class Lag:
    """How late events are worked on. `oldest_at` is of those that wait; the rest is over the last day, in seconds.

    Half of `done` were worked on within `p50_s` of their arrival, or of the last replay.
    """

    oldest_at: datetime | None
    done: int
    p50_s: float | None
    p95_s: float | None


@dataclass(frozen=True, slots=True)
class Link:
    """A thing of ours that an event is about."""

    noun: Literal["booking", "payout", "actor"]
    id: int


def read_lag(db: Session, *, now: datetime) -> Lag:
    """The lag now and over the last day; reckoned by the database."""
    oldest_at: datetime | None = db.scalar(select(func.min(StripeEvent.received_at)).where(TABS["waiting"]))
    lately = StripeEvent.processed_at >= now - LAG_OVER
    done = db.scalar(select(func.count()).select_from(StripeEvent).where(lately)) or 0
    lag = _lag(db)

    def at(share: float) -> float | None:
        ranked = select(lag).where(lately).order_by(lag).limit(1).offset(int(share * (done - 1)))
        return None if done == 0 else float(db.scalar(ranked) or 0)

    return Lag(oldest_at, done, at(0.5), at(0.95))


def _lag(db: Session) -> ColumnElement[Any]:
    begun = func.coalesce(StripeEvent.replayed_at, StripeEvent.received_at)
    if db.get_bind().dialect.name == "sqlite":
        return (func.julianday(StripeEvent.processed_at) - func.julianday(begun)) * 86_400
    return func.extract("epoch", StripeEvent.processed_at - begun)


def count_tabs(db: Session) -> dict[str, int]:
    """How many events each tab holds; those of the last one are not counted, for they only grow."""
    return {
        name: db.scalar(select(func.count()).select_from(StripeEvent).where(condition)) or 0
        for name, condition in TABS.items()
        if name != "all"
    }


def list_events(db: Session, *, tab: str, q: str = "", page: int = 1) -> tuple[list[StripeEvent], bool]:
    """A page of a tab, newest first, and whether there are more. `q` is the id of an event or of its object."""
    query = select(StripeEvent)
    query = query.where(or_(StripeEvent.id == q, StripeEvent.object_id == q) if q else TABS[tab])
    newest = query.order_by(StripeEvent.received_at.desc(), StripeEvent.id.desc())
    rows = db.scalars(newest.offset((page - 1) * PAGE).limit(PAGE + 1)).all()
    return list(rows[:PAGE]), len(rows) > PAGE


def get_event(db: Session, event_id: str) -> StripeEvent:
    """One event; refuses one that is not there."""
    row = db.get(StripeEvent, event_id)
    if row is None:
        raise NotFound("There is no such event.")
    return row


def state_of(row: StripeEvent) -> str:
    """In a word: waiting, failing (tried in vain and tried again), failed, aside or done."""
    if row.processed_at is not None:
        return "aside" if row.error else "done"
    if row.attempts >= MOST_ATTEMPTS:
        return "failed"
    return "failing" if row.error else "waiting"


def show_payload(row: StripeEvent) -> str:
    """The payload as it came, laid out, without what opens something."""
    return json.dumps(_without_secrets(row.payload), indent=2, ensure_ascii=False)


def _without_secrets(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            name: HIDDEN if each and any(part in name for part in SECRET_NAMES) else _without_secrets(each)
            for name, each in value.items()
        }
    return [_without_secrets(each) for each in value] if isinstance(value, list) else value


def find_links(db: Session, row: StripeEvent) -> list[Link]:
    """What of ours the event is about, by ids that we know."""
    subject = subject_of(row.payload)
    given = (row.object_id, subject.get("charge"), subject.get("payment_intent"))
    names = {each for each in given if isinstance(each, str) and each}
    paid = select(Payment.booking_id).where(
        or_(
            Payment.checkout_session_id.in_(names),
            Payment.charge_id.in_(names),
            Payment.payment_intent_id.in_(names),
        )
    )
    sent = select(Payout.id).where(Payout.stripe_transfer_id.in_(names))
    owner = select(ConnectAccount.actor_id).where(ConnectAccount.stripe_account_id == (row.stripe_account_id or ""))
    return [
        *(Link("booking", id) for id in db.scalars(paid)),
        *(Link("payout", id) for id in db.scalars(sent)),
        *(Link("actor", id) for id in db.scalars(owner)),
    ]
