"""Far sessions: a card is saved, the booking stands, and the money comes near its day, by hand, or not at all."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.domain.booking import Party
from marketplace.domain.errors import Refused
from marketplace.domain.money import Money
from marketplace.domain.saved_card import HeldTooLong
from marketplace.gateways.payment.base import SavedCardOrder
from marketplace.models import Actor, Booking, Member, Notice, OutboxCommand, Payment
from marketplace.services import stripe_event
from marketplace.services.booking import accept_counter, cancel_booking, find_due
from marketplace.services.booking_step import By
from marketplace.services.booking_time import agree_time, propose_time
from marketplace.services.change_order import Extra, list_change_orders, propose_change_order
from marketplace.services.payment_sync import read_checkout, sync_checkout
from marketplace.services.saved_card import start_charge
from tests.services.money_stage import MoneyStage
from tests.services.stage import Story
from workers.tasks.booking import sweep_bookings
from workers.tasks.payment import poll_open_checkouts, process_stripe_event
from workers.tasks.reminder import sweep_reminders
from workers.tasks.saved_card import charge_due_cards

TOTAL = 38_880
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
ASKS = "4000002760003184"
DECLINES = "4000000000000341"


def far(stage: MoneyStage, *, days: int = 90, cancellation: str = "standard") -> int:
    """A booking for a session far ahead that the actor has accepted; its id."""
    starts_at = (stage.now + days * DAY).replace(hour=10, minute=0, second=0, microsecond=0)
    with stage.tools.unit_of_work() as db:
        story = Story(db, starts_at=starts_at, now=stage.now, cancellation=cancellation).accept()
        booking_id = story.id
    stage.work()
    return booking_id


def saved(stage: MoneyStage, number: str = "4242424242424242", **more: Any) -> int:
    """The same, with the platform's card saved."""
    booking_id = far(stage, **more)
    payment = stage.payment(booking_id)
    form = {"bank": "confirm"} if number == ASKS else {}
    assert stage.stand.pay(payment.checkout_url or "", number, **form).status_code == 303
    stage.sync(payment.checkout_session_id or "")
    return booking_id


def until(stage: MoneyStage, at: datetime | None) -> None:
    """Let time pass until just after an instant."""
    assert at is not None
    stage.later(at - stage.now + timedelta(seconds=2))


def charge(stage: MoneyStage) -> None:
    """What the clock does when the day has come."""
    charge_due_cards(stage.tools)
    stage.work()


def charged(stage: MoneyStage, booking_id: int) -> None:
    """The day comes, and the card is tried."""
    until(stage, stage.payment(booking_id).charge_at)
    charge(stage)


def states(stage: MoneyStage, booking_id: int) -> tuple[str, str]:
    """(booking, payment)."""
    return stage.booking(booking_id).state, stage.payment(booking_id).state


def paid_intents(stage: MoneyStage) -> list[dict[str, Any]]:
    """What Stripe has really been paid."""
    return [each for each in stage.stand.server.sandbox.state.all("payment_intent") if each["status"] == "succeeded"]


def commands(stage: MoneyStage, kind: str) -> list[OutboxCommand]:
    with stage.tools.reading() as db:
        return list(db.scalars(select(OutboxCommand).where(OutboxCommand.kind == kind).order_by(OutboxCommand.id)))


def titles(stage: MoneyStage, kind: str) -> list[str]:
    with stage.tools.reading() as db:
        return list(db.scalars(select(Notice.title).where(Notice.kind == kind)))


def act(stage: MoneyStage, booking_id: int, party: Party, do: Callable[..., None], **more: Any) -> None:
    """One side does something with a booking."""
    with stage.tools.unit_of_work() as db:
        booking = db.get_one(Booking, booking_id)
        accounts = {
            Party.PLATFORM: db.get_one(Member, booking.member_id).account_id,
            Party.ACTOR: db.get_one(Actor, booking.actor_id).account_id,
        }
        do(db, booking=booking, by=By(party, accounts[party]), now=stage.now, **more)
    stage.work()


