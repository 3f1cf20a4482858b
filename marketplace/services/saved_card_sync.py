"""What Stripe's word on a saved card means for its booking: it is confirmed, it is paid, or the platform must pay."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from marketplace.domain.booking_state import ENDED, Step
from marketplace.domain.booking_state import State as BookingState
from marketplace.domain.errors import Refused
from marketplace.domain.money import Money
from marketplace.domain.payment import State
from marketplace.models import Booking, Payment
from marketplace.services.booking_follow import take_booking_step
from marketplace.services.booking_step import CLOCK
from marketplace.services.payment import hold_payment
from marketplace.services.saved_card import ask_for_charge, let_go, open_link

NEVER_HAPPENED = "never_happened"
"""The look-up's own word for a call that Stripe knows nothing of."""


def confirm_with_card(db: Session, payment: Payment, now: datetime) -> None:
    """The card is saved: the booking is confirmed, or the card let go where the slot is gone."""
    booking = db.get_one(Booking, payment.booking_id, populate_existing=True)
    if booking.state != BookingState.ACCEPTED or payment.charge_at is None:
        let_go(db, booking, now)
        return
    words = f"A card is saved. It is charged on {payment.charge_at:%-d %B %Y}; until then nothing is paid."
    try:
        take_booking_step(db, booking, Step.SAVE_CARD, CLOCK, now, words)
    except Refused:
        let_go(db, booking, now)


def note_charged(db: Session, payment: Payment, now: datetime) -> None:
    """The money of a booking that was confirmed with a saved card has come in."""
    booking = db.get_one(Booking, payment.booking_id, populate_existing=True)
    if booking.state in (BookingState.CONFIRMED, BookingState.RESCHEDULING):
        amount = Money(payment.amount_minor, payment.currency)
        words = f"{amount} were paid. The money is held until the takes are accepted."
        take_booking_step(db, booking, Step.CHARGE, CLOCK, now, words)


def note_charge_refused(db: Session, *, payment_id: int, words: str, code: str, now: datetime) -> None:
    """The bank said no, or wants the holder: the platform pays by hand, or the booking is called off at the deadline.

    What Stripe never made is asked for once more, with a new key.
    """
    payment = hold_payment(db, payment_id)
    booking = db.get_one(Booking, payment.booking_id, populate_existing=True)
    if payment.state != State.CHARGE_DUE or booking.state in ENDED:
        return
    if code == NEVER_HAPPENED and ask_for_charge(db, booking, payment, now):
        return
    open_link(db, booking, payment, words, now)
    take_booking_step(db, booking, Step.ASK_PAYMENT, CLOCK, now, _ask(payment, code))


def _ask(payment: Payment, code: str) -> str:
    why = (
        "The bank wants you to confirm the payment yourself."
        if code == "authentication_required"
        else "The saved card could not be charged."
    )
    amount, until = Money(payment.amount_minor, payment.currency), payment.pay_by
    by = f" by {until:%-d %B %Y, %H:%M} UTC" if until else ""
    return f"{why} Pay {amount} on the booking's page{by}, with this card or another."
