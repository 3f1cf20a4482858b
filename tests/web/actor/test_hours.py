"""The hours page: days out in one tap, extra hours with their doubled times, and a move that is explained first."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update

from marketplace.db import Database
from marketplace.models import Account, Actor, Booking, BookOut, ExtraHours, Rate
from marketplace.web.transaction import CLOCK
from tests.conftest import Jobs
from tests.services.stage import NOW, add_hours, add_member, at, request
from tests.web.actor.test_page import Desk

RULES: dict[str, Any] = {"buffer_minutes": "30", "notice_hours": "24", "most_per_day": "2", "most_per_week": "6"}


@pytest.fixture
def desk(app: Flask, database: Database, client_as: Callable[[Account], FlaskClient]) -> Desk:
    return Desk(app, database, client_as)


def book(desk: Desk, state: str) -> None:
    """A booking of the 26th, 11:00 to 13:00 in Lagos, in some state."""
    with desk.database.unit_of_work(Jobs()) as db:
        actor = db.get_one(Actor, desk.actor_id)
        actor.listed = True
        add_hours(db, actor, 0, 24)
        db.add(Rate(actor_id=actor.id, currency="USD", hourly_minor=18_000, cancellation="firm", updated_at=NOW))
        booking_id = request(db, add_member(db), actor, at(26, 10))
        db.execute(update(Booking).where(Booking.id == booking_id).values(state=state))


# moving ------------------------------------------------------------------------------------------


def test_a_move_is_explained_before_it_is_saved(desk: Desk) -> None:
    page = desk.post("hours", 422, day0="9-13", zone="America/New_York", **RULES).text
    assert "You are moving from Lagos to New York" in page
    assert "no booked session ahead" in page
    assert "Nothing was saved" in page
    assert desk.actor().zone == "Africa/Lagos"
    found = re.search(r'name="agreed_zone" value="([^"]+)"', page)
    assert found is not None
    desk.post("hours", day0="9-13", zone="America/New_York", agreed_zone=found[1], **RULES)
    assert desk.actor().zone == "America/New_York"


# case 31
def test_booked_sessions_are_told_on_both_clocks_and_do_not_move(desk: Desk) -> None:
    book(desk, "confirmed")
    page = desk.post("hours", 422, day0="9-13", zone="America/New_York", **RULES).text
    assert "Thu 26 Nov, 11:00 in Lagos is Thu 26 Nov, 05:00 in New York" in page
    desk.post("hours", day0="9-13", zone="America/New_York", agreed_zone="America/New_York", **RULES)
    with desk.database.reading() as db:
        assert db.scalars(select(Booking.starts_at)).one() == at(26, 10)


def test_what_was_agreed_for_one_zone_is_not_agreed_for_another(desk: Desk) -> None:
    page = desk.post("hours", 422, zone="Asia/Kathmandu", agreed_zone="America/New_York", **RULES).text
    assert "from Lagos to Kathmandu" in page
    assert "4 h 45 min ahead" in page


def test_an_unknown_zone_is_no_move(desk: Desk) -> None:
    page = desk.post("hours", 422, zone="Mars/Olympus", **RULES).text
    assert "Choose your time zone from the list" in page


# days out ----------------------------------------------------------------------------------------


def test_tomorrow_is_taken_out_in_one_tap(desk: Desk) -> None:
    page = desk.get("hours")
    form = re.search(
        r'name="book_out_from" value="(2026-11-24)"><input type="hidden" name="book_out_to" value="\1"', page
    )
    assert form is not None
    desk.post("book-out", book_out_from=form[1], book_out_to=form[1])
    with desk.database.reading() as db:
        row = db.scalars(select(BookOut)).one()
    assert (row.starts_at, row.ends_at) == (at(23, 23), at(24, 23))


@pytest.mark.parametrize(
    ("state", "words"), [("confirmed", "1 booked session in them"), ("pencilled", "1 request or pencil in them")]
)
def test_taking_days_out_says_what_is_in_them(desk: Desk, state: str, words: str) -> None:
    book(desk, state)
    desk.post("book-out", book_out_from="2026-11-26", book_out_to="2026-11-27")
    assert words in desk.get("hours")


@pytest.mark.parametrize("day", ["9999-12-31", "0001-01-01", "2026-13-01", ""])
def test_days_without_sense_are_refused(desk: Desk, day: str) -> None:
    desk.post("book-out", 422, book_out_from=day, book_out_to=day)


# extra hours -------------------------------------------------------------------------------------


def test_extra_hours_are_added_and_removed(desk: Desk) -> None:
    desk.post("extra-hours", extra_on="2026-11-28", extra_from="18:00", extra_to="00:00")
    page = desk.get("hours")
    assert "28 Nov 2026" in page
    assert "18:00 to 00:00" in page
    found = re.search(r"/actor/extra-hours/(\d+)/delete", page)
    assert found is not None
    desk.post(f"extra-hours/{found[1]}/delete")
    assert "No extra hours are coming" in desk.get("hours")


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ({"extra_on": "", "extra_from": "18:00", "extra_to": "20:00"}, "Choose a day"),
        ({"extra_on": "2026-11-28", "extra_from": "", "extra_to": "20:00"}, "Choose a time"),
        ({"extra_on": "2026-11-28", "extra_from": "18:00", "extra_to": "25:00"}, "Choose a time"),
        ({"extra_on": "2026-11-28", "extra_from": "20:00", "extra_to": "18:00"}, "must end after they start"),
        ({"extra_on": "2026-11-20", "extra_from": "18:00", "extra_to": "20:00"}, "not be over"),
        ({"extra_on": "2030-11-20", "extra_from": "18:00", "extra_to": "20:00"}, "two years"),
    ],
)
def test_hours_without_sense_are_refused(desk: Desk, form: dict[str, str], words: str) -> None:
    page = desk.post("extra-hours", 422, **form).text
    assert words in page
    assert "<title>Error: " in page


def test_a_time_that_comes_twice_is_asked_about_and_shown_with_its_zone(desk: Desk, app: Flask) -> None:
    app.extensions[CLOCK] = lambda: datetime(2026, 10, 1, tzinfo=UTC)
    with desk.database.unit_of_work(Jobs()) as db:
        db.get_one(Actor, desk.actor_id).zone = "Europe/London"
    form: dict[str, Any] = {"extra_on": "2026-10-25", "extra_from": "01:30", "extra_to": "05:00"}
    page = desk.post("extra-hours", 422, **form).text
    assert "comes twice" in page
    assert 'name="extra_from_fold"' in page
    desk.post("extra-hours", **form, extra_from_fold="1")
    with desk.database.reading() as db:
        assert db.scalars(select(ExtraHours.starts_at)).one() == at(25, 1.5, month=10)
    assert "01:30 GMT to 05:00" in desk.get("hours")


def test_a_time_that_the_clock_skips_is_refused(desk: Desk, app: Flask) -> None:
    app.extensions[CLOCK] = lambda: datetime(2026, 3, 1, tzinfo=UTC)
    with desk.database.unit_of_work(Jobs()) as db:
        db.get_one(Actor, desk.actor_id).zone = "Europe/London"
    page = desk.post("extra-hours", 422, extra_on="2026-03-29", extra_from="01:30", extra_to="05:00").text
    assert "does not exist" in page
    assert 'name="extra_from_fold"' not in page
