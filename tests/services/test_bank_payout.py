"""Payouts from an actor's account to their bank: shown as they are, told of when a bank sends one back."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from marketplace.domain.errors import Refused
from marketplace.models import BankPayout, Notice, StripeEvent
from marketplace.services import bank_payout, connect, stripe_event
from marketplace.services.connect_words import say_wanted
from marketplace.services.payout_step import find_account
from marketplace.services.stripe_event import store_event
from tests.services.money_stage import MoneyStage
from workers.tasks.payment import poll_bank_payouts, sync_account, sync_bank_payout


def paid_out(stage: MoneyStage) -> tuple[int, int, str]:
    """A payout whose transfer was made and is available on the actor's account: (booking, payout, account)."""
    booking_id, payout_id = stage.earned()
    stage.approve(payout_id, stage.add_admin())
    stage.send()
    assert stage.payout(payout_id).state == "transferred"
    stage.later(timedelta(days=3))
    return booking_id, payout_id, stage.account(stage.payout(payout_id).actor_id).stripe_account_id or ""


def hear(stage: MoneyStage, kind: str) -> None:
    """Every event of a kind arrives, and is worked on."""
    with stage.tools.unit_of_work() as db:
        for body in stage.stand.events(kind):
            store_event(db, stage.stand.event(body), now=stage.now)
    stage.work()


def bank(stage: MoneyStage, account_id: str, amount: int = 1_000, **more: Any) -> str:
    made = stage.stand.control("bank-payout", account=account_id, amount=amount, **more)
    return str(made["id"])


def rows(stage: MoneyStage) -> list[BankPayout]:
    with stage.tools.reading() as db:
        return list(db.scalars(select(BankPayout).order_by(BankPayout.id)))


def told(stage: MoneyStage, account_id: int) -> list[str]:
    with stage.tools.reading() as db:
        mine = select(Notice.title).where(Notice.account_id == account_id, Notice.kind == "payout_account")
        return list(db.scalars(mine.order_by(Notice.id)))


# case 28
def test_a_bank_payout_that_comes_back_is_shown_to_the_actor_and_told_to_the_admins_once(stage: MoneyStage) -> None:
    _, payout_id, account_id = paid_out(stage)
    actor_id = stage.payout(payout_id).actor_id
    sent = bank(stage, account_id)
    for kind in ("payout.created", "payout.paid"):
        hear(stage, kind)
    (row,) = rows(stage)
    assert (row.state, row.amount_minor, row.stripe_payout_id) == ("paid", 1_000, sent)
    before = stage.entries()
    stage.stand.control(f"bank-payout/{sent}/fail", account=account_id)
    hear(stage, "payout.failed")
    hear(stage, "payout.paid")  # shuffled and repeated events change nothing
    (row,) = rows(stage)
    assert row.state == "failed"
    assert bank_payout.why_failed(row) == "The bank account has been closed."
    assert told(stage, stage.owner(actor_id))[-1] == "10.00 USD did not reach your bank"
    admin = stage.add_admin("Omar")
    hear(stage, "payout.failed")
    assert told(stage, admin) == []  # who came later is not told of what is old
    assert stage.entries() == before  # it was not our money
    assert stage.payout(payout_id).state == "transferred"
    stage.assert_sound()


def test_an_answer_read_before_the_failure_and_written_after_it_does_not_undo_it(stage: MoneyStage) -> None:
    _, _, account_id = paid_out(stage)
    sent = bank(stage, account_id)
    seen = stage.stand.gateway.get_bank_payout(account_id, sent)
    stage.stand.control(f"bank-payout/{sent}/fail", account=account_id)
    sync_bank_payout(stage.tools, account_id, sent)
    with stage.tools.unit_of_work() as db:
        assert bank_payout.note_bank_payout(db, account_id, seen, now=stage.now) == "failed"
    assert rows(stage)[0].state == "failed"


def test_a_newer_payout_to_the_bank_takes_the_place_of_the_failed_one(stage: MoneyStage) -> None:
    _, payout_id, account_id = paid_out(stage)
    failed = bank(stage, account_id)
    stage.stand.control(f"bank-payout/{failed}/fail", account=account_id)
    sync_bank_payout(stage.tools, account_id, failed)
    stage.later(timedelta(days=1))
    waiting = bank(stage, account_id, at_once=False)
    hear(stage, "payout.created")
    with stage.tools.reading() as db:
        last = bank_payout.last_bank_payout(db, stage.payout(payout_id).actor_id)
    assert last is not None
    assert (last.stripe_payout_id, last.state) == (waiting, "in_transit")
    stage.stand.control(f"bank-payout/{waiting}/canceled", account=account_id)
    hear(stage, "payout.canceled")
    assert [row.state for row in rows(stage)] == ["failed", "canceled"]


def test_payouts_whose_events_were_lost_are_found_by_asking_for_those_of_accounts_paid_lately(
    stage: MoneyStage,
) -> None:
    _, payout_id, account_id = paid_out(stage)
    sent = bank(stage, account_id)
    poll_bank_payouts(stage.tools)
    assert [row.state for row in rows(stage)] == ["paid"]
    stage.stand.control(f"bank-payout/{sent}/fail", account=account_id)
    poll_bank_payouts(stage.tools)
    assert [row.state for row in rows(stage)] == ["failed"]
    calls = len(stage.stand.calls("GET", "^/v1/payouts$"))
    stage.later(timedelta(days=11))
    poll_bank_payouts(stage.tools)
    assert len(stage.stand.calls("GET", "^/v1/payouts$")) == calls  # long ago
    assert stage.payout(payout_id).state == "transferred"


