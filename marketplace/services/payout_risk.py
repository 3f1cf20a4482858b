"""What there is to look at before a payout is let go: read when it is made, and again whenever somebody looks."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from statistics import median_low
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.domain.booking import Party
from marketplace.domain.money import Money
from marketplace.domain.payout_risk import RiskFacts, find_reasons, merge_reasons, risk_level
from marketplace.models import Booking, BookingEvent, Dispute, Flag, Payout
from marketplace.services.payout_step import find_account, open_mismatches
from marketplace.services.reconciliation import count_mismatches

USUAL_OF: Final = 20
"""What is usual for an actor is the middle one of so many payouts."""
MOST_NAMED: Final = 50


def reasons_now(db: Session, payout: Payout, now: datetime) -> list[dict[str, Any]]:
    """The payout's reasons as they are at this instant beside what was recorded; nothing is written."""
    return look(
        db, payout.booking_id, payout.actor_id, Money(payout.amount_minor, payout.currency), payout.reasons, now
    )


def refresh_reasons(db: Session, payout: Payout, now: datetime) -> None:
    """Write down what has changed since somebody looked last. The payout's row is locked by who calls."""
    reasons = reasons_now(db, payout, now)
    if reasons != payout.reasons:
        payout.reasons, payout.risk = reasons, risk_level(reasons)
        db.flush()


def look(
    db: Session, booking_id: int, actor_id: int, amount: Money, stored: Sequence[dict[str, Any]], now: datetime
) -> list[dict[str, Any]]:
    """Every reason to look closer, added to those stored before."""
    earlier = _earlier(db, booking_id, actor_id, amount.currency)
    account = find_account(db, actor_id)
    facts = RiskFacts(
        amount=amount,
        actor_id=actor_id,
        booking_id=booking_id,
        earlier_payouts=tuple(number for number, _ in earlier),
        usual_minor=median_low(minor for _, minor in earlier) if earlier else None,
        bank_changed_at=account.bank_changed_at if account else None,
        account_ready=account is not None and account.state == "active",
        open_disputes=_open_disputes(db, booking_id),
        earlier_disputes=_earlier_disputes(db, booking_id, actor_id),
        score_flags=_flags(db, actor_id),
        accepted_by_clock=_accepted_by_clock(db, booking_id),
        mismatches=open_mismatches(db, booking_id),
        books_differ=count_mismatches(db, booking_id),
    )
    return merge_reasons(stored, find_reasons(facts, now), now)


def _earlier(db: Session, booking_id: int, actor_id: int, currency: str) -> list[tuple[int, int]]:
    sent = select(Payout.id, Payout.amount_minor).where(
        Payout.actor_id == actor_id,
        Payout.currency == currency,
        Payout.transferred_at.is_not(None),
        Payout.booking_id != booking_id,
    )
    return [
        (number, minor)
        for number, minor in db.execute(sent.order_by(Payout.created_at.desc(), Payout.id.desc()).limit(USUAL_OF))
    ]


def _open_disputes(db: Session, booking_id: int) -> tuple[int, ...]:
    found = select(Dispute.id).where(Dispute.booking_id == booking_id, Dispute.state == "open").limit(1)
    return () if db.scalar(found) is None else (booking_id,)


def _earlier_disputes(db: Session, booking_id: int, actor_id: int) -> tuple[int, ...]:
    theirs = (
        select(Dispute.booking_id)
        .join(Booking, Booking.id == Dispute.booking_id)
        .where(Booking.actor_id == actor_id, Dispute.booking_id != booking_id)
    )
    return tuple(db.scalars(theirs.distinct().order_by(Dispute.booking_id.desc()).limit(MOST_NAMED)))


def _flags(db: Session, actor_id: int) -> tuple[int, ...]:
    found = select(Flag.id).where(Flag.actor_id == actor_id, Flag.state == "open", Flag.social_account_id.is_not(None))
    return tuple(db.scalars(found.order_by(Flag.id.desc()).limit(MOST_NAMED)))


def _accepted_by_clock(db: Session, booking_id: int) -> bool:
    step = select(BookingEvent.id).where(
        BookingEvent.booking_id == booking_id, BookingEvent.step == "approve", BookingEvent.party == Party.CLOCK
    )
    return db.scalar(step.limit(1)) is not None
