"""Refunds that wait: what the page says of each, trying again, and dropping one with words."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from marketplace.db import Database
from marketplace.models import Account, Audit, OutboxCommand, Payment, Refund
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
