"""Bookings as both sides read them: lists under tabs, and one booking with all that its page shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, and_, case, func, or_, select
from sqlalchemy.orm import Session

from marketplace.domain.booking import ENDED, Facts, Party, State, Step, can_take
from marketplace.domain.booking_state import ANSWERED_BY_OTHER, CALLED_OFF, WISHES
from marketplace.domain.booking_text import Ahead, Outlook, outlook_of
from marketplace.domain.cancellation import Settlement, Tier
from marketplace.domain.money import Money, total
from marketplace.domain.payment import State as PaymentState
from marketplace.domain.rate import Quote, Usage
from marketplace.models import (
    Actor,
    Beat,
    Booking,
    BookingEvent,
    Brief,
    CaptureSession,
    Grant,
    Payment,
    Payout,
    Platform,
    TimeProposal,
)
from marketplace.services.booking_pencil import Rung, rank_of, read_ladder
from marketplace.services.booking_step import (
    UNSENT,
    claimant_of,
    facts_of,
    find_session,
    quote_of,
    usage_of,
)
from marketplace.services.booking_time import find_proposal
from marketplace.services.change_order import OPEN_IN, ChangeOrderLine, list_change_orders, settle_whole_cancel
from marketplace.services.charge_plan import UNCHARGED, must_be_paid
from marketplace.services.consent import find_grant
from marketplace.services.offer import Round, read_rounds
from marketplace.services.payment import find_payment
from marketplace.services.payout import find_payout
from marketplace.services.pencil import ahead_of_it, read_ahead

PAGE_SIZE: Final = 20


class Tab(StrEnum):
    """What a list of bookings can be narrowed to."""

    ALL = "all"
    TO_DO = "to_do"
    WAITING = "waiting"
    UPCOMING = "upcoming"
    DONE = "done"
    ENDED = "ended"


_S, _T = State, Step
_UPCOMING = frozenset({_S.CONFIRMED, _S.IN_SESSION})

TABS: Final[Mapping[Party, Mapping[Tab, frozenset[State]]]] = MappingProxyType(
    {
        Party.PLATFORM: {
            Tab.ALL: frozenset(State),
            Tab.TO_DO: frozenset({_S.DRAFT, _S.COUNTERED, _S.PENCILLED, _S.ACCEPTED, _S.DELIVERED}),
            Tab.WAITING: frozenset({_S.REQUESTED, _S.CHANGES_REQUESTED, _S.DISPUTED}),
            Tab.UPCOMING: _UPCOMING,
            Tab.DONE: frozenset({_S.COMPLETED}),
            Tab.ENDED: CALLED_OFF,
        },
        Party.ACTOR: {
            Tab.ALL: frozenset(State) - {_S.DRAFT},
            Tab.TO_DO: frozenset({_S.REQUESTED, _S.IN_SESSION, _S.CHANGES_REQUESTED}),
            Tab.WAITING: frozenset({_S.COUNTERED, _S.PENCILLED, _S.ACCEPTED, _S.DELIVERED, _S.DISPUTED}),
            Tab.UPCOMING: frozenset({_S.CONFIRMED}),
            Tab.DONE: frozenset({_S.COMPLETED}),
            Tab.ENDED: CALLED_OFF,
        },
    }
)


@dataclass(frozen=True)
class BookingLine:
    """One booking in a list. `other` is the other side's name; `waiting_for` who must act, None when it has ended."""

    id: int
    other: str
    slug: str
    portrait_key: str | None
    project: str
    state: State
    starts_at: datetime
    ends_at: datetime
    deadline_at: datetime | None
    actor_zone: str
    currency: str
    total_minor: int
    net_minor: int
    claimed_by: Party | None
    is_pencil: bool
    ahead: Ahead
    must_pay: bool
    has_grant: bool

    @property
    def outlook(self) -> Outlook:
        """Who must act, and what happens if they do not."""
        return outlook_of(
            self.state,
            self.claimed_by,
            is_signed=self.has_grant,
            is_pencil=self.is_pencil,
            ahead=self.ahead,
            must_pay=self.must_pay,
        )


@dataclass(frozen=True)
class BookingList:
    """One page of a list, with the number of bookings under every tab."""

    lines: tuple[BookingLine, ...]
    counts: Mapping[Tab, int]
    tab: Tab
    page: int
    pages: int


def list_platform_bookings(db: Session, *, platform_id: int, tab: Tab, page: int) -> BookingList:
    """A platform's bookings: what needs somebody first, by its deadline; what has ended last, newest first."""
    return _list(db, Party.PLATFORM, Booking.platform_id == platform_id, tab, page)


def list_actor_bookings(db: Session, *, actor_id: int, tab: Tab, page: int) -> BookingList:
    """An actor's bookings in the same order."""
    mine = and_(Booking.actor_id == actor_id, Booking.asked_as != UNSENT)
    return _list(db, Party.ACTOR, mine, tab, page)


