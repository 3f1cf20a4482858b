"""An actor answers, signs and calls off; what is paid out, the usage and the brief come before the answer."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from marketplace.db import Database
from marketplace.models import Account, Booking, Grant
from marketplace.web.transaction import CLOCK
from tests.conftest import Jobs
from tests.services.stage import NOW, Story, add_actor
from tests.web.page_check import faults, sound

SignIn = Callable[[Account], FlaskClient]


class Scene:
    """An actor's browser and one booking, on a clock that the test sets."""

    def __init__(self, app: Flask, database: Database, sign_in: SignIn) -> None:
        self.database, self.clock = database, NOW
        app.extensions[CLOCK] = lambda: self.clock
        with database.unit_of_work(Jobs()) as db:
            story = Story(db, name="Imani Okafor", zone="Africa/Lagos")
            self.id = story.id
            self.imani = db.get_one(Account, story.imani.account_id)
        self.browser = sign_in(self.imani)
        self.url = f"/actor/booking/{self.id}"

    def advance(self, *steps: str) -> None:
        """Take the booking on by `steps`."""
        with self.database.unit_of_work(Jobs()) as db:
            booking = db.get_one(Booking, self.id)
            story = Story.resume(db, booking, self.clock)
            for step in steps:
                getattr(story, step)()
            self.clock = max(self.clock, story.now)

    def page(self, path: str = "", status: int = 200) -> str:
        """A page that is as every page must be."""
        return sound(self.browser.get(path or self.url), status)

    def post(self, path: str, status: int = 303, **data: Any) -> str:
        """Send a form; the page it leads to."""
        answer = self.browser.post(f"{self.url}{path}", data=data)
        assert answer.status_code == status, answer.text
        if status != 303:
            assert faults(answer.text) == []
            return answer.text
        return self.page(answer.headers["Location"])

    def state(self) -> str:
        with self.database.reading() as db:
            return str(db.scalar(select(Booking.state).where(Booking.id == self.id)))


@pytest.fixture
def scene(app: Flask, database: Database, client_as: SignIn) -> Scene:
    return Scene(app, database, client_as)


def test_what_is_paid_out_usage_and_brief_stand_before_the_answer(scene: Scene) -> None:
    page = scene.page()
    places = [page.index(words) for words in ("You receive", "$360.00", "One title", "Cold fury", "Accept and hold")]
    assert places == sorted(places)
    assert "You can now accept, decline or counter until" in page
    assert "10:00" in page


def test_accepting_leads_to_the_consent(scene: Scene) -> None:
    page = scene.post("/accept")
    assert "Consent to one use" in page
    assert "No model may be trained on the takes." in page
    assert scene.state() == "accepted"


def test_declining_needs_a_reason(scene: Scene) -> None:
    page = scene.post("/decline", status=422, reason="")
    assert "Give a reason" in page
    assert "<title>Error: " in page
    scene.post("/decline", reason="I am filming that week")
    assert scene.state() == "declined"
    assert "I am filming that week" in scene.page()


def test_an_answer_that_comes_too_late_says_so(scene: Scene) -> None:
    with scene.database.reading() as db:
        due_at = db.scalar(select(Booking.deadline_at).where(Booking.id == scene.id))
    assert due_at is not None
    scene.clock = due_at
    assert "The time for this has passed" in scene.post("/accept", status=409)
    assert "too late to accept" in scene.page()


def test_the_consent_is_signed_with_the_actors_own_name_under_the_terms_shown(scene: Scene) -> None:
    scene.post("/accept")
    page = scene.page(f"{scene.url}/consent")
    found = re.search(r'name="shown_sha256" value="(\w{64})"', page)
    assert found
    assert "Type your name as it stands" in scene.post(
        "/consent", status=422, signed_name="Somebody", shown_sha256=found[1]
    )
    assert "The terms have changed" in scene.post(
        "/consent", status=422, signed_name="Imani Okafor", shown_sha256="0" * 64
    )
    scene.post("/consent", signed_name="imani okafor", shown_sha256=found[1])
    with scene.database.reading() as db:
        grant = db.scalars(select(Grant)).one()
    assert (grant.signed_name, grant.training, grant.terms["project"]) == ("imani okafor", False, "Heiress")
    assert "Signed by imani okafor" in scene.page(f"{scene.url}/consent")


def test_nothing_is_signed_before_accepting(scene: Scene) -> None:
    page = scene.page(f"{scene.url}/consent")
    assert "after you accept" in page
    assert 'name="signed_name"' not in page


def test_cancelling_says_what_it_means_and_needs_a_reason(scene: Scene) -> None:
    scene.advance("accept", "pay")
    assert "$388.80" in scene.page(f"{scene.url}/cancel")
    scene.post("/cancel", status=422, reason="")
    scene.post("/cancel", reason="I am ill")
    assert scene.state() == "cancelled"


@pytest.mark.parametrize(
    "steps",
    [(), ("accept",), ("confirmed",), ("confirmed", "start"), ("confirmed", "start", "deliver")],
)
def test_every_stage_has_a_sound_page(scene: Scene, steps: tuple[str, ...]) -> None:
    scene.advance(*steps)
    assert "Where it is" in scene.page()
    scene.page("/actor/booking?tab=all")


def test_the_inbox_shows_what_waits_and_is_honest_when_empty(
    scene: Scene, database: Database, client_as: SignIn
) -> None:
    assert "ReelForge" in scene.page("/actor/booking?tab=to_do")
    assert "Nothing here" in scene.page("/actor/booking?tab=done")
    with database.unit_of_work(Jobs()) as db:
        nobody = db.get_one(Account, add_actor(db, "New").account_id)
    answer = client_as(nobody).get("/actor/booking")
    assert "No booking requests yet" in answer.text


def test_what_is_another_actors_is_not_found(scene: Scene, database: Database, client_as: SignIn) -> None:
    with database.unit_of_work(Jobs()) as db:
        stranger = db.get_one(Account, add_actor(db, "Other").account_id)
    browser = client_as(stranger)
    for path in ("", "/consent", "/cancel"):
        assert browser.get(f"{scene.url}{path}").status_code == 404
    for path in ("/accept", "/decline", "/cancel", "/dispute", "/consent"):
        data = {"reason": "x", "signed_name": "x", "shown_sha256": "x"}
        assert browser.post(f"{scene.url}{path}", data=data).status_code == 404
    assert scene.state() == "requested"
