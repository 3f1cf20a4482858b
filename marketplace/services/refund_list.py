"""Refunds as admins read them: those that wait for somebody, all of them a page at a time, and one with its story."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from marketplace.domain.errors import NotFound
from marketplace.domain.ledger import AccountKind
from marketplace.domain.payout import State
from marketplace.models import (
    Actor,
    Booking,
    Brief,
    LedgerAccount,
    LedgerEntry,
    OutboxCommand,
    Payment,
    Payout,
    Platform,
    Posting,
    Refund,
)
from marketplace.models.column import sum_of
from marketplace.services.account_list import Change, list_audit
from marketplace.services.payment import OWED

PAGE: Final = 50
WAITING: Final = (*OWED, "failed")
"""Refunds that wait for the bank or for an admin."""
TABS: Final[dict[str, tuple[str, ...]]] = {
    "all": (),
    "waiting": WAITING,
    "moving": ("reversing", "pending"),
    "made": ("succeeded",),
    "back": ("failed", "retried", "repaid"),
    "dropped": ("dropped",),
}
BEARERS: Final = {
    AccountKind.BOOKING_FUNDS: "Booking’s money",
    AccountKind.REFUND_DUE: "Owed to the platform before",
    AccountKind.FEE_INCOME: "Our fee",
    AccountKind.ACTOR_PAYABLE: "Actor’s part that was with us",
    AccountKind.ACTOR_RECEIVABLE: "Actor’s part, owed by them",
}


@dataclass(frozen=True)
class Row:
    """One refund with its people. `error` is Stripe's answer to the last try, empty before one."""

    refund: Refund
    booking: Booking
    platform: Platform
    project: str
    payment: Payment
    error: str


@dataclass(frozen=True)
class Returned:
    """Money that came back from an actor and is theirs until somebody says what it is for, in minor units."""

    payout: Payout
    booking: Booking
    actor: Actor
    project: str
    amount_minor: int


@dataclass(frozen=True)
class Story:
    """One refund in full: who bore it as booked, the calls it took, what people decided, and the tries before it."""

    row: Row
    bearers: Sequence[tuple[str, int]]
    calls: Sequence[OutboxCommand]
    trail: Sequence[Change]
    before: Refund | None
    after: Refund | None


def list_waiting(db: Session) -> list[Row]:
    """Every refund that waits for somebody, longest first."""
    query = _rows().where(Refund.state.in_(WAITING)).order_by(Refund.created_at, Refund.id)
    return [Row(*row) for row in db.execute(query.limit(4 * PAGE))]


def list_refunds(db: Session, *, states: Collection[str], booking_id: int | None, page: int) -> tuple[list[Row], bool]:
    """A page of refunds, newest first, and whether there are older ones."""
    query = _rows().order_by(Refund.id.desc()).limit(PAGE + 1).offset((page - 1) * PAGE)
    if states:
        query = query.where(Refund.state.in_(states))
    if booking_id is not None:
        query = query.where(Refund.booking_id == booking_id)
    found = [Row(*row) for row in db.execute(query)]
    return found[:PAGE], len(found) > PAGE


def list_returned(db: Session) -> list[Returned]:
    """Payouts of which a part came back and nobody was refunded with it, nor is a bank to decide on it."""
    owed = -sum_of(LedgerEntry.amount_minor)
    rows = db.execute(
        select(Payout, Booking, Actor, Brief.project, owed)
        .join(Booking, Booking.id == Payout.booking_id)
        .join(Payment, Payment.booking_id == Booking.id)
        .join(Actor, Actor.id == Payout.actor_id)
        .join(Brief, Brief.id == Booking.brief_id)
        .join(Posting, Posting.booking_id == Booking.id)
        .join(LedgerEntry, LedgerEntry.posting_id == Posting.id)
        .join(LedgerAccount, LedgerAccount.id == LedgerEntry.ledger_account_id)
        .where(
            Payout.state.in_((State.REVERSED, State.PARTLY_REVERSED)),
            LedgerAccount.kind == AccountKind.ACTOR_PAYABLE,
            Payment.state != "disputed",
            ~select(Refund.id)
            .where(Refund.booking_id == Booking.id, Refund.state.in_(("reversing", "pending")))
            .exists(),
        )
        .group_by(Payout.id, Booking.id, Actor.id, Brief.project)
        .having(owed > 0)
        .order_by(Payout.id)
        .limit(PAGE)
    )
    return [Returned(*row[:4], int(row[4])) for row in rows]


def read_story(db: Session, refund_id: int) -> Story:
    """One refund in full; refuses one that is not there."""
    found = db.execute(_rows().where(Refund.id == refund_id)).first()
    if found is None:
        raise NotFound("There is no such refund.")
    row = Row(*found)
    calls = select(OutboxCommand).where(OutboxCommand.about == "refund", OutboxCommand.about_id == refund_id)
    return Story(
        row=row,
        bearers=bearers_of(db, f"refund:{row.refund.stripe_refund_id}"),
        calls=db.scalars(calls.order_by(OutboxCommand.id)).all(),
        trail=list_audit(db, about="refund", about_id=refund_id)[0],
        before=db.get(Refund, row.refund.retry_of_id) if row.refund.retry_of_id else None,
        after=db.scalar(select(Refund).where(Refund.retry_of_id == refund_id)),
    )


def bearers_of(db: Session, event_key: str) -> list[tuple[str, int]]:
    """Out of whose money a booked event was paid, in words and minor units; nothing where it is not booked."""
    rows = db.execute(
        select(LedgerAccount.kind, LedgerEntry.amount_minor)
        .join(LedgerEntry, LedgerEntry.ledger_account_id == LedgerAccount.id)
        .join(Posting, Posting.id == LedgerEntry.posting_id)
        .where(Posting.event_key == event_key, LedgerAccount.kind.in_(list(BEARERS)))
        .order_by(LedgerEntry.line)
    )
    return [(BEARERS[AccountKind(kind)], int(minor)) for kind, minor in rows]


def _rows() -> Select[Refund, Booking, Platform, str, Payment, str]:
    asked = select(OutboxCommand.error).where(
        OutboxCommand.about == "refund", OutboxCommand.about_id == Refund.id, OutboxCommand.kind == "refund.create"
    )
    last = asked.order_by(OutboxCommand.id.desc()).limit(1).scalar_subquery()
    return (
        select(Refund, Booking, Platform, Brief.project, Payment, func.coalesce(last, ""))
        .join(Booking, Booking.id == Refund.booking_id)
        .join(Platform, Platform.id == Booking.platform_id)
        .join(Brief, Brief.id == Booking.brief_id)
        .join(Payment, Payment.id == Refund.payment_id)
    )
