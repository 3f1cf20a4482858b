"""An actor's calendars: the address is shown once, other calendars with the age of their busy times."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from marketplace.db import Database
from marketplace.domain.availability import Interval
from marketplace.jobs import Job
from marketplace.models import Account, CalendarSource
from marketplace.services import calendar_source
from marketplace.web.transaction import CLOCK
from tests.conftest import Jobs
from tests.services.stage import NOW, at
from tests.web.actor.test_page import Desk
from tests.web.page_check import faults

ADDRESS = "https://calendar.example/ical/secret/basic.ics"


@pytest.fixture
def desk(app: Flask, database: Database, client_as: Callable[[Account], FlaskClient]) -> Desk:
    return Desk(app, database, client_as)


def source_of(desk: Desk) -> CalendarSource:
    with desk.database.reading() as db:
        return db.scalars(select(CalendarSource)).one()


def test_the_address_is_shown_once_and_works_until_it_is_ended(desk: Desk, app: Flask) -> None:
    assert "You have no address now" in desk.get("calendar")
    answer = desk.post("calendar/feed", 200)
    found = re.search(r"http://[^\"]+(/calendar/[\w-]+\.ics)", answer.text)
    assert found is not None
    assert f"webcal:{found[0].removeprefix('http:')}" in answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    reader = app.test_client(use_cookies=False)
    assert reader.get(found[1]).status_code == 200
    page = desk.get("calendar")
    assert found[1] not in page
    assert "A program last read it just now" in page
    desk.post("calendar/feed", 200)
    assert reader.get(found[1]).status_code == 404
    desk.post("calendar/feed/end")
    assert "You have no address now" in desk.get("calendar")


def test_a_calendar_is_added_and_read_and_its_address_is_not_shown_again(desk: Desk, jobs: Jobs) -> None:
    desk.post("calendar/source", address=f" {ADDRESS} ", label="Home")
    source = source_of(desk)
    assert (source.address, source.label) == (ADDRESS, "Home")
    assert (Job.READ_CALENDAR, (source.id,)) in jobs
    page = desk.get("calendar")
    assert "Being read for the first time" in page
    assert "secret" not in page.replace("secret address", "").replace("Secret address", "")
    assert "1 calendar is read" in desk.get("hours")


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("", "begins with https"),
        ("https://two words", "not a web address"),
        ("http://127.0.0.1/x.ics", "private network"),
        ("http://[::ffff:10.0.0.1]/x.ics", "private network"),
        ("file:///etc/passwd", "begins with https"),
        ("https://me:secret@calendar.example/", "user name or password"),
        ("https://calendar.example:8443/x", "usual web ports"),
    ],
)
def test_an_address_we_do_not_read_is_refused_in_a_sentence(desk: Desk, address: str, words: str) -> None:
    page = desk.post("calendar/source", 422, address=address).text
    assert words in page
    assert "<title>Error: " in page
    with desk.database.reading() as db:
        assert db.scalars(select(CalendarSource)).all() == []


def test_busy_times_are_told_with_their_age_and_the_last_failure(desk: Desk, app: Flask) -> None:
    desk.post("calendar/source", address=ADDRESS)
    source = source_of(desk)
    busy = [Interval(at(26, 9), at(26, 10)), Interval(at(27, 9), at(27, 10))]
    with desk.database.unit_of_work(Jobs()) as db:
        calendar_source.store_busy(db, source_id=source.id, busy=busy, now=NOW)
    app.extensions[CLOCK] = lambda: NOW + timedelta(hours=2)
    page = desk.get("calendar")
    assert "calendar.example" in page
    assert re.search(r"Busy times from <time[^>]*>2 h ago</time>: 2 times ahead", page)
    with desk.database.unit_of_work(Jobs()) as db:
        calendar_source.note_failure(
            db, source_id=source.id, sentence="The server took too long. Nothing was read.",
            now=NOW + timedelta(minutes=115),
        )  # fmt: skip
    page = desk.get("calendar")
    assert "2 h ago" in page
    assert "The last try 5 min ago failed:" in page
    assert "took too long" in page
    assert "The times from before are still used" in page
    assert "The last try failed for 1" in desk.get("hours")


def test_a_calendar_can_be_read_again_and_removed(desk: Desk, app: Flask, jobs: Jobs) -> None:
    desk.post("calendar/source", address=ADDRESS)
    source = source_of(desk)
    jobs.clear()
    refused = desk.browser.post(f"/actor/calendar/source/{source.id}/read")
    assert refused.status_code == 409
    assert "a moment ago" in refused.text
    app.extensions[CLOCK] = lambda: NOW + timedelta(minutes=2)
    desk.post(f"calendar/source/{source.id}/read")
    assert jobs == [(Job.READ_CALENDAR, (source.id,))]
    desk.post(f"calendar/source/{source.id}/delete")
    assert "None yet." in desk.get("calendar")


def test_no_more_than_five_can_be_added(desk: Desk) -> None:
    for number in range(5):
        desk.post("calendar/source", address=f"{ADDRESS}?{number}")
    assert "Add calendar" not in desk.get("calendar")
    assert faults(desk.post("calendar/source", 422, address=ADDRESS).text) == []
