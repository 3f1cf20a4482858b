"""Brings a sent payout into line with its transfer at Stripe: reversals, ours and those made by hand."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from marketplace.domain.money import Money
from marketplace.gateways.payment.base import Reversal
from marketplace.models import Payout, Posting
from marketplace.services.notice import notify_admins
from marketplace.services.payment import REFUNDS_PATH
from marketplace.services.payout_send import note_reversal
from marketplace.services.payout_step import get_payout


def sync_reversals(db: Session, transfer_id: str, reversals: Iterable[Reversal], *, now: datetime) -> None:
    """Book every reversal of a transfer once; a transfer that is not ours is left alone."""
    payout_id = _payout_of(db, transfer_id)
    if payout_id is None:
        return
    for reversal in reversals:
        payout = get_payout(db, payout_id, lock=True)
        is_new = note_reversal(db, payout=payout, reversal_id=reversal.id, amount_minor=reversal.amount_minor, now=now)
        if is_new and "command" not in reversal.metadata:
            _tell_admins(db, payout, reversal, now)


def _payout_of(db: Session, transfer_id: str) -> int | None:
    """The payout that a transfer belongs to: its last one, or one before it that came back."""
    booked = select(Posting.booking_id).where(Posting.kind == "transfer", Posting.stripe_id == transfer_id)
    return db.scalar(
        select(Payout.id).where(or_(Payout.stripe_transfer_id == transfer_id, Payout.booking_id.in_(booked)))
    )


def _tell_admins(db: Session, payout: Payout, reversal: Reversal, now: datetime) -> None:
    """Somebody took money back in Stripe's own pages: it is the actor's again until a person says what it is for."""
    amount = Money(reversal.amount_minor, reversal.currency)
    notify_admins(
        db,
        key=f"payout:{payout.id}:reversal:{reversal.id}",
        kind="payment",
        title="A transfer was taken back outside Marquee",
        words=f"Booking {payout.booking_id}: {amount} came back from the actor. Refund the platform, or send it again.",
        path=REFUNDS_PATH,
        now=now,
    )
