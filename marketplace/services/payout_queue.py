"""The payout queue as admins see it: rows with their people, sums on top, one payout in full."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, case, func, or_, select
from sqlalchemy.orm import Session

from marketplace.domain.booking import Party
from marketplace.domain.errors import NotFound
from marketplace.domain.money import Money
from marketplace.domain.payout import HIGH, MEDIUM, Risk, State, Step, approvals_needed, can_take, limit_reason
from marketplace.models import (
    Account,
    Actor,
    Booking,
    BookingEvent,
    Brief,
    CaptureSession,
    ConnectAccount,
    Payment,
    Payout,
    PayoutEvent,
    Platform,
)
from marketplace.services.payout_step import Decision, facts_of

PAGE: Final = 100
TABS: Final[dict[str, tuple[State, ...]]] = {
    "review": (State.REVIEW,),
    "held": (State.HELD,),
    "approved": (State.APPROVED,),
    "sending": (State.SENDING, State.UNKNOWN),
    "sent": (State.TRANSFERRED,),
    "rejected": (State.REJECTED, State.RETURNED),
    "reversed": (State.REVERSED, State.PARTLY_REVERSED),
}
# gravest first is reckoned when it is asked for
ORDERS: Final[dict[str, tuple[Any, ...]]] = {
    "risk": (),
    "age": (Payout.created_at, Payout.id),
    "size": (Payout.amount_minor.desc(), Payout.id),
}
STEPS: Final = (Step.APPROVE, Step.HOLD, Step.RESUME, Step.REJECT, Step.GIVE_BACK, Step.UNDO)


@dataclass(frozen=True)
class Row:
    """One payout with its people. `limit_minor` is what one admin may approve alone, as it is now."""

    payout: Payout
    booking: Booking
    actor: Actor
    platform: Platform
    project: str
    limit_minor: int

    @property
    def reasons(self) -> list[dict[str, Any]]:
        """The stored reasons to look closer, and whether two must look, the gravest first."""
        stored = [reason for reason in self.payout.reasons if reason["code"] != Risk.OVER_LIMIT]
        over = limit_reason(Money(self.payout.amount_minor, self.payout.currency), self.limit_minor)
        found = [*stored, over.to_json()] if over else stored
        return sorted(found, key=lambda reason: -int(reason["level"]))

    @property
    def is_high(self) -> bool:
        """Whether a grave reason asks for a closer look: never approved in bulk."""
        return self.payout.risk >= HIGH


@dataclass(frozen=True)
class Sums:
    """What the top of the queue says. Amounts are in minor units by currency."""

    waiting: dict[str, int]
    held: dict[str, int]
    leaving: dict[str, int]
    waiting_count: int
    held_count: int
    leaving_count: int
    flagged: int
    high: int
    oldest_at: datetime | None


@dataclass(frozen=True)
class Event:
    """One line of a payout's or booking's history, with the name of who did it (None: the clock)."""

    at: datetime
    step: str
    before: str | None
    after: str
    party: str
    name: str | None
    reason: str


@dataclass(frozen=True)
class Detail:
    """One payout in full. `steps` are those this admin may take now; `blocks` why none may send money."""

    row: Row
    payment: Payment | None
    account: ConnectAccount | None
    capture: CaptureSession | None
    blocks: tuple[str, ...]
    steps: frozenset[Step]
    approvals: int
    needed: int
    trail: Sequence[Event]
    story: Sequence[Event]


def list_rows(db: Session, *, tab: str, order: str, limit_minor: int, words: str = "") -> list[Row]:
    """The payouts of a tab, at most a hundred. `words` looks in actor, platform and project names, and ids.

    `limit_minor` is what one admin may approve alone: above it a payout ranks with those that have a reason.
    """
    query = _with_people().where(Payout.state.in_(TABS[tab]))
    if words.strip():
        query = query.where(_matches(words.strip()))
    order_by = (_risk(limit_minor).desc(), *ORDERS["age"]) if order == "risk" else ORDERS[order]
    return [Row(*found, limit_minor) for found in db.execute(query.order_by(*order_by).limit(PAGE))]


def _risk(limit_minor: int) -> ColumnElement[int]:
    """The gravest level of a payout's reasons, being over the limit among them."""
    is_over = (Payout.amount_minor > limit_minor) & (Payout.risk < MEDIUM)
    return case((is_over, MEDIUM), else_=Payout.risk)


