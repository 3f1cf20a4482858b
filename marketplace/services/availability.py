"""When actors can be booked: their stored hours and bookings, read in bulk and turned into free slots by the domain."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import reduce
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Select, literal, select, union_all
from sqlalchemy.orm import Session

from marketplace.domain.availability import (
    HORIZON,
    DayWindow,
    Hours,
    Interval,
    Rules,
    WeeklyWindow,
    count_by_day,
    each_slot,
    free_intervals,
    has_room,
    intersect,
    nearest_slots,
)
from marketplace.domain.booking import OCCUPYING
from marketplace.domain.errors import NotFound
from marketplace.models import Actor, Booking, BookOut, BusyTime, ExtraHours, WeeklyHours
from marketplace.services.batch import among

LOOK_AHEAD = timedelta(weeks=5)
"""How far ahead "next free" looks, and the span of the calendar on an actor's page."""

_STEP_DAYS = timedelta(days=3)
_OTHER_TIMES = 5
_WEEK = timedelta(days=8)
"""What a window must be widened by to hold every local week it touches, in any zone."""


@dataclass(frozen=True, slots=True)
class Calendar:
    """All that decides when one actor is free in some window.

    `busy` are bookings with their buffers and times taken by other calendars; `sessions` counts the bookings of the
    weeks around by the local date on which they start.
    """

    hours: Hours
    busy: tuple[Interval, ...]
    rules: Rules
    sessions: Mapping[date, int] = field(default_factory=dict)

    def slots(self, length: timedelta, window: Interval, now: datetime) -> list[Interval]:
        """Every bookable slot of `length` that lies inside `window`."""
        return list(self._each(length, window, now))

    def first_slot(self, length: timedelta, window: Interval, now: datetime) -> Interval | None:
        """The earliest bookable slot, or None. Works through the window in steps, so a near one is found quickly."""
        starts_at, last = window.starts_at, min(window.ends_at, now + HORIZON)
        while starts_at < last:
            # one length beyond the step, so that a slot across its end is seen
            part = Interval(starts_at, min(starts_at + _STEP_DAYS + length, last))
            if (slot := next(self._each(length, part, now), None)) is not None:
                return slot
            starts_at += _STEP_DAYS
        return None

    def free(self, window: Interval, now: datetime) -> list[Interval]:
        """When the actor can work inside `window`; whether a day still has room is asked of each slot."""
        return free_intervals(self.hours, self.busy, window, self.rules, now)

    def has_room(self, slot: Interval) -> bool:
        """Whether the day and the week in which the slot starts can take one more session."""
        if not self.sessions:
            return True
        day = slot.starts_at.astimezone(ZoneInfo(self.hours.zone)).date()
        return has_room(day, self.sessions, self.rules)

    def is_free(self, slot: Interval, now: datetime) -> bool:
        """Whether all of `slot` can be booked."""
        return any(free.contains(slot) for free in self.free(slot, now)) and self.has_room(slot)

    def _each(self, length: timedelta, window: Interval, now: datetime) -> Iterator[Interval]:
        slots = each_slot(self.free(window, now), length, self.hours.zone)
        return (slot for slot in slots if self.has_room(slot))


def free_slots(db: Session, actor_id: int, length: timedelta, window: Interval, now: datetime) -> list[Interval]:
    """Every slot of `length` in which the actor can be booked inside `window`; they may overlap each other."""
    return get_calendar(db, actor_id, window).slots(length, window, now)


def find_nearest_slots(db: Session, actor_id: int, wanted: Interval, now: datetime) -> list[Interval]:
    """A few free times of the same length near one that cannot be had, in order; near the horizon's end for one beyond
    it, and soon for one that is past."""
    near = min(max(wanted.starts_at, now), now + HORIZON)
    around = Interval(max(now, near - LOOK_AHEAD), near + wanted.length + LOOK_AHEAD)
    return nearest_slots(free_slots(db, actor_id, wanted.length, around, now), wanted.starts_at, _OTHER_TIMES)


def find_common_slots(
    db: Session, actor_ids: Collection[int], length: timedelta, window: Interval, zone: str, now: datetime
) -> list[Interval]:
    """Slots of `length` inside `window` in which all of these actors can be booked, in order; they may overlap.

    They begin on the half hours of the clock in `zone`, the reader's: those of the actors may have none in common.
    Nobody is free together with an actor who does not exist.
    """
    calendars = read_calendars(db, actor_ids, window)
    if not calendars or set(actor_ids) - set(calendars):
        return []
    common = reduce(intersect, (one.free(window, now) for one in calendars.values()))
    return _with_room(each_slot(common, length, zone), list(calendars.values()))


