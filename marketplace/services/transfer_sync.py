"""Brings a sent payout into line with its transfer at Stripe: reversals, ours and those made by hand."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.gateways.payment.base import Reversal
from marketplace.models import Payout
from marketplace.services.payout_send import note_reversal
from marketplace.services.payout_step import get_payout


def sync_reversals(db: Session, transfer_id: str, reversals: Iterable[Reversal], *, now: datetime) -> None:
    """Book every reversal of a transfer once; a transfer that is not ours is left alone."""
    payout_id = db.scalar(select(Payout.id).where(Payout.stripe_transfer_id == transfer_id))
    if payout_id is None:
        return
    for reversal in reversals:
        payout = get_payout(db, payout_id, lock=True)
        note_reversal(db, payout=payout, reversal_id=reversal.id, amount_minor=reversal.amount_minor, now=now)
