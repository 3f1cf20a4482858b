"""The books: postings are written once and never changed, balances are derived from them."""

from __future__ import annotations

from datetime import datetime
from typing import cast

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from marketplace.domain.ledger import Place, PostingDraft
from marketplace.models import LedgerAccount, LedgerEntry, Posting
from marketplace.models.column import sum_of
from marketplace.services.once import insert_once


def post(db: Session, posting: PostingDraft, *, now: datetime) -> bool:
    """Write a posting; False, and nothing written, when its event has been booked before.

    The database refuses at commit what does not sum to zero, and at once what mixes currencies.
    """
    posting_id = insert_once(
        db,
        Posting,
        event_key=posting.event_key,
        kind=posting.kind,
        currency=posting.currency,
        booking_id=posting.booking_id,
        stripe_id=posting.stripe_id,
        memo=posting.memo,
        at=now,
        imbalance=0,
    )
    if posting_id is None:
        return False
    rows = [
        {
            "posting_id": posting_id,
            "line": number,
            "ledger_account_id": account_id(db, line.place, posting.currency),
            "currency": posting.currency,
            "amount_minor": line.amount_minor,
        }
        for number, line in enumerate(posting.lines, start=1)
    ]
    db.execute(insert(LedgerEntry), rows)
    return True


def account_id(db: Session, place: Place, currency: str) -> int:
    """The row of an account of the chart, opened when it is first needed."""
    wanted = select(LedgerAccount.id).where(LedgerAccount.key == place.key, LedgerAccount.currency == currency)
    found = db.scalar(wanted)
    if found is not None:
        return found
    made = insert_once(
        db, LedgerAccount, key=place.key, kind=str(place.kind), owner_id=place.owner_id, currency=currency
    )
    return cast(int, made) if made is not None else db.scalars(wanted).one()


def balance_of(db: Session, place: Place, currency: str, *, booking_id: int | None = None) -> int:
    """The sum of an account in minor units, debit plus; of one booking's postings only, if asked."""
    query = (
        select(sum_of(LedgerEntry.amount_minor))
        .join(LedgerAccount, LedgerAccount.id == LedgerEntry.ledger_account_id)
        .where(LedgerAccount.key == place.key, LedgerAccount.currency == currency)
    )
    if booking_id is not None:
        query = query.join(Posting, Posting.id == LedgerEntry.posting_id).where(Posting.booking_id == booking_id)
    return db.scalar(query) or 0


def locked_balance_of(db: Session, place: Place, currency: str) -> int:
    """As `balance_of`, while others who ask for the same wait: for who takes off what is there. Locked last of all."""
    account = select(LedgerAccount.id).where(LedgerAccount.key == place.key, LedgerAccount.currency == currency)
    db.execute(account.with_for_update())
    return balance_of(db, place, currency)


def is_posted(db: Session, event_key: str) -> bool:
    """Whether an event has been booked."""
    return db.scalar(select(Posting.id).where(Posting.event_key == event_key)) is not None


def list_balances(db: Session) -> list[tuple[str, str, int]]:
    """(account, currency, balance) of every account, by name."""
    rows = db.execute(
        select(LedgerAccount.key, LedgerAccount.currency, sum_of(LedgerEntry.amount_minor))
        .outerjoin(LedgerEntry, LedgerEntry.ledger_account_id == LedgerAccount.id)
        .group_by(LedgerAccount.key, LedgerAccount.currency)
        .order_by(LedgerAccount.key, LedgerAccount.currency)
    )
    return [(key, currency, amount) for key, currency, amount in rows]
