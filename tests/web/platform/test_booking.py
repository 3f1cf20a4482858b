"""A member asks, pays, watches, accepts and calls off; every page is sound and every refusal keeps what was typed."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update

from marketplace.db import Database
from marketplace.models import Account, Booking, Payment, Shortlisted, Take, TakeNote
from marketplace.web.transaction import CLOCK
from tests.conftest import Jobs
from tests.services.stage import NOW, PURPOSE, Story, add_actor, add_member, at
from tests.web.page_check import faults, sound

SignIn = Callable[[Account], FlaskClient]


class Scene:
    """A platform's browser, on a clock that the test sets."""

    def __init__(self, app: Flask, database: Database, sign_in: SignIn) -> None:
        self.app, self.database = app, database
        self.clock = NOW
        app.extensions[CLOCK] = lambda: self.clock
        with database.unit_of_work(Jobs()) as db:
            member = add_member(db, zone="Europe/London")
            actor = add_actor(
                db, "Imani Okafor", zone="Africa/Lagos", cancellation="standard",
                flavours=[("cold-fury", "high", "contained")],
            )  # fmt: skip
            self.slug, self.actor_id = actor.slug, actor.id
            self.mira = db.get_one(Account, member.account_id)
            self.platform_id = member.platform_id
        self.browser = sign_in(self.mira)

    def story(self, *steps: str) -> int:
        """A booking of this platform that has come as far as `steps`."""
        return self.story_at(at(30, 10), *steps)

    def story_at(self, starts_at: datetime, *steps: str) -> int:
        """The same at another time."""
        with self.database.unit_of_work(Jobs()) as db:
            people = {"platform_id": self.platform_id, "actor_id": self.actor_id}
            story = Story.of(db, **people, starts_at=starts_at, now=self.clock)
            for step in steps:
                getattr(story, step)()
            self.clock = max(self.clock, story.now)
            return story.id

    def page(self, path: str, status: int = 200) -> str:
        """A page that is as every page must be."""
        return sound(self.browser.get(path), status)

    def post(self, path: str, status: int = 303, **data: Any) -> str:
        """Send a form; the page it leads to."""
        answer = self.browser.post(path, data=data)
        assert answer.status_code == status, answer.text
        if status != 303:
            assert faults(answer.text) == []
            return answer.text
        return self.page(answer.headers["Location"])

    def state(self, booking_id: int) -> str:
        with self.database.reading() as db:
            return str(db.scalar(select(Booking.state).where(Booking.id == booking_id)))

    def form(self, **changes: Any) -> dict[str, Any]:
        """The request form as the page fills it in, typed to the end."""
        page = self.page(
            f"/platform/booking/new?actor={self.slug}&minutes=120&usage=one_title/12_months&slot=2026-11-30T10:00:00Z"
        )
        hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', page))
        typed = {"project": "Heiress", "character": "Vera", "purpose": PURPOSE, "message": "Hello"}
        beats = {"from_flavour": ["cold-fury", ""], "to_flavour": ["", ""], "intensity": ["high", "medium"],
                 "display": ["contained", "natural"], "line": ["You knew.", ""]}  # fmt: skip
        return {**hidden, **typed, **beats, **changes}


@pytest.fixture
def scene(app: Flask, database: Database, client_as: SignIn) -> Scene:
    return Scene(app, database, client_as)


# asking


def test_a_member_asks_for_a_time_and_sees_when_the_answer_is_due(scene: Scene) -> None:
    page = scene.post("/platform/booking/new", **scene.form())
    assert "Your request is with Imani" in page
    assert "Imani can now accept, decline or counter until" in page
    assert "Thu 26 Nov, 09:00" in page
    assert "$388.80" in page
    with scene.database.reading() as db:
        booking = db.scalars(select(Booking)).one()
        assert (booking.state, booking.total_minor, booking.message) == ("requested", 38_880, "Hello")
        assert [(beat.from_flavour, beat.line) for beat in booking.brief.beats] == [("cold-fury", "You knew.")]


