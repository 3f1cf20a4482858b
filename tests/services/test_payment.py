"""The platform's money, from the checkout to the books, read again however often and in whatever order."""

from __future__ import annotations

import threading
from datetime import timedelta
from random import Random
from typing import Any

import pytest
from sqlalchemy import select

from marketplace.domain.booking import Party
from marketplace.domain.errors import Refused
from marketplace.models import Booking, Notice, OutboxCommand, PaymentEvent, Refund
from marketplace.services import booking as bookings
from marketplace.services import payment as payments
from marketplace.services import payment_sync, stripe_event
from marketplace.services.booking_step import By
from tests.services.money_stage import MoneyStage
from workers.tasks.payment import poll_open_checkouts, poll_undelivered, process_stripe_event

TOTAL = 38_880
STRIPES_FEE = 1_158
PAID_BOOKS = {"stripe_balance": TOTAL - STRIPES_FEE, "stripe_fees": STRIPES_FEE}


def refund(stage: MoneyStage, booking_id: int, amount: int) -> int | None:
    with stage.tools.unit_of_work() as db:
        made = payments.refund_booking(db, db.get_one(Booking, booking_id), amount, "Agreed by both sides.", stage.now)
    stage.work()
    return made


# case 19
def test_an_accepted_booking_has_a_checkout_of_the_frozen_total(stage: MoneyStage) -> None:
    booking_id = stage.accepted()
    payment = stage.payment(booking_id)
    assert (payment.state, payment.amount_minor, payment.currency) == ("checkout_open", TOTAL, "USD")
    assert payment.checkout_session_id
    seen = stage.stand.gateway.get_checkout(payment.checkout_session_id)
    assert (seen.amount_minor, seen.state, seen.metadata["booking"]) == (TOTAL, "open", str(booking_id))
    with stage.tools.reading() as db:
        assert payments.checkout_address(db, booking_id=booking_id, now=stage.now) == payment.checkout_url


def test_a_checkout_that_has_moved_is_found_at_its_new_address(stage: MoneyStage) -> None:
    booking_id = stage.accepted()
    stage.stand.server.sandbox.public_url = "https://pay.example.test"
    poll_open_checkouts(stage.tools)
    address = stage.payment(booking_id).checkout_url
    assert address
    assert address.startswith("https://pay.example.test/c/pay/cs_test_")


# case 20
def test_opening_twice_asks_stripe_once(stage: MoneyStage) -> None:
    booking_id = stage.accepted()
    with stage.tools.unit_of_work() as db:
        payments.open_checkout(db, db.get_one(Booking, booking_id), stage.now)
    stage.work()
    stage.sweep()
    assert len(stage.stand.calls("POST", "^/v1/checkout/sessions$")) == 1


def test_a_paid_checkout_confirms_the_booking_and_is_in_the_books(stage: MoneyStage) -> None:
    booking_id = stage.paid()
    payment = stage.payment(booking_id)
    assert (payment.state, stage.booking(booking_id).state) == ("captured", "confirmed")
    assert payment.charge_id
    assert stage.balances() == {**PAID_BOOKS, f"booking_funds:{booking_id}": -TOTAL}
    stage.assert_sound()


def test_what_is_read_again_changes_nothing(stage: MoneyStage) -> None:
    booking_id = stage.paid()
    entries = stage.entries()
    for _ in range(3):
        stage.sync(stage.payment(booking_id).checkout_session_id or "")
    assert stage.entries() == entries
    with stage.tools.reading() as db:
        states = db.scalars(select(PaymentEvent.after).order_by(PaymentEvent.id)).all()
    assert states == ["opening", "checkout_open", "captured"]


def test_a_checkout_that_is_not_ours_is_left_alone(stage: MoneyStage) -> None:
    charge = stage.stand.make_charge()
    seen = payment_sync.read_checkout(
        stage.stand.gateway, stage.stand.server.sandbox.state.all("checkout.session")[0]["id"]
    )
    assert seen.checkout.charge == charge
    with stage.tools.unit_of_work() as db:
        assert payment_sync.sync_checkout(db, seen, now=stage.now) is None
    assert stage.balances() == {}


