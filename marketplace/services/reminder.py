"""Reminders: who is told, and when, that time to act runs out or a session is near. One table, swept by a beat.

Each is told once for a booking, its version and the span before, whoever looks and however often: the notice's own
key sees to that. What a sweep missed is told by the next one while there is still time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Select, String, and_, cast, exists, false, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from marketplace.domain.booking_state import ANSWERED_BY_OTHER, Party, State
from marketplace.domain.booking_text import OUTLOOK, Ahead, outlook_of
from marketplace.models import Account, Actor, Booking, Brief, Grant, Member, Notice, Platform, Role
from marketplace.models.account import account_role
from marketplace.services.charge_plan import must_be_paid
from marketplace.services.notice import notify
from marketplace.services.pencil import ahead_of_it
from marketplace.services.reader_zone import time_words, zone_for, zone_words

HOUR: Final = timedelta(hours=1)
BATCH: Final = 200
NOT_BY_DEADLINE: Final = frozenset({State.DRAFT, State.CONFIRMED})
"""States that wait for somebody without a reminder of their deadline: nobody else waits for a draft, and what a paid
booking waits for has reminders of its own."""


@dataclass(frozen=True, slots=True)
class Due:
    """One person to remind of one booking; `at` is the deadline or the start, `zone` the reader's."""

    booking_id: int
    version: int
    state: State
    party: Party
    account_id: int
    zone: str
    at: datetime
    other: str
    project: str
    is_pencil: bool
    ahead: Ahead


@dataclass(frozen=True, slots=True)
class Reminder:
    """One line of the table: whom to remind, how long before `moment`, and what of.

    It is due from `span` before the moment until `floor` before it, where the next one begins; never sooner than a
    third of the span after the last step, which told everybody itself.
    """

    name: str
    party: Party
    span: timedelta
    floor: timedelta
    moment: InstrumentedAttribute[Any]
    which: Callable[[], ColumnElement[bool]]
    write: Callable[[Due], tuple[str, str, str]]

    @property
    def kind(self) -> str:
        """The kind of its notices: "reminder.deadline"."""
        return f"reminder.{self.name.partition('-')[0]}"


# what it is about --------------------------------------------------------------------------------


def _waits_for(party: Party) -> ColumnElement[bool]:
    """Bookings in which that side has to act, by the outlook of their state."""
    plain = [
        state
        for state, outlook in OUTLOOK.items()
        if outlook.waiting_for == party and state not in NOT_BY_DEADLINE | ANSWERED_BY_OTHER
    ]
    other = {Party.PLATFORM: Party.ACTOR, Party.ACTOR: Party.PLATFORM}.get(party)
    answers = and_(Booking.state.in_(ANSWERED_BY_OTHER), Booking.claimed_by == other) if other else false()
    is_first = ahead_of_it() == Ahead.NOTHING  # the other pencils have nothing to do but wait
    return and_(or_(Booking.state.in_(plain), answers), or_(Booking.state != State.PENCILLED, is_first))


def _delivered() -> ColumnElement[bool]:
    return Booking.state == State.DELIVERED


def _booked() -> ColumnElement[bool]:
    return and_(Booking.state.in_((State.CONFIRMED, State.RESCHEDULING)), Booking.is_extra.is_(False))


def _unsigned() -> ColumnElement[bool]:
    signed = exists().where(Grant.booking_id == Booking.id, Grant.revoked_at.is_(None))
    return and_(_booked(), ~signed)


def _unpaid() -> ColumnElement[bool]:
    return and_(_booked(), must_be_paid())


# what it says ------------------------------------------------------------------------------------


def _deadline_words(due: Due) -> tuple[str, str, str]:
    claimed_by = Party.ACTOR if due.party == Party.PLATFORM else Party.PLATFORM
    outlook = outlook_of(due.state, claimed_by, is_pencil=due.is_pencil, ahead=due.ahead)
    until = time_words(due.at, due.zone)
    return (
        f"{outlook.must[0].upper()}{outlook.must[1:]} by {until}: {due.other}, {due.project}",
        f"You can {outlook.must} until {until}, {zone_words(due.zone)}. If nothing happens, {outlook.otherwise}",
        _page(due),
    )


def _payment_words(due: Due) -> tuple[str, str, str]:
    until = time_words(due.at, due.zone)
    words = (
        f"Your bank refused the saved card. Pay on the booking's page until {until}, {zone_words(due.zone)}, or the "
        "booking is cancelled. Nothing is charged then."
    )
    return f"Pay by {until}: {due.other}, {due.project}", words, _page(due)


def _consent_words(due: Due) -> tuple[str, str, str]:
    start = time_words(due.at, due.zone)
    words = (
        f"You have accepted the work; the use you have not signed yet. Without your signature the session of {start}, "
        f"{zone_words(due.zone)}, is cancelled at its start and {due.other} is refunded in full."
    )
    return f"Sign the consent by {start}: {due.other}, {due.project}", words, f"{_page(due)}/consent"


def _day_words(due: Due) -> tuple[str, str, str]:
    start = time_words(due.at, due.zone)
    words = (
        f"Your session begins on {start}, {zone_words(due.zone)}. If you cannot make it, say so now: the booking's "
        "page shows what that means."
    )
    return f"Session on {start}: {due.other}, {due.project}", words, _page(due)


def _hour_words(due: Due) -> tuple[str, str, str]:
    start = due.at.astimezone(ZoneInfo(due.zone))
    return (
        f"Session starts at {start:%H:%M}: {due.other}, {due.project}",
        f"Your session starts at {start:%H:%M}, {zone_words(due.zone)}.",
        _page(due),
    )


