"""An actor's hours: the week and the calendar's rules, days taken out and extra hours, all by the actor's own clock."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from typing import Final
from zoneinfo import available_timezones

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from marketplace.domain.availability import (
    DAY_MINUTES,
    HORIZON,
    DayWindow,
    Interval,
    WeeklyWindow,
    day_span,
    instant_of,
    same_clock,
)
from marketplace.domain.booking_state import OCCUPYING, WISHES
from marketplace.domain.errors import Invalid, NotFound
from marketplace.models import Actor, Booking, BookOut, CalendarSource, ExtraHours, WeeklyHours
from marketplace.services.actor import get_actor

MOST_BUFFER_MINUTES: Final = 240
MOST_NOTICE_MINUTES: Final = 60 * DAY_MINUTES
MOST_EXCEPTIONS: Final = 200
LONGEST_AHEAD: Final = 2 * HORIZON
ZONES: Final = frozenset(available_timezones())


@dataclass(frozen=True, slots=True)
class CalendarRules:
    """How an actor's calendar may be used; minutes, and sessions a day and a week."""

    zone: str
    buffer_minutes: int
    notice_minutes: int
    most_per_day: int
    most_per_week: int


@dataclass(frozen=True, slots=True)
class Claims:
    """What platforms have in some time: sessions that hold it, and requests and pencils that want it."""

    sessions: int
    wishes: int


# the week ----------------------------------------------------------------------------------------


def list_hours(db: Session, actor_id: int) -> list[WeeklyWindow]:
    """The weekly hours in order."""
    rows = db.scalars(select(WeeklyHours).where(WeeklyHours.actor_id == actor_id))
    windows = [WeeklyWindow(row.weekday, DayWindow(row.starts_minute, row.ends_minute)) for row in rows]
    return sorted(windows, key=lambda one: (one.weekday, one.window))


def save_hours(
    db: Session, *, actor_id: int, windows: Sequence[WeeklyWindow], rules: CalendarRules, now: datetime
) -> None:
    """Replace weekly hours and calendar rules. Refuses hours of one day that overlap; bookings made stay.

    In a new zone the weekly hours, the days out and the extra hours follow its clock; bookings stay at their instant.
    """
    _check_hours(windows)
    _check_rules(rules)
    actor = get_actor(db, actor_id)
    if actor.zone != rules.zone:
        _move(db, actor, rules.zone, now)
    actor.zone, actor.buffer_minutes, actor.notice_minutes = rules.zone, rules.buffer_minutes, rules.notice_minutes
    actor.most_per_day, actor.most_per_week, actor.updated_at = rules.most_per_day, rules.most_per_week, now
    db.execute(delete(WeeklyHours).where(WeeklyHours.actor_id == actor_id))
    db.add_all(
        WeeklyHours(
            actor_id=actor_id,
            weekday=one.weekday,
            starts_minute=one.window.from_minute,
            ends_minute=one.window.to_minute,
        )
        for one in windows
    )
    db.flush()


def _check_hours(windows: Sequence[WeeklyWindow]) -> None:
    ordered = sorted(windows, key=lambda one: (one.weekday, one.window))
    for first, then in pairwise(ordered):
        if first.weekday == then.weekday and then.window.from_minute < first.window.to_minute:
            raise Invalid("Two stretches of one day overlap. Nothing was saved.", field=f"day{first.weekday}")


def _check_rules(rules: CalendarRules) -> None:
    if rules.zone not in ZONES:
        raise Invalid("Choose your time zone from the list. Nothing was saved.", field="zone")
    if not 0 <= rules.buffer_minutes <= MOST_BUFFER_MINUTES:
        raise Invalid("Keep between 0 and 240 minutes clear. Nothing was saved.", field="buffer_minutes")
    if not 0 <= rules.notice_minutes <= MOST_NOTICE_MINUTES:
        raise Invalid("The notice is at most 60 days. Nothing was saved.", field="notice_hours")
    if not 1 <= rules.most_per_day <= 12 or not rules.most_per_day <= rules.most_per_week <= 60:
        raise Invalid("Sessions a week are at least those of a day. Nothing was saved.", field="most_per_week")


def _move(db: Session, actor: Actor, zone: str, now: datetime) -> None:
    """Days out and extra hours that are not over keep their place on the clock. Other calendars are read anew, because
    their whole days are days of the actor's own zone.
    """
    outs, extras = list_book_outs(db, actor.id, now=now), list_extra_hours(db, actor.id, now=now)
    rows: list[BookOut | ExtraHours] = [*outs, *extras]
    for row in rows:
        starts_at, ends_at = (same_clock(one, actor.zone, zone) for one in (row.starts_at, row.ends_at))
        if starts_at < ends_at:
            row.starts_at, row.ends_at = starts_at, ends_at
        else:  # all of it is skipped by the new zone's clock
            db.delete(row)
    db.execute(update(CalendarSource).where(CalendarSource.actor_id == actor.id).values(next_fetch_at=now))


def list_coming_sessions(db: Session, actor_id: int, *, now: datetime, limit: int = 5) -> Sequence[Booking]:
    """The next bookings that hold a slot: what stays at its instant whatever the zone."""
    coming = select(Booking).where(
        Booking.actor_id == actor_id,
        Booking.state.in_(OCCUPYING),
        Booking.is_extra.is_(False),
        Booking.starts_at > now,
    )
    return db.scalars(coming.order_by(Booking.starts_at, Booking.id).limit(limit)).all()


