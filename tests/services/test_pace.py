"""The pace of calls to Stripe: one for all processes together, whatever they call and however often they repeat it."""

from __future__ import annotations

import multiprocessing
import threading
import time
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import func, insert, select

from marketplace.config import Settings
from marketplace.db import Database
from marketplace.gateways.payment.base import PaymentBusy
from marketplace.gateways.payment.stripe import StripeGateway
from marketplace.models import Base, Booking, OutboxCommand, Pace, Payment, Payout
from marketplace.services import outbox
from marketplace.services.pace import ABSURD_US, STRIPE, Turns, step_of
from marketplace.wiring import make_tools
from tests.services.money_stage import MoneyStage
from tests.stripe_stand import Stand
from workers.tasks.outbox import sweep_outbox

PATIENT_S = 60
PAYOUTS = 200


def most_in_a_second(instants: list[float]) -> int:
    """The most that lie within any one second."""
    ordered = sorted(instants)
    return max(sum(1 for other in ordered[i:] if other < at + 1) for i, at in enumerate(ordered))


def leave(url: str, per_second: float, turns: int) -> list[float]:
    """One process of several: the instants at which its calls leave."""
    with Database(url) as database:
        pace = Turns(database, per_second, PATIENT_S)
        left = []
        for _ in range(turns):
            pace()
            left.append(time.time())
    return left


def test_processes_together_keep_one_pace(database_url: str) -> None:
    with multiprocessing.get_context("forkserver").Pool(3) as pool:
        left = pool.starmap(leave, [(database_url, 50, 40)] * 3)
    instants = [at for each in left for at in each]
    assert len(instants) == 120
    assert most_in_a_second(instants) <= 50


def test_nobody_waits_longer_than_they_may_and_giving_up_uses_no_turn(database: Database) -> None:
    later = time.time_ns() // 1000 + 20_000_000
    with database.unit_of_work(lambda job, ids: None) as db:
        db.add(Pace(name=STRIPE, next_us=later))
    began = time.monotonic()
    with pytest.raises(PaymentBusy) as refused:
        Turns(database, 20, longest_s=3)()
    assert refused.value.code == "pace"
    assert time.monotonic() - began < 3
    with database.reading() as db:
        assert db.get_one(Pace, STRIPE).next_us == later


