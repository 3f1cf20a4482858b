"""A call that moves money happens once: whoever dies, whatever answer is lost, whatever Stripe says first."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections import deque
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.domain.errors import Conflict, Refused
from marketplace.gateways.payment.stripe import StripeGateway
from marketplace.models import Notice, OutboxCommand, Payout
from marketplace.services import outbox, outbox_again, payout, payout_send
from marketplace.services.account import Decider
from marketplace.services.outbox_call import call_stripe
from marketplace.services.outbox_run import run_command
from marketplace.services.payout_step import Decision, approvers_of
from marketplace.services.payout_wait import FUNDS_AFTER, MOST_WAITS
from tests.services.money_stage import MoneyStage
from tests.statements import counted
from workers.tasks.outbox import send_due_payouts, sweep_outbox
from workers.tasks.payment import sync_account

BASE = "http://127.0.0.1:24999"
TRANSFERS = "^/v1/transfers$"


def approved(stage: MoneyStage) -> tuple[int, int]:
    """A payout whose transfer has been asked for and not carried out: (payout, command)."""
    admin = stage.add_admin()
    _, payout_id = stage.earned()
    stage.approve(payout_id, admin)
    stage.later(timedelta(minutes=11))
    with stage.tools.unit_of_work() as db:
        payout_send.send_payout(db, payout_id=payout_id, now=stage.now)
    ((_, (command_id,)),) = stage.queue
    stage.queue.clear()
    assert isinstance(command_id, int)
    return payout_id, command_id


def command(stage: MoneyStage, command_id: int) -> OutboxCommand:
    with stage.tools.reading() as db:
        return db.get_one(OutboxCommand, command_id)


def claim(stage: MoneyStage, command_id: int) -> outbox.Command | None:
    with stage.tools.unit_of_work() as db:
        return outbox.claim_command(db, command_id, base_url=BASE, now=stage.now)


def run(stage: MoneyStage, command_id: int, gateway: StripeGateway | None = None) -> str | None:
    return run_command(
        gateway or stage.stand.gateway, stage.tools.unit_of_work, command_id, base_url=BASE, clock=lambda: stage.now
    )


def impatient(stage: MoneyStage) -> StripeGateway:
    """A gateway that does not try again by itself."""
    return StripeGateway("sk_test_stand", api_base=stage.stand.url, retries=0, timeout_s=5)


def transfers(stage: MoneyStage) -> list[str]:
    return [each["id"] for each in stage.stand.server.sandbox.state.all("transfer")]


def test_only_one_worker_holds_a_command(stage: MoneyStage) -> None:
    _, command_id = approved(stage)
    assert claim(stage, command_id) is not None
    assert claim(stage, command_id) is None


# case 7
def test_a_worker_killed_after_stripe_made_the_transfer_makes_no_second_one(stage: MoneyStage) -> None:
    payout_id, command_id = approved(stage)
    leased = claim(stage, command_id)
    assert leased
    call_stripe(stage.stand.gateway, leased)  # and here the worker dies, before anything is written
    assert (stage.payout(payout_id).state, len(transfers(stage))) == ("sending", 1)
    sweep_outbox(stage.tools)
    assert stage.payout(payout_id).state == "sending"  # its lease still stands
    stage.later(outbox.LEASE)
    sweep_outbox(stage.tools)
    assert stage.payout(payout_id).state == "transferred"
    assert stage.payout(payout_id).stripe_transfer_id == transfers(stage)[0]
    assert len(transfers(stage)) == 1
    stage.assert_sound()


DYING_WORKER = """
import os, signal, sys
from datetime import UTC, datetime, timedelta
from marketplace.db import Database
from marketplace.gateways.payment.stripe import StripeGateway
from marketplace.services.outbox_run import run_command

database_url, stripe_url, command_id, base_url, when, offset = sys.argv[1:]

class DyingGateway(StripeGateway):
    def create_transfer(self, order, *, idempotency_key):
        if when == "after":
            super().create_transfer(order, idempotency_key=idempotency_key)
        os.kill(os.getpid(), signal.SIGKILL)

