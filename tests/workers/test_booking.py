"""The clock moves every booking that is due, however late it comes, and one that fails stops no other."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from marketplace.config import Settings
from marketplace.db import Database
from marketplace.domain.booking import State
from marketplace.gateways.outside import Outside
from marketplace.models import Booking, BookingEvent
from marketplace.services import booking
from tests.conftest import Jobs
from tests.services.stage import NOW, Story
from workers.task import Tools
from workers.tasks.booking import sweep_bookings

LATE = NOW + timedelta(days=5)


@pytest.fixture
def tools(settings: Settings, database: Database, outside: Outside, jobs: Jobs) -> Tools:
    return Tools(settings, database, outside, jobs, now=lambda: LATE)


def states(database: Database) -> list[str]:
    with database.reading() as db:
        return list(db.scalars(select(Booking.state).order_by(Booking.id)))


def test_a_sweep_after_days_of_silence_does_everything_once(tools: Tools, database: Database) -> None:
    with database.unit_of_work(Jobs()) as db:
        Story(db)
        Story(db).accept()
        Story(db).confirmed()
    sweep_bookings(tools)
    sweep_bookings(tools)
    assert states(database) == [State.EXPIRED, State.LAPSED, State.CONFIRMED]
    with database.reading() as db:
        clock = select(BookingEvent.step).where(BookingEvent.party == "clock").order_by(BookingEvent.id)
        assert sorted(db.scalars(clock)) == ["confirm", "expire", "lapse"]


def test_a_booking_that_fails_stops_no_other(tools: Tools, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    with database.unit_of_work(Jobs()) as db:
        broken, fine = Story(db).id, Story(db).id
    advance = booking.advance_due_booking

    def fail_once(db: object, *, booking_id: int, now: object) -> object:
        if booking_id == broken:
            raise RuntimeError("this row is damaged")
        return advance(db, booking_id=booking_id, now=now)  # type: ignore[arg-type]  # passed on as they came

    monkeypatch.setattr(booking, "advance_due_booking", fail_once)
    sweep_bookings(tools)
    assert states(database) == [State.REQUESTED, State.EXPIRED]
    assert fine > broken
