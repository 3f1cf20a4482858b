"""What an actor, and an admin, see of payments to the actor's bank, and the way to put the bank account in order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from marketplace.config import Settings
from marketplace.db import Database
from marketplace.gateways.outside import Outside
from marketplace.gateways.payment.base import BankPayout
from marketplace.models import Account, Actor, ConnectAccount, Notice
from marketplace.services.bank_payout import note_bank_payout
from tests.stripe_stand import Stand
from tests.web.page_check import faults
from tests.web.scene import Scene, no_jobs, scene

__all__ = ["scene"]
ClientAs = Callable[[Account], FlaskClient]


@pytest.fixture
def outside(settings: Settings, outside: Outside, stand: Stand) -> Outside:
    return replace(outside, payment=stand.gateway)


def note(database: Database, scene: Scene, state: str, *, payout_id: str = "po_1", code: str = "") -> None:
    seen = BankPayout(
        id=payout_id, state=state, amount_minor=4_200, currency="USD", arrives_on=scene.now.date(), failure_code=code,
        failure_words="", created_at=scene.now,
    )  # fmt: skip
    with database.unit_of_work(no_jobs) as db:
        note_bank_payout(db, f"acct_{scene.actor_id}", seen, now=scene.now)


def test_a_payment_that_came_back_is_said_on_top_with_what_to_do(
    client_as: ClientAs, scene: Scene, database: Database
) -> None:
    note(database, scene, "failed", code="no_account")
    page = client_as(scene.imani).get("/actor/earnings").text
    assert faults(page) == []
    for words in ("$42.00 did not reach your bank", "There is no such bank account.", "Update bank account at Stripe"):
        assert words in page
    seen = client_as(scene.ada).get(f"/admin/payout/{scene.payout_id}").text
    assert faults(seen) == []
    for words in ("$42.00, came back", "The bank sent the last payment back.", "There is no such bank account."):
        assert words in seen


@pytest.mark.parametrize(
    ("state", "words"),
    [("paid", "Stripe paid $42.00 to your bank"), ("in_transit", "on its way to your bank"), ("canceled", "cancelled")],
)
def test_what_became_of_the_last_payment_is_said_in_words(
    client_as: ClientAs, scene: Scene, database: Database, state: str, words: str
) -> None:
    note(database, scene, state)
    page = client_as(scene.imani).get("/actor/earnings").text
    assert words in page
    assert "did not reach your bank" not in page


def test_the_button_leads_to_the_accounts_own_pages_at_stripe(
    client_as: ClientAs, scene: Scene, database: Database, stand: Stand
) -> None:
    browser = client_as(scene.imani)
    answer = browser.post("/actor/payout-account/bank", follow_redirects=True)
    assert "Stripe did not answer" in answer.text  # it has never heard of the account
    with database.unit_of_work(no_jobs) as db:
        account = db.scalars(select(ConnectAccount)).one()
        account.stripe_account_id = stand.make_recipient()
    answer = browser.post("/actor/payout-account/bank")
    assert answer.status_code == 303
    assert answer.location.startswith(f"{stand.url}/express/{account.stripe_account_id}/")
    stand.control(f"account/{account.stripe_account_id}/restricted")
    answer = browser.post("/actor/payout-account/bank")
    assert answer.location.startswith(f"{stand.url}/setup/e/")


def test_an_actor_whose_account_stripe_refuses_to_open_reads_it_and_admins_are_told(
    client_as: ClientAs, scene: Scene, database: Database, stand: Stand
) -> None:
    with database.unit_of_work(no_jobs) as db:
        db.delete(db.scalars(select(ConnectAccount)).one())
        db.get_one(Actor, scene.actor_id).country = "GB"
    stand.fault("status", "^/v2/core/accounts$", status=400, code="country_not_supported")
    answer = client_as(scene.imani).post("/actor/payout-account", follow_redirects=True)
    assert "Stripe would not open your account" in answer.text
    with database.reading() as db:
        told = db.scalars(select(Notice.account_id).where(Notice.kind == "outbox")).all()
    assert scene.ada.id in told
    assert scene.imani.id not in told


def test_an_actor_without_an_account_is_told_so(client_as: ClientAs, scene: Scene, database: Database) -> None:
    with database.unit_of_work(no_jobs) as db:
        db.delete(db.scalars(select(ConnectAccount)).one())
    answer = client_as(scene.imani).post("/actor/payout-account/bank", follow_redirects=True)
    assert "You have no payout account yet" in answer.text


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ("asked", "is being opened at Stripe"),
        ("onboarding", "still needs some details"),
        ("active", "is ready"),
        ("restricted", "has paused your payout account"),
        ("closed", "is closed. What you earn stays safe"),
    ],
)
def test_every_state_of_the_account_reads_well_and_says_what_is_wanted(
    client_as: ClientAs, scene: Scene, database: Database, state: str, words: str
) -> None:
    with database.unit_of_work(no_jobs) as db:
        account = db.scalars(select(ConnectAccount)).one()
        account.state, account.refreshed_at = state, scene.now - timedelta(hours=1)
        account.requirements = ["identity.individual.legal_name", "external_account"]
    page = client_as(scene.imani).get("/actor/earnings").text
    assert faults(page) == []
    assert words in page
    assert ("A bank account for your payouts" in page) == (state != "closed")
    assert ("Open a new account at Stripe" in page) == (state == "closed")