def move(stage: MoneyStage, booking_id: int, starts_at: datetime) -> None:
    """The actor proposes another time and the platform agrees."""
    act(stage, booking_id, Party.ACTOR, propose_time, starts_at=starts_at, words="")
    act(stage, booking_id, Party.PLATFORM, agree_time)


def pay_by_hand(stage: MoneyStage, booking_id: int) -> None:
    stage.sync(stage.pay(booking_id))


# saving the card ---------------------------------------------------------------------------------


def test_a_far_booking_saves_a_card_and_is_confirmed_unpaid(stage: MoneyStage) -> None:
    booking_id = saved(stage)
    payment, booking = stage.payment(booking_id), stage.booking(booking_id)
    assert (booking.state, payment.state) == ("confirmed", "card_saved")
    assert payment.customer_id
    assert payment.payment_method_id
    assert payment.charge_id is None
    assert payment.charge_at == booking.starts_at - 5 * DAY
    assert stage.balances() == {}
    assert paid_intents(stage) == []
    told = titles(stage, "booking.save_card")
    assert len(told) == 2
    assert all(title.startswith("Booked, card saved") for title in told)
    stage.assert_sound()


def test_a_session_within_sixty_days_is_paid_at_once(stage: MoneyStage) -> None:
    booking_id = far(stage, days=50)
    assert stage.payment(booking_id).charge_at is None
    pay_by_hand(stage, booking_id)
    assert states(stage, booking_id) == ("confirmed", "captured")
    stage.assert_sound()


# case 18
def test_a_card_saved_after_the_hold_is_over_is_let_go_and_nothing_is_charged(stage: MoneyStage) -> None:
    booking_id = far(stage)
    payment = stage.payment(booking_id)
    assert stage.stand.pay(payment.checkout_url or "").status_code == 303
    stage.later(25 * HOUR)
    sweep_bookings(stage.tools)
    stage.work()
    poll_open_checkouts(stage.tools)
    stage.work()
    assert states(stage, booking_id) == ("lapsed", "failed")
    stage.later(100 * DAY)
    charge(stage)
    assert stage.balances() == {}
    stage.assert_sound()


def test_a_session_cannot_start_before_the_saved_card_was_charged(stage: MoneyStage) -> None:
    booking_id = saved(stage)
    until(stage, stage.booking(booking_id).starts_at)
    with stage.tools.unit_of_work() as db:
        Story.resume(db, db.get_one(Booking, booking_id), stage.now - 30 * DAY).sign()
    sweep_bookings(stage.tools)
    stage.work()
    assert states(stage, booking_id) == ("cancelled", "failed")
    charge(stage)
    assert paid_intents(stage) == []
    stage.assert_sound()


# charging ----------------------------------------------------------------------------------------


# case 19
def test_the_saved_card_is_charged_the_frozen_price_five_days_before(stage: MoneyStage) -> None:
    booking_id = saved(stage)
    with stage.tools.unit_of_work() as db:
        db.get_one(Actor, db.get_one(Booking, booking_id).actor_id).hourly_minor = 99_000
    stage.later(84 * DAY)
    charge(stage)
    assert states(stage, booking_id) == ("confirmed", "card_saved")
    charged(stage, booking_id)
    payment = stage.payment(booking_id)
    assert states(stage, booking_id) == ("confirmed", "captured")
    assert [each["amount"] for each in paid_intents(stage)] == [TOTAL]
    assert payment.charge_id
    assert payment.payment_intent_id
    assert stage.balances()[f"booking_funds:{booking_id}"] == -TOTAL
    assert len(titles(stage, "booking.charge")) == 1
    charge(stage)
    poll_open_checkouts(stage.tools)
    stage.work()
    assert len(paid_intents(stage)) == 1
    stage.assert_sound()


def test_firm_terms_charge_while_cancelling_is_still_free(stage: MoneyStage) -> None:
    booking_id = saved(stage, cancellation="firm")
    assert stage.payment(booking_id).charge_at == stage.booking(booking_id).starts_at - 9 * DAY


