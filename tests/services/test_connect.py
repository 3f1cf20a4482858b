"""Payout accounts: opened once, onboarded at Stripe, and what Stripe says of them in words."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from marketplace.domain.errors import Invalid
from marketplace.models import Actor, Audit, Payout, StripeEvent
from marketplace.services import connect, stripe_event
from tests.services.money_stage import MoneyStage
from tests.services.stage import add_actor
from workers.tasks.payment import poll_accounts, sync_account
from workers.tasks.reconciliation import sweep_open


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
    assert "A bank account for your payouts" in restricted.todo
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


def test_an_account_closed_by_a_wrong_key_is_opened_again_by_the_daily_look(stage: MoneyStage) -> None:
    booking_id, _ = stage.earned()
    account_id = stage.account(stage.booking(booking_id).actor_id).stripe_account_id
    assert account_id is not None
    with stage.tools.unit_of_work() as db:
        assert connect.note_account_gone(db, account_id, now=stage.now) == "closed"
    stage.later(timedelta(days=1))
    sweep_open(stage.tools)
    assert stage.account(stage.booking(booking_id).actor_id).state == "active"


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


def test_a_closed_account_is_replaced_by_a_new_one(stage: MoneyStage) -> None:
    actor_id = an_actor(stage)
    old = stage.onboard(actor_id)
    stage.stand.control(f"account/{old}/closed")
    sync_account(stage.tools, old)
    assert "until you open a new one" in words(stage, actor_id).words
    new = stage.onboard(actor_id)
    assert new != old
    assert words(stage, actor_id).state == "active"
    assert stage.account(actor_id).bank_changed_at is not None
    sync_account(stage.tools, old)  # a late event about the old one
    assert (words(stage, actor_id).state, stage.account(actor_id).stripe_account_id) == ("active", new)
    with stage.tools.reading() as db:
        replaced = db.scalars(select(Audit).where(Audit.step == "replace")).one()
    assert replaced.before == {"state": "closed", "stripe_account_id": old}


def test_what_was_approved_for_an_account_that_was_replaced_meanwhile_is_looked_at_again(stage: MoneyStage) -> None:
    _, payout_id = stage.earned()
    stage.approve(payout_id, stage.add_admin())
    actor_id = stage.payout(payout_id).actor_id
    old = stage.account(actor_id).stripe_account_id or ""
    stage.stand.control(f"account/{old}/closed")
    sync_account(stage.tools, old)
    stage.onboard(actor_id)
    stage.send()
    held = stage.payout(payout_id)
    assert (held.state, held.approvals) == ("held", 0)
    assert "Nothing was sent" in held.words


def test_an_account_that_was_paused_for_a_while_is_not_taken_for_a_new_one(stage: MoneyStage) -> None:
    actor_id = an_actor(stage)
    account_id = stage.onboard(actor_id)
    since = stage.account(actor_id).bank_changed_at
    stage.later(timedelta(days=30))
    for standing in ("restricted", "active"):
        stage.stand.control(f"account/{account_id}/{standing}")
        sync_account(stage.tools, account_id)
    assert words(stage, actor_id).state == "active"
    assert stage.account(actor_id).bank_changed_at == since


def bank_event(stage: MoneyStage, account_id: str, kind: str, **previous: str) -> None:
    """Stripe tells of the bank account behind a connected account."""
    body = {
        "id": f"evt_bank_{kind}_{len(previous)}",
        "object": "event",
        "type": f"account.external_account.{kind}",
        "account": account_id,
        "api_version": "2026-10-28.endive",
        "created": int(stage.now.timestamp()),
        "data": {"object": {"id": "ba_1", "object": "bank_account"}, "previous_attributes": previous},
    }
    with stage.tools.unit_of_work() as db:
        stripe_event.store_event(db, stage.stand.event(body), now=stage.now)
    stage.work()


def test_a_bank_account_changed_on_a_ready_account_makes_people_look(stage: MoneyStage) -> None:
    nora = stage.add_admin()
    _, waiting = stage.earned()
    actor_id = stage.payout(waiting).actor_id
    account_id = stage.account(actor_id).stripe_account_id or ""
    with stage.tools.unit_of_work() as db:
        db.get_one(Payout, waiting).reasons = []
        db.get_one(Payout, waiting).risk = 0
    stage.offset += timedelta(days=30)
    bank_event(stage, account_id, "updated", status="new")
    assert stage.payout(waiting).reasons == []  # verified, not changed
    stage.approve(waiting, nora)
    bank_event(stage, account_id, "created")
    row = stage.payout(waiting)
    assert (row.state, row.risk) == ("held", 1)
    assert "new_bank" in [reason["code"] for reason in row.reasons]
    assert "bank account was changed" in row.words
    assert stage.account(actor_id).bank_changed_at == stage.now.replace(microsecond=0)


def test_a_bank_account_of_nobody_we_know_changes_nothing(stage: MoneyStage) -> None:
    bank_event(stage, "acct_stranger", "created")
    with stage.tools.reading() as db:
        assert db.scalars(select(StripeEvent.processed_at)).one() is not None
