"""Calls to Stripe: those that need a person first, one in full, looking up and asking again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from marketplace.config import Settings
from marketplace.db import Database
from marketplace.gateways.outside import Outside
from marketplace.models import Account, Actor, Audit, ConnectAccount, OutboxCommand, Payout
from marketplace.services import outbox_again, outbox_call, outbox_read
from tests.stripe_stand import Stand
from tests.web.page_check import faults
from tests.web.scene import Scene, no_jobs

ClientAs = Callable[[Account], FlaskClient]
AGAIN = {"step": "try_again", "words": "The country is right by now."}


@pytest.fixture
def outside(settings: Settings, outside: Outside, stand: Stand) -> Outside:
    return replace(outside, payment=stand.gateway)


def add_call(database: Database, scene: Scene, **given: Any) -> int:
    with database.unit_of_work(no_jobs) as db:
        fields: dict[str, Any] = {
            "kind": "transfer.create", "about": "payout", "about_id": scene.payout_id, "state": "unknown",
            "idempotency_key": f"{given.get('kind', 'transfer')}:bk_1:v1", "attempts": 3, "error": "No answer came.",
            "params": {"amount_minor": 100, "currency": "USD", "transfer_group": "bk_1"}, "next_at": scene.now,
            "created_at": scene.now, "first_sent_at": scene.now, **given,
        }  # fmt: skip
        row = OutboxCommand(**fields)
        db.add(row)
        db.flush()
        return row.id


def state_of(database: Database, command_id: int) -> str:
    with database.reading() as db:
        return db.get_one(OutboxCommand, command_id).state


def test_what_needs_a_person_comes_first_and_each_call_says_what_it_is_about(
    client_as: ClientAs, scene: Scene, database: Database
) -> None:
    lost = add_call(database, scene)
    add_call(database, scene, kind="account.create", about="actor", about_id=scene.actor_id, state="refused")
    browser = client_as(scene.ada)
    page = browser.get("/admin/outbox").text
    assert faults(page) == []
    assert "Send a payout" in page
    assert "Open a payout account" not in page
    assert "Open a payout account" in browser.get("/admin/outbox?state=refused").text
    assert "transfer:bk_1:v1" in browser.get("/admin/outbox?q=transfer:bk_1:v1").text
    assert "No call by that name" in browser.get("/admin/outbox?q=nothing").text
    shown = browser.get(f"/admin/outbox/{lost}").text
    assert faults(shown) == []
    for words in ("Look it up now", f"Payout po_{scene.payout_id}", "No answer came.", "amount_minor"):
        assert words in shown
    assert "Try again with a new key" not in shown
    assert browser.get("/admin/outbox/999").status_code == 404


def test_a_lost_call_is_looked_up_at_once_and_never_asked_for_again(
    client_as: ClientAs, scene: Scene, database: Database
) -> None:
    lost = add_call(database, scene)
    with database.unit_of_work(no_jobs) as db:
        db.get_one(Payout, scene.payout_id).state = "unknown"
    browser = client_as(scene.ada)
    assert browser.post(f"/admin/outbox/{lost}", data=AGAIN).status_code == 409
    answer = browser.post(f"/admin/outbox/{lost}", data={"step": "look_up"}, follow_redirects=True)
    assert "it never happened" in answer.text
    assert state_of(database, lost) == "refused"
    with database.reading() as db:
        assert db.get_one(Payout, scene.payout_id).state == "held"
        audited = db.scalars(select(Audit).where(Audit.about == "outbox_command")).one()
    assert (audited.step, audited.principal_id, audited.ip) == ("look_up", scene.ada.id, "127.0.0.1")
    assert browser.post(f"/admin/outbox/{lost}", data={"step": "look_up"}).status_code == 409


def test_a_look_up_that_stripe_does_not_answer_changes_nothing(
    client_as: ClientAs, scene: Scene, database: Database, stand: Stand
) -> None:
    lost = add_call(database, scene)
    stand.fault("status", "^/v1/transfers$", verb="GET", status=429)
    answer = client_as(scene.ada).post(f"/admin/outbox/{lost}", data={"step": "look_up"}, follow_redirects=True)
    assert "could not tell" in answer.text
    assert state_of(database, lost) == "unknown"


def test_a_refused_account_is_asked_for_again_with_a_new_key_and_words(
    client_as: ClientAs, scene: Scene, database: Database
) -> None:
    with database.unit_of_work(no_jobs) as db:
        db.get_one(Actor, scene.actor_id).country = "GB"
        account = db.scalars(select(ConnectAccount).where(ConnectAccount.actor_id == scene.actor_id)).one()
        account.stripe_account_id, account.state = None, "asked"
    refused = add_call(database, scene, kind="account.create", about="actor", about_id=scene.actor_id, state="refused")
    browser = client_as(scene.ada)
    assert f'href="/admin/actor/{scene.actor_id}"' in browser.get(f"/admin/outbox/{refused}").text
    short = browser.post(f"/admin/outbox/{refused}", data={**AGAIN, "words": "short"})
    assert short.status_code == 422
    assert faults(short.text) == []
    assert browser.post(f"/admin/outbox/{refused}", data=AGAIN).status_code == 303
    with database.reading() as db:
        rows = db.scalars(select(OutboxCommand).where(OutboxCommand.kind == "account.create")).all()
        audited = db.scalars(select(Audit).where(Audit.about == "outbox_command")).one()
    assert [row.state for row in rows] == ["refused", "pending"]
    assert len({row.idempotency_key for row in rows}) == 2
    assert (audited.step, audited.reason) == ("try_again", AGAIN["words"])
    assert browser.post(f"/admin/outbox/{refused}", data=AGAIN).status_code == 409  # not twice
    assert "All tries of this" in browser.get(f"/admin/outbox/{refused}").text


@pytest.mark.parametrize(
    ("kind", "words"), [("transfer.create", "Approving it again"), ("transfer.reverse", "went on without it")]
)
def test_a_refused_call_that_is_decided_elsewhere_says_where(
    client_as: ClientAs, scene: Scene, database: Database, kind: str, words: str
) -> None:
    refused = add_call(database, scene, kind=kind, state="refused")
    browser = client_as(scene.ada)
    assert words in browser.get(f"/admin/outbox/{refused}").text
    assert browser.post(f"/admin/outbox/{refused}", data=AGAIN).status_code == 409


def test_what_is_done_or_on_its_way_is_left_alone(client_as: ClientAs, scene: Scene, database: Database) -> None:
    browser = client_as(scene.ada)
    for state in ("done", "pending", "leased"):
        call = add_call(database, scene, state=state, idempotency_key=f"transfer:{state}:v1")
        for step in ("look_up", "try_again"):
            assert browser.post(f"/admin/outbox/{call}", data={**AGAIN, "step": step}).status_code == 409
    assert browser.post(f"/admin/outbox/{call}", data={"step": "forget"}).status_code == 400


def test_nobody_else_may_see_or_ask(client_as: ClientAs, scene: Scene, database: Database) -> None:
    lost = add_call(database, scene)
    for who in (scene.mira, scene.imani):
        for path in ("/admin/outbox", f"/admin/outbox/{lost}"):
            assert client_as(who).get(path).status_code == 403
        assert client_as(who).post(f"/admin/outbox/{lost}", data={"step": "look_up"}).status_code == 403
    assert state_of(database, lost) == "unknown"


def test_every_kind_of_call_has_words_and_a_way_on_after_a_refusal() -> None:
    kinds = set(outbox_call._CALLS)
    assert kinds == set(outbox_read.WORDS)
    assert kinds == set(outbox_again.ELSEWHERE) | set(outbox_again._AGAIN) | {"charge.return"}