# case 4
def test_the_success_page_and_the_webhook_at_the_same_instant_book_once(stage: MoneyStage) -> None:
    booking_id = stage.accepted()
    checkout_id = stage.pay(booking_id)
    seen = payment_sync.read_checkout(stage.stand.gateway, checkout_id)
    together(8, lambda: sync(stage, seen))
    assert stage.balances() == {**PAID_BOOKS, f"booking_funds:{booking_id}": -TOTAL}
    assert stage.booking(booking_id).state == "confirmed"
    stage.assert_sound()


def sync(stage: MoneyStage, seen: payment_sync.Seen) -> None:
    with stage.tools.unit_of_work() as db:
        payment_sync.sync_checkout(db, seen, now=stage.now)


def together(count: int, do: Any) -> list[Any]:
    """Do it in many threads at the same instant; what each gave, or the exception it met."""
    gate, results = threading.Barrier(count), []

    def run() -> None:
        gate.wait()
        try:
            results.append(do())
        except Exception as error:  # the test looks at it
            results.append(error)

    threads = [threading.Thread(target=run) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    unexpected = [each for each in results if isinstance(each, Exception) and not isinstance(each, Refused)]
    assert unexpected == []
    return results


# case 3
def test_when_no_webhook_ever_comes_the_poll_finds_the_payment(stage: MoneyStage) -> None:
    booking_id = stage.accepted()
    stage.pay(booking_id)
    poll_open_checkouts(stage.tools)
    assert stage.booking(booking_id).state == "confirmed"
    stage.assert_sound()


# case 2
@pytest.mark.parametrize("order", [1, -1], ids=["in order", "in reverse"])
def test_events_in_any_order_and_twice_end_in_the_same_books(stage: MoneyStage, order: int) -> None:
    booking_id = stage.paid()
    refund(stage, booking_id, 10_000)
    events = [event["id"] for event in stage.stand.events()][::order]
    for incoming in stage.stand.gateway.list_undelivered_events(since=stage.now - timedelta(hours=1)):
        assert incoming.id in events
    store_all(stage)
    for event_id in events + events:
        process_stripe_event(stage.tools, event_id)
    assert stage.balances() == {
        "stripe_balance": TOTAL - STRIPES_FEE - 10_000,
        "stripe_fees": STRIPES_FEE,
        f"booking_funds:{booking_id}": -(TOTAL - 10_000),
    }
    stage.assert_sound()


def store_all(stage: MoneyStage) -> None:
    """Every event there is arrives."""
    for body in stage.stand.events():
        with stage.tools.unit_of_work() as db:
            stripe_event.store_event(db, stage.stand.event(body), now=stage.now)


# case 2
@pytest.mark.parametrize("seed", range(5))
def test_events_that_are_shuffled_before_any_is_worked_on_end_in_the_same_books(stage: MoneyStage, seed: int) -> None:
    booking_id = stage.accepted()
    stage.pay(booking_id)
    charge = stage.stand.events("charge.succeeded")[0]["data"]["object"]["id"]
    stage.stand.refund_by_hand(charge, 10_000)
    store_all(stage)
    events = [event["id"] for event in stage.stand.events()]
    for event_id in Random(seed).sample(events * 2, len(events) * 2):
        process_stripe_event(stage.tools, event_id)
        stage.work()
    assert stage.balances() == {
        "stripe_balance": TOTAL - STRIPES_FEE - 10_000,
        "stripe_fees": STRIPES_FEE,
        f"booking_funds:{booking_id}": -(TOTAL - 10_000),
    }
    stage.assert_sound()


# case 2
def test_a_refund_event_that_comes_before_the_payment_event_finds_the_payment(stage: MoneyStage) -> None:
    booking_id = stage.accepted()
    stage.pay(booking_id)
    store_all(stage)
    charged = stage.stand.events("charge.succeeded")[0]["id"]
    process_stripe_event(stage.tools, charged)
    assert stage.payment(booking_id).state == "captured"


def test_a_declined_card_leaves_everything_open(stage: MoneyStage) -> None:
    booking_id = stage.accepted()
    payment = stage.payment(booking_id)
    assert payment.checkout_url
    assert stage.stand.pay(payment.checkout_url, "4000000000000002").status_code == 402
    stage.sync(payment.checkout_session_id or "")
    assert (stage.payment(booking_id).state, stage.booking(booking_id).state) == ("checkout_open", "accepted")
    assert stage.balances() == {}


def test_a_withdrawn_booking_can_no_longer_be_paid(stage: MoneyStage) -> None:
    booking_id = stage.accepted()
    withdraw(stage, booking_id)
    stage.work()
    url = stage.payment(booking_id).checkout_url
    assert url
    assert stage.stand.pay(url).status_code == 410
    assert stage.payment(booking_id).state == "expired"


def withdraw(stage: MoneyStage, booking_id: int) -> None:
    with stage.tools.unit_of_work() as db:
        row = db.get_one(Booking, booking_id)
        bookings.withdraw_booking(
            db, booking_id=booking_id, platform_id=row.platform_id, by=By(Party.PLATFORM), now=stage.now
        )


# case 18
def test_money_that_comes_after_the_booking_is_off_goes_back_in_full(stage: MoneyStage) -> None:
    booking_id = stage.accepted()
    checkout_id = stage.pay(booking_id)
    withdraw(stage, booking_id)
    stage.work()
    stage.sync(checkout_id)
    assert stage.payment(booking_id).state == "refunded"
    assert stage.booking(booking_id).state == "withdrawn"
    assert stage.balances() == {"stripe_balance": -STRIPES_FEE, "stripe_fees": STRIPES_FEE}
    stage.assert_sound()


def test_a_full_refund_before_the_work_gives_all_back_and_nothing_more_can_be(stage: MoneyStage) -> None:
    booking_id = stage.paid()
    refund_id = refund(stage, booking_id, TOTAL)
    with stage.tools.reading() as db:
        row = db.get_one(Refund, refund_id)
    assert (row.state, stage.payment(booking_id).state) == ("succeeded", "refunded")
    assert row.stripe_refund_id
    assert refund(stage, booking_id, 1) is None
    assert len(stage.stand.calls("POST", "^/v1/refunds$")) == 1
    stage.assert_sound()


def test_of_two_refunds_of_sixty_percent_at_once_one_is_refused_before_stripe_is_asked(stage: MoneyStage) -> None:
    booking_id = stage.paid()
    share = TOTAL * 6 // 10

    def ask() -> int | None:
        with stage.tools.unit_of_work() as db:
            return payments.refund_booking(db, db.get_one(Booking, booking_id), share, "Half and more.", stage.now)

    results = together(2, ask)
    assert sum(isinstance(each, payments.RefundTooLarge) for each in results) == 1
    stage.work()
    assert len(stage.stand.calls("POST", "^/v1/refunds$")) == 1
    assert stage.payment(booking_id).refunded_minor == share
    stage.assert_sound()


def test_a_refund_that_fails_later_is_owed_to_the_platform(stage: MoneyStage) -> None:
    admin = stage.add_admin()
    assert admin
    booking_id = stage.paid()
    refund(stage, booking_id, TOTAL)
    refund_at_stripe = stage.stand.server.sandbox.state.all("refund")[0]["id"]
    stage.stand.control(f"refund/{refund_at_stripe}/fail")
    stage.sync(stage.payment(booking_id).checkout_session_id or "")
    platform_id = stage.booking(booking_id).platform_id
    assert stage.balances() == {**PAID_BOOKS, f"refund_due:{platform_id}": -TOTAL}
    stage.assert_sound()


@pytest.mark.parametrize(("outcome", "state"), [("won", "captured"), ("lost", "lost")])
def test_a_dispute_freezes_the_money_and_is_won_or_lost(stage: MoneyStage, outcome: str, state: str) -> None:
    booking_id = stage.paid()
    payment = stage.payment(booking_id)
    dispute = stage.stand.control("dispute", charge=payment.charge_id)
    stage.sync(payment.checkout_session_id or "")
    assert stage.payment(booking_id).state == "disputed"
    assert stage.balances()["dispute_hold"] == TOTAL
    stage.assert_sound()
    stage.stand.control(f"dispute/{dispute['id']}/{outcome}")
    stage.sync(payment.checkout_session_id or "")
    assert stage.payment(booking_id).state == state
    funds = {f"booking_funds:{booking_id}": -TOTAL} if outcome == "won" else {}
    left = TOTAL if outcome == "won" else 0
    assert stage.balances() == {
        "stripe_balance": left - STRIPES_FEE - 1_500,
        "stripe_fees": STRIPES_FEE,
        "dispute_fees": 1_500,
        **funds,
    }
    stage.assert_sound()


def test_undelivered_events_are_fetched(stage: MoneyStage) -> None:
    poll_undelivered(stage.tools)  # nothing is sent to anyone here, so nothing is undelivered
    assert stage.queue == type(stage.queue)()


CREATES = "^/v1/checkout/sessions$"


def test_a_checkout_that_stripe_refuses_is_asked_for_again_with_a_new_key(stage: MoneyStage) -> None:
    stage.add_admin()
    stage.stand.fault("status", CREATES, status=400, code="parameter_invalid_integer", times=1)
    booking_id = stage.accepted()
    assert (stage.payment(booking_id).state, stage.payment(booking_id).checkout_session_id) == ("opening", None)
    stage.sweep()
    assert stage.payment(booking_id).state == "opening"  # not before its time
    stage.later(payments.REOPEN_AFTER)
    stage.sweep()
    payment = stage.payment(booking_id)
    assert payment.state == "checkout_open"
    stage.sync(stage.pay(booking_id))
    assert stage.booking(booking_id).state == "confirmed"
    keys = [call["key"].rpartition(":")[2] for call in stage.stand.calls("POST", CREATES)]
    assert keys == ["v1", "v2"]
    with stage.tools.reading() as db:
        assert db.scalars(select(Notice.title)).all().count("A checkout could not be made") == 1
    stage.assert_sound()


def test_a_checkout_whose_answer_never_came_is_asked_for_again(stage: MoneyStage) -> None:
    stage.stand.fault("drop_after", CREATES, times=3)
    booking_id = stage.accepted()
    with stage.tools.unit_of_work() as db:
        row = db.scalars(select(OutboxCommand).where(OutboxCommand.kind == "checkout.create")).one()
        row.state, row.next_at = "unknown", stage.now - timedelta(minutes=1)
    stage.sweep()
    stage.later(payments.REOPEN_AFTER)
    stage.sweep()
    assert stage.payment(booking_id).state == "checkout_open"
    stage.sync(stage.pay(booking_id))
    assert stage.booking(booking_id).state == "confirmed"
    stage.assert_sound()


def test_a_checkout_is_not_asked_for_for_ever_nor_for_a_booking_that_is_off(stage: MoneyStage) -> None:
    stage.stand.fault("status", CREATES, status=400, code="parameter_invalid_integer", times=99)
    booking_id = stage.accepted()
    for _ in range(payments.MOST_CHECKOUTS + 2):
        stage.later(payments.REOPEN_AFTER)
        stage.sweep()
    assert stage.payment(booking_id).state == "failed"
    assert len(stage.stand.calls("POST", CREATES)) == payments.MOST_CHECKOUTS
    second = stage.accepted()
    withdraw(stage, second)
    stage.later(payments.REOPEN_AFTER)
    stage.sweep()
    assert stage.payment(second).state == "failed"
    assert len(stage.stand.calls("POST", CREATES)) == payments.MOST_CHECKOUTS + 2
