"""A saved card from the day it is charged: the charge itself, the link where the bank refuses, and the end of both."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from marketplace.domain.availability import Interval
from marketplace.domain.booking_state import ENDED
from marketplace.domain.payment import State, can_move
from marketplace.domain.saved_card import pay_by
from marketplace.models import Booking, ChangeOrder, Payment
from marketplace.services.charge_plan import UNCHARGED, check_new_time, terms_of
from marketplace.services.outbox import add_command, has_open_command, next_version, withdraw_command
from marketplace.services.payment import (
    LINK_MARGIN,
    REOPEN_AFTER,
    SHORTEST,
    ask_for_link,
    expire_checkout,
    find_payment,
    hold_payment,
    move_payment,
    reference_of,
)

MOST_CHARGES: Final = 3
"""So often a charge is asked for that Stripe turns out never to have made."""
MOST_LINKS: Final = 12
SAVED_AT_ONCE: Final = 20
"""Saved cards that wait for their day are read again so many at a time, behind what is under way."""


def find_due_charges(db: Session, *, now: datetime, limit: int = 200) -> Sequence[int]:
    """Payments whose saved card is to be charged now, the longest due first."""
    due = select(Payment.id).where(Payment.state == State.CARD_SAVED, Payment.charge_at <= now)
    return db.scalars(due.order_by(Payment.charge_at, Payment.id).limit(limit)).all()


def start_charge(db: Session, *, payment_id: int, now: datetime) -> bool:
    """The day has come: ask for the charge. False when it is not due, was asked for, or the booking is off."""
    payment = hold_payment(db, payment_id)
    booking = db.get_one(Booking, payment.booking_id, populate_existing=True)
    if payment.state != State.CARD_SAVED or payment.charge_at is None or payment.charge_at > now:
        return False
    if booking.state in ENDED:
        let_go(db, booking, now)
        return False
    move_payment(db, payment, State.CHARGE_DUE, "The day to charge the saved card has come.", now)
    return ask_for_charge(db, booking, payment, now)


def ask_for_charge(db: Session, booking: Booking, payment: Payment, now: datetime) -> bool:
    """Charge the saved card while its holder is away; False when that was asked for often enough."""
    key = next_version(db, f"charge:{reference_of(booking)}")
    if int(key.rpartition(":v")[2]) > MOST_CHARGES:
        return False
    reference = reference_of(booking)
    add_command(
        db,
        kind="card.charge",
        about="payment",
        about_id=payment.id,
        key=key,
        params={
            "amount_minor": payment.amount_minor,
            "currency": payment.currency,
            "description": f"Capture session with {booking.actor.name}",
            "transfer_group": reference,
            "customer_id": payment.customer_id,
            "payment_method_id": payment.payment_method_id,
            "metadata": {
                "booking": str(booking.id),
                "payment": str(payment.id),
                "reference": reference,
                "command": key,
            },
        },
        now=now,
    )
    return True


def open_link(db: Session, booking: Booking, payment: Payment, words: str, now: datetime) -> None:
    """The bank refused the card: the platform pays by hand, in a checkout of the same frozen price."""
    payment.pay_by = pay_by(terms_of(db, booking), now)
    move_payment(db, payment, State.ACTION_REQUIRED, words, now)
    ask_for_link(db, booking, payment, payment.pay_by, now)


def renew_link(db: Session, booking: Booking, payment: Payment, now: datetime, *, is_refused: bool = False) -> None:
    """A checkout lives for a day: while the platform may still pay by hand, the next one is asked for."""
    if payment.state != State.ACTION_REQUIRED or payment.pay_by is None or booking.state in ENDED:
        return
    if payment.pay_by - now < SHORTEST + LINK_MARGIN:
        return
    version = int(next_version(db, f"checkout:{reference_of(booking)}").rpartition(":v")[2])
    is_coming = has_open_command(db, about="payment", about_id=payment.id, kind="checkout.create")
    if version <= MOST_LINKS and (is_refused or not is_coming):
        wait = {"wait": REOPEN_AFTER} if is_refused else {}
        ask_for_link(db, booking, payment, payment.pay_by, now, **wait)


def let_go(db: Session, booking: Booking, now: datetime) -> None:
    """The booking is off before its card was charged: nothing is charged any more, and what comes in late goes back."""
    payment = find_payment(db, booking.id, lock=True)
    if payment is None or payment.state not in UNCHARGED:
        return
    words = "Nobody wants it any more; it was never sent."
    withdraw_command(db, about="payment", about_id=payment.id, kind="card.charge", words=words, now=now)
    if payment.state == State.ACTION_REQUIRED and payment.checkout_session_id is not None:
        expire_checkout(db, booking, payment, now)
    words = "The booking was called off before the saved card was charged. Nothing was charged."
    move_payment(db, payment, State.FAILED, words, now)


def move_charge(db: Session, booking: Booking, slot: Interval, now: datetime) -> None:
    """The session moves to `slot`: the card is charged, or the platform pays by hand, as long before it as before.

    Change orders move with their booking. Refuses a time for which the money could not be taken, or held, as it must.
    """
    db.execute(select(Booking.id).where(Booking.id == booking.id).with_for_update())
    check_new_time(db, booking, slot, now)
    extras = select(ChangeOrder.extra_id).where(ChangeOrder.booking_id == booking.id)
    ours = or_(Payment.booking_id == booking.id, Payment.booking_id.in_(extras))
    waiting = select(Payment).where(ours, Payment.state.in_((State.CARD_SAVED, State.ACTION_REQUIRED)))
    for payment in db.scalars(waiting.order_by(Payment.id).with_for_update()):
        owner = db.get_one(Booking, payment.booking_id)
        terms = terms_of(db, owner, slot)
        if owner.is_extra:
            _follow(owner, slot)
        if payment.state == State.CARD_SAVED:
            payment.charge_at = terms.charge_at
        elif payment.pay_by is not None:
            payment.pay_by = min(payment.pay_by, max(terms.free_until, now))
    db.flush()


def _follow(extra: Booking, slot: Interval) -> None:
    """A change order whose money is still to come keeps its session's time."""
    shift = slot.starts_at - extra.starts_at
    extra.starts_at, extra.ends_at = extra.starts_at + shift, extra.ends_at + shift
    extra.busy_from, extra.busy_until = extra.busy_from + shift, extra.busy_until + shift


def keep_card(db: Session, payment: Payment, customer_id: str, payment_method_id: str, now: datetime) -> None:
    """The checkout has saved a card: whose it is, which one, and when it is charged."""
    if not can_move(State(payment.state), State.CARD_SAVED):
        return
    payment.customer_id, payment.payment_method_id = customer_id, payment_method_id
    booking = db.get_one(Booking, payment.booking_id)
    payment.charge_at = terms_of(db, booking).charge_at


def list_cards_to_read(db: Session, *, limit: int = SAVED_AT_ONCE) -> list[str]:
    """Checkouts that have saved a card whose day has not come: read now and then, in no order."""
    saved = select(Payment.checkout_session_id).where(
        Payment.state == State.CARD_SAVED, Payment.checkout_session_id.is_not(None)
    )
    return [each for each in db.scalars(saved.order_by(func.random()).limit(limit)) if each]