def test_the_form_shows_price_deadline_and_terms_before_anything_is_sent(scene: Scene) -> None:
    scene.form()
    page = scene.page(
        f"/platform/booking/new?actor={scene.slug}&minutes=180&usage=series/24_months&slot=2026-11-30T10:00:00Z"
    )
    for words in ("$540.00", "One series and its trailers, 24 months", "Sat 28 Nov, 10:00", "Thu 26 Nov, 09:00"):
        assert words in page


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"project": ""}, "Name the title"),
        ({"purpose": "Too short"}, "Write 20 to 1000 characters"),
        ({"purpose": "Any AI use, for ever and in all worlds"}, "not specific"),
        ({"from_flavour": ["hangry", ""]}, "no flavour called"),
    ],
)
def test_a_form_with_a_fault_comes_back_with_everything_typed(scene: Scene, wrong: dict[str, Any], words: str) -> None:
    page = scene.post("/platform/booking/new", status=422, **scene.form(**wrong))
    assert words in page
    assert "<title>Error: " in page
    assert "You knew." in page
    assert "Hello" in page
    with scene.database.reading() as db:
        assert db.scalars(select(Booking)).all() == []


def test_a_taken_time_offers_the_nearest_ones_and_keeps_the_brief(scene: Scene) -> None:
    form = scene.form()
    scene.story("accept")
    page = scene.post("/platform/booking/new", status=409, **form)
    assert "This time is not free" in page
    assert "Mon 30 Nov, 12:00" in page
    assert "You knew." in page
    again = scene.post("/platform/booking/new", **{**form, "slot": "2026-11-30T12:00:00Z"})
    assert "Your request is with Imani" in again


# case 21
def test_a_price_that_moved_is_shown_before_it_is_asked(scene: Scene) -> None:
    page = scene.post("/platform/booking/new", status=409, **scene.form(shown_total_minor="100"))
    assert "The price is now 388.80 USD" in page
    assert 'name="shown_total_minor" value="38880"' in page


# case 21
def test_amounts_people_and_currencies_that_a_form_makes_up_count_for_nothing(scene: Scene) -> None:
    made_up = {"total_minor": "100", "price_minor": "100", "fee_minor": "0", "amount": "1", "currency": "JPY",
               "actor_id": "999999", "platform_id": "999999", "member_id": "999999", "state": "confirmed"}  # fmt: skip
    scene.post("/platform/booking/new", **scene.form(**made_up))
    with scene.database.reading() as db:
        booking = db.scalars(select(Booking)).one()
        assert (booking.total_minor, booking.currency, booking.state) == (38_880, "USD", "requested")
        assert (booking.actor_id, booking.platform_id) == (scene.actor_id, scene.platform_id)


# case 21
def test_an_actor_whom_nobody_may_book_is_not_booked_by_another_name_in_the_form(scene: Scene) -> None:
    scene.post("/platform/booking/new", status=404, **scene.form(actor="nobody"))
    with scene.database.reading() as db:
        assert db.scalars(select(Booking)).all() == []


# case 20
def test_the_same_form_twice_books_once(scene: Scene) -> None:
    form = scene.form()
    scene.post("/platform/booking/new", **form)
    scene.post("/platform/booking/new", **form)
    with scene.database.reading() as db:
        assert len(db.scalars(select(Booking)).all()) == 1


def test_another_beat_can_be_added_without_script(scene: Scene) -> None:
    page = scene.post("/platform/booking/new", status=200, **scene.form(more="1"))
    assert "Beat 3" in page
    assert "You knew." in page


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("actor=nobody&minutes=120&usage=one_title/12_months&slot=2026-11-30T10:00:00Z", 404),
        ("actor={slug}&minutes=120&usage=one_title/12_months&slot=yesterday", 422),
        ("actor={slug}&minutes=120&usage=one_title/12_months&slot=2026-11-30T10:00:00", 422),
        ("actor={slug}&minutes=7&usage=one_title/12_months&slot=2026-11-30T10:00:00Z", 422),
        ("actor={slug}&minutes=120&usage=everything&slot=2026-11-30T10:00:00Z", 422),
        ("", 404),
    ],
)
def test_an_address_that_asks_for_nothing_offered_is_refused(scene: Scene, query: str, status: int) -> None:
    scene.page(f"/platform/booking/new?{query.format(slug=scene.slug)}", status)


# the list


def test_an_empty_list_says_what_to_do(scene: Scene) -> None:
    assert "No bookings yet" in scene.page("/platform/booking")


