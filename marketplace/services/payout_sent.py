"""What an actor has of a booking by the books: also of a transfer before their payout was opened again."""

from __future__ import annotations

from sqlalchemy import ColumnElement, case, func, select

from marketplace.domain.ledger import AccountKind
from marketplace.domain.payout import MOVED
from marketplace.models import LedgerAccount, LedgerEntry, Payout, Posting
from marketplace.models.column import sum_of


def sent_by_books() -> ColumnElement[int]:
    """What was sent for a payout's booking and not taken back, in minor units; a part of a query of payouts."""
    moved = (
        select(sum_of(LedgerEntry.amount_minor))
        .join(Posting, Posting.id == LedgerEntry.posting_id)
        .join(LedgerAccount, LedgerAccount.id == LedgerEntry.ledger_account_id)
        .where(
            Posting.booking_id == Payout.booking_id,
            Posting.kind.in_(("transfer", "reversal")),
            LedgerAccount.kind.in_((AccountKind.ACTOR_PAYABLE, AccountKind.ACTOR_RECEIVABLE)),
        )
        .correlate(Payout)
    )
    return func.coalesce(moved.scalar_subquery(), 0)


def kept_before() -> ColumnElement[int]:
    """Of that, what a payout's own amounts do not tell of: sent before it was opened again, and kept."""
    told = case((Payout.state.in_(MOVED), Payout.amount_minor - Payout.netted_minor - Payout.reversed_minor), else_=0)
    sent = sent_by_books()
    return case((sent > told, sent - told), else_=0)