# case 29
def test_a_bank_that_asks_gets_a_link_and_the_platform_pays_by_hand(stage: MoneyStage) -> None:
    booking_id = saved(stage, ASKS)
    setup = stage.payment(booking_id).checkout_session_id
    charged(stage, booking_id)
    payment = stage.payment(booking_id)
    assert states(stage, booking_id) == ("confirmed", "action_required")
    assert payment.checkout_session_id != setup
    assert payment.pay_by is not None
    assert payment.charge_at is not None
    assert stage.booking(booking_id).deadline_at == payment.pay_by
    assert HOUR < payment.pay_by - payment.charge_at < 2 * DAY + HOUR
    assert len(titles(stage, "booking.ask_payment")) == 1
    stage.assert_sound()
    pay = stage.payment(booking_id).checkout_url
    assert stage.stand.pay(pay or "", ASKS, bank="confirm").status_code == 303
    stage.sync(payment.checkout_session_id or "")
    assert states(stage, booking_id) == ("confirmed", "captured")
    assert stage.booking(booking_id).deadline_at == stage.booking(booking_id).starts_at
    assert [each["amount"] for each in paid_intents(stage)] == [TOTAL]
    stage.assert_sound()


# case 29
def test_a_declined_card_that_nobody_pays_for_ends_the_booking_and_frees_the_slot(stage: MoneyStage) -> None:
    booking_id = saved(stage, DECLINES)
    charged(stage, booking_id)
    assert states(stage, booking_id) == ("confirmed", "action_required")
    until(stage, stage.payment(booking_id).pay_by)
    sweep_bookings(stage.tools)
    stage.work()
    assert states(stage, booking_id) == ("cancelled", "failed")
    assert len(titles(stage, "booking.stop_unpaid")) == 2
    booking = stage.booking(booking_id)
    with stage.tools.unit_of_work() as db:
        again = Story.of(
            db,
            platform_id=booking.platform_id,
            actor_id=booking.actor_id,
            starts_at=booking.starts_at,
            now=stage.now,
        )
        again.accept()
    assert stage.balances() == {}
    stage.assert_sound()


def test_the_link_is_renewed_as_long_as_the_platform_may_still_pay(stage: MoneyStage) -> None:
    booking_id = saved(stage, DECLINES)
    charged(stage, booking_id)
    first = stage.payment(booking_id).checkout_session_id
    stage.later(24 * HOUR)
    poll_open_checkouts(stage.tools)
    stage.work()
    second = stage.payment(booking_id).checkout_session_id
    assert second != first
    pay_by_hand(stage, booking_id)
    assert states(stage, booking_id) == ("confirmed", "captured")
    assert len(paid_intents(stage)) == 1
    stage.assert_sound()


def test_what_is_paid_after_the_booking_was_called_off_goes_back_in_full(stage: MoneyStage) -> None:
    booking_id = saved(stage, DECLINES)
    charged(stage, booking_id)
    checkout_id = stage.pay(booking_id)
    until(stage, stage.payment(booking_id).pay_by)
    sweep_bookings(stage.tools)
    stage.work()
    assert stage.booking(booking_id).state == "cancelled"
    stage.sync(checkout_id)
    assert states(stage, booking_id) == ("cancelled", "refunded")
    assert stage.payment(booking_id).refunded_minor == TOTAL
    stage.assert_sound()


# lost answers ------------------------------------------------------------------------------------


# case 7
def test_a_lost_answer_of_the_charge_charges_once(stage: MoneyStage) -> None:
    booking_id = saved(stage)
    stage.stand.fault("drop_after", "/v1/payment_intents", times=4)
    charged(stage, booking_id)
    assert states(stage, booking_id) == ("confirmed", "charge_due")
    stage.later(timedelta(minutes=5))
    stage.sweep()
    assert states(stage, booking_id) == ("confirmed", "captured")
    assert len(paid_intents(stage)) == 1
    stage.assert_sound()


