"""An actor's statement: what each booking earned and where that money is."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from marketplace.domain.booking_state import MONEY_HELD
from marketplace.domain.payout import ON_ITS_WAY, TRANSFER_TAKES, State, shown_state
from marketplace.models import Booking, Brief, Payment, Payout, Platform
from marketplace.services.payout_sent import kept_before

EXPLAINED = frozenset({State.HELD, State.REJECTED, State.RETURNED})
"""States in which the actor reads why."""

EXPECTED = frozenset({State.REVIEW, *ON_ITS_WAY})
"""States in which money is still to come."""

MOST_LINES = 200


@dataclass(frozen=True, slots=True)
class StatementLine:
    """One booking's money. `payout` is the payout's state as pages show it, None while the work is not accepted.

    `kept_minor` was sent before the payout was opened again, and is not part of its amount.

    `words` say why it waits or will not come; `expected_on` when it should move on, or arrive.
    """

    booking_id: int
    platform: str
    project: str
    session_at: datetime
    at: datetime
    amount_minor: int
    reversed_minor: int
    kept_minor: int
    currency: str
    payout: str | None
    words: str
    expected_on: date | None
    payout_id: int | None
    is_asked: bool


def list_statement(db: Session, actor_id: int, *, now: datetime) -> list[StatementLine]:
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
            kept_before(),
            Booking.currency,
            Payout.state,
            func.coalesce(Payout.words, ""),
            Payout.expected_on,
            Payout.id,
            Payout.asked_at.is_not(None) & (Payout.state == State.HELD),
            Payout.transferred_at,
        )
        .join(Platform, Platform.id == Booking.platform_id)
        .join(Brief, Brief.id == Booking.brief_id)
        .join(Payment, Payment.booking_id == Booking.id)
        .outerjoin(Payout, Payout.booking_id == Booking.id)
        .where(
            Booking.actor_id == actor_id,
            Payout.id.is_not(None) | (Booking.state.in_(MONEY_HELD) & Payment.captured_at.is_not(None)),
        )
    )
    newest = query.order_by(func.coalesce(Payout.created_at, Booking.updated_at).desc(), Booking.id.desc())
    return [_line(row, now) for row in db.execute(newest.limit(MOST_LINES))]


def _line(row: Any, now: datetime) -> StatementLine:
    *columns, transferred_at = row
    line = StatementLine(*columns)
    if line.payout is None:
        return line
    shown = shown_state(State(line.payout), transferred_at, now)
    arrives_on = (transferred_at + TRANSFER_TAKES).date() if transferred_at else line.expected_on
    is_ahead = arrives_on is not None and arrives_on >= now.date() and shown in EXPECTED
    return replace(
        line,
        payout=shown,
        words=line.words if shown in EXPLAINED else "",
        expected_on=arrives_on if is_ahead else None,
    )