database = Database(database_url)
run_command(
    DyingGateway("sk_test_stand", api_base=stripe_url),
    lambda: database.unit_of_work(lambda job, ids: None),
    int(command_id),
    base_url=base_url,
    clock=lambda: datetime.now(UTC) + timedelta(seconds=float(offset)),
)
"""


# case 7
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_process_killed_around_the_call_leaves_one_transfer_in_the_end(
    stage: MoneyStage, database_url: str, when: str
) -> None:
    payout_id, command_id = approved(stage)
    given = (database_url, stage.stand.url, str(command_id), BASE, when, str(stage.offset.total_seconds()))
    died = subprocess.run([sys.executable, "-c", DYING_WORKER, *given], timeout=60, check=False)
    assert died.returncode == -signal.SIGKILL
    assert len(transfers(stage)) == (1 if when == "after" else 0)
    assert command(stage, command_id).state == "leased"
    stage.later(outbox.LEASE)
    sweep_outbox(stage.tools)
    assert stage.payout(payout_id).state == "transferred"
    assert len(transfers(stage)) == 1
    stage.assert_sound()


def test_a_worker_killed_before_the_call_leaves_it_to_the_next(stage: MoneyStage) -> None:
    payout_id, command_id = approved(stage)
    assert claim(stage, command_id)
    stage.later(outbox.LEASE)
    sweep_outbox(stage.tools)
    assert stage.payout(payout_id).state == "transferred"
    stage.assert_sound()


# case 8
def test_a_recovery_a_day_later_looks_up_and_does_not_send(stage: MoneyStage) -> None:
    payout_id, command_id = approved(stage)
    leased = claim(stage, command_id)
    assert leased
    call_stripe(stage.stand.gateway, leased)
    stage.later(timedelta(hours=25))
    sweep_outbox(stage.tools)
    stage.later(timedelta(minutes=11))
    sweep_outbox(stage.tools)
    assert command(stage, command_id).state == "done"
    assert stage.payout(payout_id).state == "transferred"
    assert len(stage.stand.calls("POST", TRANSFERS)) == 1
    stage.assert_sound()


def test_a_day_later_a_call_that_never_arrived_is_held_for_a_person(stage: MoneyStage) -> None:
    payout_id, command_id = approved(stage)
    assert claim(stage, command_id)
    stage.later(timedelta(hours=25))
    sweep_outbox(stage.tools)
    stage.later(timedelta(minutes=11))
    sweep_outbox(stage.tools)
    assert command(stage, command_id).state == "refused"
    assert stage.payout(payout_id).state == "held"
    assert "Stripe knows nothing of it" in stage.payout(payout_id).words
    stage.approve(payout_id, stage.add_admin("Omar"))
    stage.send()
    assert stage.payout(payout_id).state == "transferred"
    assert len(transfers(stage)) == 1
    stage.assert_sound()


def test_a_lost_answer_is_tried_again_with_the_same_key_and_parameters(stage: MoneyStage) -> None:
    payout_id, command_id = approved(stage)
    stage.stand.fault("drop_after", TRANSFERS)
    assert run(stage, command_id, impatient(stage)) == "later"
    assert (command(stage, command_id).state, stage.payout(payout_id).state) == ("pending", "sending")
    assert run(stage, command_id) is None  # not before its time
    stage.later(timedelta(minutes=1))
    assert run(stage, command_id) == "done"
    keys = {call["key"] for call in stage.stand.calls("POST", TRANSFERS)}
    assert keys == {command(stage, command_id).idempotency_key}
    assert len(transfers(stage)) == 1
    stage.assert_sound()


def test_a_refused_transfer_is_held_with_stripes_words_and_goes_with_a_new_key(stage: MoneyStage) -> None:
    payout_id, command_id = approved(stage)
    account = stage.payout(payout_id).actor_id
    at_stripe = stage.account(account).stripe_account_id
    stage.stand.control(f"account/{at_stripe}/restricted")
    assert run(stage, command_id) == "refused"
    held = stage.payout(payout_id)
    assert held.state == "held"
    assert "capabilities" in held.words
    stage.stand.control(f"account/{at_stripe}/active")
    stage.approve(payout_id, stage.add_admin("Omar"))
    stage.send()
    with stage.tools.reading() as db:
        keys = db.scalars(
            select(OutboxCommand.idempotency_key)
            .where(OutboxCommand.kind == "transfer.create")
            .order_by(OutboxCommand.id)
        ).all()
    assert [key.rpartition(":")[2] for key in keys] == ["v1", "v2"]
    assert stage.payout(payout_id).state == "transferred"
    assert len(transfers(stage)) == 1
    stage.assert_sound()


# case 10
def test_a_500_that_stripe_keeps_for_the_key_ends_in_a_look_up_and_never_in_another_key(stage: MoneyStage) -> None:
    payout_id, command_id = approved(stage)
    stage.stand.fault("status", TRANSFERS, status=500)
    gateway = impatient(stage)
    for _ in range(outbox.MOST_ATTEMPTS):
        assert run(stage, command_id, gateway) == "later"
        stage.later(timedelta(minutes=25))
    assert command(stage, command_id).state == "unknown"
    assert stage.payout(payout_id).state == "unknown"
    sweep_outbox(stage.tools)
    assert command(stage, command_id).state == "refused"
    assert (stage.payout(payout_id).state, transfers(stage)) == ("held", [])


# case 11
def test_too_many_calls_are_waited_for(stage: MoneyStage) -> None:
    payout_id, command_id = approved(stage)
    stage.stand.fault("status", TRANSFERS, status=429, code="lock_timeout", times=3)
    gateway = impatient(stage)
    for _ in range(3):
        assert run(stage, command_id, gateway) == "later"
        stage.later(timedelta(minutes=2))
    assert run(stage, command_id, gateway) == "done"
    assert stage.payout(payout_id).state == "transferred"


def short_of_funds(stage: MoneyStage, times: int = 1) -> None:
    """Our balance does not suffice, and Stripe keeps that answer for the key."""
    stage.stand.fault("status", TRANSFERS, status=400, code="balance_insufficient", times=times)


def keys_sent(stage: MoneyStage) -> list[str]:
    return [call["key"] for call in stage.stand.calls("POST", TRANSFERS)]


# case 9
def test_a_transfer_without_funds_goes_hours_later_with_a_new_key_and_only_once(stage: MoneyStage) -> None:
    payout_id, command_id = approved(stage)
    short_of_funds(stage)
    assert run(stage, command_id) == "refused"
    waiting = stage.payout(payout_id)
    assert (waiting.state, waiting.approvals, waiting.undo_until) == ("approved", 1, waiting.updated_at + FUNDS_AFTER)
    assert run(stage, command_id) is None  # the old key would only give the old answer
    send_due_payouts(stage.tools)
    assert stage.queue == deque()
    stage.later(FUNDS_AFTER)
    for _ in range(3):
        send_due_payouts(stage.tools)
        stage.work()
    assert stage.payout(payout_id).state == "transferred"
    assert [key.rpartition(":")[2] for key in keys_sent(stage)] == ["v1", "v2"]
    assert len(transfers(stage)) == 1
    stage.assert_sound()


# case 9
def test_what_comes_up_while_a_transfer_waits_for_funds_stops_it(stage: MoneyStage) -> None:
    payout_id, command_id = approved(stage)
    short_of_funds(stage)
    run(stage, command_id)
    account_id = stage.account(stage.payout(payout_id).actor_id).stripe_account_id or ""
    stage.stand.control(f"account/{account_id}/restricted")
    sync_account(stage.tools, account_id)
    stage.later(FUNDS_AFTER)
    send_due_payouts(stage.tools)
    stage.work()
    assert stage.payout(payout_id).state == "held"
    assert (len(keys_sent(stage)), transfers(stage)) == (1, [])
    stage.assert_sound()


# case 9
def test_an_admin_need_not_wait_for_funds(stage: MoneyStage) -> None:
    payout_id, command_id = approved(stage)
    omar = stage.add_admin("Omar")
    short_of_funds(stage)
    run(stage, command_id)
    with stage.tools.unit_of_work() as db:
        payout.undo_approval(db, payout_id=payout_id, by=Decision(omar), now=stage.now)
    stage.approve(payout_id, omar)
    stage.send()
    assert stage.payout(payout_id).state == "transferred"
    assert len(transfers(stage)) == 1
    stage.assert_sound()


# case 9
def test_funds_that_never_come_are_a_persons_business_in_the_end(stage: MoneyStage) -> None:
    payout_id, _ = approved(stage)
    short_of_funds(stage, times=MOST_WAITS + 1)
    sweep_outbox(stage.tools)
    for _ in range(MOST_WAITS):
        assert stage.payout(payout_id).state == "approved"
        stage.later(FUNDS_AFTER)
        send_due_payouts(stage.tools)
        stage.work()
    assert stage.payout(payout_id).state == "held"
    assert len(keys_sent(stage)) == len(set(keys_sent(stage))) == MOST_WAITS + 1
    assert transfers(stage) == []
    stage.assert_sound()


def use_key(stage: MoneyStage, command_id: int, **other: object) -> None:
    """The key of a command has been used before, with other parameters."""
    row = command(stage, command_id)
    params = {**row.params, **other}
    earlier = outbox.Command(0, row.kind, row.about, row.about_id, row.idempotency_key, params, 1, stage.now)
    assert call_stripe(stage.stand.gateway, earlier).outcome == "done"


def titles(stage: MoneyStage) -> list[str]:
    with stage.tools.reading() as db:
        return list(db.scalars(select(Notice.title).where(Notice.kind == "outbox")))


def test_a_key_that_was_used_before_is_looked_up_and_what_it_made_is_taken(stage: MoneyStage) -> None:
    payout_id, command_id = approved(stage)
    use_key(stage, command_id, description="In other words")
    assert run(stage, command_id) == "lost"
    assert (command(stage, command_id).state, stage.payout(payout_id).state) == ("unknown", "unknown")
    assert titles(stage) == ["A call to Stripe needs a person"]
    stage.later(timedelta(minutes=11))
    sweep_outbox(stage.tools)
    assert stage.payout(payout_id).state == "transferred"
    assert len(transfers(stage)) == 1
    stage.assert_sound()


def test_what_a_key_made_with_another_amount_is_left_to_people_and_never_made_again(stage: MoneyStage) -> None:
    payout_id, command_id = approved(stage)
    use_key(stage, command_id, amount_minor=command(stage, command_id).params["amount_minor"] - 1)
    assert run(stage, command_id) == "lost"
    for _ in range(outbox.MOST_LOOK_UPS + 2):
        stage.later(timedelta(minutes=11))
        sweep_outbox(stage.tools)
    row = command(stage, command_id)
    assert (row.state, stage.payout(payout_id).state) == ("unknown", "unknown")
    assert "another amount" in (row.error or "")
    assert titles(stage) == ["A call to Stripe needs a person"]
    assert len(transfers(stage)) == 1
    with pytest.raises(Refused):
        stage.approve(payout_id, stage.add_admin("Omar"))


def test_what_is_settled_stays_settled(stage: MoneyStage) -> None:
    _, command_id = approved(stage)
    leased = claim(stage, command_id)
    assert leased
    answer = call_stripe(stage.stand.gateway, leased)
    with stage.tools.unit_of_work() as db:
        assert outbox.settle_done(db, leased, stripe_id=answer.stripe_id, answer={}, now=stage.now)
        assert not outbox.settle_refused(db, leased, error="late", code="", now=stage.now)
        assert not outbox.settle_done(db, leased, stripe_id=answer.stripe_id, answer={}, now=stage.now)


def test_our_address_is_frozen_when_a_command_is_first_sent(stage: MoneyStage) -> None:
    _, command_id = approved(stage)
    assert claim(stage, command_id)
    stage.later(outbox.LEASE)
    with stage.tools.unit_of_work() as db:
        again = outbox.claim_command(db, command_id, base_url="http://moved.example", now=stage.now)
    assert again
    assert again.params["base_url"] == BASE


@pytest.mark.parametrize("used", [0, 1, 2, outbox.VERSIONS_AT_ONCE, 2 * outbox.VERSIONS_AT_ONCE + 1])
def test_versions_of_a_key_count_up(stage: MoneyStage, used: int) -> None:
    with stage.tools.unit_of_work() as db:
        for number in range(1, used + 1):
            outbox.add_command(db, kind="x", about="x", about_id=1, key=f"stem:v{number}", params={}, now=stage.now)
        assert outbox.next_version(db, "stem") == f"stem:v{used + 1}"


def test_the_next_version_of_a_key_is_found_without_reading_every_command(stage: MoneyStage) -> None:
    if not stage.database.is_sqlite:
        return  # a small table is read whole there in any case
    with stage.tools.unit_of_work() as db:
        with counted(db) as asked:
            outbox.next_version(db, "stem")
        plans = [
            row.detail
            for statement in asked
            for row in db.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", ("",) * statement.count("?"))
        ]
    assert plans
    assert [plan for plan in plans if "SCAN" in plan] == []


def test_a_call_made_a_moment_ago_may_still_arrive_and_is_not_looked_up_yet(stage: MoneyStage) -> None:
    payout_id, command_id = approved(stage)
    by = Decider(stage.add_admin("Omar"), ip=None)
    stage.stand.fault("status", TRANSFERS, status=500)
    for _ in range(outbox.MOST_ATTEMPTS):
        run(stage, command_id, impatient(stage))
        stage.offset = max(stage.offset, command(stage, command_id).next_at - datetime.now(UTC))
        if command(stage, command_id).state == "unknown":
            break
    stage.offset -= outbox.LOOK_UP_AFTER / 2
    with pytest.raises(Conflict, match="may still arrive"), stage.tools.unit_of_work() as db:
        outbox_again.begin_look_up(db, command_id, by=by, now=stage.now)
    assert (command(stage, command_id).state, stage.payout(payout_id).state) == ("unknown", "unknown")
    stage.offset += outbox.LOOK_UP_AFTER
    with stage.tools.unit_of_work() as db:
        assert outbox_again.begin_look_up(db, command_id, by=by, now=stage.now).id == command_id


# case 34
@pytest.mark.parametrize(("has_paid", "state"), [(True, "transferred"), (False, "held")])
def test_a_command_that_kills_every_worker_is_looked_up_and_people_are_told(
    stage: MoneyStage, has_paid: bool, state: str
) -> None:
    payout_id, command_id = approved(stage)
    leased = claim(stage, command_id)
    assert leased
    for _ in range(outbox.MOST_LEASES - 1):
        stage.later(outbox.LEASE)
        assert claim(stage, command_id)
    stage.later(outbox.LEASE)
    if has_paid:
        call_stripe(stage.stand.gateway, leased)
    assert claim(stage, command_id) is None
    assert command(stage, command_id).state == "unknown"
    assert titles(stage) == ["A call to Stripe needs a person"]
    stage.later(timedelta(minutes=11))
    sweep_outbox(stage.tools)
    assert stage.payout(payout_id).state == state
    stage.assert_sound()


def test_a_look_up_that_breaks_is_put_behind_the_others_and_told_of_in_the_end(stage: MoneyStage) -> None:
    payout_id, command_id = approved(stage)
    lost(stage, command_id)
    with stage.tools.unit_of_work() as db:
        broken = outbox.add_command(
            db, kind="refund.create", about="x", about_id=1, key="broken:v1", params={}, now=stage.now
        )
        assert broken
    stage.queue.clear()
    lost(stage, broken)
    for number in range(outbox.MOST_LOOK_UPS + 1):
        sweep_outbox(stage.tools)
        assert stage.payout(payout_id).state == "held"
        assert command(stage, broken).attempts == outbox.MOST_LEASES + number
        stage.later(timedelta(minutes=11))
    assert (command(stage, broken).state, command(stage, broken).error) == ("unknown", "KeyError: 'charge_id'")
    assert titles(stage) == ["A call to Stripe needs a person"]


def lost(stage: MoneyStage, command_id: int) -> None:
    """Nobody knows what became of a command."""
    with stage.tools.unit_of_work() as db:
        row = db.get_one(OutboxCommand, command_id)
        row.state, row.next_at = "unknown", stage.now - timedelta(hours=1)


def test_a_look_up_that_stripe_refuses_is_tried_again(stage: MoneyStage) -> None:
    payout_id, command_id = approved(stage)
    lost(stage, command_id)
    stage.stand.fault("status", TRANSFERS, status=404, code="resource_missing", verb="GET")
    sweep_outbox(stage.tools)
    assert command(stage, command_id).state == "unknown"
    stage.later(timedelta(minutes=11))
    sweep_outbox(stage.tools)
    assert stage.payout(payout_id).state == "held"


def test_a_payout_whose_sending_breaks_stops_no_other_and_is_held_in_the_end(
    stage: MoneyStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    nora = stage.add_admin()
    (_, broken), (_, fine) = stage.earned(), stage.earned()
    stage.approve(broken, nora)
    stage.approve(fine, nora)
    send = payout_send.send_payout

    def break_on_one(db: Session, *, payout_id: int, now: datetime) -> object:
        if payout_id == broken:
            raise RuntimeError("this row is damaged")
        return send(db, payout_id=payout_id, now=now)

    monkeypatch.setattr(payout_send, "send_payout", break_on_one)
    stage.send()
    assert (stage.payout(fine).state, stage.payout(broken).state) == ("transferred", "approved")
    for _ in range(payout_send.MOST_SENDS):
        assert len(approvers(stage, broken)) == (1 if stage.payout(broken).state == "approved" else 0)
        send_due_payouts(stage.tools)
    assert stage.payout(broken).state == "held"
    with stage.tools.reading() as db:
        assert db.scalars(select(Notice.title).where(Notice.kind == "outbox")).all() == [
            f"Payout po_{broken} cannot be sent"
        ]


def approvers(stage: MoneyStage, payout_id: int) -> frozenset[int]:
    with stage.tools.reading() as db:
        return approvers_of(db, db.get_one(Payout, payout_id))


def test_a_command_that_breaks_does_not_keep_the_others_waiting(stage: MoneyStage) -> None:
    payout_id, command_id = approved(stage)
    with stage.tools.unit_of_work() as db:
        outbox.add_command(
            db,
            kind="refund.create",
            about="x",
            about_id=1,
            key="broken:v1",
            params={"nonsense": 1},
            now=stage.now - timedelta(hours=1),
        )
    stage.queue.clear()
    sweep_outbox(stage.tools)
    assert command(stage, command_id).state == "done"
    assert stage.payout(payout_id).state == "transferred"
