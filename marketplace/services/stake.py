"""What open disputes put at stake of money that an actor already has: so much of their other payouts waits."""

from __future__ import annotations

from sqlalchemy import String, literal, select
from sqlalchemy.orm import Session

from marketplace.domain.money import Money
from marketplace.domain.payout import ON_HAND
from marketplace.models import Booking, Dispute, Payout, Posting
from marketplace.models.column import sum_of
from marketplace.services.payout_sent import sent_by_books


def stake_of(db: Session, payout: Payout) -> Money:
    """What the actor may have to give back of other bookings, beyond what their other waiting payouts cover."""
    waiting = db.scalar(
        select(sum_of(Payout.amount_minor - Payout.netted_minor)).where(
            Payout.actor_id == payout.actor_id,
            Payout.currency == payout.currency,
            Payout.state.in_(ON_HAND),
            Payout.id != payout.id,
        )
    )
    return Money(max(_at_stake(db, payout) - (waiting or 0), 0), payout.currency)


def hold_words(db: Session, payout: Payout) -> str | None:
    """Why this payout waits for a dispute about another booking, in a sentence that its actor reads; None if not."""
    stake = stake_of(db, payout)
    if not stake:
        return None
    return f"A bank disputes the payment of an earlier booking. Until it has decided, {stake} of the payouts waits."


def _at_stake(db: Session, payout: Payout) -> int:
    """The actor's parts of what banks have taken of bookings that the actor was sent money for, in minor units."""
    event = literal("dispute_open:", String) + Dispute.stripe_dispute_id
    rows = db.execute(
        select(Dispute.amount_minor, Booking.fee_minor, Booking.net_minor, sent_by_books())
        .join(Booking, Booking.id == Dispute.booking_id)
        .join(Payout, Payout.booking_id == Booking.id)
        .join(Posting, Posting.event_key == event)
        .where(
            Payout.actor_id == payout.actor_id,
            Payout.currency == payout.currency,
            Payout.id != payout.id,
            Dispute.state == "open",
        )
    )
    parts = ((Money(taken, payout.currency).split([fee, net])[1].minor, int(has)) for taken, fee, net, has in rows)
    return sum(min(part, has) for part, has in parts)
