"""Statements, derived from the ledger: opening balance, every posting with its effect, closing balance.

Nothing is stored: the closing balance of one period is the opening of the next because both are the same sum.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, Subquery, and_, case, func, literal, or_, select, union, union_all
from sqlalchemy.orm import Session

from marketplace.domain import ledger as books
from marketplace.domain.document import number_in
from marketplace.domain.ledger import AccountKind
from marketplace.domain.statement import AT_THE_BANK, OURS_ALONE, OWNED, RESULT, SIGN, Period, Side, Subject
from marketplace.models import Actor, Booking, Brief, Document, LedgerAccount, LedgerEntry, Platform, Posting
from marketplace.models.column import running_sum_of, sum_of

PAGE_SIZE: Final = 50
STREAM_SIZE: Final = 500


@dataclass(frozen=True, slots=True)
class Line:
    """One posting as a statement shows it. `effect_minor` is what it did to the balance, `balance_minor` stands after.

    `aside_minor` is the second figure: what a platform paid (plus) or got back (minus), what the marketplace gained
    (plus) or lost (minus), how much of an actor's debt was settled.
    """

    at: datetime
    kind: str
    posting_id: int
    booking_id: int | None
    stripe_id: str | None
    memo: str
    actor: str | None
    platform: str | None
    project: str | None
    document_id: int | None
    document: str | None
    effect_minor: int
    aside_minor: int
    balance_minor: int


@dataclass(frozen=True, slots=True)
class Summary:
    """A period in figures: opening + plus - minus = closing. The asides sum up the lines' second figures."""

    currency: str
    opening_minor: int
    plus_minor: int
    minus_minor: int
    closing_minor: int
    aside_plus_minor: int
    aside_minus_minor: int
    count: int

    @property
    def pages(self) -> int:
        """How many pages its lines fill."""
        return max(1, -(-self.count // PAGE_SIZE))


@dataclass(frozen=True, slots=True)
class Balance:
    """One kind of account over a period: a row of the trial balance, debit plus."""

    kind: AccountKind
    opening_minor: int
    debit_minor: int
    credit_minor: int
    closing_minor: int


def currencies_of(db: Session, subject: Subject) -> Sequence[str]:
    """The currencies in which there is anything to tell, by code."""
    query = select(LedgerAccount.currency).distinct().order_by(LedgerAccount.currency)
    return db.scalars(query.where(_owned_by(subject))).all()


def first_posting_at(db: Session) -> datetime | None:
    """When the books begin."""
    return db.scalar(select(func.min(Posting.at)))


def summarise(db: Session, subject: Subject, currency: str, period: Period) -> Summary:
    """The figures of a period."""
    lines = _figures(subject, currency, period.since, period.until).subquery()

    def sums(column: ColumnElement[int]) -> tuple[ColumnElement[int], ColumnElement[int]]:
        return (
            sum_of(case((column > 0, column), else_=0)),
            sum_of(case((column < 0, -column), else_=0)),
        )

    row = db.execute(select(func.count(), *sums(lines.c.effect), *sums(lines.c.aside))).one()
    count, plus, minus, aside_plus, aside_minus = (int(figure) for figure in row)
    opening = balance_before(db, subject, currency, period.since)
    return Summary(currency, opening, plus, minus, opening + plus - minus, aside_plus, aside_minus, count)


def balance_before(db: Session, subject: Subject, currency: str, at: datetime) -> int:
    """What the accounts of a statement held just before an instant, with the statement's sign."""
    query = (
        select(sum_of(LedgerEntry.amount_minor))
        .join(LedgerAccount, LedgerAccount.id == LedgerEntry.ledger_account_id)
        .join(Posting, Posting.id == LedgerEntry.posting_id)
        .where(_owned_by(subject), LedgerAccount.currency == currency, Posting.at < at)
    )
    return SIGN[subject.side] * (db.scalar(query) or 0)


def list_lines(db: Session, subject: Subject, period: Period, summary: Summary, page: int) -> list[Line]:
    """One page of a period's lines, oldest first."""
    offset = (min(page, summary.pages) - 1) * PAGE_SIZE
    query = _lines(subject, summary, period).limit(PAGE_SIZE).offset(offset)
    return [_line(row) for row in db.execute(query)]


def read_lines(db: Session, subject: Subject, period: Period, summary: Summary) -> Iterator[Line]:
    """All of a period's lines, oldest first, fetched as they are taken."""
    for row in db.execute(_lines(subject, summary, period), execution_options={"yield_per": STREAM_SIZE}):
        yield _line(row)


def trial_balance(db: Session, currency: str, period: Period) -> list[Balance]:
    """Every kind of account of the books over a period; each column sums to zero, credits taken as minus.

    The opening is all that was ever booked less what was booked since: of the past only sums are read, not the days.
    One statement, so that nothing is booked between its two halves.
    """
    both = union_all(_ever_booked(currency), _booked_since(currency, period)).subquery()
    sums = (sum_of(both.c.net), sum_of(both.c.debit), sum_of(both.c.credit))
    rows = db.execute(select(both.c.kind, *sums).group_by(both.c.kind))
    found = {kind: (int(opening), int(debit), int(credit)) for kind, opening, debit, credit in rows}
    return [
        Balance(kind, opening, debit, credit, opening + debit - credit)
        for kind in AccountKind
        for opening, debit, credit in [found.get(kind, (0, 0, 0))]
    ]


def _ever_booked(currency: str) -> Select[*tuple[Any, ...]]:
    nothing = literal(0)
    return (
        select(
            LedgerAccount.kind.label("kind"),
            sum_of(LedgerEntry.amount_minor).label("net"),
            nothing.label("debit"),
            nothing.label("credit"),
        )
        .join(LedgerEntry, LedgerEntry.ledger_account_id == LedgerAccount.id)
        .where(LedgerAccount.currency == currency)
        .group_by(LedgerAccount.kind)
    )


def _booked_since(currency: str, period: Period) -> Select[*tuple[Any, ...]]:
    """What was booked since the period began, to be taken off, and what of it falls into the period."""
    is_within, amount = Posting.at < period.until, LedgerEntry.amount_minor
    return (
        select(
            LedgerAccount.kind,
            -sum_of(amount),
            sum_of(case((and_(is_within, amount > 0), amount), else_=0)),
            sum_of(case((and_(is_within, amount < 0), -amount), else_=0)),
        )
        .join(LedgerEntry, LedgerEntry.ledger_account_id == LedgerAccount.id)
        .join(Posting, Posting.id == LedgerEntry.posting_id)
        .where(LedgerAccount.currency == currency, Posting.at >= period.since)
        .group_by(LedgerAccount.kind)
    )


# the queries behind them -------------------------------------------------------------------------


def _owned_by(subject: Subject) -> ColumnElement[bool]:
    """The accounts that make up a statement's balance."""
    if subject.side == Side.ACTOR:
        return LedgerAccount.key.in_([books.payable_to(_id(subject)).key, books.receivable_from(_id(subject)).key])
    if subject.side == Side.PLATFORM:
        funds = and_(
            LedgerAccount.kind == AccountKind.BOOKING_FUNDS,
            LedgerAccount.owner_id.in_(select(Booking.id).where(Booking.platform_id == _id(subject))),
        )
        return or_(funds, LedgerAccount.key == books.refund_due_to(_id(subject)).key)
    return LedgerAccount.kind.in_(OWNED[Side.MARKETPLACE])


def _id(subject: Subject) -> int:
    if subject.id is None:
        raise ValueError("the marketplace has no id")
    return subject.id


def _figures(subject: Subject, currency: str, since: datetime, until: datetime) -> Select[int, int, int]:
    """(posting_id, effect, aside) of every posting of a period that a statement shows."""
    sign = SIGN[subject.side]
    effect = sign * sum_of(case((LedgerAccount.kind.in_(OWNED[subject.side]), LedgerEntry.amount_minor), else_=0))
    aside = sum_of(_aside(subject.side))
    query = (
        select(LedgerEntry.posting_id.label("posting_id"), effect.label("effect"), aside.label("aside"))
        .join(Posting, Posting.id == LedgerEntry.posting_id)
        .join(LedgerAccount, LedgerAccount.id == LedgerEntry.ledger_account_id)
        .where(Posting.currency == currency, Posting.at >= since, Posting.at < until)
        .group_by(LedgerEntry.posting_id)
    )
    if subject.side == Side.ACTOR:
        return query.where(_owned_by(subject))
    if subject.side == Side.PLATFORM:
        mine = query.where(Posting.id.in_(_postings_of_platform(_id(subject))))
        return mine.having(or_(effect != 0, aside != 0))
    return query


def _aside(side: Side) -> ColumnElement[int]:
    amount, kind = LedgerEntry.amount_minor, LedgerAccount.kind
    if side == Side.ACTOR:
        return case((and_(Posting.kind == "net", kind == AccountKind.ACTOR_PAYABLE), amount), else_=0)
    if side == Side.MARKETPLACE:
        return case((kind.in_(RESULT), -amount), else_=0)
    at_the_bank = and_(Posting.kind.in_(AT_THE_BANK), kind == AccountKind.DISPUTE_HOLD)
    with_us = and_(
        Posting.kind.not_in(OURS_ALONE | AT_THE_BANK), kind.in_((AccountKind.STRIPE_BALANCE, AccountKind.BANK))
    )
    return case((at_the_bank, -amount), (with_us, amount), else_=0)


def _postings_of_platform(platform_id: int) -> Select[Any]:
    """Postings of the platform's bookings, and those on what it is owed: two looks at an index."""
    of_bookings = select(Posting.id).join(Booking, Booking.id == Posting.booking_id)
    of_refunds = select(LedgerEntry.posting_id).join(LedgerAccount, LedgerAccount.id == LedgerEntry.ledger_account_id)
    both = union(
        of_bookings.where(Booking.platform_id == platform_id),
        of_refunds.where(LedgerAccount.key == books.refund_due_to(platform_id).key),
    ).subquery()
    return select(both.c[0])


def _lines(subject: Subject, summary: Summary, period: Period) -> Select[*tuple[Any, ...]]:
    figures: Subquery = _figures(subject, summary.currency, period.since, period.until).subquery()
    balance = summary.opening_minor + running_sum_of(figures.c.effect, Posting.at, Posting.id)
    return (
        select(
            Posting.at,
            Posting.kind,
            Posting.id,
            Posting.booking_id,
            Posting.stripe_id,
            Posting.memo,
            Actor.name.label("actor"),
            Platform.name.label("platform"),
            Brief.project,
            Document.id.label("document_id"),
            Document.series,
            Document.number,
            figures.c.effect,
            figures.c.aside,
            balance.label("balance"),
        )
        .join(figures, figures.c.posting_id == Posting.id)
        .outerjoin(Booking, Booking.id == Posting.booking_id)
        .outerjoin(Actor, Actor.id == Booking.actor_id)
        .outerjoin(Platform, Platform.id == Booking.platform_id)
        .outerjoin(Brief, Brief.id == Booking.brief_id)
        .outerjoin(Document, and_(Document.posting_id == Posting.id, _shown_to(subject)))
        .order_by(Posting.at, Posting.id)
    )


def _shown_to(subject: Subject) -> ColumnElement[bool]:
    """Which documents a statement may lead to."""
    if subject.side == Side.ACTOR:
        return Document.actor_id == _id(subject)
    if subject.side == Side.PLATFORM:
        return Document.platform_id == _id(subject)
    return Document.id.is_not(None)


def _line(row: Any) -> Line:
    return Line(
        at=row.at,
        kind=row.kind,
        posting_id=row.id,
        booking_id=row.booking_id,
        stripe_id=row.stripe_id,
        memo=row.memo,
        actor=row.actor,
        platform=row.platform,
        project=row.project,
        document_id=row.document_id,
        document=number_in(row.series, row.number) if row.document_id is not None else None,
        effect_minor=int(row.effect),
        aside_minor=int(row.aside),
        balance_minor=int(row.balance),
    )
