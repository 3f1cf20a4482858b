"""Bad days of our own machines: messages that come twice, clocks that stop, databases that refuse what has happened."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError

from marketplace.domain.payout import State
from marketplace.jobs import Job
from marketplace.services.outbox import LEASE
from marketplace.services.payout_send import send_payout
from tests.services.money_stage import MoneyStage
from workers.schedule import TIMETABLE, run_periodic
from workers.task import TASKS
from workers.tasks.outbox import run_outbox, send_due_payouts, sweep_outbox

UNDO_OVER = timedelta(minutes=11)
ROWS = {row.name: row for row in TIMETABLE}


def approved(stage: MoneyStage) -> int:
    """A payout that an admin has let go; its id."""
    _, payout_id = stage.earned()
    stage.approve(payout_id, stage.add_admin())
    return payout_id


def asked(stage: MoneyStage) -> tuple[int, int]:
    """The same, with its transfer asked for and no message sent: (payout, command)."""
    payout_id = approved(stage)
    stage.later(UNDO_OVER)
    with stage.tools.unit_of_work() as db:
        send_payout(db, payout_id=payout_id, now=stage.now)
    ((_, (command_id,)),) = stage.queue
    stage.queue.clear()
    return payout_id, int(command_id)


def transfers(stage: MoneyStage) -> int:
    return len(stage.stand.server.sandbox.state.all("transfer"))


def together(*calls: Any) -> None:
    """All of them at the same moment."""
    gate = threading.Barrier(len(calls))

    def run(call: Any) -> None:
        gate.wait()
        call()

    threads = [threading.Thread(target=run, args=(call,)) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


# messages and clocks -----------------------------------------------------------------------------


# case 33
def test_a_message_that_the_broker_delivers_again_while_its_worker_is_still_at_it_moves_nothing_twice(
    stage: MoneyStage,
) -> None:
    payout_id, command_id = asked(stage)
    stage.stand.fault("delay", "^/v1/transfers$", seconds=0.3)
    together(*[lambda: run_outbox(stage.tools, command_id)] * 4)
    run_outbox(stage.tools, command_id)  # and once more when it is done
    assert (stage.payout(payout_id).state, transfers(stage)) == (State.TRANSFERRED, 1)
    assert len(stage.stand.calls("POST", "^/v1/transfers$")) == 1
    stage.assert_sound()


# case 33
def test_two_clocks_that_strike_at_once_send_each_payout_once(stage: MoneyStage) -> None:
    payout_ids = [approved(stage) for _ in range(3)]
    stage.later(UNDO_OVER)
    for name in ("payout.send_due", "outbox.sweep"):
        row = ROWS[name]
        together(*[lambda row=row: run_periodic(stage.tools, row)] * 2, lambda row=row: row.function(stage.tools))
    stage.work()
    assert [stage.payout(each).state for each in payout_ids] == [State.TRANSFERRED] * 3
    assert transfers(stage) == 3
    stage.assert_sound()


# case 33
def test_after_two_days_without_a_clock_everything_is_done_once(stage: MoneyStage) -> None:
    payout_id, late = approved(stage), stage.accepted()
    paid = stage.accepted()
    stage.pay(paid)
    stage.queue.clear()
    stage.later(timedelta(days=2))
    for row in (ROWS[name] for name in ("payment.poll_open", "payout.send_due", "outbox.sweep", "booking.sweep")):
        assert run_periodic(stage.tools, row)
    stage.work()
    assert stage.payout(payout_id).state == State.TRANSFERRED
    assert (stage.booking(paid).state, stage.booking(late).state) == ("confirmed", "lapsed")
    assert transfers(stage) == 1
    stage.assert_sound()


# databases ---------------------------------------------------------------------------------------


@contextmanager
def failing_commit(engine: Engine, number: int, words: str) -> Iterator[None]:
    """The commit of this number is refused by the database, and what it would have kept is gone."""
    commit, seen = engine.dialect.do_commit, 0

    def do_commit(connection: Any) -> None:
        nonlocal seen
        seen += 1
        if seen == number:
            raise OperationalError("COMMIT", {}, Exception(words))
        commit(connection)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engine.dialect, "do_commit", do_commit)
        yield


DATABASE_SAYS = [
    "database is locked", "database or disk is full", "could not serialize access", "deadlock detected",
]  # fmt: skip


# case 35
@pytest.mark.parametrize("words", DATABASE_SAYS)
@pytest.mark.parametrize("number", [1, 2], ids=["before the call", "after the call"])
def test_a_commit_that_fails_around_a_transfer_is_made_good_with_the_same_key(
    stage: MoneyStage, words: str, number: int
) -> None:
    payout_id, command_id = asked(stage)
    with failing_commit(stage.database.engine, number, words), pytest.raises(OperationalError):
        run_outbox(stage.tools, command_id)
    assert transfers(stage) == number - 1
    assert stage.payout(payout_id).state == State.SENDING
    stage.later(LEASE)
    sweep_outbox(stage.tools)
    assert (stage.payout(payout_id).state, transfers(stage)) == (State.TRANSFERRED, 1)
    assert len({call["key"] for call in stage.stand.calls("POST", "^/v1/transfers$")}) == 1
    stage.assert_sound()


# case 35
@pytest.mark.parametrize("words", DATABASE_SAYS)
def test_a_commit_that_fails_while_a_payment_is_read_leaves_it_to_the_next_reading(
    stage: MoneyStage, words: str
) -> None:
    booking_id = stage.accepted()
    checkout_id = stage.pay(booking_id)
    with failing_commit(stage.database.engine, 1, words), pytest.raises(OperationalError):
        TASKS[Job.SYNC_CHECKOUT.value].function(stage.tools, checkout_id)
    assert stage.entries() == 0
    assert stage.booking(booking_id).state == "accepted"
    stage.sync(checkout_id)
    assert stage.booking(booking_id).state == "confirmed"
    stage.assert_sound()


# case 35
def test_a_payout_whose_sending_the_database_refuses_is_sent_by_the_next_round(stage: MoneyStage) -> None:
    payout_id = approved(stage)
    stage.later(UNDO_OVER)
    with failing_commit(stage.database.engine, 1, "database is locked"):
        send_due_payouts(stage.tools)
    assert (stage.payout(payout_id).state, stage.queue) == (State.APPROVED, type(stage.queue)())
    send_due_payouts(stage.tools)
    stage.work()
    assert (stage.payout(payout_id).state, transfers(stage)) == (State.TRANSFERRED, 1)
    stage.assert_sound()


# clocks that differ ------------------------------------------------------------------------------


# case 32
def test_a_worker_whose_clock_runs_ahead_moves_nothing_twice_and_nothing_that_was_not_approved(
    stage: MoneyStage,
) -> None:
    """It may come a few minutes early, never often or uninvited: leases and keys do not go by its clock alone."""
    payout_id, command_id = asked(stage)
    _, unapproved = stage.earned()
    ahead = replace(stage.tools, now=lambda: stage.now + timedelta(minutes=10))
    stage.stand.fault("delay", "^/v1/transfers$", seconds=0.5)
    # ten minutes ahead a lease of three looks over although its worker is still at it: the key makes it one transfer
    together(lambda: run_outbox(stage.tools, command_id), lambda: later(lambda: run_outbox(ahead, command_id)))
    send_due_payouts(ahead)
    stage.later(LEASE)
    sweep_outbox(stage.tools)
    assert (stage.payout(payout_id).state, stage.payout(unapproved).state) == (State.TRANSFERRED, State.REVIEW)
    assert transfers(stage) == 1
    stage.assert_sound()


def later(call: Any) -> None:
    """While the other is under way."""
    time.sleep(0.2)
    call()
