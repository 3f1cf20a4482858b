"""When actors can be booked: their stored hours and bookings, read in bulk and turned into free slots by the domain."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, literal, select, union_all
from sqlalchemy.orm import Session

from marketplace.domain.availability import (
    DayWindow,
    Hours,
    Interval,
    Rules,
    WeeklyWindow,
    each_slot,
    free_intervals,
    nearest_slots,
    slots_of,
)
from marketplace.domain.booking import OCCUPYING
from marketplace.domain.errors import NotFound
from marketplace.models import Actor, Booking, BookOut, ExtraHours, WeeklyHours
from marketplace.services.batch import among

LOOK_AHEAD = timedelta(weeks=5)
"""How far ahead "next free" looks, and the span of the calendar on an actor's page."""

_STEP_DAYS = timedelta(days=3)
_OTHER_TIMES = 5


@dataclass(frozen=True, slots=True)
class Calendar:
    """All that decides when one actor is free in some window."""

    hours: Hours
    busy: tuple[Interval, ...]
    rules: Rules

    def slots(self, length: timedelta, window: Interval, now: datetime) -> list[Interval]:
        """Every bookable slot of `length` that lies inside `window`."""
        return slots_of(free_intervals(self.hours, self.busy, window, self.rules, now), length, self.hours.zone)

    def first_slot(self, length: timedelta, window: Interval, now: datetime) -> Interval | None:
        """The earliest bookable slot, or None. Works through the window in steps, so a near one is found quickly."""
        starts_at = window.starts_at
        while starts_at < window.ends_at:
            # one length beyond the step, so that a slot across its end is seen
            part = Interval(starts_at, min(starts_at + _STEP_DAYS + length, window.ends_at))
            free = free_intervals(self.hours, self.busy, part, self.rules, now)
            if (slot := next(each_slot(free, length, self.hours.zone), None)) is not None:
                return slot
            starts_at += _STEP_DAYS
        return None

    def is_free(self, slot: Interval, now: datetime) -> bool:
        """Whether all of `slot` can be booked."""
        return any(free.contains(slot) for free in free_intervals(self.hours, self.busy, slot, self.rules, now))


def free_slots(db: Session, actor_id: int, length: timedelta, window: Interval, now: datetime) -> list[Interval]:
    """Every slot of `length` in which the actor can be booked inside `window`; they may overlap each other."""
    return get_calendar(db, actor_id, window).slots(length, window, now)


def find_nearest_slots(db: Session, actor_id: int, wanted: Interval, now: datetime) -> list[Interval]:
    """A few free times of the same length near one that cannot be had, in order."""
    around = Interval(min(now, wanted.starts_at), wanted.ends_at + LOOK_AHEAD)
    return nearest_slots(free_slots(db, actor_id, wanted.length, around, now), wanted.starts_at, _OTHER_TIMES)


def get_calendar(db: Session, actor_id: int, window: Interval) -> Calendar:
    """The calendar of one actor; refuses one who does not exist."""
    calendar = read_calendars(db, [actor_id], window).get(actor_id)
    if calendar is None:
        raise NotFound("There is no such actor.")
    return calendar


def read_calendars(db: Session, actor_ids: Collection[int], window: Interval) -> Mapping[int, Calendar]:
    """The calendars of many actors for one window, in three statements however many they are."""
    weekly = _weekly_of(db, actor_ids)
    spans = _spans_of(db, actor_ids, window)
    actors = select(Actor.id, Actor.zone, Actor.buffer_minutes, Actor.notice_minutes).where(
        among(db, Actor.id, actor_ids)
    )
    return {
        actor_id: Calendar(
            Hours(zone, tuple(weekly[actor_id]), tuple(spans["extra", actor_id]), tuple(spans["out", actor_id])),
            tuple(spans["busy", actor_id]),
            rules_of(buffer_minutes, notice_minutes),
        )
        for actor_id, zone, buffer_minutes, notice_minutes in db.execute(actors)
    }


def rules_of(buffer_minutes: int, notice_minutes: int) -> Rules:
    """An actor's limits; the buffer is kept before and after."""
    buffer = timedelta(minutes=buffer_minutes)
    return Rules(buffer, buffer, timedelta(minutes=notice_minutes))


def _weekly_of(db: Session, actor_ids: Collection[int]) -> Mapping[int, list[WeeklyWindow]]:
    columns = select(
        WeeklyHours.actor_id, WeeklyHours.weekday, WeeklyHours.starts_minute, WeeklyHours.ends_minute
    ).where(among(db, WeeklyHours.actor_id, actor_ids))
    found: defaultdict[int, list[WeeklyWindow]] = defaultdict(list)
    for actor_id, weekday, starts_minute, ends_minute in db.execute(columns):
        found[actor_id].append(WeeklyWindow(weekday, DayWindow(starts_minute, ends_minute)))
    return found


def _spans_of(db: Session, actor_ids: Collection[int], window: Interval) -> Mapping[tuple[str, int], list[Interval]]:
    found: defaultdict[tuple[str, int], list[Interval]] = defaultdict(list)
    for kind, actor_id, starts_at, ends_at in db.execute(union_all(*_span_queries(db, actor_ids, window))):
        found[kind, actor_id].append(Interval(starts_at, ends_at))
    return found


def _span_queries(db: Session, actor_ids: Collection[int], window: Interval) -> Iterator[Select[*tuple[Any, ...]]]:
    # a booking that touches the window with its own buffer, or only with the new one's, is seen as well
    reach = window.widened(timedelta(days=1), timedelta(days=1))
    busy = select(literal("busy"), Booking.actor_id, Booking.busy_from, Booking.busy_until)
    yield busy.where(
        among(db, Booking.actor_id, actor_ids),
        Booking.state.in_(OCCUPYING),
        Booking.busy_from < reach.ends_at,
        Booking.busy_until > reach.starts_at,
    )
    for kind, table in (("out", BookOut), ("extra", ExtraHours)):
        yield select(literal(kind), table.actor_id, table.starts_at, table.ends_at).where(
            among(db, table.actor_id, actor_ids), table.starts_at < reach.ends_at, table.ends_at > reach.starts_at
        )
