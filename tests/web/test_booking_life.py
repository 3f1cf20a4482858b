"""Both sides use the pages of negotiation, pencils, other times, no-shows and change orders as people would."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from marketplace.db import Database
from marketplace.models import Account, Booking, ChangeOrder
from marketplace.services.booking_pencil import give_pencil
from marketplace.web import show
from marketplace.web.transaction import CLOCK
from tests.conftest import Jobs
from tests.services.stage import NOW, Story, add_member, at
from tests.web.page_check import faults, sound

SignIn = Callable[[Account], FlaskClient]


class Scene:
    """Both browsers and one booking, on a clock that the test sets."""

    def __init__(self, app: Flask, database: Database, sign_in: SignIn) -> None:
        self.database, self.clock, self.sign_in = database, NOW, sign_in
        app.extensions[CLOCK] = lambda: self.clock
        with database.unit_of_work(Jobs()) as db:
            story = Story(db, name="Imani Okafor", zone="Africa/Lagos", starts_at=at(10, 10, month=12))
            self.id, self.actor_id = story.id, story.actor_id
            people = [db.get_one(Account, by.account_id) for by in (story.imani, story.mira)]
        self.browsers = dict(zip(("actor", "platform"), map(sign_in, people), strict=True))

    def advance(self, *steps: str) -> None:
        """Take the booking on by `steps`."""
        with self.database.unit_of_work(Jobs()) as db:
            story = Story.resume(db, db.get_one(Booking, self.id), self.clock)
            for step in steps:
                getattr(story, step)()
            self.clock = max(self.clock, story.now)

    def page(self, side: str, path: str = "") -> str:
        """A page of one side that is as every page must be."""
        return sound(self.browsers[side].get(path if path.startswith("/") else self.url(side, path)))

    def url(self, side: str, path: str = "") -> str:
        return f"/{side}/booking/{self.id}" + (f"/{path}" if path else "")

    def post(self, side: str, path: str, status: int = 303, **data: Any) -> str:
        """Send a form; the page it leads to."""
        answer = self.browsers[side].post(self.url(side, path), data=data)
        assert answer.status_code == status, answer.text
        if status != 303:
            assert faults(answer.text) == []
            return answer.text
        return self.page(side, answer.headers["Location"])

    def booking(self) -> Booking:
        with self.database.reading() as db:
            return db.get_one(Booking, self.id)

    def pencil(self, hours_later: int) -> tuple[int, FlaskClient]:
        """A pencil of another platform on the same time, and that platform's browser."""
        now = NOW + timedelta(hours=hours_later)
        with self.database.unit_of_work(Jobs()) as db:
            member = add_member(db, f"Studio {hours_later}")
            story = Story.of(
                db, platform_id=member.platform_id, actor_id=self.actor_id, starts_at=at(10, 10, month=12), now=NOW
            )
            story.booking.asked_as = "pencil"
            db.flush()
            give_pencil(db, booking_id=story.id, actor_id=self.actor_id, by=story.imani, now=now)
            account = db.get_one(Account, member.account_id)
        return story.id, self.sign_in(account)


@pytest.fixture
def scene(app: Flask, database: Database, client_as: SignIn) -> Scene:
    return Scene(app, database, client_as)


def terms(**changes: Any) -> dict[str, Any]:
    return {
        "offered": "414.00", "usage": "one_title/12_months", "territory": "worldwide", "exclusivity": "none",
        "take_sets": "1", "words": "I need a coach.",
    } | changes  # fmt: skip


# negotiation -------------------------------------------------------------------------------------