# case 8
def test_a_charge_whose_worker_died_is_looked_up_a_day_later_and_not_made_again(stage: MoneyStage) -> None:
    booking_id = saved(stage)
    stage.stand.fault("drop_after", "/v1/payment_intents", times=4)
    charged(stage, booking_id)
    made = len(stage.stand.calls("POST", "/v1/payment_intents$"))
    stage.later(25 * HOUR)
    stage.sweep()
    stage.later(timedelta(minutes=11))
    stage.sweep()
    assert len(stage.stand.calls("POST", "/v1/payment_intents$")) == made
    assert commands(stage, "card.charge")[0].state == "done"
    assert states(stage, booking_id) == ("confirmed", "captured")
    assert len(paid_intents(stage)) == 1
    stage.assert_sound()


def test_a_charge_that_never_reached_stripe_is_asked_for_once_more_with_a_new_key(stage: MoneyStage) -> None:
    booking_id = saved(stage)
    stage.stand.fault("drop", "/v1/payment_intents", times=4)
    charged(stage, booking_id)
    stage.later(25 * HOUR)
    stage.sweep()
    stage.later(timedelta(minutes=11))
    stage.sweep()
    first, second = commands(stage, "card.charge")
    assert (first.state, second.state) == ("refused", "done")
    assert (first.idempotency_key[-3:], second.idempotency_key[-3:]) == (":v1", ":v2")
    assert states(stage, booking_id) == ("confirmed", "captured")
    assert len(paid_intents(stage)) == 1
    stage.assert_sound()


def store_all(stage: MoneyStage) -> list[str]:
    """Every event there is arrives, and nothing is done about it yet; their ids."""
    for body in stage.stand.events():
        with stage.tools.unit_of_work() as db:
            stripe_event.store_event(db, stage.stand.event(body), now=stage.now)
    stage.queue.clear()
    return [event["id"] for event in stage.stand.events()]


def test_the_event_of_a_charge_whose_answer_was_lost_books_it(stage: MoneyStage) -> None:
    booking_id = saved(stage)
    stage.stand.fault("drop_after", "/v1/payment_intents", times=3)
    charged(stage, booking_id)
    assert states(stage, booking_id) == ("confirmed", "charge_due")
    store_all(stage)
    process_stripe_event(stage.tools, stage.stand.events("payment_intent.succeeded")[0]["id"])
    stage.work()
    assert states(stage, booking_id) == ("confirmed", "captured")
    stage.later(timedelta(minutes=5))
    stage.sweep()
    assert [each.state for each in commands(stage, "card.charge")] == ["done"]
    assert len(paid_intents(stage)) == 1
    stage.assert_sound()


# case 1, case 2
@pytest.mark.parametrize("order", [1, -1])
def test_the_events_of_a_far_booking_may_come_in_any_order_and_twice(stage: MoneyStage, order: int) -> None:
    booking_id = saved(stage, DECLINES)
    charged(stage, booking_id)
    checkout_id = stage.pay(booking_id)
    for event_id in (events := store_all(stage)[::order]) + events:
        process_stripe_event(stage.tools, event_id)
        stage.work()
    assert states(stage, booking_id) == ("confirmed", "captured")
    assert stage.payment(booking_id).checkout_session_id == checkout_id
    assert stage.balances()[f"booking_funds:{booking_id}"] == -TOTAL
    assert [len(titles(stage, f"booking.{step}")) for step in ("save_card", "ask_payment", "charge")] == [2, 1, 1]
    stage.assert_sound()


# case 3
def test_what_no_event_tells_is_found_by_the_poll(stage: MoneyStage) -> None:
    booking_id = far(stage)
    assert stage.stand.pay(stage.payment(booking_id).checkout_url or "", DECLINES).status_code == 303
    for seen, go_on in (("card_saved", charged), ("action_required", MoneyStage.pay), ("captured", None)):
        poll_open_checkouts(stage.tools)
        stage.work()
        assert states(stage, booking_id) == ("confirmed", seen)
        if go_on is not None:
            go_on(stage, booking_id)
    stage.assert_sound()