def read_sums(db: Session, *, limit_minor: int) -> Sums:
    """The figures on top of the queue, in one statement."""
    rows = db.execute(
        select(
            Payout.state,
            Payout.currency,
            func.count(),
            func.sum(Payout.amount_minor - Payout.netted_minor),
            func.count().filter(_risk(limit_minor) > 0),
            func.count().filter(Payout.risk >= HIGH),
            func.min(Payout.created_at),
        ).group_by(Payout.state, Payout.currency)
    ).all()
    review = [row for row in rows if row[0] == State.REVIEW]
    held = [row for row in rows if row[0] == State.HELD]
    leaving = [row for row in rows if row[0] in (State.APPROVED, State.SENDING, State.UNKNOWN)]
    return Sums(
        waiting=_by_currency(review),
        held=_by_currency(held),
        leaving=_by_currency(leaving),
        waiting_count=sum(row[2] for row in review),
        held_count=sum(row[2] for row in held),
        leaving_count=sum(row[2] for row in leaving),
        flagged=sum(row[4] for row in review),
        high=sum(row[5] for row in review),
        oldest_at=min((row[6] for row in review), default=None),
    )


def read_detail(db: Session, *, payout_id: int, by: Decision, now: datetime) -> Detail:
    """One payout for the admin who looks at it; refuses one that is not there."""
    found = db.execute(_with_people().where(Payout.id == payout_id)).first()
    if found is None:
        raise NotFound("There is no such payout.")
    row = Row(*found, by.limit_minor)
    facts = facts_of(db, row.payout, by)
    booking_id = row.booking.id
    return Detail(
        row=row,
        payment=db.scalar(select(Payment).where(Payment.booking_id == booking_id)),
        account=db.scalar(select(ConnectAccount).where(ConnectAccount.actor_id == row.actor.id)),
        capture=db.scalar(select(CaptureSession).where(CaptureSession.booking_id == booking_id)),
        blocks=facts.blocks,
        steps=frozenset(step for step in STEPS if can_take(facts, step, Party.ADMIN, now)),
        approvals=len(facts.approvers),
        needed=approvals_needed(Money(row.payout.amount_minor, row.payout.currency), by.limit_minor),
        trail=_events(db, PayoutEvent, PayoutEvent.payout_id == payout_id),
        story=_events(db, BookingEvent, BookingEvent.booking_id == booking_id),
    )


def _with_people() -> Select[Payout, Booking, Actor, Platform, str]:
    return (
        select(Payout, Booking, Actor, Platform, Brief.project)
        .join(Booking, Booking.id == Payout.booking_id)
        .join(Actor, Actor.id == Payout.actor_id)
        .join(Platform, Platform.id == Booking.platform_id)
        .join(Brief, Brief.id == Booking.brief_id)
    )


def _matches(words: str) -> Any:
    like = [column.icontains(words, autoescape=True) for column in (Actor.name, Platform.name, Brief.project)]
    number = words.removeprefix("po_").removeprefix("bk_")
    if number.isascii() and number.isdecimal() and len(number) < 10:
        like += [Payout.id == int(number), Booking.id == int(number)]
    return or_(*like)


def _by_currency(rows: Sequence[Any]) -> dict[str, int]:
    sums: dict[str, int] = {}
    for _, currency, _, amount, *_ in rows:
        sums[currency] = sums.get(currency, 0) + int(amount)
    return sums


def _events(db: Session, table: type[PayoutEvent] | type[BookingEvent], ours: Any) -> list[Event]:
    rows = db.execute(
        select(table.at, table.step, table.before, table.after, table.party, Account.name, table.reason)
        .outerjoin(Account, Account.id == table.principal_id)
        .where(ours)
        .order_by(table.at, table.id)
    )
    return [Event(*row) for row in rows]