def _with_room(slots: Iterator[Interval], calendars: Sequence[Calendar]) -> list[Interval]:
    return [slot for slot in slots if all(one.has_room(slot) for one in calendars)]


def get_calendar(db: Session, actor_id: int, window: Interval, *, without_booking_id: int | None = None) -> Calendar:
    """The calendar of one actor; refuses one who does not exist. A booking that is to be moved can be left out."""
    calendar = read_calendars(db, [actor_id], window, without_booking_id=without_booking_id).get(actor_id)
    if calendar is None:
        raise NotFound("There is no such actor.")
    return calendar


def read_calendars(
    db: Session, actor_ids: Collection[int], window: Interval, *, without_booking_id: int | None = None
) -> Mapping[int, Calendar]:
    """The calendars of many actors for one window, in three statements however many they are."""
    weekly = _weekly_of(db, actor_ids)
    spans = _spans_of(db, actor_ids, window, without_booking_id)
    actors = select(
        Actor.id, Actor.zone, Actor.buffer_minutes, Actor.notice_minutes, Actor.most_per_day, Actor.most_per_week
    ).where(among(db, Actor.id, actor_ids))
    return {
        actor_id: Calendar(
            Hours(zone, tuple(weekly[actor_id]), tuple(spans["extra", actor_id]), tuple(spans["out", actor_id])),
            tuple(spans["busy", actor_id]),
            rules_of(*rules),
            count_by_day((session.starts_at for session in spans["session", actor_id]), zone),
        )
        for actor_id, zone, *rules in db.execute(actors)
    }


def rules_of(buffer_minutes: int, notice_minutes: int, most_per_day: int, most_per_week: int) -> Rules:
    """An actor's limits; the buffer is kept before and after."""
    buffer = timedelta(minutes=buffer_minutes)
    return Rules(buffer, buffer, timedelta(minutes=notice_minutes), most_per_day, most_per_week)


def _weekly_of(db: Session, actor_ids: Collection[int]) -> Mapping[int, list[WeeklyWindow]]:
    columns = select(
        WeeklyHours.actor_id, WeeklyHours.weekday, WeeklyHours.starts_minute, WeeklyHours.ends_minute
    ).where(among(db, WeeklyHours.actor_id, actor_ids))
    found: defaultdict[int, list[WeeklyWindow]] = defaultdict(list)
    for actor_id, weekday, starts_minute, ends_minute in db.execute(columns):
        found[actor_id].append(WeeklyWindow(weekday, DayWindow(starts_minute, ends_minute)))
    return found


def _spans_of(
    db: Session, actor_ids: Collection[int], window: Interval, without_booking_id: int | None
) -> Mapping[tuple[str, int], list[Interval]]:
    found: defaultdict[tuple[str, int], list[Interval]] = defaultdict(list)
    queries = [*_booking_queries(db, actor_ids, window, without_booking_id), *_span_queries(db, actor_ids, window)]
    for kind, actor_id, starts_at, ends_at in db.execute(union_all(*queries)):
        found[kind, actor_id].append(Interval(starts_at, ends_at))
    return found


def _booking_queries(
    db: Session, actor_ids: Collection[int], window: Interval, without_booking_id: int | None
) -> Iterator[Select[*tuple[Any, ...]]]:
    """Bookings that hold their slot, twice: with their buffers as busy times, and as sessions of their week."""
    # a booking that touches the window with its own buffer, or only with the new one's, is seen as well
    reach, weeks = window.widened(timedelta(days=1), timedelta(days=1)), window.widened(_WEEK, _WEEK)
    holding = (
        among(db, Booking.actor_id, actor_ids),
        Booking.state.in_(OCCUPYING),
        Booking.is_extra.is_(False),
        Booking.id != (without_booking_id or 0),
    )
    yield select(literal("busy"), Booking.actor_id, Booking.busy_from, Booking.busy_until).where(
        *holding, Booking.busy_from < reach.ends_at, Booking.busy_until > reach.starts_at
    )
    yield select(literal("session"), Booking.actor_id, Booking.starts_at, Booking.ends_at).where(
        *holding, Booking.busy_from < weeks.ends_at, Booking.starts_at >= weeks.starts_at
    )


def _span_queries(db: Session, actor_ids: Collection[int], window: Interval) -> Iterator[Select[*tuple[Any, ...]]]:
    reach = window.widened(timedelta(days=1), timedelta(days=1))
    for kind, table in (("out", BookOut), ("extra", ExtraHours), ("busy", BusyTime)):
        yield select(literal(kind), table.actor_id, table.starts_at, table.ends_at).where(
            among(db, table.actor_id, actor_ids), table.starts_at < reach.ends_at, table.ends_at > reach.starts_at
        )
