"""A year for the tax office: what each actor was paid for, what was taken back, and how often they worked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import ColumnElement, SQLColumnExpression, and_, case, func, select
from sqlalchemy.orm import Session

from marketplace.domain.ledger import AccountKind
from marketplace.models import Actor, Booking, ConnectAccount, LedgerAccount, LedgerEntry, Posting
from marketplace.models.column import sum_of

TAKEN_BACK = ("refund", "dispute_lost")


@dataclass(frozen=True, slots=True)
class TaxLine:
    """One actor's year in one currency, in minor units.

    `earned` is the actor's part of accepted work, `fee` what platforms paid the marketplace on top of it, `gross` both
    together; `refunded` is the actor's part of what went back to platforms. `sessions` counts bookings that earned.
    """

    actor_id: int
    name: str
    country: str | None
    stripe_account_id: str | None
    currency: str
    sessions: int
    earned_minor: int
    fee_minor: int
    refunded_minor: int

    @property
    def gross_minor(self) -> int:
        """What platforms paid for the actor's accepted work."""
        return self.earned_minor + self.fee_minor


def read_tax_year(db: Session, year: int) -> Iterator[TaxLine]:
    """Every actor who earned or gave back in a year of UTC, by id, one line a currency."""
    amount, kind = LedgerEntry.amount_minor, LedgerAccount.kind
    theirs = kind.in_((AccountKind.ACTOR_PAYABLE, AccountKind.ACTOR_RECEIVABLE))
    is_earned, is_taken = Posting.kind == "earn", Posting.kind.in_(TAKEN_BACK)
    query = (
        select(
            Actor.id,
            Actor.name,
            func.coalesce(ConnectAccount.country, Actor.country),
            ConnectAccount.stripe_account_id,
            Posting.currency,
            func.count(func.distinct(case((is_earned, Posting.booking_id)))),
            _sum(and_(is_earned, kind == AccountKind.ACTOR_PAYABLE), -amount),
            _sum(and_(is_earned, kind == AccountKind.FEE_INCOME), -amount),
            _sum(and_(is_taken, theirs), amount),
        )
        .select_from(Posting)
        .join(Booking, Booking.id == Posting.booking_id)
        .join(Actor, Actor.id == Booking.actor_id)
        .join(LedgerEntry, LedgerEntry.posting_id == Posting.id)
        .join(LedgerAccount, LedgerAccount.id == LedgerEntry.ledger_account_id)
        .outerjoin(ConnectAccount, ConnectAccount.actor_id == Actor.id)
        .where(
            Posting.kind.in_(("earn", *TAKEN_BACK)),
            Posting.at >= datetime(year, 1, 1, tzinfo=UTC),
            Posting.at < datetime(year + 1, 1, 1, tzinfo=UTC),
        )
        .group_by(
            Actor.id,
            Actor.name,
            ConnectAccount.country,
            Actor.country,
            ConnectAccount.stripe_account_id,
            Posting.currency,
        )
        .order_by(Actor.id, Posting.currency)
    )
    for row in db.execute(query, execution_options={"yield_per": 500}):
        line = TaxLine(*row)
        if line.earned_minor or line.refunded_minor:
            yield line


def _sum(condition: ColumnElement[bool], amount: SQLColumnExpression[int]) -> ColumnElement[int]:
    """The sum of an amount where a condition holds."""
    return sum_of(case((condition, amount), else_=0))
