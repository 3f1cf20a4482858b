"""Payouts as they are read: by state, by what happened to one, and by actor."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.domain import ledger as books
from marketplace.domain.booking_state import MONEY_HELD
from marketplace.domain.payment import State as PaymentState
from marketplace.domain.payout import ON_ITS_WAY, SENT, SETTLED, State, shown_state
from marketplace.models import Booking, Payment, Payout, PayoutEvent
from marketplace.models.column import sum_of
from marketplace.services import ledger
from marketplace.services.payout_sent import kept_before


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


def earnings_of(db: Session, actor_id: int, *, now: datetime) -> list[Earnings]:
    """Where an actor's money is, by currency; each payout counts where the statement shows it.

    Of one that was opened again, what the actor kept of the transfer before counts as sent.
    """
    amount = Payout.amount_minor - Payout.netted_minor - Payout.reversed_minor
    columns = (Payout.currency, Payout.state, Payout.transferred_at, amount, kept_before())
    sums: Counter[tuple[str, str]] = Counter()
    for currency, state, transferred_at, minor, kept in db.execute(select(*columns).where(Payout.actor_id == actor_id)):
        sums[currency, shown_state(State(state), transferred_at, now)] += minor
        sums[currency, SETTLED] += int(kept)
    booked = _booked(db, actor_id)
    currencies = sorted({currency for currency, _ in sums} | set(booked))
    return [_earnings(db, actor_id, currency, sums, booked.get(currency, 0)) for currency in currencies]


def _earnings(db: Session, actor_id: int, currency: str, sums: Counter[tuple[str, str]], booked: int) -> Earnings:
    def of(states: Iterable[str]) -> int:
        return sum(sums[currency, state] for state in states)

    return Earnings(
        currency=currency,
        booked_minor=booked,
        review_minor=of([State.REVIEW]),
        held_minor=of([State.HELD]),
        leaving_minor=of(ON_ITS_WAY),
        sent_minor=of(SENT),
        owed_back_minor=max(ledger.balance_of(db, books.receivable_from(actor_id), currency), 0),
    )


def _booked(db: Session, actor_id: int) -> dict[str, int]:
    """Net amounts of paid bookings whose work has not been accepted yet."""
    rows = db.execute(
        select(Booking.currency, sum_of(Booking.net_minor))
        .join(Payment, Payment.booking_id == Booking.id)
        .where(
            Booking.actor_id == actor_id,
            Booking.state.in_(MONEY_HELD),
            Payment.state.in_((PaymentState.CAPTURED, PaymentState.PARTLY_REFUNDED)),
        )
        .group_by(Booking.currency)
    )
    return dict(rows.all())
