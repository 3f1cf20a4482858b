"""Whether the audit trail, the bookings' own events and the bookings tell the same story.

The chain of hashes cannot miss its last rows, and says nothing of other tables. This comparison does: whoever changes
one of the three has to change the others as well, and the chain shows it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from marketplace.models import Audit, Booking, BookingEvent

TOGETHER = 1_000


@dataclass(frozen=True, slots=True)
class Difference:
    """What does not agree about one booking, with the row where it shows."""

    booking_id: int
    words: str


def find_differences(db: Session) -> Iterator[Difference]:
    """Walk every booking's steps in both histories side by side, a thousand bookings at a time.

    On a site that people use, `db` must see one moment throughout (REPEATABLE READ on PostgreSQL).
    """
    last = 0
    while bookings := db.execute(_bookings(last)).all():
        span = (last, bookings[-1].id)
        events, audits = _by_booking(db, _events(*span)), _by_booking(db, _audits(*span))
        for booking in bookings:
            steps = [row for row in audits.get(booking.id, []) if "state" in row.after]
            yield from _compare(booking, events.get(booking.id, []), steps)
        last = bookings[-1].id


def _compare(booking: Any, events: list[Any], audits: list[Any]) -> Iterator[Difference]:
    for event, audit in zip_longest(events, audits):
        if audit is None:
            yield Difference(booking.id, f"event row {event.id} ({event.step}) has no row in the audit trail")
        elif event is None:
            yield Difference(booking.id, f"audit row {audit.id} ({audit.step}) has no row among the booking's events")
        elif differing := _differing(event, audit):
            yield Difference(
                booking.id, f"event row {event.id} and audit row {audit.id} differ in {', '.join(differing)}"
            )
    yield from _compare_end(booking, audits)


def _compare_end(booking: Any, audits: list[Any]) -> Iterator[Difference]:
    if not audits:
        yield Difference(booking.id, "the audit trail does not know it")
        return
    last = audits[-1]
    if last.after["state"] != booking.state:
        words = f"it is {booking.state}, but audit row {last.id} left it {last.after['state']}"
        yield Difference(booking.id, words)
    elif last.after.get("version", 0) > booking.version:
        yield Difference(booking.id, f"its version is {booking.version}, but audit row {last.id} knew a later one")


def _differing(event: Any, audit: Any) -> list[str]:
    pairs = {
        "time": (event.at, audit.at),
        "principal": (event.principal_id, audit.principal_id),
        "party": (event.party, audit.party),
        "step": (event.step, audit.step),
        "state before": (event.before, audit.before.get("state")),
        "state after": (event.after, audit.after.get("state")),
        "reason": (event.reason, audit.reason),
    }
    return [name for name, (here, there) in pairs.items() if here != there]


def _bookings(after: int) -> Select[*tuple[Any, ...]]:
    columns = select(Booking.id, Booking.state, Booking.version)
    return columns.where(Booking.id > after).order_by(Booking.id).limit(TOGETHER)


def _by_booking(db: Session, rows: Select[*tuple[Any, ...]]) -> dict[int, list[Any]]:
    found: dict[int, list[Any]] = {}
    for row in db.execute(rows):
        found.setdefault(row.key, []).append(row)
    return found


def _events(after: int, until: int) -> Select[*tuple[Any, ...]]:
    there = (BookingEvent.booking_id > after, BookingEvent.booking_id <= until)
    return _steps(BookingEvent, BookingEvent.booking_id).where(*there)


def _audits(after: int, until: int) -> Select[*tuple[Any, ...]]:
    there = (Audit.about == "booking", Audit.about_id > after, Audit.about_id <= until)
    return _steps(Audit, Audit.about_id).where(*there)


def _steps(table: type[BookingEvent | Audit], key: InstrumentedAttribute[int]) -> Select[*tuple[Any, ...]]:
    """What both histories say of a step, in the order it was written."""
    what = (table.at, table.principal_id, table.party, table.step, table.before, table.after, table.reason)
    return select(key.label("key"), table.id, *what).order_by(table.id)
