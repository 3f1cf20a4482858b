"""When a booking's money is taken: now, or from a saved card near its session; read from the booking as it stands."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, exists, select
from sqlalchemy.orm import Session

from marketplace.domain.availability import Interval
from marketplace.domain.cancellation import Tier
from marketplace.domain.payment import State, is_paid
from marketplace.domain.rate import Quote
from marketplace.domain.saved_card import Terms, check_chargeable, check_holding, is_later
from marketplace.models import Booking, ChangeOrder, Payment

UNCHARGED: Final = frozenset({State.CARD_SAVED, State.CHARGE_DUE, State.ACTION_REQUIRED})
"""A card is saved, and no money has come yet."""


def terms_of(db: Session, booking: Booking, slot: Interval | None = None) -> Terms:
    """What the rules look at, at `slot` or at the booked time; a change order goes by its booking's session."""
    session = session_of(db, booking)
    pickups = Quote.from_json(booking.quote).pickups_included
    if booking.is_extra:
        pickups += Quote.from_json(session.quote).pickups_included
    at = slot or Interval(session.starts_at, session.ends_at)
    return Terms(at.starts_at, at.ends_at, Tier(session.cancellation), pickups)


def session_of(db: Session, booking: Booking) -> Booking:
    """The booking whose session this is about: itself, or the one that a change order belongs to."""
    parent = select(Booking).join(ChangeOrder, ChangeOrder.booking_id == Booking.id)
    return db.scalars(parent.where(ChangeOrder.extra_id == booking.id)).one() if booking.is_extra else booking


def charge_at_of(db: Session, booking: Booking, now: datetime) -> datetime | None:
    """When the card is charged that is saved now, or None where the platform pays at once."""
    terms = terms_of(db, booking)
    return terms.charge_at if is_later(terms, now) else None


def check_new_time(db: Session, booking: Booking, slot: Interval, now: datetime) -> None:
    """Refuse another time for which the money would be held too long, or the saved card not be charged in time."""
    payment = db.scalar(select(Payment).where(Payment.booking_id == booking.id))
    if payment is None:
        return
    if payment.state in UNCHARGED:
        check_chargeable(terms_of(db, booking, slot), now)
    elif is_paid(State(payment.state)) and payment.captured_at is not None:
        check_holding(terms_of(db, booking, slot), payment.captured_at)


def is_charged(db: Session, booking_id: int) -> bool:
    """Whether money has come in for a booking; so it counts where nobody has begun to pay."""
    return not _is_in(db, booking_id, UNCHARGED)


def pay_by_of(db: Session, booking_id: int) -> datetime | None:
    """Until when the platform has to pay by hand, or None where it has not."""
    asked = select(Payment.pay_by).where(Payment.booking_id == booking_id, Payment.state == State.ACTION_REQUIRED)
    return db.scalar(asked)


def _is_in(db: Session, booking_id: int, states: Collection[State]) -> bool:
    return bool(db.scalar(select(exists().where(Payment.booking_id == booking_id, Payment.state.in_(states)))))


def must_be_paid() -> ColumnElement[bool]:
    """In SQL: bookings whose platform has to pay by hand, because its bank refused the saved card."""
    return exists().where(Payment.booking_id == Booking.id, Payment.state == State.ACTION_REQUIRED)
