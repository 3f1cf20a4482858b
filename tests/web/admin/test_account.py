"""Platforms, actors, flags, disputes, health and audit: every page is sound and every decision is written down."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from marketplace.db import Database
from marketplace.models import Account, Actor, Audit, Flag, Payment, Platform
from tests.web.page_check import faults
from tests.web.scene import Scene, dispute, no_jobs

ClientAs = Callable[[Account], FlaskClient]
WORDS = "Confirmed by a call to the number on their site."
PAGES = (
    "platform", "platform?state=vetted", "platform?state=suspended&q=x", "actor", "actor?state=verified", "flag",
    "flag?state=decided", "dispute", "health", "audit", "audit?about=payout&who=ada&id=1", "audit?page=9",
)  # fmt: skip


@pytest.mark.parametrize("path", PAGES)
def test_every_page_is_sound(client_as: ClientAs, scene: Scene, path: str) -> None:
    page = client_as(scene.ada).get(f"/admin/{path}")
    assert page.status_code == 200
    assert faults(page.text) == []


def test_a_platform_is_suspended_for_a_reason_and_restored(
    client_as: ClientAs, scene: Scene, database: Database
) -> None:
    browser, path = client_as(scene.ada), f"/admin/platform/{scene.platform_id}"
    assert faults(browser.get(path).text) == []
    refused = browser.post(path, data={"step": "suspend"})
    assert refused.status_code == 422
    assert faults(refused.text) == []
    for step in ("suspend", "restore"):
        assert browser.post(path, data={"step": step, "reason": WORDS}).status_code == 303
        with database.reading() as db:
            assert (db.get_one(Platform, scene.platform_id).suspended_at is not None) is (step == "suspend")
    assert browser.post(path, data={"step": "restore"}).status_code == 409
    with database.reading() as db:
        assert list(db.scalars(select(Audit.step).where(Audit.about == "platform"))) == ["suspend", "restore"]


def test_a_suspended_actor_leaves_the_search_and_returns(client_as: ClientAs, scene: Scene, database: Database) -> None:
    browser, path = client_as(scene.ada), f"/admin/actor/{scene.actor_id}"
    assert faults(browser.get(path).text) == []
    for step, is_listed in (("suspend", False), ("restore", True)):
        browser.post(path, data={"step": step, "reason": WORDS})
        with database.reading() as db:
            assert db.get_one(Actor, scene.actor_id).listed is is_listed
    browser.post(path, data={"step": "verify"})
    with database.reading() as db:
        assert db.get_one(Actor, scene.actor_id).verified_at == scene.now


def test_a_flag_is_decided_once_and_in_words(client_as: ClientAs, scene: Scene, database: Database) -> None:
    browser, path = client_as(scene.ada), f"/admin/flag/{scene.flag_id}"
    refused = browser.post(path, data={"verdict": "cleared", "words": "ok"})
    assert refused.status_code == 422
    assert faults(refused.text) == []
    assert browser.post(path, data={"verdict": "cleared", "words": WORDS}).status_code == 303
    assert browser.post(path, data={"verdict": "kept", "words": WORDS}).status_code == 409
    with database.reading() as db:
        flag = db.get_one(Flag, scene.flag_id)
        assert (flag.state, flag.decision, flag.decided_by_id) == ("cleared", WORDS, scene.ada.id)


def test_a_chargeback_is_listed(client_as: ClientAs, scene: Scene, database: Database) -> None:
    with database.unit_of_work(no_jobs) as db:
        payment = db.scalars(select(Payment)).one()
        dispute(db, scene, payment.id)
    page = client_as(scene.ada).get("/admin/dispute")
    assert "$100.00" in page.text
    assert faults(page.text) == []
