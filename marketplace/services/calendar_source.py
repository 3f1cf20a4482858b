"""Calendars that actors keep elsewhere: when to read each, and the busy times that the last good reading gave."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.orm import Session

from marketplace.domain.availability import HORIZON, Interval
from marketplace.domain.errors import Invalid, NotFound, Refused
from marketplace.jobs import Job, enqueue
from marketplace.models import Actor, BusyTime, CalendarSource

MOST_SOURCES: Final = 5
MOST_BUSY: Final = 5_000
LABEL_LONGEST: Final = 80
EVERY: Final = timedelta(minutes=30)
LONGEST_WAIT: Final = timedelta(days=1)
LEASE: Final = timedelta(minutes=10)
"""How long a reading may take before another try is due."""
TRY_AGAIN_AFTER: Final = timedelta(minutes=1)
_BEHIND, _BEYOND = timedelta(days=1), timedelta(days=7)


class TooManyBusyTimes(Refused):
    """The calendar is busy more often than anybody is."""

    code = "calendar_too_many"


@dataclass(frozen=True, slots=True)
class Order:
    """One reading to do: the address, the actor's zone, and the time that is asked about."""

    source_id: int
    address: str
    zone: str
    window: Interval


# the actor's list --------------------------------------------------------------------------------


def list_sources(db: Session, actor_id: int) -> Sequence[CalendarSource]:
    """The actor's other calendars, in the order in which they were added."""
    return db.scalars(
        select(CalendarSource).where(CalendarSource.actor_id == actor_id).order_by(CalendarSource.id)
    ).all()


def add_source(db: Session, *, actor_id: int, label: str, address: str, now: datetime) -> int:
    """Read this address from now on; the first time at once. The address has been checked by whoever asks.

    Refuses an address that is there already and more than five.
    """
    address, label = address.strip(), label.strip()
    known = [source.address for source in list_sources(db, actor_id)]
    if address in known:
        raise Invalid("This calendar is on your list already. Nothing was saved.", field="address")
    if len(known) >= MOST_SOURCES:
        raise Invalid(f"You can add {MOST_SOURCES} calendars. Remove one first. Nothing was saved.", field="address")
    if len(label) > LABEL_LONGEST:
        raise Invalid(f"A name has up to {LABEL_LONGEST} characters. Nothing was saved.", field="label")
    source = CalendarSource(actor_id=actor_id, label=label, address=address, next_fetch_at=now + LEASE, created_at=now)
    db.add(source)
    db.flush()
    enqueue(db, Job.READ_CALENDAR, source.id)
    return source.id


def remove_source(db: Session, *, actor_id: int, source_id: int) -> None:
    """Read this address no more; its busy times are free again."""
    source = _own(db, actor_id, source_id)
    db.execute(delete(BusyTime).where(BusyTime.calendar_source_id == source.id))
    db.delete(source)
    db.flush()


def read_source_again(db: Session, *, actor_id: int, source_id: int, now: datetime) -> None:
    """Ask for a reading now; refused within a minute of the last one."""
    source = _own(db, actor_id, source_id)
    tried_at = max(filter(None, (source.created_at, source.fetched_at, source.failed_at)))
    if now - tried_at < TRY_AGAIN_AFTER:
        raise Refused("This calendar was read a moment ago. Wait a minute. Nothing was changed.")
    source.next_fetch_at = now + LEASE
    enqueue(db, Job.READ_CALENDAR, source.id)


def _own(db: Session, actor_id: int, source_id: int) -> CalendarSource:
    mine = select(CalendarSource).where(CalendarSource.id == source_id, CalendarSource.actor_id == actor_id)
    source = db.scalars(mine).first()
    if source is None:
        raise NotFound("There is no such calendar. Nothing was changed.")
    return source


# reading -----------------------------------------------------------------------------------------


def claim_due_sources(db: Session, *, now: datetime, limit: int = 200) -> int:
    """Ask for a reading of every calendar that is due; how many. Another clock finds them taken."""
    due = select(CalendarSource.id).where(CalendarSource.next_fetch_at <= now)
    first = due.order_by(CalendarSource.next_fetch_at, CalendarSource.id).limit(limit)
    claimed = (
        update(CalendarSource)
        .where(CalendarSource.id.in_(first), CalendarSource.next_fetch_at <= now)
        .values(next_fetch_at=now + LEASE)
        .returning(CalendarSource.id)
        .execution_options(synchronize_session=False)
    )
    ids = sorted(db.scalars(claimed))
    for source_id in ids:
        enqueue(db, Job.READ_CALENDAR, source_id)
    return len(ids)


def find_order(db: Session, source_id: int, *, now: datetime) -> Order | None:
    """What to read, from yesterday to a week beyond the horizon; None when the calendar was removed meanwhile."""
    query = select(CalendarSource.address, Actor.zone).join(Actor, Actor.id == CalendarSource.actor_id)
    row = db.execute(query.where(CalendarSource.id == source_id)).first()
    if row is None:
        return None
    return Order(source_id, row.address, row.zone, Interval(now - _BEHIND, now + HORIZON + _BEYOND))


def store_busy(db: Session, *, source_id: int, busy: Sequence[Interval], now: datetime) -> None:
    """Replace the busy times of a calendar by those of a good reading; refuses very many (TooManyBusyTimes)."""
    if len(busy) > MOST_BUSY:
        raise TooManyBusyTimes(
            f"The calendar is busy more than {MOST_BUSY:,} times in the coming year. No busy times were taken from it."
        )
    # the row first: a second reading that ends at the same moment waits here for the first
    read = {"fetched_at": now, "failed_at": None, "failure": "", "failures": 0, "next_fetch_at": now + EVERY}
    source = update(CalendarSource).where(CalendarSource.id == source_id).values(read)
    actor_id = db.scalar(source.returning(CalendarSource.actor_id))
    if actor_id is None or _known(db, source_id) == list(busy):
        return
    db.execute(delete(BusyTime).where(BusyTime.calendar_source_id == source_id))
    if busy:
        db.execute(insert(BusyTime), [_row(source_id, actor_id, one) for one in busy])


def note_failure(db: Session, *, source_id: int, sentence: str, now: datetime) -> None:
    """Keep the busy times of the last good reading, say why there is none newer, and wait longer each time."""
    source = db.get(CalendarSource, source_id)
    if source is None:
        return
    source.failures += 1
    source.failed_at, source.failure = now, sentence[:300]
    source.next_fetch_at = now + min(EVERY * 2 ** min(source.failures, 10), LONGEST_WAIT)
    db.flush()


def count_busy(db: Session, actor_id: int, *, now: datetime) -> dict[int, int]:
    """How many coming busy times each of the actor's calendars has, by its id."""
    coming = (
        select(BusyTime.calendar_source_id, func.count())
        .where(BusyTime.actor_id == actor_id, BusyTime.ends_at > now)
        .group_by(BusyTime.calendar_source_id)
    )
    return {row[0]: row[1] for row in db.execute(coming)}


def _known(db: Session, source_id: int) -> list[Interval]:
    rows = db.execute(
        select(BusyTime.starts_at, BusyTime.ends_at)
        .where(BusyTime.calendar_source_id == source_id)
        .order_by(BusyTime.starts_at, BusyTime.id)
    )
    return [Interval(starts_at, ends_at) for starts_at, ends_at in rows]


def _row(source_id: int, actor_id: int, one: Interval) -> dict[str, object]:
    return {
        "calendar_source_id": source_id,
        "actor_id": actor_id,
        "starts_at": one.starts_at,
        "ends_at": one.ends_at,
    }