def _list(db: Session, party: Party, mine: ColumnElement[bool], tab: Tab, page: int) -> BookingList:
    mine = and_(mine, Booking.is_extra.is_(False))
    by_state = _count_by_state(db, mine)
    counts = {
        one: sum(count for state, by, must_pay, count in by_state if is_under(one, party, state, by, must_pay))
        for one in Tab
    }
    pages = max(1, -(-counts[tab] // PAGE_SIZE))
    page = min(max(page, 1), pages)
    columns = _lines(party).where(mine, _under(tab, party))
    rows = db.execute(_in_order(columns).limit(PAGE_SIZE).offset((page - 1) * PAGE_SIZE))
    return BookingList(tuple(_line(row) for row in rows), counts, tab, page, pages)


def _count_by_state(db: Session, mine: ColumnElement[bool]) -> list[tuple[State, str | None, bool, int]]:
    """How many there are of each state, proposer, and of those to be paid by hand or not."""
    rows = select(Booking.state, Booking.claimed_by, must_be_paid().label("must_pay")).where(mine).subquery()
    kinds = (rows.c.state, rows.c.claimed_by, rows.c.must_pay)
    counted = db.execute(select(*kinds, func.count()).group_by(*kinds))
    return [(State(state), claimed_by, must_pay, count) for state, claimed_by, must_pay, count in counted]


def is_under(tab: Tab, party: Party, state: State, claimed_by: str | None, must_pay: bool = False) -> bool:
    """Whether a booking is listed under `tab`: what the other side put forward is to do, one's own is waited for.

    `must_pay`: the saved card could not be charged, which is for the platform to do.
    """
    if must_pay and state == State.CONFIRMED and party == Party.PLATFORM:
        return tab in (Tab.ALL, Tab.TO_DO)
    if state in ANSWERED_BY_OTHER and tab in (Tab.TO_DO, Tab.WAITING):
        return tab == (Tab.WAITING if claimed_by == party else Tab.TO_DO)
    return state in TABS[party][tab]


def _under(tab: Tab, party: Party) -> ColumnElement[bool]:
    plain: ColumnElement[bool] = Booking.state.in_(TABS[party][tab])
    if party == Party.PLATFORM and tab in (Tab.TO_DO, Tab.UPCOMING):
        by_hand = and_(Booking.state == State.CONFIRMED, must_be_paid())
        plain = or_(plain, by_hand) if tab == Tab.TO_DO else and_(plain, ~by_hand)
    if tab not in (Tab.TO_DO, Tab.WAITING):
        return plain
    own = Booking.claimed_by == party if tab == Tab.WAITING else Booking.claimed_by != party
    return or_(plain, and_(Booking.state.in_(ANSWERED_BY_OTHER), own))


def _lines(party: Party) -> Select[*tuple[Any, ...]]:
    is_platform = party == Party.PLATFORM
    return (
        select(
            Booking.id,
            (Actor.name if is_platform else Platform.name).label("other"),
            Actor.slug,
            Actor.portrait_key,
            Brief.project,
            Booking.state,
            Booking.starts_at,
            Booking.ends_at,
            Booking.deadline_at,
            Booking.actor_zone,
            Booking.currency,
            Booking.total_minor,
            Booking.net_minor,
            Booking.claimed_by,
            (Booking.asked_as == "pencil").label("is_pencil"),
            ahead_of_it().label("ahead"),
            must_be_paid().label("must_pay"),
            Grant.id.is_not(None).label("has_grant"),
        )
        .join(Actor, Actor.id == Booking.actor_id)
        .join(Platform, Platform.id == Booking.platform_id)
        .join(Brief, Brief.id == Booking.brief_id)
        .outerjoin(Grant, Grant.booking_id == Booking.id)
    )


def _in_order(columns: Select[*tuple[Any, ...]]) -> Select[*tuple[Any, ...]]:
    is_over = case((Booking.state.in_(ENDED), 1), else_=0)
    return columns.order_by(
        is_over, Booking.deadline_at.asc().nulls_last(), Booking.starts_at.desc(), Booking.id.desc()
    )


def _line(row: Any) -> BookingLine:
    claimed_by = Party(row.claimed_by) if row.claimed_by else None
    words = {"state": State(row.state), "claimed_by": claimed_by, "ahead": Ahead(row.ahead)}
    return BookingLine(**dict(row._mapping) | words)


@dataclass(frozen=True, slots=True)
class PencilView:
    """Where a booking stands among the pencils on its time, and what comes before it."""

    rank: int
    ahead: Ahead
    ladder: Sequence[Rung]

    @property
    def is_held(self) -> bool:
        """Whether another booking has the time."""
        return self.ahead == Ahead.BOOKING


@dataclass(frozen=True)
class BookingDetail:
    """One booking with everything its page shows. `can` are the steps its reader may take now."""

    booking: Booking
    quote: Quote
    usage: Usage
    tier: Tier
    beats: Sequence[Beat]
    can: frozenset[Step]
    events: Sequence[BookingEvent]
    payment: Payment | None
    payout: Payout | None
    grant: Grant | None
    session: CaptureSession | None
    if_cancelled: Settlement
    pickups_left: int
    new_takes: int
    rounds: Sequence[Round]
    proposal: TimeProposal | None
    change_orders: Sequence[ChangeOrderLine]
    pencil: PencilView | None

    @property
    def extras_paid(self) -> Money:
        """What was paid for change orders and is still held."""
        paid = [one.quote.total for one in self.change_orders if one.is_paid]
        return total(paid, self.quote.currency)

    @property
    def can_change(self) -> bool:
        """Whether more can be agreed now."""
        return self.state in OPEN_IN and not self.booking.is_extra

    @property
    def state(self) -> State:
        """Where it is."""
        return State(self.booking.state)

    @property
    def outlook(self) -> Outlook:
        """Who must act, and what happens if they do not."""
        return outlook_of(
            self.state,
            claimant_of(self.booking),
            is_signed=self.grant is not None,
            is_pencil=self.booking.asked_as == "pencil",
            ahead=self.pencil.ahead if self.pencil else Ahead.NOTHING,
            must_pay=self.must_pay,
        )

    @property
    def saves_card(self) -> bool:
        """Whether the platform does not pay now but saves a card, which is charged later."""
        return self.payment is not None and self.payment.charge_at is not None

    @property
    def is_uncharged(self) -> bool:
        """Whether a card is saved and no money has come yet."""
        return self.payment is not None and self.payment.state in UNCHARGED

    @property
    def must_pay(self) -> bool:
        """Whether the platform has to pay by hand, because its bank refused the saved card."""
        return self.payment is not None and self.payment.state == PaymentState.ACTION_REQUIRED

    @property
    def is_pencil(self) -> bool:
        """Whether a pencil was asked for or has been given: then the platform confirms, not the actor."""
        return self.booking.asked_as == "pencil" or self.reached_at(State.PENCILLED) is not None

    @property
    def minutes(self) -> int:
        """The session's length."""
        return int((self.booking.ends_at - self.booking.starts_at).total_seconds()) // 60

    def reached_at(self, state: State) -> datetime | None:
        """When the booking last came into `state`, or None if it never was."""
        return next((one.at for one in reversed(self.events) if one.after == state and one.before != state), None)


def read_booking(db: Session, booking: Booking, party: Party, now: datetime) -> BookingDetail:
    """All the page of `booking` shows to `party`."""
    facts = facts_of(db, booking)
    pencil = _pencil(db, booking, party) if booking.state in WISHES else None
    events = select(BookingEvent).where(BookingEvent.booking_id == booking.id).order_by(BookingEvent.id)
    return BookingDetail(
        booking=booking,
        quote=quote_of(booking),
        usage=usage_of(booking),
        tier=Tier(booking.cancellation),
        beats=booking.brief.beats,
        can=_steps(facts, party, now, is_held=pencil is not None and pencil.is_held),
        events=db.scalars(events).all(),
        payment=find_payment(db, booking.id),
        payout=find_payout(db, booking.id),
        grant=find_grant(db, booking.id),
        session=find_session(db, booking.id),
        if_cancelled=settle_whole_cancel(db, booking, party, now),
        pickups_left=facts.pickups_left,
        new_takes=facts.takes,
        rounds=read_rounds(db, booking.id) if booking.counters else (),
        proposal=find_proposal(db, booking.id) if booking.state == State.RESCHEDULING else None,
        change_orders=list_change_orders(db, booking.id) if booking.state not in _BEFORE_PAYING else (),
        pencil=pencil,
    )


_BEFORE_PAYING: Final = WISHES | {_S.DRAFT, _S.ACCEPTED}


_TAKING: Final = frozenset({_T.ACCEPT, _T.FIRM_UP, _T.CHALLENGE})


def _steps(facts: Facts, party: Party, now: datetime, *, is_held: bool) -> frozenset[Step]:
    """What `party` may do now; what needs a yes is asked for beside the button. Nobody takes a time that is held."""
    asked = replace(facts, says_yes=True)
    possible = frozenset(step for step in Step if can_take(asked, step, party, now))
    return possible - _TAKING if is_held else possible


def _pencil(db: Session, booking: Booking, party: Party) -> PencilView:
    """The platform is shown its own place and no other name; the actor the whole ladder."""
    return PencilView(
        rank=rank_of(db, booking),
        ahead=read_ahead(db, booking),
        ladder=read_ladder(db, booking) if party == Party.ACTOR else (),
    )