def charged_twice(stage: MoneyStage) -> tuple[int, Payment, str]:
    """A booking whose card was charged a second time, which has gone back: (booking, its payment, second charge)."""
    booking_id = saved(stage)
    charged(stage, booking_id)
    payment = stage.payment(booking_id)
    order = SavedCardOrder(
        amount_minor=TOTAL,
        currency="USD",
        description="Twice",
        transfer_group="twice",
        customer_id=payment.customer_id or "",
        payment_method_id=payment.payment_method_id or "",
        metadata={"payment": str(payment.id)},
    )
    double = stage.stand.gateway.charge_saved_card(order, idempotency_key="twice")
    stage.sync(payment.checkout_session_id or "")
    stage.sync(payment.checkout_session_id or "")
    return booking_id, payment, double.id


def test_a_second_charge_whose_refund_is_called_off_is_owed_to_the_platform(stage: MoneyStage) -> None:
    _, payment, double = charged_twice(stage)
    admin_id = stage.add_admin()
    seen = read_checkout(stage.stand.gateway, payment.checkout_session_id or "")
    (twice,) = [each for each in seen.charges if each.charge.id == double]
    stage.stand.control(f"refund/{twice.refunds[0].id}/fail")  # as far as Stripe's balance goes
    off = replace(twice, refunds=(replace(twice.refunds[0], state="canceled"),))
    late = replace(seen, charges=tuple(off if each is twice else each for each in seen.charges))
    with stage.tools.unit_of_work() as db:
        sync_checkout(db, late, now=stage.now)
    assert stage.balances()[f"refund_due:{payment.platform_id}"] == -TOTAL
    with stage.tools.reading() as db:
        assert "A refund came back" in " ".join(db.scalars(select(Notice.title).where(Notice.account_id == admin_id)))
    stage.assert_sound()


def test_a_second_charge_for_one_booking_goes_back_in_full(stage: MoneyStage) -> None:
    booking_id, payment, double = charged_twice(stage)
    assert stage.payment(booking_id).charge_id == payment.charge_id != double
    assert stage.stand.gateway.get_charge(double).refunded_minor == TOTAL
    assert states(stage, booking_id) == ("confirmed", "captured")
    assert stage.balances()[f"booking_funds:{booking_id}"] == -TOTAL
    assert not [key for key in stage.balances() if key.startswith("refund_due")]
    stage.assert_sound()


# calling off and moving --------------------------------------------------------------------------


def test_calling_off_before_the_charge_costs_nothing_and_nothing_is_charged_later(stage: MoneyStage) -> None:
    booking_id = saved(stage)
    act(stage, booking_id, Party.PLATFORM, cancel_booking, shown_refund_minor=0)
    assert states(stage, booking_id) == ("cancelled", "failed")
    stage.later(100 * DAY)
    charge(stage)
    assert commands(stage, "card.charge") == []
    assert stage.balances() == {}
    stage.assert_sound()


def test_calling_off_while_the_charge_waits_to_be_sent_takes_it_back(stage: MoneyStage) -> None:
    booking_id = saved(stage)
    until(stage, stage.payment(booking_id).charge_at)
    charge_due_cards(stage.tools)
    act(stage, booking_id, Party.ACTOR, cancel_booking, reason="I am ill.")
    assert [each.state for each in commands(stage, "card.charge")] == ["refused"]
    assert paid_intents(stage) == []
    assert states(stage, booking_id) == ("cancelled", "failed")
    stage.assert_sound()


def test_a_charge_that_arrives_after_the_booking_was_called_off_goes_back_in_full(stage: MoneyStage) -> None:
    booking_id = saved(stage)
    stage.stand.fault("drop_after", "/v1/payment_intents", times=4)
    charged(stage, booking_id)
    act(stage, booking_id, Party.PLATFORM, cancel_booking)
    assert states(stage, booking_id) == ("cancelled", "failed")
    stage.later(timedelta(minutes=5))
    stage.sweep()
    assert states(stage, booking_id) == ("cancelled", "refunded")
    assert len(paid_intents(stage)) == 1
    stage.assert_sound()


