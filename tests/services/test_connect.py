"""Payout accounts: opened once, onboarded at Stripe, and what Stripe says of them in words."""

from __future__ import annotations

from datetime import timedelta

import pytest

from marketplace.domain.errors import Invalid
from marketplace.models import Actor
from marketplace.services import connect
from tests.services.money_stage import MoneyStage
from tests.services.stage import add_actor
from workers.tasks.payment import poll_accounts, sync_account


def an_actor(stage: MoneyStage, country: str | None = "GB") -> int:
    with stage.tools.unit_of_work() as db:
        actor = add_actor(db)
        actor.country = country
        return actor.id


def words(stage: MoneyStage, actor_id: int) -> connect.PayoutAccount:
    with stage.tools.reading() as db:
        return connect.payout_account_of(db, actor_id)


def test_an_actor_is_led_from_nothing_to_a_ready_account(stage: MoneyStage) -> None:
    actor_id = an_actor(stage)
    assert words(stage, actor_id).state == "none"
    with stage.tools.unit_of_work() as db:
        assert connect.open_account(db, actor_id=actor_id, now=stage.now)
        assert connect.open_account(db, actor_id=actor_id, now=stage.now) is None
    assert words(stage, actor_id).state == "asked"
    stage.work()
    opened = words(stage, actor_id)
    assert (opened.state, opened.is_ready) == ("onboarding", False)
    stage.onboard(actor_id)
    ready = words(stage, actor_id)
    assert (ready.state, ready.is_ready, ready.todo) == ("active", True, ())
    assert len(stage.stand.calls("POST", "^/v2/core/accounts$")) == 1
    assert stage.account(actor_id).bank_changed_at is not None


def test_an_account_that_stripe_restricts_says_what_is_missing(stage: MoneyStage) -> None:
    actor_id = an_actor(stage)
    account_id = stage.onboard(actor_id)
    stage.stand.control(f"account/{account_id}/restricted")
    sync_account(stage.tools, account_id)
    restricted = words(stage, actor_id)
    assert restricted.state == "restricted"
    assert "External account" in restricted.todo
    stage.stand.control(f"account/{account_id}/closed")
    sync_account(stage.tools, account_id)
    assert words(stage, actor_id).state == "closed"


def test_accounts_nobody_has_read_for_long_are_read_again(stage: MoneyStage) -> None:
    actor_id = an_actor(stage)
    account_id = stage.onboard(actor_id)
    stage.stand.control(f"account/{account_id}/restricted")
    poll_accounts(stage.tools)
    assert words(stage, actor_id).state == "active"
    stage.later(timedelta(hours=13))
    poll_accounts(stage.tools)
    assert words(stage, actor_id).state == "restricted"


def test_without_a_country_no_account_is_opened(stage: MoneyStage) -> None:
    actor_id = an_actor(stage, country=None)
    with stage.tools.unit_of_work() as db, pytest.raises(Invalid):
        connect.open_account(db, actor_id=actor_id, now=stage.now)
    with stage.tools.reading() as db:
        assert db.get_one(Actor, actor_id).country is None
    assert words(stage, actor_id).state == "none"


def test_an_account_of_somebody_else_is_left_alone(stage: MoneyStage) -> None:
    account_id = stage.stand.make_recipient()
    sync_account(stage.tools, account_id)
    with stage.tools.unit_of_work() as db:
        assert connect.note_account(db, stage.stand.gateway.get_account(account_id), now=stage.now) is None
