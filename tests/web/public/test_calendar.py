"""The secret calendar address: whoever has it reads the bookings, and nobody else; programs ask again cheaply."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from icalendar import Calendar
from sqlalchemy import select, update

from marketplace.db import Database
from marketplace.models import Account, Booking, CalendarFeed
from marketplace.services.booking import cancel_booking
from marketplace.services.calendar_feed import issue_feed
from marketplace.web.transaction import CLOCK
from tests.services.stage import NOW, Story, at
from tests.web.scene import no_jobs

ClientAs = Callable[[Account], FlaskClient]


class Shelf:
    """A paid booking, the actor's address, and a program without cookies that reads it."""

    def __init__(self, app: Flask, database: Database) -> None:
        self.app, self.database, self.now = app, database, NOW
        app.extensions[CLOCK] = lambda: self.now
        with database.unit_of_work(no_jobs) as db:
            story = Story(db, starts_at=at(30, 10)).confirmed()
            self.booking_id, self.imani = story.id, story.imani
            assert story.imani.account_id is not None
            self.token = issue_feed(db, account_id=story.imani.account_id, now=NOW)

    def get(self, headers: dict[str, str] | None = None) -> Any:
        return self.app.test_client(use_cookies=False).get(f"/calendar/{self.token}.ics", headers=headers)

    def event(self) -> Any:
        [event] = Calendar.from_ical(self.get().data).walk("VEVENT")
        return event


@pytest.fixture
def shelf(app: Flask, database: Database) -> Shelf:
    return Shelf(app, database)


def test_a_program_without_a_session_reads_the_bookings(shelf: Shelf) -> None:
    answer = shelf.get()
    assert answer.status_code == 200
    assert answer.content_type == "text/calendar; charset=utf-8"
    assert "Set-Cookie" not in answer.headers
    assert "private" in answer.headers["Cache-Control"]
    calendar = Calendar.from_ical(answer.data)
    assert [str(zone["TZID"]) for zone in calendar.walk("VTIMEZONE")] == []  # the actor's zone is UTC
    assert shelf.event()["DTSTART"].dt == at(30, 10)
    assert shelf.event()["STATUS"] == "CONFIRMED"


def test_the_zone_of_the_reader_comes_with_its_definition(shelf: Shelf) -> None:
    with shelf.database.unit_of_work(no_jobs) as db:
        db.get_one(Booking, shelf.booking_id).actor.zone = "Australia/Lord_Howe"
    [zone] = Calendar.from_ical(shelf.get().data).walk("VTIMEZONE")
    assert str(zone["TZID"]) == "Australia/Lord_Howe"
    assert shelf.event()["DTSTART"].params["TZID"] == "Australia/Lord_Howe"
    assert shelf.event()["DTSTART"].dt == at(30, 10)


def test_an_unknown_or_ended_address_is_not_found(shelf: Shelf) -> None:
    assert shelf.app.test_client().get(f"/calendar/{'x' * 43}.ics").status_code == 404
    assert shelf.app.test_client().get(f"/calendar/{shelf.token}").status_code == 404
    with shelf.database.unit_of_work(no_jobs) as db:
        db.execute(update(CalendarFeed).values(revoked_at=NOW))
    answer = shelf.get()
    assert answer.status_code == 404
    assert b"BEGIN:VCALENDAR" not in answer.data


def test_a_program_that_has_it_is_told_so_until_something_changes(shelf: Shelf) -> None:
    first = shelf.get()
    shelf.now += timedelta(minutes=10)
    for header, value in (
        ("If-None-Match", first.headers["ETag"]),
        ("If-Modified-Since", first.headers["Last-Modified"]),
    ):
        again = shelf.get({header: value})
        assert (again.status_code, again.data) == (304, b"")
    with shelf.database.unit_of_work(no_jobs) as db:
        cancel_booking(
            db, booking=db.get_one(Booking, shelf.booking_id), by=shelf.imani, now=shelf.now, reason="I am ill."
        )
    before = Calendar.from_ical(first.data).walk("VEVENT")[0]
    for header, value in (
        ("If-None-Match", first.headers["ETag"]),
        ("If-Modified-Since", first.headers["Last-Modified"]),
    ):
        assert shelf.get({header: value}).status_code == 200
    after = shelf.event()
    assert after["UID"] == before["UID"]
    assert after["STATUS"] == "CANCELLED"
    assert after["SEQUENCE"] > before["SEQUENCE"]


def test_the_owner_can_see_that_it_is_read(shelf: Shelf) -> None:
    shelf.get()
    with shelf.database.reading() as db:
        assert db.scalars(select(CalendarFeed.read_at)).one() == NOW


def test_an_address_may_not_be_asked_all_the_time(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(shelf.app.config, "RATELIMIT_ENABLED", True)
    limiter = next(iter(shelf.app.extensions["limiter"]))
    monkeypatch.setattr(limiter, "enabled", True)
    answers = [shelf.get().status_code for _ in range(21)]
    assert answers == [200] * 20 + [429]


def test_the_secret_is_not_in_the_log(shelf: Shelf, capsys: pytest.CaptureFixture[str]) -> None:
    shelf.get()
    said = capsys.readouterr()
    assert shelf.token not in said.out + said.err
