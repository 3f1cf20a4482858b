"""An actor's debts, and what settled them: the oldest is settled first."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.domain import ledger as books
from marketplace.models import Booking, LedgerAccount, LedgerEntry, Posting

WORDS: Final = {"refund": "Earlier debt: part of a refund", "dispute_lost": "Earlier debt: part of a lost dispute"}


@dataclass(frozen=True, slots=True)
class Settled:
    """A debt, or the part of it that was settled: in words, from which booking and when it came about."""

    words: str
    booking_id: int | None
    at: datetime
    amount_minor: int


def settled_by(db: Session, booking: Booking, currency: str, *, after_posting_id: int) -> list[Settled]:
    """Which debts the payout of a booking settled after a posting, in the order in which they came about."""
    open_debts: deque[Settled] = deque()
    found: list[Settled] = []
    for posting, amount in _moves(db, booking.actor_id, currency):
        if amount > 0:
            words = WORDS.get(posting.kind, "An earlier debt")
            open_debts.append(Settled(words, posting.booking_id, posting.at, amount))
            continue
        settled = _take(open_debts, -amount)
        if posting.kind == "net" and posting.booking_id == booking.id and posting.id > after_posting_id:
            found += settled
    return found


def _moves(db: Session, actor_id: int, currency: str) -> list[tuple[Posting, int]]:
    """Everything that raised (plus) or settled (minus) what the actor owes."""
    place = books.receivable_from(actor_id)
    query = (
        select(Posting, LedgerEntry.amount_minor)
        .join(LedgerEntry, LedgerEntry.posting_id == Posting.id)
        .join(LedgerAccount, LedgerAccount.id == LedgerEntry.ledger_account_id)
        .where(LedgerAccount.key == place.key, LedgerAccount.currency == currency)
        .order_by(Posting.id)
    )
    return [(posting, amount) for posting, amount in db.execute(query)]


def _take(debts: deque[Settled], amount: int) -> list[Settled]:
    """Settle so much of the oldest debts; the parts that were settled."""
    taken = []
    while amount and debts:
        oldest = debts.popleft()
        part = min(oldest.amount_minor, amount)
        taken.append(replace(oldest, amount_minor=part))
        if part < oldest.amount_minor:
            debts.appendleft(replace(oldest, amount_minor=oldest.amount_minor - part))
        amount -= part
    return taken
