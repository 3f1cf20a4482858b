"""An admin decides a dispute on the evidence of both sides, and sees the amounts before anything is settled."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update

from marketplace.db import Database
from marketplace.models import Account, Booking, Message, Payout, Take
from marketplace.services.account import give_role
from marketplace.services.booking import dispute_booking, request_changes
from marketplace.services.capture import add_note
from marketplace.web.transaction import CLOCK
from tests.conftest import Jobs
from tests.services.stage import Story, add_account
from tests.web.page_check import faults

ClientAs = Callable[[Account], FlaskClient]
WHY = "Two of three takes follow the brief; the third was asked for after the pick-ups in the price."


class Desk:
    """An admin's browser, and a booking that came to a dispute after a round of pick-ups."""

    def __init__(self, app: Flask, database: Database, client_as: ClientAs) -> None:
        self.database = database
        with database.unit_of_work(Jobs()) as db:
            story = Story(db, name="Imani Okafor").delivered()
            self._argue(story)
            admin = add_account(db, "Ada Admin")
            give_role(db, admin, "admin")
            self.booking_id, self.total = story.id, story.booking.total_minor
            account = db.get_one(Account, admin.id)
        app.extensions[CLOCK] = lambda: story.now
        self.browser, self.url = client_as(account), f"/admin/dispute/{self.booking_id}"

    def _argue(self, story: Story) -> None:
        take = story.db.scalars(select(Take)).one()
        add_note(
            story.db, platform_id=story.platform_id, account_id=story.member.account_id, take_id=take.id, at_ms=2_000,
            words="She looks away here.", now=story.now,
        )  # fmt: skip
        request_changes(
            story.db, booking_id=story.id, platform_id=story.platform_id, by=story.mira, reason="Hold the look.",
            now=story.now,
        )  # fmt: skip
        message = Message(
            booking_id=story.id, account_id=story.imani.account_id, party="actor", words="That was not in the brief.",
            token="m1", created_at=story.now,
        )  # fmt: skip
        story.db.add(message)
        story.deliver()
        dispute_booking(story.db, booking=story.booking, by=story.mira, reason="She never looks up.", now=story.now)

    def post(self, status: int, **form: str) -> str:
        answer = self.browser.post(self.url, data=form)
        assert answer.status_code == status, answer.text
        if status != 303:
            assert faults(answer.text) == []
        return answer.text

    def state(self) -> str:
        with self.database.reading() as db:
            return db.scalars(select(Booking.state)).one()


@pytest.fixture
def desk(app: Flask, database: Database, client_as: ClientAs) -> Desk:
    return Desk(app, database, client_as)


def test_the_page_holds_what_both_sides_said_and_did(desk: Desk) -> None:
    page = desk.browser.get(desk.url)
    assert faults(page.text) == []
    for words in (
        "She never looks up.", "That was not in the brief.", "She looks away here.", "Hold the look.",
        "Driving performance for Vera", "No model may be trained on the takes.", "Cold fury", "<video",
    ):  # fmt: skip
        assert words in page.text
    listed = desk.browser.get("/admin/dispute").text
    assert faults(listed) == []
    assert desk.url in listed


def test_amounts_are_shown_before_anything_is_settled(desk: Desk) -> None:
    assert "Settle by these amounts" not in desk.browser.get(desk.url).text
    shown = desk.post(200, step="show", refund_percent="25", words=WHY)
    assert "$97.20" in shown  # a quarter of $388.80
    assert "$270.00" in shown
    assert WHY in shown
    assert desk.state() == "disputed"


def test_a_dispute_is_settled_by_the_amounts_that_were_shown(desk: Desk) -> None:
    desk.post(303, step="settle", refund_percent="25", shown_percent="25", words=WHY)
    assert desk.state() == "completed"
    with desk.database.reading() as db:
        assert db.scalars(select(Payout.amount_minor)).one() == 27_000
    page = desk.browser.get(desk.url).text
    assert "is not in dispute now" in page
    assert WHY in page


def test_another_share_than_the_one_shown_is_shown_first(desk: Desk) -> None:
    page = desk.post(200, step="settle", refund_percent="50", shown_percent="25", words=WHY)
    assert "$194.40" in page
    assert desk.state() == "disputed"


@pytest.mark.parametrize("share", ["", "101", "-1", "a half", "٥", "12.5"])
def test_a_share_that_is_none_is_said_at_its_field_and_the_words_are_kept(desk: Desk, share: str) -> None:
    page = desk.post(422, step="settle", refund_percent=share, shown_percent=share, words=WHY)
    assert 'id="refund_percent-error"' in page
    assert WHY in page
    assert desk.state() == "disputed"


def test_a_decision_without_words_is_said_at_their_field_and_the_share_is_kept(desk: Desk) -> None:
    page = desk.post(422, step="settle", refund_percent="25", shown_percent="25", words=" ")
    assert 'id="words-error"' in page
    assert 'value="25"' in page
    assert "$97.20" in page


def test_a_booking_without_a_dispute_is_nobodys_case(desk: Desk) -> None:
    with desk.database.unit_of_work(Jobs()) as db:
        quiet = Story(db)
        db.execute(update(Booking).where(Booking.id == quiet.id).values(message="private"))
    assert desk.browser.get(f"/admin/dispute/{quiet.id}").status_code == 404