# days out ----------------------------------------------------------------------------------------


def list_book_outs(db: Session, actor_id: int, *, now: datetime) -> Sequence[BookOut]:
    """Times taken out that are not over, the next first."""
    coming = select(BookOut).where(BookOut.actor_id == actor_id, BookOut.ends_at > now)
    return db.scalars(coming.order_by(BookOut.starts_at, BookOut.id)).all()


def add_book_out(db: Session, *, actor_id: int, first: date, last: date, reason: str, now: datetime) -> Claims:
    """Take whole days of the actor's clock out of the calendar; says what platforms have in them, which stays."""
    _check_day(first, "book_out_from", now)
    _check_day(last, "book_out_to", now)
    if last < first:
        raise Invalid("The last day comes before the first. Nothing was saved.", field="book_out_to")
    span = day_span(first, last, get_actor(db, actor_id).zone)
    if span.ends_at <= now:
        raise Invalid("These days are over. Nothing was saved.", field="book_out_to")
    _check_number(db, BookOut, actor_id, "book_out_from", now)
    words = reason.strip()[:120]
    db.add(BookOut(actor_id=actor_id, starts_at=span.starts_at, ends_at=span.ends_at, reason=words, created_at=now))
    db.flush()
    return count_claims(db, actor_id, span)


def remove_book_out(db: Session, *, actor_id: int, book_out_id: int) -> None:
    """Give a time back to the calendar."""
    _remove(db, BookOut, actor_id, book_out_id)


def count_claims(db: Session, actor_id: int, span: Interval) -> Claims:
    """What platforms have or want in a time."""
    query = select(Booking.state, func.count()).where(
        Booking.actor_id == actor_id,
        Booking.state.in_(OCCUPYING | WISHES),
        Booking.is_extra.is_(False),
        Booking.starts_at < span.ends_at,
        Booking.ends_at > span.starts_at,
    )
    counts = {row[0]: row[1] for row in db.execute(query.group_by(Booking.state))}
    wishes = sum(count for state, count in counts.items() if state in WISHES)
    return Claims(sum(counts.values()) - wishes, wishes)


# extra hours -------------------------------------------------------------------------------------


def list_extra_hours(db: Session, actor_id: int, *, now: datetime) -> Sequence[ExtraHours]:
    """Extra hours that are not over, the next first."""
    coming = select(ExtraHours).where(ExtraHours.actor_id == actor_id, ExtraHours.ends_at > now)
    return db.scalars(coming.order_by(ExtraHours.starts_at, ExtraHours.id)).all()


def add_extra_hours(
    db: Session, *, actor_id: int, on: date, window: DayWindow, folds: tuple[int | None, int | None], now: datetime
) -> None:
    """Open hours of one date by the actor's clock, beyond the week's.

    Refuses a time that the clock skips that day, and one that comes twice until its fold (0 or 1; of the start and of
    the end) says which; hours that are over; and hours in days that are taken out.
    """
    _check_day(on, "extra_on", now)
    zone = get_actor(db, actor_id).zone
    starts_at = _asked("extra_from", lambda: instant_of(_local(on, window.from_minute), zone, folds[0]))
    ends_at = _asked("extra_to", lambda: instant_of(_local(on, window.to_minute), zone, folds[1]))
    if not max(starts_at, now) < ends_at:
        raise Invalid("These hours must end after they start, and not be over. Nothing was saved.", field="extra_to")
    _check_number(db, ExtraHours, actor_id, "extra_on", now)
    if any(one.starts_at < ends_at and one.ends_at > starts_at for one in list_book_outs(db, actor_id, now=now)):
        raise Invalid("This day is taken out. Give it back first. Nothing was saved.", field="extra_on")
    db.add(ExtraHours(actor_id=actor_id, starts_at=starts_at, ends_at=ends_at, created_at=now))
    db.flush()


def remove_extra_hours(db: Session, *, actor_id: int, extra_hours_id: int) -> None:
    """Take extra hours back."""
    _remove(db, ExtraHours, actor_id, extra_hours_id)


def _asked(field: str, instant: Callable[[], datetime]) -> datetime:
    """An instant from the form; its refusal is marked at the field and says what did not happen."""
    try:
        return instant()
    except Invalid as refusal:
        refusal.field, refusal.sentence = field, f"{refusal.sentence} Nothing was saved."
        raise


def _local(on: date, minute: int) -> datetime:
    return datetime.combine(on, time.min) + timedelta(minutes=minute)


def _check_day(day: date, field: str, now: datetime) -> None:
    if abs(day - now.date()) > LONGEST_AHEAD:
        raise Invalid("Choose a day within the next two years. Nothing was saved.", field=field)


def _check_number(
    db: Session, table: type[BookOut] | type[ExtraHours], actor_id: int, field: str, now: datetime
) -> None:
    coming = select(func.count()).select_from(table).where(table.actor_id == actor_id, table.ends_at > now)
    if (db.scalar(coming) or 0) >= MOST_EXCEPTIONS:
        raise Invalid(f"There are {MOST_EXCEPTIONS} already. Give some back first. Nothing was saved.", field=field)


def _remove(db: Session, table: type[BookOut] | type[ExtraHours], actor_id: int, id: int) -> None:
    row = db.scalar(select(table).where(table.id == id, table.actor_id == actor_id))
    if row is None:
        raise NotFound("There is no such time. Nothing was changed.")
    db.delete(row)
