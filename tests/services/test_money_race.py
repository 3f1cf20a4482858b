"""Two hands on one booking's money at the same moment, and readings of Stripe that are written late."""

from __future__ import annotations

import threading
from dataclasses import replace
from time import sleep

import pytest
from sqlalchemy import select, text

from marketplace.domain.errors import Conflict
from marketplace.domain.money import Money
from marketplace.domain.payout import State
from marketplace.gateways.payment.base import CheckoutOrder
from marketplace.models import Booking, Refund
from marketplace.services.account import Decider
from marketplace.services.payment import LONGEST, refund_booking
from marketplace.services.payment_sync import Seen, read_checkout, sync_checkout
from marketplace.services.payout_send import send_payout
from marketplace.services.payout_wait import FUNDS_AFTER
from marketplace.services.refund_by_hand import preview_refund, read_basis, refund_by_hand
from tests.services.money_stage import MoneyStage

PART = Money(10_000, "USD")


def test_a_part_given_back_while_the_payout_is_just_being_sent_again_is_refused(stage: MoneyStage) -> None:
    booking_id, payout_id = stage.earned()
    admin_id = stage.add_admin()
    stage.approve(payout_id, admin_id)
    stage.stand.fault("status", "/v1/transfers", status=400, code="balance_insufficient")
    stage.send()
    assert stage.payout(payout_id).state == State.APPROVED
    stage.later(FUNDS_AFTER)
    with stage.tools.reading() as db:
        shown = preview_refund(db, read_basis(db, booking_id), PART)
    refused: list[Exception] = []

    def give_back() -> None:
        try:
            with stage.tools.unit_of_work() as db:
                refund_by_hand(
                    db, booking_id=booking_id, amount=PART, shown=shown, by=Decider(admin_id, ip=None),
                    words="The second take was never delivered.", now=stage.now,
                )  # fmt: skip
        except Conflict as refusal:
            refused.append(refusal)

    with stage.tools.unit_of_work() as db:
        send_payout(db, payout_id=payout_id, now=stage.now)
        other = threading.Thread(target=give_back)
        other.start()
        _wait_until_it_waits(stage)
    other.join(20)
    stage.work()
    assert len(refused) == 1
    assert stage.payout(payout_id).state == State.TRANSFERRED
    stage.assert_sound()


def _wait_until_it_waits(stage: MoneyStage) -> None:
    """Until another connection stands in the queue for a row that this transaction holds."""
    if stage.database.is_sqlite:
        return  # one writer at a time: it waits from its first statement
    waiting = text(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    for _ in range(200):
        with stage.tools.reading() as db:
            if db.scalar(waiting):
                return
        sleep(0.02)
    pytest.fail("nobody waited")


def _seen(stage: MoneyStage, booking_id: int) -> Seen:
    """What a worker has read at Stripe and not written yet."""
    return read_checkout(stage.stand.gateway, stage.payment(booking_id).checkout_session_id or "")


def _write(stage: MoneyStage, seen: Seen) -> None:
    with stage.tools.unit_of_work() as db:
        sync_checkout(db, seen, now=stage.now)
    stage.work()


# case 2
def test_a_reading_from_before_a_refund_that_is_written_after_it_takes_nothing_back(stage: MoneyStage) -> None:
    booking_id = stage.paid()
    early = _seen(stage, booking_id)
    stage.stand.refund_by_hand(stage.payment(booking_id).charge_id or "", 10_000)
    _write(stage, _seen(stage, booking_id))
    after = stage.payment(booking_id)
    _write(stage, early)
    again = stage.payment(booking_id)
    assert (again.state, again.refunded_minor) == (after.state, after.refunded_minor) == ("partly_refunded", 10_000)
    stage.assert_sound()


# case 2
def test_a_reading_from_before_a_dispute_that_is_written_after_it_frees_nothing(stage: MoneyStage) -> None:
    booking_id = stage.paid()
    early = _seen(stage, booking_id)
    stage.stand.control("dispute", charge=stage.payment(booking_id).charge_id)
    _write(stage, _seen(stage, booking_id))
    assert stage.payment(booking_id).state == "disputed"
    _write(stage, early)
    assert stage.payment(booking_id).state == "disputed"


# case 26
def test_a_reading_from_before_a_refund_came_back_does_not_make_it_good(stage: MoneyStage) -> None:
    booking_id = stage.paid()
    stage.stand.refund_by_hand(stage.payment(booking_id).charge_id or "", 10_000)
    early = _seen(stage, booking_id)
    _write(stage, early)
    stage.stand.control(f"refund/{early.charges[0].refunds[0].id}/fail")
    _write(stage, _seen(stage, booking_id))
    assert _refund_states(stage) == ["failed"]
    _write(stage, early)
    assert _refund_states(stage) == ["failed"]
    stage.assert_sound()


# case 26
def test_a_refund_of_ours_that_is_called_off_before_it_was_seen_is_owed_to_the_platform(stage: MoneyStage) -> None:
    booking_id = stage.paid()
    with stage.tools.unit_of_work() as db:
        refund_booking(db, db.get_one(Booking, booking_id), 10_000, "Agreed by both.", stage.now)
    stage.work()
    with stage.tools.reading() as db:
        asked = db.scalars(select(Refund)).one()
    seen = _seen(stage, booking_id)
    stage.stand.control(f"refund/{seen.charges[0].refunds[0].id}/fail")  # as far as Stripe's balance goes
    off = replace(seen.charges[0].refunds[0], state="canceled")
    _write(stage, replace(seen, charges=(replace(seen.charges[0], refunds=(off,)), *seen.charges[1:])))
    assert _refund_states(stage) == ["failed"]
    assert stage.payment(booking_id).refunded_minor == 0
    assert stage.balances()[f"refund_due:{stage.payment(booking_id).platform_id}"] == -asked.amount_minor
    stage.assert_sound()


def _refund_states(stage: MoneyStage) -> list[str]:
    with stage.tools.reading() as db:
        return list(db.scalars(select(Refund.state)))


def test_a_checkout_of_another_installation_is_not_taken_for_ours(stage: MoneyStage) -> None:
    stage.stand.fault("status", "^/v1/checkout/sessions$", status=500, times=9)
    booking_id = stage.accepted()
    payment = stage.payment(booking_id)
    assert (payment.state, payment.checkout_session_id) == ("opening", None)
    stage.stand.http.delete(f"{stage.stand.url}/_sandbox/fault", timeout=10)
    theirs = CheckoutOrder(
        mode="payment", amount_minor=5_000, currency="USD", description="x", reference="bk_1_theirs00",
        transfer_group="bk_1_theirs00", success_url="http://m/", cancel_url="http://m/",
        expires_at_s=int((stage.now + LONGEST).timestamp()),
        metadata={"payment": str(payment.id), "booking": str(booking_id), "reference": f"bk_{booking_id}_theirs00"},
    )  # fmt: skip
    made = stage.stand.gateway.create_checkout(theirs, idempotency_key="theirs")
    stage.sync(made.id)
    assert stage.payment(booking_id).checkout_session_id is None
