"""Payouts that are just leaving, and what comes up in that moment: refunds, banks, other payouts of the same actor."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from marketplace.domain.errors import Conflict
from marketplace.domain.payout import State
from marketplace.domain.write_off import State as Decided
from marketplace.gateways.payment.base import ReversalOrder
from marketplace.jobs import Job
from marketplace.services.payout_send import send_payout
from marketplace.services.refund_by_hand import refund_by_hand
from marketplace.services.transfer_sync import sync_reversals
from marketplace.services.write_off import decide_write_off, propose_write_off
from tests.services.money_stage import MoneyStage
from tests.services.test_undo import NET, WHY, admin, decide, dispute, earned_again, look, much_later, sent, usd
from workers.task import TASKS
from workers.tasks.outbox import send_due_payouts

UNDO_OVER = timedelta(minutes=11)
SHARE = 9_259
"""The actor's part of 100.00."""


def leaving(stage: MoneyStage) -> tuple[int, int]:
    """A payout whose transfer Stripe has made without our knowing: (booking, payout)."""
    booking_id, payout_id = stage.earned()
    stage.approve(payout_id, stage.add_admin())
    stage.stand.fault("drop_after", "^/v1/transfers$", times=9)
    stage.send()
    assert stage.payout(payout_id).state == State.SENDING
    stage.stand.http.delete(f"{stage.stand.url}/_sandbox/fault", timeout=10)
    return booking_id, payout_id


def test_a_refund_made_in_stripes_own_pages_while_the_payout_leaves_is_a_debt_of_the_actor(stage: MoneyStage) -> None:
    booking_id, payout_id = leaving(stage)
    refunded_outside(stage, booking_id)
    arrive(stage, payout_id)
    assert stage.balances()[f"actor_receivable:{stage.payout(payout_id).actor_id}"] == SHARE
    stage.assert_sound()


def refunded_outside(stage: MoneyStage, booking_id: int) -> None:
    stage.stand.refund_by_hand(stage.payment(booking_id).charge_id or "", 10_000)
    stage.take(Job.SYNC_CHECKOUT, (stage.payment(booking_id).checkout_session_id or "",))
    job, ids = stage.queue.pop()
    TASKS[job.value].function(stage.tools, *ids)


def arrive(stage: MoneyStage, payout_id: int) -> None:
    """The transfer is asked for again with its own key, and found to be there."""
    assert stage.payout(payout_id).state == State.SENDING
    stage.later(timedelta(minutes=30))
    stage.sweep()
    assert stage.payout(payout_id).state == State.TRANSFERRED


def test_a_dispute_that_is_lost_while_the_payout_leaves_is_a_debt_of_the_actor(stage: MoneyStage) -> None:
    booking_id, payout_id = leaving(stage)
    decide(stage, booking_id, dispute(stage, booking_id), "lost")
    arrive(stage, payout_id)
    assert stage.balances()[f"actor_receivable:{stage.payout(payout_id).actor_id}"] == NET
    stage.assert_sound()


def test_a_debt_that_came_about_while_a_transfer_failed_is_taken_off_the_next_try(stage: MoneyStage) -> None:
    booking_id, payout_id = stage.earned()
    nora = stage.add_admin()
    stage.approve(payout_id, nora)
    stage.later(UNDO_OVER)
    send_due_payouts(stage.tools)
    refunded_outside(stage, booking_id)
    stage.stand.fault("status", "^/v1/transfers$", status=400, code="account_invalid", times=1)
    stage.sweep()
    assert stage.payout(payout_id).state == State.HELD
    stage.approve(payout_id, nora)
    stage.send()
    assert stage.payout(payout_id).netted_minor == SHARE
    assert f"actor_receivable:{stage.payout(payout_id).actor_id}" not in stage.balances()
    stage.assert_sound()


def test_of_two_payouts_sent_in_the_same_instant_one_waits_for_what_is_at_stake(stage: MoneyStage) -> None:
    booking_id, payout_id = sent(stage)
    nora = stage.add_admin("Omar")
    much_later(stage, timedelta(days=8))
    both = [earned_again(stage, stage.payout(payout_id).actor_id)[1]]
    much_later(stage, timedelta(days=1))
    both.append(earned_again(stage, stage.payout(payout_id).actor_id)[1])
    dispute(stage, booking_id)
    for each in both:
        stage.approve(each, nora)
    stage.later(UNDO_OVER)
    at_once(
        lambda db: send_payout(db, payout_id=both[0], now=stage.now),
        lambda db: send_payout(db, payout_id=both[1], now=stage.now),
        stage,
    )
    assert [stage.payout(each).state for each in both] == [State.SENDING, State.HELD]
    stage.work()
    stage.assert_sound()


def test_a_refund_by_hand_while_the_payout_is_being_let_go_is_refused(stage: MoneyStage) -> None:
    booking_id, payout_id = stage.earned()
    nora = stage.add_admin()
    stage.approve(payout_id, nora)
    stage.stand.fault("status", "^/v1/transfers$", status=400, code="account_invalid", times=1)
    stage.send()
    stage.approve(payout_id, nora)  # it is earned already: sending it again books nothing
    stage.later(UNDO_OVER)
    shown, by = look(stage, booking_id, 10_000), admin(stage)

    def give_back(db: Session) -> None:
        with pytest.raises(Conflict, match="just being sent"):
            refund_by_hand(db, booking_id=booking_id, amount=usd(10_000), shown=shown, by=by, words=WHY, now=stage.now)

    at_once(lambda db: send_payout(db, payout_id=payout_id, now=stage.now), give_back, stage)
    assert (stage.payout(payout_id).state, stage.payout(payout_id).amount_minor) == (State.SENDING, NET)
    stage.work()
    stage.assert_sound()


def test_a_debt_given_up_while_the_money_comes_back_leaves_that_to_the_actor(stage: MoneyStage) -> None:
    booking_id, payout_id = sent(stage)
    refunded_outside(stage, booking_id)
    row, omar = stage.payout(payout_id), admin(stage, "Omar")
    debt, transfer = f"actor_receivable:{row.actor_id}", row.stripe_transfer_id or ""
    assert stage.balances()[debt] == SHARE
    with stage.tools.unit_of_work() as db:
        proposed = propose_write_off(db, actor_id=row.actor_id, amount=usd(SHARE), by=omar, words=WHY, now=stage.now)
    made = stage.stand.gateway.reverse_transfer(ReversalOrder(transfer, SHARE, {"command": "x"}), idempotency_key="x")

    def give_up(db: Session) -> None:
        decide_write_off(db, write_off_id=proposed, after=Decided.MADE, by=nora, words=WHY, now=stage.now)

    nora = admin(stage, "Nora")
    at_once(give_up, lambda db: sync_reversals(db, transfer, [made], now=stage.now), stage)
    assert debt not in stage.balances()
    assert stage.balances()[f"actor_payable:{row.actor_id}"] == -SHARE


def at_once(first: Callable[[Session], object], second: Callable[[Session], object], stage: MoneyStage) -> None:
    """Two steps in the same instant: the second begins when the first has done its work and not committed it."""
    begun = threading.Event()

    def follow() -> None:
        begun.set()
        with stage.tools.unit_of_work() as db:
            second(db)

    with ThreadPoolExecutor(1) as pool:
        with stage.tools.unit_of_work() as db:
            first(db)
            db.flush()
            done = pool.submit(follow)
            begun.wait(5)
            wait([done], timeout=0.5)
        done.result(10)
