"""Events that a person has worked on again, or puts aside: the row goes on, what it said before is in the audit."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final
from zlib import crc32

from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.domain.errors import Conflict, Invalid, NotFound
from marketplace.jobs import Job, enqueue
from marketplace.models import Audit, StripeEvent
from marketplace.services.account import Decider
from marketplace.services.audit import read_trail, record_audit
from marketplace.services.stripe_event import MOST_ATTEMPTS

NOUN: Final = "stripe_event"
SHORTEST_WORDS: Final = 10
MOST_AT_ONCE: Final = 200


def replay_event(db: Session, event_id: str, *, by: Decider, now: datetime) -> None:
    """Have an event worked on again, done or not: harmless, since the object is read again and booked once.

    Tries and waiting begin anew.
    """
    row = _hold(db, event_id)
    before = _told(row)
    row.attempts, row.processed_at, row.error, row.replayed_at = 0, None, None, now
    _audit(db, row, "replay", before, by, "", now)
    enqueue(db, Job.PROCESS_STRIPE_EVENT, row.id)


def replay_failed(db: Session, *, by: Decider, now: datetime) -> int:
    """The same for every event that was given up, oldest first; how many. No more than `MOST_AT_ONCE`."""
    given_up = select(StripeEvent.id).where(StripeEvent.processed_at.is_(None), StripeEvent.attempts >= MOST_ATTEMPTS)
    found = db.scalars(given_up.order_by(StripeEvent.received_at, StripeEvent.id).limit(MOST_AT_ONCE)).all()
    for event_id in found:
        replay_event(db, event_id, by=by, now=now)
    return len(found)


def put_aside(db: Session, event_id: str, *, by: Decider, words: str, now: datetime) -> None:
    """Nothing will come of an event that was given up: it waits no more. `words` say why; its error is kept."""
    if len(words.strip()) < SHORTEST_WORDS:
        raise Invalid("Say in a sentence why nothing has to come of it. Nothing was changed.", field="words")
    row = _hold(db, event_id)
    if row.processed_at is not None or row.attempts < MOST_ATTEMPTS:
        raise Conflict("This event is done, or still being tried. Nothing was changed.")
    before = _told(row)
    row.processed_at = now
    _audit(db, row, "put_aside", before, by, words.strip(), now)


def trail_of(db: Session, event_id: str) -> list[Audit]:
    """What people have done with an event, oldest first."""
    rows = read_trail(db, about=NOUN, about_id=number_of(event_id))
    return [row for row in rows if row.before.get("event") == event_id]


def number_of(event_id: str) -> int:
    """The number of an event's chain in the audit, which goes by numbers; two events may share one."""
    return crc32(event_id.encode()) & 0x7FFFFFFF


def _hold(db: Session, event_id: str) -> StripeEvent:
    query = select(StripeEvent).where(StripeEvent.id == event_id).execution_options(populate_existing=True)
    row = db.scalar(query.with_for_update())
    if row is None:
        raise NotFound("There is no such event.")
    return row


def _told(row: StripeEvent) -> dict[str, Any]:
    done = row.processed_at and row.processed_at.isoformat()
    return {"event": row.id, "type": row.type, "processed_at": done, "attempts": row.attempts, "error": row.error}


def _audit(
    db: Session, row: StripeEvent, step: str, before: dict[str, Any], by: Decider, words: str, now: datetime
) -> None:
    db.flush()
    record_audit(
        db,
        about=NOUN,
        about_id=number_of(row.id),
        step=step,
        party="admin",
        principal_id=by.account_id,
        before=before,
        after={"processed_at": row.processed_at and row.processed_at.isoformat(), "attempts": row.attempts},
        reason=words,
        ip=by.ip,
        now=now,
    )