def test_the_list_has_a_tab_for_what_the_member_must_do(scene: Scene) -> None:
    scene.story("accept")
    page = scene.page("/platform/booking?tab=to_do")
    assert "Imani Okafor" in page
    assert "You can pay by" in page
    assert "Nothing here" in scene.page("/platform/booking?tab=done")
    assert "Imani Okafor" in scene.page("/platform/booking?tab=nonsense&page=99")


# one booking


STAGES = {
    "requested": (),
    "accepted": ("accept",),
    "confirmed": ("accept", "pay", "sign"),
    "in_session": ("accept", "pay", "sign", "start"),
    "delivered": ("delivered",),
}


@pytest.mark.parametrize("state", STAGES)
def test_every_stage_has_a_sound_page_that_says_what_comes_next(scene: Scene, state: str) -> None:
    booking_id = scene.story(*STAGES[state])
    page = scene.page(f"/platform/booking/{booking_id}")
    assert scene.state(booking_id) == state
    assert 'class="note note-' in page
    assert "Where it is" in page


def test_paying_leads_to_the_hosted_page_once_it_is_there(scene: Scene) -> None:
    booking_id = scene.story("accept")
    assert "payment page is being prepared" in scene.page(f"/platform/booking/{booking_id}")
    with scene.database.unit_of_work(Jobs()) as db:
        db.execute(update(Payment).values(state="checkout_open", checkout_url="https://pay.example/cs_1"))
    assert 'href="https://pay.example/cs_1"' in scene.page(f"/platform/booking/{booking_id}")


def test_coming_back_before_stripe_has_spoken_waits(scene: Scene) -> None:
    booking_id = scene.story("accept")
    assert "Checking your payment" in scene.page(f"/platform/booking/{booking_id}/paid?session=cs_forged")
    assert scene.state(booking_id) == "accepted"


def test_coming_back_to_a_confirmed_booking_shows_it(scene: Scene) -> None:
    booking_id = scene.story("accept", "pay")
    answer = scene.browser.get(f"/platform/booking/{booking_id}/paid?session=cs_1")
    assert (answer.status_code, answer.headers["Location"]) == (303, f"/platform/booking/{booking_id}")


def test_withdrawing_costs_nothing(scene: Scene) -> None:
    booking_id = scene.story("accept")
    assert "Nothing was charged" in scene.post(f"/platform/booking/{booking_id}/withdraw")
    assert scene.state(booking_id) == "withdrawn"


def test_cancelling_shows_the_amounts_first_and_does_what_it_showed(scene: Scene) -> None:
    booking_id = scene.story("accept", "pay")
    scene.clock = at(29, 14)
    page = scene.page(f"/platform/booking/{booking_id}/cancel")
    assert "Cancel and get back $194.40" in page
    assert "$180.00" in page
    scene.post(f"/platform/booking/{booking_id}/cancel", status=409, shown_refund_minor="38880")
    scene.post(f"/platform/booking/{booking_id}/cancel", status=422, shown_refund_minor="9" * 5000)
    assert scene.state(booking_id) == "confirmed"
    scene.post(f"/platform/booking/{booking_id}/cancel", shown_refund_minor="19440", reason="Moved")
    assert scene.state(booking_id) == "cancelled"
    scene.post(f"/platform/booking/{booking_id}/cancel", status=422)


def test_starting_early_needs_the_consent(scene: Scene) -> None:
    booking_id = scene.story("accept", "pay")
    assert "Start the session now" not in scene.page(f"/platform/booking/{booking_id}")
    scene.post(f"/platform/booking/{booking_id}/start", status=409)
    signed = scene.story_at(at(30, 14), "accept", "pay", "sign")
    scene.post(f"/platform/booking/{signed}/start")
    assert scene.state(signed) == "in_session"


# the review


