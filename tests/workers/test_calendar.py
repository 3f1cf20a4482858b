"""Other calendars are fetched over a real connection, read apart, and kept; what fails says why and changes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from ipaddress import ip_address

import pytest
from sqlalchemy import select

from marketplace.config import Settings
from marketplace.db import Database
from marketplace.domain.availability import HORIZON, Interval
from marketplace.gateways.calendar.feed import FeedEntry, write_feed
from marketplace.gateways.outside import Outside
from marketplace.gateways.web_fetch import Limits, WebFetch
from marketplace.models import BusyTime, CalendarSource
from marketplace.services import calendar_source
from marketplace.services.availability import free_slots
from tests.conftest import Jobs
from tests.gateways.far_server import FarServer, endless_body, says, sends_to
from tests.services.stage import NOW, add_actor, at
from workers.task import Tools
from workers.tasks.calendar import SURPRISE, read_calendar, read_due_calendars

HOUR = timedelta(hours=1)


def feed(*starts: datetime, host: str = "far.example") -> bytes:
    entries = [
        FeedEntry(f"booking-{number}@{host}", 0, start, start + 2 * HOUR, "Europe/Berlin", "Shoot", "", "", False, NOW)
        for number, start in enumerate(starts)
    ]
    return write_feed(entries, name="Far", now=NOW)


BOMB = b"""BEGIN:VCALENDAR
BEGIN:VEVENT
DTSTART:20261124T000000Z
DURATION:PT1S
RRULE:FREQ=SECONDLY
END:VEVENT
END:VCALENDAR
"""
WEEKLY = b"""BEGIN:VCALENDAR
BEGIN:VEVENT
DTSTART;TZID=Europe/Berlin:20260105T090000
DTEND;TZID=Europe/Berlin:20260105T110000
RRULE:FREQ=WEEKLY
EXDATE;TZID=Europe/Berlin:20261207T090000
END:VEVENT
BEGIN:VEVENT
DTSTART;VALUE=DATE:20261202
END:VEVENT
END:VCALENDAR
"""


@pytest.fixture
def far() -> Iterator[FarServer]:
    server = FarServer(
        {
            "/good": says(feed(at(30, 9))),
            "/again": says(feed(at(30, 14))),
            "/weekly": says(WEEKLY),
            "/ours": says(feed(at(30, 9), host="127.0.0.1")),
            "/page": says(b"<!DOCTYPE html><title>Sign in</title>"),
            "/bomb": says(BOMB),
            "/gone": says(b"", 404),
            "/inside": sends_to("http://169.254.169.254/latest/meta-data"),
            "/mapped": sends_to("http://[::ffff:127.0.0.1]/"),
            "/endless": endless_body,
        }
    )
    yield server
    server.close()


class Desk:
    """An actor with one other calendar, the tools to read it, and a clock."""

    def __init__(self, database: Database, settings: Settings, outside: Outside, jobs: Jobs, far: FarServer) -> None:
        self.now, self.database, self.jobs, self.far = NOW, database, jobs, far
        web = WebFetch(
            Limits(bytes=200_000, seconds=5, ports=frozenset({far.port, 80})),
            lambda host, port: ["127.0.0.1" if host == "far.example" else "10.0.0.1"],
            lambda address: address == ip_address("127.0.0.1"),
        )
        self.tools = Tools(settings, database, replace(outside, web=web), jobs, lambda: self.now)
        with database.unit_of_work(jobs) as db:
            self.actor_id = add_actor(db, zone="Europe/Berlin").id
        self.source_id = self.add(f"http://far.example:{far.port}/good")

    def add(self, address: str) -> int:
        with self.database.unit_of_work(self.jobs) as db:
            return calendar_source.add_source(db, actor_id=self.actor_id, label="", address=address, now=self.now)

    def turn(self, address: str) -> None:
        """The same calendar, elsewhere."""
        with self.database.unit_of_work(self.jobs) as db:
            db.get_one(CalendarSource, self.source_id).address = address

    def read(self) -> CalendarSource:
        read_calendar(self.tools, self.source_id)
        with self.database.reading() as db:
            return db.get_one(CalendarSource, self.source_id)

    def busy(self) -> list[Interval]:
        with self.database.reading() as db:
            rows = db.scalars(select(BusyTime).order_by(BusyTime.starts_at))
            return [Interval(row.starts_at, row.ends_at) for row in rows]


@pytest.fixture
def desk(database: Database, settings: Settings, outside: Outside, jobs: Jobs, far: FarServer) -> Desk:
    return Desk(database, settings, outside, jobs, far)


def test_a_calendar_read_takes_its_times_out_of_the_free_ones(desk: Desk) -> None:
    row = desk.read()
    assert (row.fetched_at, row.failure) == (NOW, "")
    assert desk.busy() == [Interval(at(30, 9), at(30, 11))]
    with desk.database.reading() as db:
        slots = free_slots(db, desk.actor_id, HOUR, Interval(at(30, 8), at(30, 12)), NOW)
    assert [slot.starts_at for slot in slots] == [at(30, 8), at(30, 11)]


def test_repetitions_exceptions_and_whole_days_are_read_in_the_actors_zone(desk: Desk) -> None:
    desk.turn(f"http://far.example:{desk.far.port}/weekly")
    desk.read()
    busy = desk.busy()
    assert busy[:4] == [
        Interval(at(23, 8), at(23, 10)),
        Interval(at(30, 8), at(30, 10)),
        Interval(at(1, 23, month=12), at(2, 23, month=12)),
        Interval(at(14, 8, month=12), at(14, 10, month=12)),
    ]
    summer = [one for one in busy if one.starts_at.month == 7]
    assert {one.starts_at.hour for one in summer} == {7}
    assert busy[-1].ends_at <= NOW + HORIZON + timedelta(days=8)


def test_our_own_sessions_that_come_back_are_not_busy_times(desk: Desk) -> None:
    desk.turn(f"http://far.example:{desk.far.port}/ours")
    desk.read()
    assert desk.busy() == []


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/page", "not a calendar file"),
        ("/bomb", "repeat too often"),
        ("/gone", "answered 404"),
        ("/endless", "larger than 0.2 MB"),
        ("/inside", "private network"),
        ("/mapped", "private network"),
    ],
)
def test_a_reading_that_fails_says_why_and_keeps_the_last_good_times(desk: Desk, path: str, words: str) -> None:
    desk.read()
    before = desk.busy()
    desk.turn(f"http://far.example:{desk.far.port}{path}")
    desk.now = NOW + HOUR
    row = desk.read()
    assert words in row.failure
    assert (row.fetched_at, row.failed_at, row.failures) == (NOW, desk.now, 1)
    assert row.next_fetch_at > desk.now + HOUR / 2
    assert desk.busy() == before


@pytest.mark.parametrize(
    "address", ["http://10.0.0.7/x.ics", "http://2130706433/x", "file:///etc/passwd", "http://inner.example/x"]
)
def test_an_address_that_leads_inside_is_never_asked(desk: Desk, address: str) -> None:
    desk.turn(address)
    assert desk.read().failure.endswith("Nothing was fetched.")
    assert desk.far.asked == []


def test_what_breaks_the_reader_counts_as_a_failed_reading(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> bytes:
        raise RecursionError

    monkeypatch.setattr("workers.tasks.calendar.fetch_calendar", broken)
    assert desk.read().failure == SURPRISE


def test_the_clock_asks_for_what_is_due_and_a_good_reading_is_due_again_in_half_an_hour(desk: Desk) -> None:
    desk.read()
    desk.jobs.clear()
    for minutes, asked in ((29, 0), (30, 1), (31, 0)):
        desk.now = NOW + timedelta(minutes=minutes)
        read_due_calendars(desk.tools)
        assert len(desk.jobs) == asked
        desk.jobs.clear()


def test_a_calendar_that_is_gone_is_not_read(desk: Desk) -> None:
    with desk.database.unit_of_work(desk.jobs) as db:
        calendar_source.remove_source(db, actor_id=desk.actor_id, source_id=desk.source_id)
    read_calendar(desk.tools, desk.source_id)
    assert desk.far.asked == []