def test_calling_off_after_the_charge_goes_by_the_terms(stage: MoneyStage) -> None:
    booking_id = saved(stage)
    charged(stage, booking_id)
    until(stage, stage.booking(booking_id).starts_at - 40 * HOUR)
    act(stage, booking_id, Party.PLATFORM, cancel_booking)
    assert states(stage, booking_id) == ("cancelled", "partly_refunded")
    assert stage.payment(booking_id).refunded_minor == TOTAL // 2
    stage.assert_sound()


def test_the_charge_moves_with_the_session_nearer_and_farther(stage: MoneyStage) -> None:
    booking_id = saved(stage)
    starts_at = stage.booking(booking_id).starts_at
    for shift in (-60 * DAY, 50 * DAY):
        move(stage, booking_id, starts_at + shift)
        assert stage.payment(booking_id).charge_at == starts_at + shift - 5 * DAY
        starts_at += shift
    stage.assert_sound()
    charged(stage, booking_id)
    assert states(stage, booking_id) == ("confirmed", "captured")
    stage.assert_sound()


def test_a_saved_card_is_charged_at_once_when_the_session_moves_into_the_next_days(stage: MoneyStage) -> None:
    booking_id = saved(stage)
    move(stage, booking_id, (stage.now + 4 * DAY).replace(hour=12, minute=0, second=0, microsecond=0))
    charge(stage)
    assert states(stage, booking_id) == ("confirmed", "captured")
    stage.assert_sound()


def test_a_session_does_not_move_to_where_its_card_could_not_be_charged_in_time(stage: MoneyStage) -> None:
    booking_id = saved(stage)
    with pytest.raises(Refused, match="has not been charged yet: propose a time at least 3 days ahead"):
        move(stage, booking_id, stage.now + 2 * DAY)
    assert states(stage, booking_id) == ("confirmed", "card_saved")


def test_a_paid_session_does_not_move_to_where_its_money_would_be_held_too_long(stage: MoneyStage) -> None:
    booking_id = stage.paid()
    with pytest.raises(HeldTooLong):
        move(stage, booking_id, stage.now + 80 * DAY)
    move(stage, booking_id, (stage.now + 30 * DAY).replace(hour=12, minute=0, second=0, microsecond=0))
    assert states(stage, booking_id) == ("confirmed", "captured")
    stage.assert_sound()


def test_a_booking_to_be_paid_by_hand_that_moves_farther_still_waits_for_its_payment(stage: MoneyStage) -> None:
    booking_id = saved(stage, DECLINES)
    charged(stage, booking_id)
    due = stage.payment(booking_id).pay_by
    move(stage, booking_id, stage.booking(booking_id).starts_at + 30 * DAY)
    assert (stage.payment(booking_id).pay_by, stage.booking(booking_id).deadline_at) == (due, due)
    pay_by_hand(stage, booking_id)
    assert states(stage, booking_id) == ("confirmed", "captured")
    with stage.tools.reading() as db:
        assert booking_id not in find_due(db, now=stage.now + 3 * DAY)
    stage.assert_sound()


# change orders, reminders, two at once -----------------------------------------------------------


def with_extra(stage: MoneyStage, booking_id: int, number: str) -> int:
    """A change order that both sides agree to and for which a card is saved; the id of its booking."""
    act(stage, booking_id, Party.ACTOR, propose)
    with stage.tools.unit_of_work() as db:
        booking = db.get_one(Booking, booking_id)
        (order,) = list_change_orders(db, booking_id)
        by = By(Party.PLATFORM, db.get_one(Member, booking.member_id).account_id)
        extra = db.get_one(Booking, order.id)
        accept_counter(
            db,
            booking_id=order.id,
            platform_id=booking.platform_id,
            by=by,
            shown_total_minor=extra.total_minor,
            now=stage.now,
        )
    stage.work()
    payment = stage.payment(order.id)
    assert stage.stand.pay(payment.checkout_url or "", number).status_code == 303
    stage.sync(payment.checkout_session_id or "")
    assert states(stage, order.id) == ("confirmed", "card_saved")
    return order.id


def propose(db: Session, *, booking: Booking, by: By, now: datetime) -> None:
    propose_change_order(
        db, booking=booking, by=by, ask=Extra("extra-1", "One more take set", Money(5_000, "USD")), now=now
    )


