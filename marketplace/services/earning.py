"""An actor's statement: what each booking earned and where that money is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from marketplace.models import Booking, Brief, Payment, Payout, Platform

HELD_STATES = ("confirmed", "in_session", "delivered", "changes_requested", "disputed")
"""Booking states in which a paid booking's money is held until the work is accepted."""

MOST_LINES = 200


@dataclass(frozen=True, slots=True)
class StatementLine:
    """One booking's money. `payout` is the payout's state, None while the work is not accepted.

    `words` say why it waits; `expected_on` when it should move on.
    """

    booking_id: int
    platform: str
    project: str
    session_at: datetime
    at: datetime
    amount_minor: int
    reversed_minor: int
    currency: str
    payout: str | None
    words: str
    expected_on: date | None


def list_statement(db: Session, actor_id: int) -> list[StatementLine]:
    """Paid bookings and payouts, newest first."""
    query = (
        select(
            Booking.id,
            Platform.name,
            Brief.project,
            Booking.starts_at,
            func.coalesce(Payout.created_at, Booking.updated_at),
            func.coalesce(Payout.amount_minor - Payout.netted_minor, Booking.net_minor),
            func.coalesce(Payout.reversed_minor, 0),
            Booking.currency,
            Payout.state,
            func.coalesce(Payout.words, ""),
            Payout.expected_on,
        )
        .join(Platform, Platform.id == Booking.platform_id)
        .join(Brief, Brief.id == Booking.brief_id)
        .join(Payment, Payment.booking_id == Booking.id)
        .outerjoin(Payout, Payout.booking_id == Booking.id)
        .where(
            Booking.actor_id == actor_id,
            Payout.id.is_not(None) | (Booking.state.in_(HELD_STATES) & Payment.captured_at.is_not(None)),
        )
    )
    newest = query.order_by(func.coalesce(Payout.created_at, Booking.updated_at).desc(), Booking.id.desc())
    return [StatementLine(*row) for row in db.execute(newest.limit(MOST_LINES))]