def test_a_counter_offer_is_looked_at_sent_and_accepted_as_it_was_shown(scene: Scene) -> None:
    assert "Make a counter-offer" in scene.page("actor")
    assert "Show what changes" in scene.page("actor", "counter")
    looked = scene.post("actor", "counter", 200, **terms(), look="1")
    assert "$360.00" in looked
    assert "$414.00" in looked
    total = re.search(r'name="shown_total_minor" value="(\d+)"', looked)
    assert total is not None
    assert scene.booking().state == "requested"
    sent = scene.post("actor", "counter", **terms(shown_total_minor=total[1]), send="1")
    assert "Your counter-offer is sent" in sent
    mine = scene.page("platform")
    assert "Imani’s counter-offer" in mine
    assert "I need a coach." in mine
    assert "You can now accept, counter or withdraw" in mine
    accepted = scene.post("platform", "step", step="accept_counter", shown_total_minor=total[1])
    assert "The time is held while you pay" in accepted
    assert scene.booking().net_minor == 41_400


def test_a_counter_offer_is_not_sent_unseen_and_what_was_typed_stays(scene: Scene) -> None:
    unseen = scene.post("actor", "counter", 422, **terms(), send="1")
    assert "Look at what changes before you send it" in unseen
    wrong = scene.post("actor", "counter", 422, **terms(offered="lots"), look="1")
    assert 'value="lots"' in wrong
    assert "Error:" in wrong
    same = scene.post("actor", "counter", 422, **terms(offered=""), look="1")
    assert "already on the table" in same
    assert scene.booking().counters == 0


def test_an_actor_takes_a_day_more_once(scene: Scene) -> None:
    before = scene.booking().deadline_at
    assert before is not None
    page = scene.post("actor", "step", step="extend")
    assert scene.booking().deadline_at == before + timedelta(days=1)
    assert "I need more time" not in page


def test_a_step_of_the_other_side_is_refused(scene: Scene) -> None:
    for side, step in (("platform", "extend"), ("actor", "challenge"), ("actor", "nonsense")):
        assert scene.browsers[side].post(scene.url(side, "step"), data={"step": step}).status_code == 422
    assert scene.booking().version == 1


def test_what_a_request_asks_a_yes_for_stands_beside_the_button(scene: Scene) -> None:
    with scene.database.unit_of_work(Jobs()) as db:
        db.get_one(Booking, scene.id).asks_yes = ["Slapping: you asked to be asked"]
    page = scene.page("actor")
    assert "Slapping: you asked to be asked" in page
    again = scene.post("actor", "accept", 422)
    assert 'href="#says_yes"' in again
    assert 'id="says_yes-error"' in again
    assert scene.booking().version == 1
    scene.post("actor", "accept", says_yes="1")
    assert scene.booking().state == "accepted"


def test_a_counter_offer_without_its_yes_keeps_what_was_typed(scene: Scene) -> None:
    with scene.database.unit_of_work(Jobs()) as db:
        db.get_one(Booking, scene.id).asks_yes = ["Slapping: you asked to be asked"]
    looked = scene.post("actor", "counter", 200, **terms(), look="1")
    total = re.search(r'name="shown_total_minor" value="(\d+)"', looked)
    assert total is not None
    again = scene.post("actor", "counter", 422, **terms(shown_total_minor=total[1]), send="1")
    assert 'id="says_yes-error"' in again
    assert "I need a coach." in again
    scene.post("actor", "counter", **terms(shown_total_minor=total[1]), says_yes="1", send="1")
    assert scene.booking().state == "countered"


# pencils -----------------------------------------------------------------------------------------


def test_each_platform_sees_its_own_place_and_the_actor_the_whole_ladder(scene: Scene) -> None:
    first, second = scene.pencil(1), scene.pencil(2)
    seen = second[1].get(f"/platform/booking/{second[0]}").text
    assert faults(seen) == []
    assert "Your pencil is number 2" in seen
    assert "Studio 1" not in seen
    assert "You can now challenge the first pencil, wait, or drop this one" in seen
    assert "Drop the pencil" in seen
    assert "Withdraw the request" not in seen
    assert "Pencil given by Imani" in seen
    assert "Studio 2 confirms the pencil" in seen
    assert "challenge the first pencil" in second[1].get("/platform/booking").text
    ladder = scene.browsers["actor"].get(f"/actor/booking/{first[0]}").text
    assert faults(ladder) == []
    assert ladder.index("Studio 1") < ladder.rindex("Studio 2")
    assert "1.</b> Studio 1" in ladder
    assert "2.</b> Studio 2" in ladder