def test_a_payout_of_nobody_we_know_and_of_our_own_balance_are_left_alone(stage: MoneyStage) -> None:
    _, _, account_id = paid_out(stage)
    stranger = stage.stand.make_recipient("account:stranger")
    seen = stage.stand.gateway.get_bank_payout(account_id, bank(stage, account_id))
    with stage.tools.unit_of_work() as db:
        assert bank_payout.note_bank_payout(db, stranger, replace(seen, id="po_other"), now=stage.now) is None
    stage.later(timedelta(days=3))
    stage.stand.control("bank-payout", amount=1)
    with stage.tools.unit_of_work() as db:
        for body in stage.stand.events("payout.paid"):
            if "account" not in body:
                store_event(db, stage.stand.event(body), now=stage.now)
    stage.work()
    assert rows(stage) == []
    with stage.tools.reading() as db:
        waiting = select(func.count()).select_from(StripeEvent).where(StripeEvent.processed_at.is_(None))
        assert db.scalar(waiting) == 0


# case 28
@pytest.mark.parametrize("standing", ["restricted", "closed", "deauthorized"])
def test_no_transfer_goes_to_an_account_that_stripe_has_shut_and_what_is_due_stays_due(
    stage: MoneyStage, standing: str
) -> None:
    booking_id, payout_id = stage.earned()
    actor_id = stage.payout(payout_id).actor_id
    account_id = stage.account(actor_id).stripe_account_id or ""
    stage.approve(payout_id, stage.add_admin())
    stage.stand.control(f"account/{account_id}/{standing}")
    if standing == "deauthorized":
        hear(stage, "account.application.deauthorized")
    else:
        for body in stage.stand.server.sandbox.state.all("v2.core.event"):
            text_event(stage, body)
    assert stage.account(actor_id).state == ("restricted" if standing == "restricted" else "closed")
    stage.send()
    held = stage.payout(payout_id)
    assert (held.state, held.stripe_transfer_id) == ("held", None)
    assert "payout account at Stripe is not ready" in held.words
    assert stage.stand.server.sandbox.state.all("transfer") == []
    assert stage.balances()[f"booking_funds:{booking_id}"] == -stage.payment(booking_id).amount_minor
    with stage.tools.reading() as db:
        seen = connect.payout_account_of(db, actor_id)
    assert "What you earn stays safe" in seen.words
    assert told(stage, stage.owner(actor_id))[-1] == "Your payout account"
    stage.assert_sound()
    if standing != "restricted":
        open_again(stage, actor_id, account_id)
        stage.approve(payout_id, stage.add_admin("Omar"))
        stage.send()
        assert stage.payout(payout_id).state == "transferred"
        (made,) = stage.stand.server.sandbox.state.all("transfer")
        assert made["destination"] == stage.account(actor_id).stripe_account_id != account_id
        stage.assert_sound()


def text_event(stage: MoneyStage, body: dict[str, Any]) -> None:
    """A thin event arrives, and is worked on."""
    with stage.tools.unit_of_work() as db:
        row = StripeEvent(
            id=body["id"], type=body["type"], object_id=body["related_object"]["id"], payload=body,
            stripe_account_id=body["related_object"]["id"], created_at=stage.now, received_at=stage.now, attempts=0,
        )  # fmt: skip
        if db.get(StripeEvent, body["id"]) is None:
            db.add(row)
    with stage.tools.reading() as db:
        target = stripe_event.find_target(db, body["id"])
    sync_account(stage.tools, target.stripe_id)


def open_again(stage: MoneyStage, actor_id: int, before: str) -> None:
    stage.later(timedelta(hours=1))
    assert stage.onboard(actor_id) != before
    assert stage.account(actor_id).state == "active"


# case 28
def test_a_transfer_asked_for_before_the_account_was_shut_is_refused_by_stripe_and_held(stage: MoneyStage) -> None:
    _, payout_id = stage.earned()
    actor_id = stage.payout(payout_id).actor_id
    account_id = stage.account(actor_id).stripe_account_id
    stage.approve(payout_id, stage.add_admin())
    stage.stand.control(f"account/{account_id}/deauthorized")  # and nobody has told us yet
    stage.send()
    held = stage.payout(payout_id)
    assert held.state == "held"
    assert "No such destination" in held.words
    assert stage.stand.server.sandbox.state.all("transfer") == []
    assert stage.balances()[f"actor_payable:{actor_id}"] == -held.amount_minor
    stage.assert_sound()


def test_an_account_that_stripe_has_never_heard_of_is_closed_when_it_is_read(stage: MoneyStage) -> None:
    _, payout_id = stage.earned()
    actor_id = stage.payout(payout_id).actor_id
    with stage.tools.unit_of_work() as db:
        row = find_account(db, actor_id)
        assert row is not None
        row.stripe_account_id = "acct_gone"
    sync_account(stage.tools, "acct_gone")
    assert stage.account(actor_id).state == "closed"
    with pytest.raises(Refused):
        stage.approve(payout_id, stage.add_admin())


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        (["identity.individual.legal_name", "individual.first_name"], ("Your full legal name",)),
        (["external_account"], ("A bank account for your payouts",)),
        (["configuration.recipient.default_outbound_destination"], ("A bank account for your payouts",)),
        (["identity.attestations.terms_of_service", "tos_acceptance.ip"], ("Your agreement with Stripe's terms",)),
        (["individual.dob.day", "individual.dob.month"], ("Your date of birth",)),
        (["individual.verification.proof_of_address"], ("A document that shows your address",)),
        (["something.quite_new"], ("Quite new",)),
    ],
)
def test_what_stripe_asks_for_is_said_in_words_once(wanted: list[str], words: tuple[str, ...]) -> None:
    assert say_wanted(wanted) == words