def _page(due: Due) -> str:
    return (
        f"/admin/dispute/{due.booking_id}"
        if due.party == Party.ADMIN
        else f"/{due.party.value}/booking/{due.booking_id}"
    )


# the table ---------------------------------------------------------------------------------------


def _spans(*hours: int) -> list[tuple[int, timedelta, timedelta]]:
    """Each span with where the next shorter one begins."""
    return [(span, span * HOUR, following * HOUR) for span, following in zip(hours, (*hours[1:], 0), strict=True)]


def _deadlines() -> Iterable[Reminder]:
    for party in (Party.PLATFORM, Party.ACTOR, Party.ADMIN):
        for hours, span, floor in _spans(24, 3):
            yield Reminder(
                f"deadline-{hours}", party, span, floor, Booking.deadline_at, partial(_waits_for, party),
                _deadline_words,
            )  # fmt: skip
    for hours, span, floor in _spans(24, 3):
        yield Reminder(
            f"payment-{hours}", Party.PLATFORM, span, floor, Booking.deadline_at, _unpaid, _payment_words
        )  # fmt: skip
    yield Reminder(
        "deadline-48", Party.PLATFORM, 48 * HOUR, 24 * HOUR, Booking.deadline_at, _delivered, _deadline_words
    )


def _sessions() -> Iterable[Reminder]:
    for hours, span, floor in _spans(48, 24, 3):
        yield Reminder(
            f"consent-{hours}", Party.ACTOR, span, floor, Booking.starts_at, _unsigned, _consent_words
        )  # fmt: skip
    for party in (Party.PLATFORM, Party.ACTOR):
        yield Reminder("session-24", party, 24 * HOUR, HOUR, Booking.starts_at, _booked, _day_words)
        yield Reminder("session-1", party, HOUR, timedelta(), Booking.starts_at, _booked, _hour_words)


REMINDERS: Final = (*_deadlines(), *_sessions())


# sweeping ----------------------------------------------------------------------------------------


def find_due(db: Session, reminder: Reminder, *, now: datetime, limit: int = BATCH) -> list[Due]:
    """The people to remind now who have not been, the most urgent first; one statement however many there are."""
    return [_due(reminder, row) for row in db.execute(_select(reminder, now).limit(limit))]


def remind(db: Session, reminder: Reminder, *, now: datetime, limit: int = BATCH) -> int:
    """Tell up to `limit` people; returns how many were told."""
    return sum(_tell(db, reminder, due, now) for due in find_due(db, reminder, now=now, limit=limit))


def _tell(db: Session, reminder: Reminder, due: Due, now: datetime) -> int:
    title, words, path = reminder.write(due)
    told = notify(
        db,
        account_ids=[due.account_id],
        key=f"reminder:{due.booking_id}:{due.version}:{reminder.name}",
        kind=reminder.kind,
        title=title,
        words=words,
        path=path,
        now=now,
        booking_id=due.booking_id,
    )
    return len(told)


def _select(reminder: Reminder, now: datetime) -> Select[*tuple[Any, ...]]:
    moment = reminder.moment
    columns = (
        Booking.id,
        Booking.version,
        Booking.state,
        Booking.actor_zone,
        Booking.platform_zone,
        moment.label("at"),
        Actor.name.label("actor"),
        Platform.name.label("platform"),
        Brief.project,
        Booking.asked_as,
        ahead_of_it().label("ahead"),
        Account.id.label("account_id"),
        Account.zone,
    )
    rows = (
        select(*columns)
        .join(Actor, Actor.id == Booking.actor_id)
        .join(Platform, Platform.id == Booking.platform_id)
        .join(Brief, Brief.id == Booking.brief_id)
    )
    return (
        _with_readers(rows, reminder.party)
        .where(
            Booking.is_extra.is_(False), reminder.which(), moment > now + reminder.floor, moment <= now + reminder.span
        )
        .where(Booking.updated_at <= now - reminder.span / 3, Account.active, ~_is_told(reminder))
        .order_by(moment, Booking.id, Account.id)
    )


def _with_readers(rows: Select[*tuple[Any, ...]], party: Party) -> Select[*tuple[Any, ...]]:
    if party == Party.ACTOR:
        return rows.join(Account, Account.id == Actor.account_id)
    if party == Party.PLATFORM:
        return rows.join(Member, Member.platform_id == Booking.platform_id).join(
            Account, Account.id == Member.account_id
        )
    admins = select(account_role.c.account_id).join(Role).where(Role.name == "admin")
    return rows.join(Account, Account.id.in_(admins))


def _is_told(reminder: Reminder) -> ColumnElement[bool]:
    booking, version = (cast(column, String) for column in (Booking.id, Booking.version))
    key = "reminder:" + booking + ":" + version + f":{reminder.name}:" + cast(Account.id, String)
    return exists().where(Notice.key == key)


def _due(reminder: Reminder, row: Any) -> Due:
    others = {Party.PLATFORM: row.actor, Party.ACTOR: row.platform}
    sides = {Party.PLATFORM: row.platform_zone, Party.ACTOR: row.actor_zone}
    return Due(
        booking_id=row.id,
        version=row.version,
        state=State(row.state),
        party=reminder.party,
        account_id=row.account_id,
        zone=zone_for(row.zone, sides.get(reminder.party, "UTC")),
        at=row.at,
        other=others.get(reminder.party, f"{row.actor} and {row.platform}"),
        project=row.project,
        is_pencil=row.asked_as == "pencil",
        ahead=Ahead(row.ahead),
    )