def test_a_challenged_first_confirms_and_pays(scene: Scene) -> None:
    first, second = scene.pencil(1), scene.pencil(2)
    scene.clock = NOW + timedelta(hours=3)
    answer = second[1].post(f"/platform/booking/{second[0]}/step", data={"step": "challenge"})
    assert answer.status_code == 303
    assert "You challenged the first pencil" in second[1].get(f"/platform/booking/{second[0]}").text
    asked = first[1].get(f"/platform/booking/{first[0]}").text
    assert "asked you to decide" in asked
    assert "Confirm and pay $388.80" in asked
    first[1].post(f"/platform/booking/{first[0]}/step", data={"step": "confirm_pencil"})
    assert "Pay $388.80" in first[1].get(f"/platform/booking/{first[0]}").text
    assert "A booking holds this time now" in second[1].get(f"/platform/booking/{second[0]}").text


def test_an_actor_gives_a_pencil_behind_others_instead_of_accepting_over_them(scene: Scene) -> None:
    scene.pencil(1)
    scene.clock = NOW + timedelta(hours=2)
    page = scene.page("actor")
    assert "Give pencil number 2" in page
    assert "Accept and hold" not in page
    scene.post("actor", "step", step="pencil")
    assert scene.booking().state == "pencilled"
    assert "Your pencil is number 2" in scene.page("platform")


def test_a_pencil_without_its_yes_is_not_given(scene: Scene) -> None:
    with scene.database.unit_of_work(Jobs()) as db:
        db.get_one(Booking, scene.id).asks_yes = ["Slapping: you asked to be asked"]
        db.get_one(Booking, scene.id).asked_as = "pencil"
    assert "You can now give the pencil or decline" in scene.page("actor")
    assert 'id="says_yes-error"' in scene.post("actor", "step", 422, step="pencil")
    scene.post("actor", "step", step="pencil", says_yes="1")
    assert scene.booking().state == "pencilled"


def test_terms_behind_a_pencil_are_not_offered_for_accepting_and_the_page_says_why(scene: Scene) -> None:
    looked = scene.post("actor", "counter", 200, **terms(), look="1")
    total = re.search(r'name="shown_total_minor" value="(\d+)"', looked)
    assert total is not None
    scene.post("actor", "counter", **terms(shown_total_minor=total[1]), send="1")
    first, browser = scene.pencil(1)
    scene.clock = NOW + timedelta(hours=2)
    mine = scene.page("platform")
    assert "You can now counter or withdraw" in mine
    assert "earlier pencil is on this time" in mine
    assert "Accept these terms" not in mine
    browser.post(f"/platform/booking/{first}/step", data={"step": "confirm_pencil"})
    held = scene.page("platform")
    assert "A booking holds this time now" in held
    assert "Accept these terms" not in held


def test_a_request_for_a_time_that_is_held_offers_a_pencil_instead_of_a_no(scene: Scene) -> None:
    first, browser = scene.pencil(1)
    scene.clock = NOW + timedelta(hours=2)
    browser.post(f"/platform/booking/{first}/step", data={"step": "confirm_pencil"})
    page = scene.page("actor")
    assert "You are booked at this time" in page
    assert "Accept and hold" not in page
    assert "You can now give a pencil, counter or decline" in page


# other times -------------------------------------------------------------------------------------


