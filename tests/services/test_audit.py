"""The audit trail proves itself, and names the row where it does not."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import bindparam, select, text
from sqlalchemy.orm import Session

from marketplace.command import check_audit
from marketplace.config import Settings
from marketplace.db import Database
from marketplace.domain.booking import Party
from marketplace.models import Audit, BookingEvent
from marketplace.models.column import UTC as UTC_COLUMN
from marketplace.models.column import Json
from marketplace.services.audit import find_breaks, read_trail, record_audit
from marketplace.services.booking import cancel_booking, decline_booking
from marketplace.services.booking_audit import find_differences
from tests.conftest import Jobs
from tests.services.stage import Story

NOW = datetime(2026, 11, 23, 9, 30, 15, 123456, tzinfo=UTC)


def record(db: Session, about_id: int, step: str) -> Audit:
    return record_audit(
        db, about="payout", about_id=about_id, step=step, party="admin", principal_id=None,
        before={"state": "review"}, after={"state": step}, reason="because", now=NOW,
    )  # fmt: skip


def forge(db: Session, sql: str, **values: object) -> None:
    """Change a row behind the trail's back: the triggers that forbid it are switched off first."""
    for table in ("audit", "booking_event"):
        if db.get_bind().dialect.name == "sqlite":
            for verb in ("update", "delete"):
                db.execute(text(f"DROP TRIGGER IF EXISTS {table}_no_{verb}"))
        else:
            db.execute(text(f"ALTER TABLE {table} DISABLE TRIGGER {table}_append_only"))
    db.execute(text(sql), values)
    db.expire_all()


def test_an_untouched_trail_holds(db: Session) -> None:
    for about_id in (1, 2, 1, 1):
        record(db, about_id, "approve")
    db.expire_all()
    assert list(find_breaks(db)) == []
    assert len(read_trail(db, about="payout", about_id=1)) == 3


def test_a_changed_reason_is_found(db: Session) -> None:
    record(db, 1, "hold")
    row = record(db, 1, "approve")
    forge(db, "UPDATE audit SET reason = 'other' WHERE id = :id", id=row.id)
    assert [found.audit_id for found in find_breaks(db)] == [row.id]


def test_a_removed_row_is_found_at_the_row_after_it(db: Session) -> None:
    record(db, 1, "hold")
    gone = record(db, 1, "release")
    after = record(db, 1, "approve")
    forge(db, "DELETE FROM audit WHERE id = :id", id=gone.id)
    assert [found.audit_id for found in find_breaks(db)] == [after.id]


# every step of a booking is on the record --------------------------------------------------------


def rows_of(db: Session, booking_id: int) -> Sequence[Audit]:
    return [row for row in read_trail(db, about="booking", about_id=booking_id) if "state" in row.after]


def test_every_step_of_a_booking_says_who_when_from_what_to_what_and_why(db: Session) -> None:
    story = Story(db).delivered()
    declined = Story(db)
    decline_booking(
        db, booking_id=declined.id, actor_id=declined.actor_id, by=declined.imani, reason="Away then.", now=NOW
    )
    for one, last in ((story, "delivered"), (declined, "declined")):
        rows = rows_of(db, one.id)
        events = db.scalars(select(BookingEvent).where(BookingEvent.booking_id == one.id).order_by(BookingEvent.id))
        assert [(row.at, row.principal_id, row.party, row.step, row.reason) for row in rows] == [
            (event.at, event.principal_id, event.party, event.step, event.reason) for event in events
        ]
        states = [row.after["state"] for row in rows]
        assert [row.before.get("state") for row in rows] == [None, *states[:-1]]
        assert states[-1] == last
        assert all((row.principal_id is None) == (row.party == Party.CLOCK) for row in rows)
        assert [row.after["version"] for row in rows] == list(range(1, len(rows) + 1))
    assert rows_of(db, declined.id)[-1].reason == "Away then."
    assert list(find_breaks(db)) == []
    assert list(find_differences(db)) == []


# whatever is changed behind its back is found ----------------------------------------------------

AT = bindparam("value", type_=UTC_COLUMN())
OBJECT = bindparam("value", type_=Json)
FORGED: dict[str, Any] = {
    "at": datetime(2026, 11, 23, 9, 30, 15, 123457, tzinfo=UTC),
    "principal_id": None,
    "party": "admin",
    "about": "payout",
    "about_id": 999_999,
    "step": "something",
    "before": {"state": "draft"},
    "after": {"state": "completed", "version": 1},
    "reason": "Another reason",
    "ip": "192.0.2.1",
    "previous_sha256": "1" * 64,
    "sha256": "2" * 64,
}


