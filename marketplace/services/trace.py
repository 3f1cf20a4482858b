"""The whole way of one booking's money, for an admin: every row that any part of the marketplace keeps about it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Final, TypeVar

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session, joinedload

from marketplace.domain.errors import NotFound
from marketplace.domain.whereabouts import Moved, Whereabouts, find_whereabouts
from marketplace.models import (
    Account,
    Audit,
    Booking,
    BookingEvent,
    ChangeOrder,
    Dispute,
    Document,
    LedgerAccount,
    LedgerEntry,
    Mismatch,
    OutboxCommand,
    Payment,
    PaymentEvent,
    Payout,
    PayoutEvent,
    Posting,
    Refund,
    StripeEvent,
)
from marketplace.models.column import sum_of

MOST_ROWS: Final = 300
"""Of each kind of row, the newest that are read; a booking has a few dozen."""

Row = TypeVar("Row")
Ids = Mapping[str, Sequence[int]]


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a posting; `balance_minor` is what the booking's postings so far have put on its account."""

    account: str
    kind: str
    amount_minor: int
    balance_minor: int


@dataclass(frozen=True, slots=True)
class PostingRow:
    """A posting with its lines."""

    posting: Posting
    entries: tuple[Entry, ...]

    @property
    def amount_minor(self) -> int:
        """What it moved: the sum of its debits."""
        return sum(entry.amount_minor for entry in self.entries if entry.amount_minor > 0)


@dataclass(frozen=True)
class Trace:
    """One booking's money. Rows are oldest first; `names` are those of the people who acted; `is_cut`: rows left out.

    `parent_id` is the booking it is a change order of, `extra_ids` are its own change orders.
    """

    booking: Booking
    payment: Payment | None
    payout: Payout | None
    booking_events: Sequence[BookingEvent]
    payment_events: Sequence[PaymentEvent]
    payout_events: Sequence[PayoutEvent]
    refunds: Sequence[Refund]
    disputes: Sequence[Dispute]
    commands: Sequence[OutboxCommand]
    stripe_events: Sequence[StripeEvent]
    postings: Sequence[PostingRow]
    documents: Sequence[Document]
    audits: Sequence[Audit]
    mismatches: Sequence[Mismatch]
    whereabouts: Whereabouts
    names: Mapping[int, str]
    parent_id: int | None
    extra_ids: Sequence[int]
    is_cut: bool


def read_trace(db: Session, booking_id: int) -> Trace:
    """Everything kept about a booking's money, in as many statements however long its story is; NotFound if none."""
    booking = _booking(db, booking_id)
    payment = db.scalar(select(Payment).where(Payment.booking_id == booking_id))
    payout = db.scalar(select(Payout).where(Payout.booking_id == booking_id))
    refunds = _newest(db, Refund, Refund.booking_id == booking_id, Refund.id)
    disputes = _newest(db, Dispute, Dispute.booking_id == booking_id, Dispute.id)
    mismatches = _newest(db, Mismatch, Mismatch.booking_id == booking_id, Mismatch.id)
    ids: Ids = {
        "booking": [booking_id],
        "payment": [payment.id] if payment else [],
        "payout": [payout.id] if payout else [],
        "refund": [one.id for one in refunds],
        "dispute": [one.id for one in disputes],
        "mismatch": [one.id for one in mismatches],
    }
    commands = _newest(db, OutboxCommand, _about(OutboxCommand, ids), OutboxCommand.id)
    audits = _newest(db, Audit, _about(Audit, ids), Audit.id)
    booking_events = _newest(db, BookingEvent, BookingEvent.booking_id == booking_id, BookingEvent.id)
    payout_events = _newest(db, PayoutEvent, PayoutEvent.payout_id.in_(ids["payout"]), PayoutEvent.id)
    postings = read_postings(db, booking_id)
    at_stripe = _stripe_ids(payment, payout, refunds, disputes, commands, postings)
    stripe_events = _newest(
        db, StripeEvent, StripeEvent.object_id.in_(at_stripe), StripeEvent.received_at, StripeEvent.id
    )
    family = db.execute(
        select(ChangeOrder.booking_id, ChangeOrder.extra_id)
        .where(or_(ChangeOrder.booking_id == booking_id, ChangeOrder.extra_id == booking_id))
        .order_by(ChangeOrder.extra_id)
        .limit(MOST_ROWS)
    ).all()
    return Trace(
        booking=booking,
        payment=payment,
        payout=payout,
        booking_events=booking_events,
        payment_events=_newest(db, PaymentEvent, PaymentEvent.payment_id.in_(ids["payment"]), PaymentEvent.id),
        payout_events=payout_events,
        refunds=refunds,
        disputes=disputes,
        commands=commands,
        stripe_events=stripe_events,
        postings=postings,
        documents=_newest(db, Document, Document.booking_id == booking_id, Document.id),
        audits=audits,
        mismatches=mismatches,
        whereabouts=read_whereabouts(db, booking),
        names=_names(db, [*booking_events, *payout_events, *audits]),
        parent_id=next((one.booking_id for one in family if one.extra_id == booking_id), None),
        extra_ids=[one.extra_id for one in family if one.booking_id == booking_id],
        is_cut=any(len(rows) >= MOST_ROWS for rows in (booking_events, commands, audits, stripe_events, postings)),
    )


