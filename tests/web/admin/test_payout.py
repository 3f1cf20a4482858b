"""The payout queue: what it shows, what each decision does, and what it refuses."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update

from marketplace.db import Database
from marketplace.domain.payout import HIGH
from marketplace.models import Account, Audit, Payout, PayoutEvent
from marketplace.web.admin.payout import approved
from marketplace.web.terms import FOUR_EYES, UNDO_MINUTES
from marketplace.web.transaction import CLOCK
from tests.web.page_check import faults
from tests.web.scene import Scene, no_jobs

ClientAs = Callable[[Account], FlaskClient]
WORDS = "The bank letter is missing; please send it."


def state_of(database: Database, scene: Scene) -> tuple[str, int]:
    with database.reading() as db:
        payout = db.get_one(Payout, scene.payout_id)
        return payout.state, payout.approvals


def test_the_queue_shows_who_is_owed_what_and_why_to_look(client_as: ClientAs, scene: Scene) -> None:
    page = client_as(scene.ada).get("/admin/payout")
    assert page.status_code == 200
    assert faults(page.text) == []
    for words in ("Imani Okafor", "ReelForge", "$360.00", "First payout", "1 payout", "Needs review"):
        assert words in page.text


def test_every_tab_search_and_order_is_a_sound_page(client_as: ClientAs, scene: Scene) -> None:
    browser = client_as(scene.ada)
    for query in (
        "state=held",
        "state=sent",
        "state=nonsense",
        "order=size",
        "q=imani",
        "q=nobody",
        f"q=po_{scene.payout_id}",
    ):
        page = browser.get(f"/admin/payout?{query}")
        assert page.status_code == 200
        assert faults(page.text) == [], query
    assert "No payout matches" in browser.get("/admin/payout?q=nobody").text


def test_one_approval_sends_it_on_and_can_be_taken_back(client_as: ClientAs, scene: Scene, database: Database) -> None:
    browser = client_as(scene.ada)
    answer = browser.post(f"/admin/payout/{scene.payout_id}", data={"step": "approve"})
    assert answer.status_code == 303
    assert state_of(database, scene) == ("approved", 1)
    page = browser.get(answer.location).text
    assert "Take the approval back" in page
    assert faults(page) == []
    browser.post(f"/admin/payout/{scene.payout_id}", data={"step": "undo"})
    assert state_of(database, scene)[0] == "review"


def test_an_approval_cannot_be_taken_back_after_ten_minutes(
    client_as: ClientAs, scene: Scene, database: Database, app: Flask
) -> None:
    browser = client_as(scene.ada)
    browser.post(f"/admin/payout/{scene.payout_id}", data={"step": "approve"})
    app.extensions[CLOCK] = lambda: scene.now + timedelta(minutes=11)
    answer = browser.post(f"/admin/payout/{scene.payout_id}", data={"step": "undo"})
    assert answer.status_code == 409
    assert "time to take this back is over" in answer.text
    assert state_of(database, scene)[0] == "approved"


def test_holding_and_rejecting_need_words_and_keep_what_was_typed(
    client_as: ClientAs, scene: Scene, database: Database
) -> None:
    browser = client_as(scene.ada)
    for step in ("hold", "reject"):
        answer = browser.post(f"/admin/payout/{scene.payout_id}", data={"step": step, "words": "short"})
        assert answer.status_code == 422
        assert "<title>Error:" in answer.text
        assert ">\nshort</textarea>" in answer.text
        assert faults(answer.text) == []
    assert state_of(database, scene)[0] == "review"
    browser.post(f"/admin/payout/{scene.payout_id}", data={"step": "hold", "words": WORDS})
    assert state_of(database, scene)[0] == "held"
    assert WORDS in browser.get(f"/admin/payout/{scene.payout_id}").text


def test_above_the_limit_two_different_admins_must_approve(
    client_as: ClientAs, scene: Scene, database: Database, app: Flask
) -> None:
    app.config[FOUR_EYES] = 10_000
    ada, bo = client_as(scene.ada), client_as(scene.bo)
    first = ada.post(f"/admin/payout/{scene.payout_id}", data={"step": "approve"}, follow_redirects=True)
    assert "second admin" in first.text
    assert state_of(database, scene) == ("review", 1)
    assert ada.post(f"/admin/payout/{scene.payout_id}", data={"step": "approve"}).status_code == 409
    bo.post(f"/admin/payout/{scene.payout_id}", data={"step": "approve"})
    assert state_of(database, scene) == ("approved", 2)


def test_several_are_approved_at_once_but_never_a_grave_one(
    client_as: ClientAs, scene: Scene, database: Database
) -> None:
    browser = client_as(scene.ada)
    with database.unit_of_work(no_jobs) as db:
        db.execute(update(Payout).values(risk=HIGH))
    answer = browser.post("/admin/payout/approve", data={"payout": [scene.payout_id]}, follow_redirects=True)
    assert "0 approved. 1 left" in answer.text
    with database.unit_of_work(no_jobs) as db:
        db.execute(update(Payout).values(risk=0))
    answer = browser.post("/admin/payout/approve", data={"payout": [scene.payout_id]}, follow_redirects=True)
    assert "1 approved." in answer.text
    assert state_of(database, scene)[0] == "approved"


def test_every_decision_lands_in_both_trails_with_who_and_from_where(
    client_as: ClientAs, scene: Scene, database: Database
) -> None:
    client_as(scene.ada).post(f"/admin/payout/{scene.payout_id}", data={"step": "hold", "words": WORDS})
    with database.reading() as db:
        event = db.scalars(select(PayoutEvent).order_by(PayoutEvent.id.desc())).first()
        audit = db.scalars(select(Audit).where(Audit.about == "payout").order_by(Audit.id.desc())).first()
        assert event is not None
        assert audit is not None
        assert (event.principal_id, event.step, event.reason) == (scene.ada.id, "hold", WORDS)
        assert (audit.principal_id, audit.step, audit.reason, audit.ip) == (scene.ada.id, "hold", WORDS, "127.0.0.1")


def test_a_step_that_does_not_exist_and_a_payout_that_does_not(client_as: ClientAs, scene: Scene) -> None:
    browser = client_as(scene.ada)
    assert browser.post(f"/admin/payout/{scene.payout_id}", data={"step": "send"}).status_code == 400
    assert browser.post("/admin/payout/999", data={"step": "approve"}).status_code == 404
    assert browser.get("/admin/payout/999").status_code == 404


def test_the_time_to_take_an_approval_back_is_the_one_that_is_set(
    client_as: ClientAs, scene: Scene, app: Flask
) -> None:
    app.config[UNDO_MINUTES] = 45
    browser = client_as(scene.ada)
    assert "45 minutes" in browser.get(f"/admin/payout/{scene.payout_id}").text
    answer = browser.post(f"/admin/payout/{scene.payout_id}", data={"step": "approve"}, follow_redirects=True)
    assert "It can be taken back for 45 minutes" in answer.text
    assert "10 minutes" not in answer.text
    assert approved(timedelta(minutes=1)).startswith("Approved. It can be taken back for a minute")
    assert approved(timedelta(0)) == "Approved. The transfer is made now."


def test_a_payout_above_the_limit_says_so_by_the_limit_of_the_moment(
    client_as: ClientAs, scene: Scene, app: Flask
) -> None:
    browser = client_as(scene.ada)
    assert "Over the limit" not in browser.get("/admin/payout").text
    app.config[FOUR_EYES] = 10_000
    page = browser.get("/admin/payout").text
    assert "Over the limit" in page
    assert "Above 100.00 USD two admins have to approve." in page


def test_a_rejected_payout_can_be_reviewed_again_or_refunded_by_somebody_else(
    client_as: ClientAs, scene: Scene, database: Database
) -> None:
    ada, bo = client_as(scene.ada), client_as(scene.bo)
    address = f"/admin/payout/{scene.payout_id}"
    ada.post(address, data={"step": "reject", "words": WORDS})
    page = ada.get(address).text
    assert "Back to review" in page
    assert "Refund the platform" not in page
    assert faults(page) == []
    assert ada.post(address, data={"step": "resume", "words": ""}).status_code == 422
    ada.post(address, data={"step": "resume", "words": "It was found after all."})
    assert state_of(database, scene)[0] == "review"
    ada.post(address, data={"step": "reject", "words": WORDS})
    assert ada.post(address, data={"step": "give_back", "words": WORDS}).status_code == 409
    page = bo.get(address).text
    assert "Refund the platform" in page
    assert bo.post(address, data={"step": "give_back", "words": WORDS}).status_code == 303
    assert state_of(database, scene)[0] == "returned"
    assert faults(bo.get(address).text) == []
