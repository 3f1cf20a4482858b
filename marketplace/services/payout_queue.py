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
from marketplace.domain.payout import (
    ON_ITS_WAY,
    REVIEW_WITHIN,
    SETTLED,
    TRANSFER_TAKES,
    State,
    Step,
    approvals_needed,
    can_take,
    shown_state,
)
from marketplace.domain.payout_risk import HIGH, LOW, MEDIUM, current, limit_reason
from marketplace.models import (
    Account,
    Actor,
    BankPayout,
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
from marketplace.models.column import sum_of
from marketplace.services.bank_payout import last_bank_payout, why_failed
from marketplace.services.payout_risk import reasons_now
from marketplace.services.payout_step import Decision, count_other_admins, facts_of

PAGE: Final = 100
TABS: Final[dict[str, tuple[str, ...]]] = {
    "review": (State.REVIEW,),
    "held": (State.HELD,),
    "approved": (State.APPROVED,),
    "on_way": (State.SENDING, State.UNKNOWN, State.TRANSFERRED),
    "sent": (SETTLED,),
    "rejected": (State.REJECTED, State.RETURNED),
    "reversed": (State.REVERSED, State.PARTLY_REVERSED),
}
"""The tabs of the queue, each with the states that pages show."""
TAB_OF: Final = {state: tab for tab, states in TABS.items() for state in states}
# gravest first is reckoned when it is asked for
ORDERS: Final[dict[str, tuple[Any, ...]]] = {
    "risk": (),
    "age": (Payout.created_at, Payout.id),
    "size": (Payout.amount_minor.desc(), Payout.id),
}
STEPS: Final = (Step.APPROVE, Step.HOLD, Step.ASK, Step.RESUME, Step.REJECT, Step.GIVE_BACK, Step.UNDO)


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
        """The stored reasons that hold, and whether two must look, the gravest first."""
        over = limit_reason(Money(self.payout.amount_minor, self.payout.currency), self.limit_minor)
        found = [*current(self.payout.reasons), *([over.to_json()] if over else [])]
        return sorted(found, key=lambda reason: -int(reason["level"]))

    @property
    def can_go_with_others(self) -> bool:
        """Whether it may be ticked: nothing that was known when somebody looked last asks for a look of its own."""
        is_light = all(int(reason["level"]) == LOW for reason in self.reasons)
        return is_light and self.payout.appealed_at is None and self.payout.asked_at is None

    @property
    def since(self) -> datetime:
        """Since when it waits as it does: for this review, on this hold, or at all."""
        if self.payout.state == State.REVIEW:
            return self.payout.review_due_at - REVIEW_WITHIN
        return self.payout.updated_at if self.payout.state == State.HELD else self.payout.created_at

    def is_late(self, now: datetime) -> bool:
        """Whether its review has taken longer than it should."""
        return self.payout.state == State.REVIEW and now > self.payout.review_due_at

    def shown(self, now: datetime) -> str:
        """Its state as pages go by it."""
        return shown_state(State(self.payout.state), self.payout.transferred_at, now)


@dataclass(frozen=True)
class Sums:
    """What the top of the queue says. Amounts are in minor units by currency; `late` is beyond the target for reviews.

    `tabs` says how many payouts lie in each tab.
    """

    waiting: dict[str, int]
    held: dict[str, int]
    leaving: dict[str, int]
    waiting_count: int
    held_count: int
    leaving_count: int
    flagged: int
    high: int
    late: int
    appealed: int
    oldest_at: datetime | None
    tabs: dict[str, int]


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
    """One payout in full. `steps` are those this admin may take now; `blocks` why none may send money.

    `reasons` hold at this instant, `gone` were recorded before and hold no more. `said` is what the actor answered
    or appealed with, `must_be_another` whether somebody else has to decide, `is_alone` that nobody is.
    """

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
    reasons: list[dict[str, Any]]
    gone: list[dict[str, Any]]
    said: Event | None
    must_be_another: bool
    is_alone: bool
    # what Stripe last sent on to the actor's bank, and what the bank said of it if it came back
    bank: BankPayout | None
    bank_words: str


def list_rows(db: Session, *, tab: str, order: str, limit_minor: int, now: datetime, words: str = "") -> list[Row]:
    """The payouts of a tab, or with `words` those of all that match, at most a hundred, appeals first.

    `words` looks in actor, platform and project names, and ids. `limit_minor` is what one admin may approve alone:
    above it a payout ranks with those that have a reason.
    """
    query = _with_people()
    query = query.where(_matches(words.strip())) if words.strip() else query.where(*_in_tab(tab, now))
    order_by = (_risk(limit_minor).desc(), *ORDERS["age"]) if order == "risk" else ORDERS[order]
    appealed = (Payout.state == State.REVIEW) & Payout.appealed_at.is_not(None)
    rows = db.execute(query.order_by(case((appealed, 0), else_=1), *order_by).limit(PAGE))
    return [Row(*found, limit_minor) for found in rows]


def _in_tab(tab: str, now: datetime) -> tuple[ColumnElement[bool], ...]:
    shown = TABS[tab]
    real = [State.TRANSFERRED if state == SETTLED else state for state in shown]
    return Payout.state.in_(real), _shown(now).in_(shown)


def _shown(now: datetime) -> ColumnElement[str]:
    """`shown_state` as the database reckons it."""
    is_settled = (Payout.state == State.TRANSFERRED) & (Payout.transferred_at <= now - TRANSFER_TAKES)
    return case((is_settled, SETTLED), else_=Payout.state)


def _risk(limit_minor: int) -> ColumnElement[int]:
    """The gravest level of a payout's reasons, being over the limit among them."""
    is_over = (Payout.amount_minor > limit_minor) & (Payout.risk < MEDIUM)
    return case((is_over, MEDIUM), else_=Payout.risk)


def read_sums(db: Session, *, limit_minor: int, now: datetime) -> Sums:
    """The figures on top of the queue, in one statement."""
    shown = _shown(now).label("shown")
    rows = db.execute(
        select(
            shown,
            Payout.currency,
            func.count().label("payouts"),
            sum_of(Payout.amount_minor - Payout.netted_minor).label("amount"),
            func.count().filter(_risk(limit_minor) > 0).label("flagged"),
            func.count().filter(Payout.risk >= HIGH).label("high"),
            func.count().filter(Payout.review_due_at < now).label("late"),
            func.count().filter(Payout.appealed_at.is_not(None)).label("appealed"),
            func.min(Payout.review_due_at).label("first_due_at"),
        ).group_by(shown, Payout.currency)
    ).all()
    review = [row for row in rows if row.shown == State.REVIEW]
    held = [row for row in rows if row.shown == State.HELD]
    leaving = [row for row in rows if row.shown in ON_ITS_WAY]
    first_due_at = min((row.first_due_at for row in review), default=None)
    return Sums(
        waiting=_by_currency(review),
        held=_by_currency(held),
        leaving=_by_currency(leaving),
        waiting_count=sum(row.payouts for row in review),
        held_count=sum(row.payouts for row in held),
        leaving_count=sum(row.payouts for row in leaving),
        flagged=sum(row.flagged for row in review),
        high=sum(row.high for row in review),
        late=sum(row.late for row in review),
        appealed=sum(row.appealed for row in review),
        oldest_at=first_due_at - REVIEW_WITHIN if first_due_at else None,
        tabs=_by_tab(rows),
    )


def _by_tab(rows: Sequence[Any]) -> dict[str, int]:
    counts = dict.fromkeys(TABS, 0)
    for row in rows:
        counts[TAB_OF[row.shown]] += row.payouts
    return counts


def read_detail(db: Session, *, payout_id: int, by: Decision, now: datetime) -> Detail:
    """One payout for the admin who looks at it, its reasons looked at again; refuses one that is not there."""
    found = db.execute(_with_people().where(Payout.id == payout_id)).first()
    if found is None:
        raise NotFound("There is no such payout.")
    row = Row(*found, by.limit_minor)
    facts = facts_of(db, row.payout, by)
    booking_id = row.booking.id
    amount = Money(row.payout.amount_minor, row.payout.currency)
    stored, over = reasons_now(db, row.payout, now), limit_reason(amount, by.limit_minor)
    trail = _events(db, PayoutEvent, PayoutEvent.payout_id == payout_id)
    bank = last_bank_payout(db, row.actor.id)
    return Detail(
        row=row,
        bank=bank,
        bank_words=why_failed(bank) if bank is not None and bank.state == "failed" else "",
        payment=db.scalar(select(Payment).where(Payment.booking_id == booking_id)),
        account=db.scalar(select(ConnectAccount).where(ConnectAccount.actor_id == row.actor.id)),
        capture=db.scalar(select(CaptureSession).where(CaptureSession.booking_id == booking_id)),
        blocks=facts.blocks,
        steps=frozenset(step for step in STEPS if can_take(facts, step, Party.ADMIN, now)),
        approvals=len(facts.approvers),
        needed=approvals_needed(amount, by.limit_minor),
        trail=trail,
        story=_events(db, BookingEvent, BookingEvent.booking_id == booking_id),
        reasons=[*([over.to_json()] if over else []), *current(stored)],
        gone=[reason for reason in stored if "gone_at" in reason],
        said=_said(row.payout, trail),
        must_be_another=facts.is_appealed
        and facts.decider_id == by.principal_id
        and facts.state in (State.REVIEW, State.HELD),
        is_alone=count_other_admins(db, by.principal_id, facts.beneficiary_id) == 0,
    )


def _said(payout: Payout, trail: Sequence[Event]) -> Event | None:
    """The actor's last words, while nobody has decided since."""
    if payout.asked_at is None and payout.appealed_at is None:
        return None
    return next((event for event in reversed(trail) if event.step in (Step.ANSWER, Step.APPEAL)), None)


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
    for row in rows:
        sums[row.currency] = sums.get(row.currency, 0) + int(row.amount)
    return sums


def _events(db: Session, table: type[PayoutEvent] | type[BookingEvent], ours: Any) -> list[Event]:
    rows = db.execute(
        select(table.at, table.step, table.before, table.after, table.party, Account.name, table.reason)
        .outerjoin(Account, Account.id == table.principal_id)
        .where(ours)
        .order_by(table.at, table.id)
    )
    return [Event(*row) for row in rows]
