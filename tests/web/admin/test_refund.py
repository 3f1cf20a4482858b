"""Refunds that wait: what the page says of each, trying again, and dropping one with words."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from marketplace.db import Database
from marketplace.domain import ledger as books
from marketplace.domain.money import Money
from marketplace.models import Account, Audit, OutboxCommand, Payment, Payout, Refund
from marketplace.services import ledger
from tests.web.page_check import faults
from tests.web.scene import Scene, no_jobs

ClientAs = Callable[[Account], FlaskClient]


@pytest.fixture
def refund_id(scene: Scene, database: Database) -> int:
    """Stripe has refused to give a dollar back."""
    with database.unit_of_work(no_jobs) as db:
        payment = db.scalars(select(Payment).where(Payment.booking_id == scene.booking_id)).one()
        refund = Refund(
            payment_id=payment.id, booking_id=scene.booking_id, state="refused", currency="USD", amount_minor=100,
            reason="One take was not delivered.", created_at=scene.now, updated_at=scene.now,
        )  # fmt: skip
        db.add(refund)
        db.flush()
        return refund.id


def state_of(database: Database, refund_id: int) -> str:
    with database.reading() as db:
        return db.get_one(Refund, refund_id).state


def test_the_page_lists_what_waits_and_the_payout_leads_to_it(
    client_as: ClientAs, scene: Scene, refund_id: int
) -> None:
    browser = client_as(scene.ada)
    page = browser.get("/admin/refund")
    assert page.status_code == 200
    assert faults(page.text) == []
    for words in ("Refunds owed", "$1.00 to ReelForge", "Refused by Stripe", "One take was not delivered."):
        assert words in page.text
    assert 'href="/admin/refund"' in browser.get(f"/admin/payout/{scene.payout_id}").text


def test_an_empty_page_is_sound(client_as: ClientAs, scene: Scene) -> None:
    page = client_as(scene.ada).get("/admin/refund")
    assert "No refund waits" in page.text
    assert faults(page.text) == []


def test_trying_again_asks_stripe_once_more(
    client_as: ClientAs, scene: Scene, database: Database, refund_id: int
) -> None:
    browser = client_as(scene.ada)
    assert browser.post(f"/admin/refund/{refund_id}", data={"step": "retry"}).status_code == 303
    assert state_of(database, refund_id) == "pending"
    assert browser.post(f"/admin/refund/{refund_id}", data={"step": "retry"}).status_code == 409
    with database.reading() as db:
        kinds = db.scalars(select(OutboxCommand.kind).where(OutboxCommand.about == "refund")).all()
        audited = db.scalars(select(Audit).where(Audit.about == "refund")).one()
    assert list(kinds) == ["refund.create"]
    assert (audited.step, audited.principal_id, audited.ip) == ("retry", scene.ada.id, "127.0.0.1")


def test_dropping_needs_words_and_keeps_what_was_typed(
    client_as: ClientAs, scene: Scene, database: Database, refund_id: int
) -> None:
    browser = client_as(scene.ada)
    answer = browser.post(f"/admin/refund/{refund_id}", data={"step": "drop", "words": "short"})
    assert answer.status_code == 422
    assert ">\nshort</textarea>" in answer.text
    assert faults(answer.text) == []
    browser.post(f"/admin/refund/{refund_id}", data={"step": "drop", "words": "Repaid by bank transfer."})
    assert state_of(database, refund_id) == "dropped"


def test_a_decision_and_a_refund_that_do_not_exist(client_as: ClientAs, scene: Scene, refund_id: int) -> None:
    browser = client_as(scene.ada)
    assert browser.post(f"/admin/refund/{refund_id}", data={"step": "forget"}).status_code == 400
    assert browser.post("/admin/refund/999", data={"step": "retry"}).status_code == 404


@pytest.fixture
def paid(scene: Scene, database: Database) -> Scene:
    """The books know of the payment, as they do once Stripe has said so."""
    with database.unit_of_work(no_jobs) as db:
        payment = db.scalars(select(Payment).where(Payment.booking_id == scene.booking_id)).one()
        payment.charge_id = "ch_1"
        money = Money(payment.amount_minor, payment.currency)
        captured = books.charge_captured(charge_id="ch_1", booking_id=scene.booking_id, amount=money)
        ledger.post(db, captured, now=scene.now)
    return scene


def test_a_refund_by_hand_shows_who_bears_it_before_the_click(
    client_as: ClientAs, paid: Scene, database: Database
) -> None:
    browser = client_as(paid.ada)
    page = browser.get(f"/admin/refund/new?booking={paid.booking_id}")
    assert page.status_code == 200
    assert faults(page.text) == []
    assert "Show who bears it" in page.text
    asked = {"booking": str(paid.booking_id), "amount": "100.00", "words": "The second take was never delivered."}
    shown = browser.post("/admin/refund/new", data={**asked, "step": "show"})
    assert shown.status_code == 200
    assert faults(shown.text) == []
    for words in ("Our fee", "$7.41", "not sent yet", "$92.59", "Give back $100.00"):
        assert words in shown.text
    with database.reading() as db:
        assert db.scalars(select(Refund)).all() == []
    parts = {"shown_free": "0", "shown_fee": "741", "shown_unsent": "9259", "shown_sent": "0"}
    made = browser.post("/admin/refund/new", data={**asked, **parts, "step": "give"})
    assert made.status_code == 303
    story = browser.get(made.location)
    assert story.status_code == 200
    assert faults(story.text) == []
    assert "The second take was never delivered." in story.text
    listed = browser.get(f"/admin/refund?booking={paid.booking_id}&state=moving")
    assert faults(listed.text) == []
    assert made.location.removeprefix("http://localhost") in listed.text
    with database.reading() as db:
        assert db.get_one(Payout, paid.payout_id).amount_minor == 36_000 - 9_259


@pytest.mark.parametrize(
    ("changed", "status", "words"),
    [
        ({"amount": "a lot"}, 422, "not an amount"),
        ({"amount": "999999"}, 422, "is left of this payment"),
        ({"amount": "0"}, 422, "above zero"),
        ({"words": "sorry"}, 422, "the platform reads it"),
        ({"shown_fee": "0"}, 200, "Give back $100.00"),
        ({"booking": "999"}, 404, "Nothing has been paid"),
    ],
)
def test_what_is_wrong_with_a_refund_by_hand_is_said_and_nothing_is_refunded(
    client_as: ClientAs, paid: Scene, database: Database, changed: dict[str, str], status: int, words: str
) -> None:
    asked = {
        "booking": str(paid.booking_id), "amount": "100.00", "words": "The second take was never delivered.",
        "shown_free": "0", "shown_fee": "741", "shown_unsent": "9259", "shown_sent": "0", "step": "give",
    }  # fmt: skip
    answer = client_as(paid.ada).post("/admin/refund/new", data={**asked, **changed})
    assert answer.status_code == status
    assert words in answer.text
    with database.reading() as db:
        assert db.scalars(select(Refund)).all() == []


# case 26
def test_a_refund_that_came_back_can_be_made_again_or_noted_as_repaid(
    client_as: ClientAs, paid: Scene, database: Database, refund_id: int
) -> None:
    with database.unit_of_work(no_jobs) as db:
        db.get_one(Refund, refund_id).state = "failed"
    browser = client_as(paid.ada)
    page = browser.get("/admin/refund")
    assert faults(page.text) == []
    assert "Make it once more" in page.text
    assert "sent it back" in page.text
    assert browser.post(f"/admin/refund/{refund_id}", data={"step": "again"}).status_code == 303
    assert state_of(database, refund_id) == "retried"
    again = refund_id + 1
    story = browser.get(f"/admin/refund/{again}")
    assert faults(story.text) == []
    assert f"re_{refund_id}" in story.text
    with database.unit_of_work(no_jobs) as db:
        db.get_one(Refund, again).state = "failed"
    answer = browser.post(f"/admin/refund/{again}", data={"step": "repaid", "words": "no"})
    assert answer.status_code == 422
    assert faults(answer.text) == []
    done = {"step": "repaid", "words": "Sent by bank transfer 4711 today."}
    assert browser.post(f"/admin/refund/{again}", data=done).status_code == 303
    assert state_of(database, again) == "repaid"
