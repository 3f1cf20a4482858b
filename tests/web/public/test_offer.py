"""The calendar of an actor's page offers what is really free: exceptions, limits, other calendars, doubled hours."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from marketplace.models import BookOut, BusyTime, CalendarSource, ExtraHours
from marketplace.web.transaction import CLOCK
from tests.services.stage import NOW, add_actor, at
from tests.web.public.conftest import Fill

START = re.compile(r'<b>([^<]+)</b>(?:<span class="xs muted num">([^<]+?) in )?')


def starts(client: FlaskClient, query: str) -> list[tuple[str, str]]:
    """(the viewer's time, the actor's where it differs) of every start shown."""
    page = client.get(f"/actor/imani?{query}").text
    return START.findall(page[page.index('class="slots"') : page.index("</fieldset>", page.index('class="slots"'))])


def add_imani(db: Session, zone: str = "UTC") -> int:
    actor = add_actor(db, zone=zone, hours=(9, 17))
    actor.slug = "imani"
    db.flush()
    return actor.id


def test_exceptions_and_other_calendars_show_in_the_calendar(client: FlaskClient, fill: Fill) -> None:
    def add(db: Session) -> None:
        imani = add_imani(db)
        source = CalendarSource(actor_id=imani, address="https://x.example/a", next_fetch_at=NOW, created_at=NOW)
        db.add(source)
        db.flush()
        db.add_all(
            [
                ExtraHours(actor_id=imani, starts_at=at(25, 19), ends_at=at(25, 22), created_at=NOW),
                BusyTime(calendar_source_id=source.id, actor_id=imani, starts_at=at(25, 10), ends_at=at(25, 15)),
                BookOut(actor_id=imani, starts_at=at(26, 0), ends_at=at(27, 0), created_at=NOW),
            ]
        )

    fill(add)
    assert [here for here, _ in starts(client, "day=2026-11-25&minutes=120")] == ["15:00", "19:00", "20:00"]
    page = client.get("/actor/imani?day=2026-11-25").text
    assert "Thursday 26 November, " not in page
    assert "Friday 27 November, " in page


def test_a_free_time_chosen_elsewhere_is_not_changed_for_another(client: FlaskClient, fill: Fill) -> None:
    fill(add_imani)
    page = client.get("/actor/imani?day=2026-11-25&slot=2026-11-25T10:30:00Z").text
    assert 'value="2026-11-25T10:30:00Z" checked' in page
    assert [here for here, _ in starts(client, "day=2026-11-25")][:3] == ["09:00", "10:00", "11:00"]


def test_hours_that_come_twice_are_told_apart(app: Flask, client: FlaskClient, fill: Fill) -> None:
    def add(db: Session) -> None:
        imani = add_imani(db, "Africa/Lagos")
        day = datetime(2026, 10, 25, tzinfo=UTC)
        db.add(ExtraHours(actor_id=imani, starts_at=day, ends_at=day.replace(hour=5), created_at=NOW))

    app.extensions[CLOCK] = lambda: datetime(2026, 10, 20, tzinfo=UTC)
    fill(add)
    client.set_cookie("zone", "Europe/London")
    shown = starts(client, "day=2026-10-25&minutes=60&weeks=0")
    assert shown[:3] == [("01:00 BST", ""), ("01:00 GMT", "02:00"), ("02:00", "03:00")]


def test_the_calendar_ends_at_the_horizon(client: FlaskClient, fill: Fill) -> None:
    fill(add_imani)
    last = client.get("/actor/imani?weeks=10").text
    assert "Later weeks: none" in last
    assert "November to December 2027" in last
    assert "Tuesday 23 November, " not in last  # free until the very hour in a year, not a day longer
    assert "Monday 22 November, " in last