def test_a_change_order_of_a_far_session_is_charged_with_it(stage: MoneyStage) -> None:
    booking_id = saved(stage)
    extra_id = with_extra(stage, booking_id, "4242424242424242")
    stage.assert_sound()
    move(stage, booking_id, stage.booking(booking_id).starts_at + 10 * DAY)
    assert stage.payment(extra_id).charge_at == stage.payment(booking_id).charge_at
    assert stage.booking(extra_id).starts_at == stage.booking(booking_id).starts_at
    charged(stage, booking_id)
    assert states(stage, booking_id) == states(stage, extra_id) == ("confirmed", "captured")
    assert len(paid_intents(stage)) == 2
    stage.assert_sound()


def test_a_change_order_that_nobody_pays_for_ends_alone(stage: MoneyStage) -> None:
    booking_id = saved(stage)
    extra_id = with_extra(stage, booking_id, DECLINES)
    charged(stage, booking_id)
    assert states(stage, extra_id) == ("confirmed", "action_required")
    until(stage, stage.payment(extra_id).pay_by)
    sweep_bookings(stage.tools)
    stage.work()
    assert states(stage, extra_id) == ("cancelled", "failed")
    assert states(stage, booking_id) == ("confirmed", "captured")
    stage.assert_sound()


def test_calling_off_a_far_booking_lets_the_cards_of_its_change_orders_go(stage: MoneyStage) -> None:
    booking_id = saved(stage)
    extra_id = with_extra(stage, booking_id, "4242424242424242")
    act(stage, booking_id, Party.PLATFORM, cancel_booking, shown_refund_minor=0)
    assert states(stage, booking_id) == states(stage, extra_id) == ("cancelled", "failed")
    stage.later(100 * DAY)
    charge(stage)
    assert paid_intents(stage) == []
    stage.assert_sound()


# case 29
def test_whoever_has_to_pay_by_hand_is_reminded_before_the_deadline(stage: MoneyStage) -> None:
    booking_id = saved(stage, DECLINES)
    charged(stage, booking_id)
    due = stage.payment(booking_id).pay_by
    assert due is not None
    for before in (23 * HOUR, 2 * HOUR):
        until(stage, due - before)
        sweep_reminders(stage.tools)
        sweep_reminders(stage.tools)
    told = titles(stage, "reminder.payment")
    assert len(told) == 2
    assert all(title.startswith("Pay by ") for title in told)


def test_many_clocks_and_a_cancellation_at_once_leave_one_charge_or_none(stage: MoneyStage) -> None:
    booking_id = saved(stage)
    until(stage, stage.payment(booking_id).charge_at)
    payment_id = stage.payment(booking_id).id

    def start() -> None:
        with stage.tools.unit_of_work() as db:
            start_charge(db, payment_id=payment_id, now=stage.now)

    def call_off() -> None:
        with stage.tools.unit_of_work() as db:
            booking = db.get_one(Booking, booking_id)
            cancel_booking(db, booking=booking, by=By(Party.ADMIN), reason="Enough.", now=stage.now)

    with ThreadPoolExecutor(5) as pool:
        tries = [pool.submit(do) for do in (start, start, call_off, start, start)]
    faults = [each.exception() for each in tries]
    assert [fault for fault in faults if fault is not None and not isinstance(fault, Refused)] == []
    stage.work()
    assert len(commands(stage, "card.charge")) <= 1
    stage.later(timedelta(minutes=1))
    stage.sweep()
    if stage.booking(booking_id).state == "confirmed":
        assert stage.payment(booking_id).state == "captured"
    else:
        assert stage.payment(booking_id).state in ("failed", "refunded")
    stage.assert_sound()


def test_one_payment_is_one_row_through_it_all(stage: MoneyStage) -> None:
    booking_id = saved(stage, DECLINES)
    charged(stage, booking_id)
    pay_by_hand(stage, booking_id)
    with stage.tools.reading() as db:
        assert len(db.scalars(select(Payment).where(Payment.booking_id == booking_id)).all()) == 1
