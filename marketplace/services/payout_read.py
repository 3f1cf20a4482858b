"""Payouts as they are read: by state, by what happened to one, and by actor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from marketplace.domain import ledger as books
from marketplace.domain.payment import State as PaymentState
from marketplace.domain.payout import State
from marketplace.models import Booking, Payment, Payout, PayoutEvent
from marketplace.services import ledger


def count_by_state(db: Session) -> dict[State, int]:
    """How many payouts are in each state."""
    rows = db.execute(select(Payout.state, func.count()).group_by(Payout.state))
    return {State(state): count for state, count in rows}


def read_trail(db: Session, payout_id: int) -> Sequence[PayoutEvent]:
    """What has happened to a payout, oldest first."""
    events = select(PayoutEvent).where(PayoutEvent.payout_id == payout_id)
    return db.scalars(events.order_by(PayoutEvent.at, PayoutEvent.id)).all()


@dataclass(frozen=True, slots=True)
class Earnings:
    """An actor's money in one currency, in minor units: held by bookings, in review, on hold, on its way, sent.

    `booked` is paid by platforms and not earned yet; `owed_back` is what later payouts will be reduced by.
    """

    currency: str
    booked_minor: int
    review_minor: int
    held_minor: int
    leaving_minor: int
    sent_minor: int
    owed_back_minor: int


def earnings_of(db: Session, actor_id: int) -> list[Earnings]:
    """Where an actor's money is, by currency."""
    rows = db.execute(
        select(
            Payout.currency,
            Payout.state,
            func.sum(Payout.amount_minor - Payout.netted_minor - Payout.reversed_minor),
        )
        .where(Payout.actor_id == actor_id)
        .group_by(Payout.currency, Payout.state)
    )
    sums: dict[tuple[str, str], int] = {(currency, state): int(amount) for currency, state, amount in rows}
    booked = _booked(db, actor_id)
    currencies = sorted({currency for currency, _ in sums} | set(booked))
    return [_earnings(db, actor_id, currency, sums, booked.get(currency, 0)) for currency in currencies]


def _earnings(db: Session, actor_id: int, currency: str, sums: dict[tuple[str, str], int], booked: int) -> Earnings:
    def of(*states: State) -> int:
        return sum(sums.get((currency, state), 0) for state in states)

    return Earnings(
        currency=currency,
        booked_minor=booked,
        review_minor=of(State.REVIEW),
        held_minor=of(State.HELD),
        leaving_minor=of(State.APPROVED, State.SENDING, State.UNKNOWN),
        sent_minor=of(State.TRANSFERRED, State.PARTLY_REVERSED, State.REVERSED),
        owed_back_minor=max(ledger.balance_of(db, books.receivable_from(actor_id), currency), 0),
    )


def _booked(db: Session, actor_id: int) -> dict[str, int]:
    """Net amounts of paid bookings whose work has not been accepted yet."""
    rows = db.execute(
        select(Booking.currency, func.sum(Booking.net_minor))
        .join(Payment, Payment.booking_id == Booking.id)
        .where(
            Booking.actor_id == actor_id,
            Booking.state.in_(("confirmed", "in_session", "delivered", "changes_requested", "disputed")),
            Payment.state.in_((PaymentState.CAPTURED, PaymentState.PARTLY_REFUNDED)),
        )
        .group_by(Booking.currency)
    )
    return {currency: int(amount) for currency, amount in rows}