def test_takes_are_watched_selected_noted_and_accepted(scene: Scene) -> None:
    booking_id = scene.story("delivered")
    page = scene.page(f"/platform/booking/{booking_id}/session")
    assert "0 of 1 selected" in page
    with scene.database.reading() as db:
        take_id = db.scalar(select(Take.id))
    assert "1 of 1 selected" in scene.post(f"/platform/take/{take_id}/select", selected="1", take="1")
    noted = scene.post(f"/platform/take/{take_id}/note", words="Hold the look", at="0:04", take="1")
    assert "Hold the look" in noted
    scene.post(f"/platform/take/{take_id}/note", words="And here", at="", at_ms="6500")
    with scene.database.reading() as db:
        assert db.scalars(select(TakeNote.at_ms).order_by(TakeNote.id)).all() == [4000, 6500]
    scene.post(f"/platform/booking/{booking_id}/accept")
    assert scene.state(booking_id) == "completed"
    assert "Selected" in scene.page(f"/platform/booking/{booking_id}/session")


def test_accepting_without_a_selection_is_refused(scene: Scene) -> None:
    booking_id = scene.story("delivered")
    scene.post(f"/platform/booking/{booking_id}/accept", status=409)
    assert scene.state(booking_id) == "delivered"


def test_pickups_are_asked_for_with_words(scene: Scene) -> None:
    booking_id = scene.story("delivered")
    scene.post(f"/platform/booking/{booking_id}/changes", status=422, reason="")
    assert "Pick-ups asked for" in scene.post(f"/platform/booking/{booking_id}/changes", reason="Colder")
    assert scene.state(booking_id) == "changes_requested"


def test_a_dispute_goes_to_an_admin(scene: Scene) -> None:
    booking_id = scene.story("delivered")
    scene.post(f"/platform/booking/{booking_id}/dispute", reason="Not what we asked for")
    assert "An admin can now decide" in scene.page(f"/platform/booking/{booking_id}")


def test_takes_that_were_not_delivered_are_not_shown(scene: Scene) -> None:
    booking_id = scene.story("accept", "pay", "sign", "start", "add_take")
    scene.page(f"/platform/booking/{booking_id}/session", 404)
    with scene.database.reading() as db:
        take_id = db.scalar(select(Take.id))
    scene.post(f"/platform/take/{take_id}/select", status=404, selected="1")


@pytest.mark.parametrize("moment", ["soon", "-1", "1:2:3", "0:99999", "9999:00"])
def test_a_moment_that_is_none_is_refused(scene: Scene, moment: str) -> None:
    scene.story("delivered")
    with scene.database.reading() as db:
        take_id = db.scalar(select(Take.id))
    scene.post(f"/platform/take/{take_id}/note", status=422, words="Here", at=moment)


# others


def test_what_is_another_platforms_is_not_found(scene: Scene, client_as: SignIn, database: Database) -> None:
    booking_id = scene.story("delivered")
    with database.unit_of_work(Jobs()) as db:
        stranger = db.get_one(Account, add_member(db, "Other").account_id)
        take_id = db.scalar(select(Take.id))
    browser = client_as(stranger)
    for path in ("", "/session", "/cancel", "/paid"):
        assert browser.get(f"/platform/booking/{booking_id}{path}").status_code == 404
    for act in ("withdraw", "cancel", "start", "dispute", "changes", "accept"):
        data = {"reason": "x", "shown_refund_minor": "1"}
        assert browser.post(f"/platform/booking/{booking_id}/{act}", data=data).status_code == 404
    for act in ("select", "note"):
        data = {"selected": "1", "words": "x", "at": "0:01"}
        assert browser.post(f"/platform/take/{take_id}/{act}", data=data).status_code == 404
    assert scene.state(booking_id) == "delivered"


def test_an_actor_is_saved_noted_and_forgotten(scene: Scene) -> None:
    assert "Nobody saved yet" in scene.page("/platform/shortlist")
    assert "Imani Okafor" in scene.post(f"/platform/shortlist/{scene.slug}")
    scene.post(f"/platform/shortlist/{scene.slug}/note", note="Right for Vera")
    with scene.database.reading() as db:
        assert db.scalar(select(Shortlisted.note)) == "Right for Vera"
    assert "Nobody saved yet" in scene.post(f"/platform/shortlist/{scene.slug}", saved="0")
    assert scene.browser.post("/platform/shortlist/nobody", data={}).status_code == 404


@pytest.mark.parametrize("place", ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:alert(1)"])
def test_saving_never_leads_away_from_the_site(scene: Scene, place: str) -> None:
    answer = scene.browser.post(f"/platform/shortlist/{scene.slug}", data={"next": place})
    assert answer.headers["Location"] == "/platform/shortlist"