def test_a_row_written_by_a_clock_that_was_wrong_stops_nobody(database: Database) -> None:
    pace = Turns(database, 100, longest_s=1)
    with database.unit_of_work(lambda job, ids: None) as db:
        db.add(Pace(name=STRIPE, next_us=time.time_ns() // 1000 + 30 * ABSURD_US))
    pace()
    pace()


def test_each_try_of_the_sdk_takes_a_turn(stand: Stand, database: Database) -> None:
    taken = []
    gateway = StripeGateway("sk_test_stand", api_base=stand.url, retries=2, pace=lambda: taken.append(time.time()))
    stand.fault("status", "^/v1/balance$", verb="GET", status=500, times=2)
    gateway.get_balance("USD")
    assert len(taken) == len(stand.calls("GET", "^/v1/balance$")) == 3


def test_a_refused_turn_is_said_as_a_busy_stripe_and_nothing_leaves(stand: Stand, database: Database) -> None:
    def refuse() -> None:
        raise PaymentBusy("Too many calls.", code="pace")

    gateway = StripeGateway("sk_test_stand", api_base=stand.url, pace=refuse)
    with pytest.raises(PaymentBusy):
        gateway.get_balance("USD")
    assert stand.calls("GET", "^/v1/balance$") == []


def test_the_worker_keeps_the_pace_of_its_settings(settings: Settings, stand: Stand) -> None:
    port = int(stand.url.rpartition(":")[2])
    slow = settings.model_copy(update={"sandbox_stripe_port": port, "stripe_calls_per_second": 20.0})
    tools = make_tools(slow)
    began = time.monotonic()
    for _ in range(6):
        tools.outside.payment.get_balance("USD")
    assert time.monotonic() - began >= 5 * step_of(20) / 1e6
    tools.database.dispose()


# case 11
def test_two_hundred_payouts_in_a_storm_of_locks_all_leave_once_and_never_faster_than_allowed(
    stage: MoneyStage,
) -> None:
    per_second = 50
    payouts = sending(stage, PAYOUTS)
    stage.stand.fault("status", "^/v1/transfers$", status=429, code="lock_timeout", times=50)
    gateway = StripeGateway(
        "sk_test_stand", api_base=stage.stand.url, pace=Turns(stage.database, per_second, PATIENT_S), timeout_s=10
    )
    stage.tools = replace(stage.tools, outside=replace(stage.tools.outside, payment=gateway))
    calls_before = len(stage.stand.calls("POST", "^/v1/transfers$"))
    for _ in range(12):
        workers = [threading.Thread(target=sweep_outbox, args=(stage.tools,)) for _ in range(3)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        if left_over(stage) == 0:
            break
        stage.offset += timedelta(minutes=20)
    calls = stage.stand.calls("POST", "^/v1/transfers$")[calls_before:]
    assert (len(calls), sum(call["status"] == 429 for call in calls)) == (PAYOUTS + 50, 50)
    assert most_in_a_second([call["at"] for call in calls]) <= per_second
    made = stage.stand.server.sandbox.state.all("transfer")
    assert len({each["metadata"]["command"] for each in made}) == len(made) == PAYOUTS
    with stage.tools.reading() as db:
        states = db.execute(select(Payout.state, func.count()).where(Payout.id.in_(payouts)).group_by(Payout.state))
        assert [tuple(row) for row in states] == [("transferred", PAYOUTS)]
        ids = db.scalars(select(Payout.stripe_transfer_id).where(Payout.id.in_(payouts)))
        assert set(ids) == {each["id"] for each in made}
    payable = f"actor_payable:{stage.payout(payouts[0]).actor_id}"
    assert stage.balances()[payable] == PAYOUTS * 100


def left_over(stage: MoneyStage) -> int:
    with stage.tools.reading() as db:
        open_ones = select(func.count()).where(OutboxCommand.state.in_(("pending", "leased", "unknown")))
        return db.scalar(open_ones) or 0


def sending(stage: MoneyStage, count: int) -> list[int]:
    """Payouts of one actor whose transfers, a dollar each, have been asked for and wait for the sweep."""
    booking_id, payout_id = stage.earned()
    account = stage.account(stage.payout(payout_id).actor_id).stripe_account_id
    charge = stage.payment(booking_id).charge_id
    with stage.tools.unit_of_work() as db:
        like = {table: row_of(db.get_one(table, id)) for table, id in ((Booking, booking_id), (Payout, payout_id))}
        paid = row_of(stage.payment(booking_id))
        ids = []
        for number in range(count):
            booked = {**like[Booking], "state": "cancelled", "request_token": f"storm-{number}"}
            booking = db.execute(insert(Booking).values(booked).returning(Booking.id)).scalar_one()
            unique = {"checkout_session_id": None, "payment_intent_id": None, "charge_id": f"ch_{number}"}
            db.execute(insert(Payment).values({**paid, **unique, "booking_id": booking}))
            due = {**like[Payout], "booking_id": booking, "state": "sending", "amount_minor": 100, "fee_minor": 0}
            payout = db.execute(insert(Payout).values(due).returning(Payout.id)).scalar_one()
            key = f"transfer:{number}:v1"
            outbox.add_command(
                db, kind="transfer.create", about="payout", about_id=payout, key=key, now=stage.now,
                params={
                    "amount_minor": 100, "currency": "USD", "account_id": account, "charge_id": charge,
                    "transfer_group": f"storm-{number}", "metadata": {"command": key},
                },
            )  # fmt: skip
            ids.append(payout)
    stage.queue.clear()
    return ids


def row_of(row: Base) -> dict[str, object]:
    """The columns of a row, but for its number."""
    return {column.key: getattr(row, column.key) for column in row.__table__.columns if column.key != "id"}