def test_another_time_is_proposed_from_what_is_free_and_agreed_to(scene: Scene) -> None:
    scene.advance("confirmed")
    form = scene.page("platform", "new-time")
    assert '<optgroup label="Friday 11 December">' in form
    assert "Fri 11 Dec, 09:00</option>" in form
    assert 'type="radio"' not in form
    slot = at(11, 9, month=12).isoformat(timespec="minutes")
    assert "Proposed. The booking keeps its time" in scene.post("platform", "new-time", slot=slot, words="Stage taken.")
    page = scene.page("actor")
    assert "ReelForge</" in page or "ReelForge proposes" in page
    assert "Agree to the new time" in page
    shown = re.search(r'name="shown_starts_at" value="([^"]+)"', page)
    assert shown is not None
    scene.post("actor", "step", step="agree_time", shown_starts_at=shown[1])
    assert scene.booking().starts_at == at(11, 9, month=12)


def test_an_actor_names_a_time_of_their_own_and_a_missing_one_is_said(scene: Scene) -> None:
    scene.advance("confirmed")
    assert "Choose a time." in scene.post("actor", "new-time", 422, words="Ill.")
    assert "Ill." in scene.post("actor", "new-time", 422, words="Ill.", local="soon")
    chosen = show.instant(at(11, 9, month=12))
    kept = scene.post("actor", "new-time", 422, slot=chosen, words="x" * 501)
    assert f'value="{chosen}" selected' in kept
    scene.post("actor", "new-time", local="2026-12-12T20:30", words="Evenings are better.")
    assert scene.booking().state == "rescheduling"
    page = scene.post("platform", "step", step="keep_time")
    assert "Propose another time" in page
    assert scene.booking().starts_at == at(10, 10, month=12)


# no-shows ----------------------------------------------------------------------------------------


def test_a_no_show_is_reported_with_its_amounts_and_contested_in_words(scene: Scene) -> None:
    scene.clock = NOW
    scene.advance("confirmed", "start")
    scene.clock = at(10, 10.5, month=12)
    form = scene.page("platform", "no-show")
    assert "You get back" in form
    assert "$388.80" in form
    assert "Say what happened" in scene.post("platform", "no-show", 422, reason="")
    scene.post("platform", "no-show", reason="Nobody came.")
    page = scene.page("actor")
    assert "reports that you were not there" in page
    assert "Nobody came." in page
    assert "Say what happened" in scene.post("actor", "step", 422, step="contest", reason=" ")
    scene.post("actor", "step", step="contest", reason="I was in the room from ten.")
    assert scene.booking().state == "disputed"


# change orders -----------------------------------------------------------------------------------


def test_a_change_order_is_proposed_agreed_and_shown_with_its_price(scene: Scene) -> None:
    scene.advance("confirmed")
    form = scene.page("platform", "change-order")
    assert "fee of 8% on top" in form
    token = re.search(r'name="token" value="([^"]+)"', form)
    assert token is not None
    wrong = scene.post("platform", "change-order", 422, words="Rain", amount="x", pickups="1", token=token[1])
    assert 'value="Rain"' in wrong
    scene.post("platform", "change-order", words="Two takes in rain", amount="90.00", pickups="1", token=token[1])
    page = scene.page("actor")
    assert "Two takes in rain" in page
    assert "You receive $90.00" in page
    with scene.database.reading() as db:
        extra_id = db.scalar(select(ChangeOrder.extra_id))
    scene.post("actor", f"change-order/{extra_id}", step="accept")
    mine = scene.page("platform")
    assert "You pay $97.20" in mine
    moved = scene.browsers["platform"].get(f"/platform/booking/{extra_id}")
    assert moved.headers["Location"] == f"/platform/booking/{scene.id}"
    assert "change order" not in scene.page("platform", "/platform/booking").lower()


def test_the_pages_send_back_who_has_nothing_to_do_there(scene: Scene) -> None:
    for side in ("actor", "platform"):
        for path in ("new-time", "no-show", "change-order"):
            assert scene.browsers[side].get(scene.url(side, path)).status_code == 303
    assert scene.browsers["platform"].get(scene.url("platform", "counter")).status_code == 303