def forge_column(db: Session, table: str, column: str, value: Any, row_id: int) -> None:
    statement = text(f'UPDATE {table} SET "{column}" = :value WHERE id = :id')
    if isinstance(value, datetime):
        statement = statement.bindparams(AT)
    elif isinstance(value, dict):
        statement = statement.bindparams(OBJECT)
    forge(db, "SELECT 1")
    db.execute(statement, {"value": value, "id": row_id})
    db.expire_all()


def test_every_column_of_the_trail_is_forged_below() -> None:
    assert set(FORGED) == set(Audit.__table__.columns.keys()) - {"id"}


@pytest.mark.parametrize("place", [0, 1, -1])
@pytest.mark.parametrize("column", sorted(FORGED))
def test_a_forged_column_of_any_row_is_found_and_named(db: Session, column: str, place: int) -> None:
    story = Story(db).accept()
    cancel_booking(db, booking=story.booking, by=story.imani, reason="Ill.", now=NOW)
    row = read_trail(db, about="booking", about_id=story.id)[place]
    if getattr(row, column) == FORGED[column]:  # the clock's row has no principal: give it one
        forge_column(db, "audit", column, story.mira.account_id, row.id)
    else:
        forge_column(db, "audit", column, FORGED[column], row.id)
    assert row.id in [found.audit_id for found in find_breaks(db)]


def test_a_row_moved_to_another_place_is_found(db: Session) -> None:
    first, second = record(db, 1, "hold"), record(db, 1, "approve")
    forge_column(db, "audit", "id", second.id + 1, first.id)
    assert [found.audit_id for found in find_breaks(db)] == [second.id, second.id + 1]


EVENT: dict[str, Any] = {
    "booking_id": 0,
    "at": FORGED["at"],
    "principal_id": None,
    "party": "admin",
    "step": "something",
    "before": "draft",
    "after": "completed",
    "reason": "Another reason",
}


def test_every_column_of_a_bookings_events_is_forged_below() -> None:
    assert set(EVENT) == set(BookingEvent.__table__.columns.keys()) - {"id"}


@pytest.mark.parametrize("place", [0, 1, -1])
@pytest.mark.parametrize("column", sorted(EVENT))
def test_a_forged_column_of_a_bookings_event_is_found_and_named(db: Session, column: str, place: int) -> None:
    story, other = Story(db).accept(), Story(db)
    cancel_booking(db, booking=story.booking, by=story.imani, reason="Ill.", now=NOW)
    events = select(BookingEvent).where(BookingEvent.booking_id == story.id).order_by(BookingEvent.id)
    event = db.scalars(events).all()[place]
    forge_column(db, "booking_event", column, other.id if column == "booking_id" else EVENT[column], event.id)
    assert story.id in {found.booking_id for found in find_differences(db)}
    if column != "booking_id":
        assert any(f"event row {event.id} " in found.words for found in find_differences(db))


@pytest.mark.parametrize("table", ["audit", "booking_event"])
def test_the_last_row_taken_away_is_found(db: Session, table: str) -> None:
    story = Story(db).accept()
    about = "about = 'booking' AND about_id = :id" if table == "audit" else "booking_id = :id"
    forge(db, f"DELETE FROM {table} WHERE id = (SELECT max(id) FROM {table} WHERE {about})", id=story.id)
    assert story.id in {found.booking_id for found in find_differences(db)}


def test_a_state_changed_behind_the_trails_back_is_found(db: Session) -> None:
    story, other = Story(db).accept(), Story(db)
    forge(db, "UPDATE booking SET state = 'confirmed' WHERE id = :id", id=story.id)
    (found,) = find_differences(db)
    assert (found.booking_id, "is confirmed" in found.words) == (story.id, True)
    assert other.id != story.id


def test_the_command_names_what_it_finds(
    database: Database, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    with database.unit_of_work(Jobs()) as db:
        story = Story(db).accept()
    assert check_audit.main(settings, argparse.Namespace()) == 0
    assert capsys.readouterr().out.endswith("rows checked, 0 breaks found\n")
    with database.unit_of_work(Jobs()) as db:
        row_id = rows_of(db, story.id)[-1].id
        forge(db, "UPDATE audit SET reason = 'other' WHERE id = :id", id=row_id)
    assert check_audit.main(settings, argparse.Namespace()) == 1
    told = capsys.readouterr().out
    assert f"audit row {row_id} (booking {story.id}): its own facts have been changed" in told
    assert f"booking {story.id}: event row" in told
    assert "differ in reason" in told
