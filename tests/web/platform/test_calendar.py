"""A member's calendar address shows the platform's bookings and ends with the membership."""

from __future__ import annotations

import re
from collections.abc import Callable

from flask import Flask
from flask.testing import FlaskClient
from icalendar import Calendar

from marketplace.models import Account
from tests.web.page_check import faults
from tests.web.scene import Scene, scene

ClientAs = Callable[[Account], FlaskClient]
__all__ = ["scene"]


def test_a_member_makes_an_address_that_shows_the_platforms_bookings(
    app: Flask, client_as: ClientAs, scene: Scene
) -> None:
    browser = client_as(scene.mira)
    assert faults(browser.get("/platform/calendar").text) == []
    page = browser.post("/platform/calendar/feed").text
    assert faults(page) == []
    found = re.search(r"http://[^\"]+(/calendar/[\w-]+\.ics)", page)
    assert found is not None
    [event] = Calendar.from_ical(app.test_client().get(found[1]).data).walk("VEVENT")
    assert str(event["UID"]).startswith(f"booking-{scene.booking_id}@")
    assert browser.post("/platform/calendar/feed/end").status_code == 303
    assert app.test_client().get(found[1]).status_code == 404


def test_another_platforms_member_sees_none_of_it(app: Flask, client_as: ClientAs, scene: Scene) -> None:
    page = client_as(scene.other_member).post("/platform/calendar/feed").text
    found = re.search(r"http://[^\"]+(/calendar/[\w-]+\.ics)", page)
    assert found is not None
    assert Calendar.from_ical(app.test_client().get(found[1]).data).walk("VEVENT") == []
