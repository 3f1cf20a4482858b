"""What both sides read of a booking whose card is saved and charged near its session."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import update

from marketplace.db import Database
from marketplace.domain.booking import Step
from marketplace.models import Account, Booking, Payment
from marketplace.services.booking_follow import take_booking_step
from marketplace.services.booking_step import CLOCK as BY_CLOCK
from marketplace.services.change_order import list_change_orders
from marketplace.web.transaction import CLOCK
from tests.conftest import Jobs
from tests.services.stage import NOW, Story
from tests.web.page_check import sound

SignIn = Callable[[Account], FlaskClient]
LINK = "https://checkout.stripe.test/c/pay/cs_1"


class Pages:
    """A far booking that the actor has accepted, and both browsers."""

    def __init__(self, app: Flask, database: Database, sign_in: SignIn) -> None:
        self.database, self.now = database, NOW
        app.extensions[CLOCK] = lambda: self.now
        with database.unit_of_work(Jobs()) as db:
            story = Story(db, name="Imani Okafor", starts_at=NOW + timedelta(days=90, hours=2)).accept()
            self.id = story.id
            people = [db.get_one(Account, by.account_id) for by in (story.imani, story.mira)]
        self.browsers = dict(zip(("actor", "platform"), map(sign_in, people), strict=True))

    def payment(self, state: str, step: Step | None = None, **columns: object) -> None:
        """The payment as Stripe's answers would have left it, and what the booking is told of it."""
        with self.database.unit_of_work(Jobs()) as db:
            ours = update(Payment).where(Payment.booking_id == self.id)
            db.execute(ours.values(state=state, **columns))
            if step is not None:
                take_booking_step(db, db.get_one(Booking, self.id), step, BY_CLOCK, self.now)

    def page(self, side: str, path: str = "") -> str:
        return sound(self.browsers[side].get(f"/{side}/booking/{self.id}{path}"))


@pytest.fixture
def pages(app: Flask, database: Database, client_as: SignIn) -> Pages:
    return Pages(app, database, client_as)


def test_the_platform_is_asked_for_a_card_and_told_when_it_is_charged(pages: Pages) -> None:
    pages.payment("checkout_open", checkout_url=LINK, expires_at=NOW + timedelta(hours=20))
    page = pages.page("platform")
    assert "Save a card" in page
    assert "nothing is charged today" in page
    assert LINK in page


def test_both_sides_read_that_the_card_is_saved_and_what_cancelling_costs(pages: Pages) -> None:
    pages.payment("card_saved", Step.SAVE_CARD)
    mine = pages.page("platform")
    assert "Card saved, charged on" in mine
    assert "cancelling costs nothing" in mine
    assert "Card of ReelForge saved" in mine
    assert "Card saved, charged on" in pages.page("actor")
    assert "Cancel, nothing is charged" in pages.page("platform", "/cancel")
    assert "is not charged" in pages.page("actor", "/cancel")
    sent = pages.browsers["platform"].post(
        f"/platform/booking/{pages.id}/cancel", data={"shown_refund_minor": "0"}, follow_redirects=True
    )
    assert "Nothing had been charged" in sound(sent)
    with pages.database.reading() as db:
        assert db.get_one(Booking, pages.id).state == "cancelled"
        assert list_change_orders(db, pages.id) == []


def test_after_a_refusal_the_platform_finds_the_link_and_the_actor_the_deadline(pages: Pages) -> None:
    pages.payment("card_saved", Step.SAVE_CARD)
    pages.now += timedelta(days=85, hours=3)
    due = pages.now + timedelta(days=2)
    pages.payment(
        "action_required", Step.ASK_PAYMENT, pay_by=due, checkout_url=LINK, expires_at=due - timedelta(hours=1)
    )
    mine = pages.page("platform")
    assert "You can now pay, for the saved card could not be charged" in mine
    assert LINK in mine
    listed = sound(pages.browsers["platform"].get("/platform/booking"))
    assert "pay, for the saved card could not be charged" in listed
    to_do = sound(pages.browsers["platform"].get("/platform/booking?tab=to_do"))
    assert "pay, for the saved card could not be charged" in to_do
    assert "pay, for the saved card" not in sound(pages.browsers["platform"].get("/platform/booking?tab=upcoming"))
    assert "ReelForge has to pay until" in pages.page("actor")


def test_the_request_says_before_it_is_sent_that_a_far_session_is_charged_later(pages: Pages) -> None:
    with pages.database.reading() as db:
        slug = db.get_one(Booking, pages.id).actor.slug
    for days, words in ((91, "you save a card when Imani accepts, and it is charged on"), (30, "You pay when Imani")):
        start = (NOW + timedelta(days=days)).strftime("%Y-%m-%dT%H:00:00Z")
        page = sound(
            pages.browsers["platform"].get(
                f"/platform/booking/new?actor={slug}&minutes=120&usage=one_title/12_months&slot={start}"
            )
        )
        assert words in page