def read_whereabouts(db: Session, booking: Booking) -> Whereabouts:
    """Where each cent of a booking's money is, summed by the database."""
    sums = db.execute(
        select(Posting.kind, LedgerAccount.kind, sum_of(LedgerEntry.amount_minor))
        .join(LedgerEntry, LedgerEntry.posting_id == Posting.id)
        .join(LedgerAccount, LedgerAccount.id == LedgerEntry.ledger_account_id)
        .where(Posting.booking_id == booking.id, Posting.currency == booking.currency)
        .group_by(Posting.kind, LedgerAccount.kind)
    )
    return find_whereabouts(Moved(posting, account, minor) for posting, account, minor in sums)


def read_postings(db: Session, booking_id: int) -> list[PostingRow]:
    """A booking's postings with their lines and what each line leaves on its account, oldest first; two statements."""
    postings = _newest(db, Posting, Posting.booking_id == booking_id, Posting.id)
    lines = db.execute(
        select(LedgerEntry.posting_id, LedgerAccount.key, LedgerAccount.kind, LedgerEntry.amount_minor)
        .join(LedgerAccount, LedgerAccount.id == LedgerEntry.ledger_account_id)
        .where(LedgerEntry.posting_id.in_([posting.id for posting in postings]))
        .order_by(LedgerEntry.posting_id, LedgerEntry.line)
    ).all()
    by_posting = {key: list(rows) for key, rows in groupby(lines, key=lambda row: row.posting_id)}
    balances: dict[tuple[str, str], int] = {}
    return [
        PostingRow(posting, tuple(_entry(row, posting.currency, balances) for row in by_posting.get(posting.id, ())))
        for posting in postings
    ]


def _entry(row: Any, currency: str, balances: dict[tuple[str, str], int]) -> Entry:
    place = (row.key, currency)
    balances[place] = balances.get(place, 0) + row.amount_minor
    return Entry(row.key, row.kind, row.amount_minor, balances[place])


def _booking(db: Session, booking_id: int) -> Booking:
    people = (joinedload(Booking.actor), joinedload(Booking.platform), joinedload(Booking.brief))
    booking = db.scalar(select(Booking).where(Booking.id == booking_id).options(*people))
    if booking is None:
        raise NotFound("There is no such booking.")
    return booking


def _newest(db: Session, table: type[Row], which: ColumnElement[bool], *order: InstrumentedAttribute[Any]) -> list[Row]:
    """The newest rows that are read at most, the oldest of them first."""
    rows = db.scalars(select(table).where(which).order_by(*(each.desc() for each in order)).limit(MOST_ROWS)).all()
    return list(reversed(rows))


def _about(table: type[OutboxCommand] | type[Audit], ids: Ids) -> ColumnElement[bool]:
    return or_(*(and_(table.about == noun, table.about_id.in_(some)) for noun, some in ids.items() if some))


def _stripe_ids(
    payment: Payment | None,
    payout: Payout | None,
    refunds: Iterable[Refund],
    disputes: Iterable[Dispute],
    commands: Iterable[OutboxCommand],
    postings: Iterable[PostingRow],
) -> list[str]:
    """Every name that something of this booking has at Stripe."""
    found = [
        *([payment.checkout_session_id, payment.payment_intent_id, payment.charge_id] if payment else []),
        *([payout.stripe_transfer_id] if payout else []),
        *(one.stripe_refund_id for one in refunds),
        *(one.stripe_dispute_id for one in disputes),
        *(one.stripe_id for one in commands),
        *(one.posting.stripe_id for one in postings),
    ]
    return sorted({one for one in found if one})


def _names(db: Session, rows: Iterable[BookingEvent | PayoutEvent | Audit]) -> dict[int, str]:
    ids = sorted({row.principal_id for row in rows if row.principal_id is not None})
    return {row.id: row.name for row in db.execute(select(Account.id, Account.name).where(Account.id.in_(ids)))}
