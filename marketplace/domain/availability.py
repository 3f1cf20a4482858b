"""When an actor can be booked: weekly hours and exceptions, in the actor's zone, as free intervals of time.

People say hours by the wall clock; everything here comes out as UTC instants. Intervals are half-open: one that ends
at 11:00 leaves 11:00 free. A local time that a clock change skips means the moment of the change; one that happens
twice means its first occurrence. A time a *person* asks for is never guessed that way: see `instant_of`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from itertools import groupby, islice
from typing import Final
from zoneinfo import ZoneInfo

from marketplace.domain.errors import Invalid

MINUTE: Final = timedelta(minutes=1)
DAY_MINUTES: Final = 24 * 60
SLOT_STEP: Final = timedelta(minutes=30)
"""Offered slots begin on the actor's half hours."""
HORIZON: Final = timedelta(days=365)
"""How far ahead sessions can be asked for. Nobody keeps a calendar beyond, so nothing there is free."""

_FIRST, _LAST = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)


class SkippedTime(Invalid):
    """A local time was asked for that a clock change skips."""


class DoubledTime(Invalid):
    """A local time was asked for that happens twice, without saying which."""


@dataclass(frozen=True, slots=True, order=True)
class Interval:
    """From `starts_at` up to but not including `ends_at`, both UTC instants; never empty."""

    starts_at: datetime
    ends_at: datetime

    def __post_init__(self) -> None:
        """Refuse naive times and empty or backward intervals."""
        if self.starts_at.utcoffset() != timedelta(0) or self.ends_at.utcoffset() != timedelta(0):
            raise ValueError("an interval is between UTC instants")
        if self.starts_at >= self.ends_at:
            raise ValueError("an interval ends after it starts")

    @property
    def length(self) -> timedelta:
        """Real time passed. Both ends are UTC, so clock changes in between do not bend it."""
        return self.ends_at - self.starts_at

    def contains(self, other: Interval) -> bool:
        """Whether all of `other` lies inside."""
        return self.starts_at <= other.starts_at and other.ends_at <= self.ends_at

    def widened(self, before: timedelta, after: timedelta) -> Interval:
        """The interval with time added (or, when negative, taken) at each end; no further than dates go."""
        return Interval(_moved(self.starts_at, -before), _moved(self.ends_at, after))

    def clipped(self, window: Interval) -> Interval | None:
        """The part inside `window`, or None."""
        starts_at, ends_at = max(self.starts_at, window.starts_at), min(self.ends_at, window.ends_at)
        return Interval(starts_at, ends_at) if starts_at < ends_at else None


@dataclass(frozen=True, slots=True, order=True)
class DayWindow:
    """Hours on one day by the wall clock, as minutes from 00:00; 1440 is the midnight that ends the day."""

    from_minute: int
    to_minute: int

    def __post_init__(self) -> None:
        """Refuse hours that are empty, backward or outside the day."""
        if not 0 <= self.from_minute < self.to_minute <= DAY_MINUTES:
            raise Invalid("Hours must end after they start, within one day.", code="hours")


@dataclass(frozen=True, slots=True)
class WeeklyWindow:
    """The same hours each week. `weekday` is 0 for Monday to 6 for Sunday."""

    weekday: int
    window: DayWindow

    def __post_init__(self) -> None:
        """Refuse an eighth day."""
        if not 0 <= self.weekday <= 6:
            raise Invalid("A weekday is Monday to Sunday.", code="hours")


@dataclass(frozen=True, slots=True)
class Hours:
    """When an actor works: the weekly hours by the wall clock of `zone` (an IANA name), plus `extra`, less `out`."""

    zone: str
    weekly: tuple[WeeklyWindow, ...] = ()
    extra: tuple[Interval, ...] = ()
    out: tuple[Interval, ...] = ()

    def on(self, day: date) -> tuple[DayWindow, ...]:
        """The weekly hours of one date."""
        return tuple(weekly.window for weekly in self.weekly if weekly.weekday == day.weekday())


@dataclass(frozen=True, slots=True)
class Rules:
    """An actor's own limits: time kept clear around a booking, the least notice before one starts, and the most
    sessions that may start on one local day and in one local week (Monday to Sunday); None is no limit.
    """

    buffer_before: timedelta = timedelta(0)
    buffer_after: timedelta = timedelta(0)
    notice: timedelta = timedelta(0)
    most_per_day: int | None = None
    most_per_week: int | None = None

    def bookable(self, now: datetime) -> Interval | None:
        """From the end of the notice to the horizon; None for a notice beyond it."""
        return Interval(now + self.notice, now + HORIZON) if self.notice < HORIZON else None


def free_intervals(
    hours: Hours, busy: Iterable[Interval], window: Interval, rules: Rules, now: datetime
) -> list[Interval]:
    """When work can happen inside `window`: open hours, less what is busy, after the notice and before the horizon.

    `busy` are the actor's bookings with the buffers they were made with, and times taken by other calendars; a new
    one wants its own buffers clear of them too. In order, disjoint, never touching. A slot fits when it lies inside
    one of these and its day and week have room: see `has_room`.
    """
    reach = rules.bookable(now)
    bookable = window.clipped(reach) if reach else None
    if bookable is None:
        return []
    # The new booking's "after" must end before theirs begins, and its "before" start after theirs ends.
    taken = [one.widened(rules.buffer_after, rules.buffer_before) for one in busy]
    return subtract(open_intervals(hours, bookable), taken)


def count_by_day(starts: Iterable[datetime], zone: str) -> Mapping[date, int]:
    """How many sessions start on each date of the clock in `zone`."""
    there = ZoneInfo(zone)
    return Counter(start.astimezone(there).date() for start in starts)


def has_room(day: date, sessions: Mapping[date, int], rules: Rules) -> bool:
    """Whether one more session may start on `day`. `sessions` counts those of the whole week by their local date."""
    monday = day - timedelta(days=day.weekday())
    of_week = sum(sessions.get(monday + timedelta(days=place), 0) for place in range(7))
    within_day = rules.most_per_day is None or sessions.get(day, 0) < rules.most_per_day
    return within_day and (rules.most_per_week is None or of_week < rules.most_per_week)


def open_intervals(hours: Hours, window: Interval) -> list[Interval]:
    """The hours inside `window`, touching ones joined (so that work may cross midnight)."""
    openings = [*_openings(hours, ZoneInfo(hours.zone), window), *hours.extra]
    found = (clip for opening in openings if (clip := opening.clipped(window)))
    return subtract(merge(found), hours.out)


def merge(intervals: Iterable[Interval]) -> list[Interval]:
    """The same instants as few intervals, in order; those that overlap or touch become one."""
    merged: list[Interval] = []
    for one in sorted(intervals):
        if merged and one.starts_at <= merged[-1].ends_at:
            merged[-1] = Interval(merged[-1].starts_at, max(merged[-1].ends_at, one.ends_at))
        else:
            merged.append(one)
    return merged


def subtract(whole: Iterable[Interval], holes: Iterable[Interval]) -> list[Interval]:
    """What is left of `whole` (in order and disjoint) without `holes`."""
    left: list[Interval] = []
    gaps, passed = merge(holes), 0
    for one in whole:
        while passed < len(gaps) and gaps[passed].ends_at <= one.starts_at:
            passed += 1
        left += _without(one, islice(gaps, passed, None))
    return left


def intersect(one: Sequence[Interval], other: Sequence[Interval]) -> list[Interval]:
    """The instants that are in both (each in order and disjoint)."""
    common: list[Interval] = []
    i = j = 0
    while i < len(one) and j < len(other):
        if (both := one[i].clipped(other[j])) is not None:
            common.append(both)
        if one[i].ends_at <= other[j].ends_at:
            i += 1
        else:
            j += 1
    return common


def each_slot(
    free: Iterable[Interval], length: timedelta, zone: str, step: timedelta = SLOT_STEP
) -> Iterator[Interval]:
    """Every slot of `length` that fits, beginning on whole `step`s of the wall clock in `zone`. They may overlap."""
    there = ZoneInfo(zone)
    for interval in free:
        yield from _slots_in(interval, length, there, step)


def nearest_slots(slots: Sequence[Interval], wanted_at: datetime, count: int) -> list[Interval]:
    """The `count` slots whose start is nearest to `wanted_at`, in order of time."""
    nearest = sorted(slots, key=lambda slot: (abs(slot.starts_at - wanted_at), slot.starts_at))[:count]
    return sorted(nearest)


def by_local_day(slots: Sequence[Interval], zone: str) -> dict[date, list[Interval]]:
    """The slots grouped by the date on which they start in `zone`."""
    there = ZoneInfo(zone)
    groups = groupby(sorted(slots), key=lambda slot: slot.starts_at.astimezone(there).date())
    return {day: list(group) for day, group in groups}


def instant_of(local: datetime, zone: str, fold: int | None = None) -> datetime:
    """The UTC instant of a wall-clock time that a person asked for.

    Refuses a time that a clock change skips; refuses a time that happens twice until `fold` says which (0 or 1).
    """
    there = ZoneInfo(zone)
    first, second = (local.replace(tzinfo=there, fold=f).astimezone(UTC) for f in (0, 1))
    if first == second:
        return first
    if first > second:
        raise SkippedTime(f"{local:%H:%M} does not exist on {local:%d %b %Y}: clocks go forward.", code="skipped_time")
    if fold is None:
        raise DoubledTime(f"{local:%H:%M} comes twice on {local:%d %b %Y}: say which.", code="doubled_time")
    return second if fold else first


def day_span(first: date, last: date, zone: str) -> Interval:
    """Whole days of the clock in `zone`, from the beginning of `first` to the end of `last`."""
    there = ZoneInfo(zone)
    ends_on = last + timedelta(days=1)
    return Interval(_first_instant(_midnight(first), there), _first_instant(_midnight(ends_on), there))


def same_clock(instant: datetime, zone: str, other: str) -> datetime:
    """When the clock of `other` shows what the one of `zone` shows at `instant`: for who moves with their plans."""
    return _first_instant(instant.astimezone(ZoneInfo(zone)).replace(tzinfo=None, fold=0), ZoneInfo(other))


def is_doubled(instant: datetime, zone: str) -> bool:
    """Whether the clock in `zone` shows this time twice that day, so that it must be told with the zone's name."""
    local = instant.astimezone(ZoneInfo(zone))
    return local.replace(fold=0).utcoffset() != local.replace(fold=1).utcoffset()


def is_zone(name: str) -> bool:
    """Whether `name` is an IANA zone this machine knows."""
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return False
    return True


def _moved(instant: datetime, by: timedelta) -> datetime:
    try:
        return instant + by
    except OverflowError:  # whoever asks for a day of the year 9999 gets an answer too
        return _LAST if by > timedelta(0) else _FIRST


def _openings(hours: Hours, zone: ZoneInfo, window: Interval) -> Iterator[Interval]:
    for day in _days(zone, window):
        for opening in hours.on(day):
            starts_at = _opening_instant(day, opening.from_minute, zone)
            ends_at = _opening_instant(day, opening.to_minute, zone)
            if starts_at < ends_at:  # all of it can fall into a skipped hour
                yield Interval(starts_at, ends_at)


def _days(zone: ZoneInfo, window: Interval) -> Iterator[date]:
    day = window.starts_at.astimezone(zone).date() - timedelta(days=1)
    last = window.ends_at.astimezone(zone).date()
    while day <= last:
        yield day
        day += timedelta(days=1)


@lru_cache(maxsize=65_536)  # thousands of actors in a search share a few days, hours and zones
def _opening_instant(day: date, minute: int, zone: ZoneInfo) -> datetime:
    return _first_instant(_midnight(day) + timedelta(minutes=minute), zone)


def _first_instant(local: datetime, zone: ZoneInfo) -> datetime:
    """When a clock first shows `local` or later."""
    first, second = (local.replace(tzinfo=zone, fold=f).astimezone(UTC) for f in (0, 1))
    return first if first <= second else _change_between(second, first, zone)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min)


def _change_between(before: datetime, after: datetime, zone: ZoneInfo) -> datetime:
    """The instant of the clock change in `(before, after]`, to the second."""
    offset = before.astimezone(zone).utcoffset()
    while after - before > timedelta(seconds=1):
        middle = before + timedelta(seconds=int((after - before).total_seconds()) // 2)
        before, after = (middle, after) if middle.astimezone(zone).utcoffset() == offset else (before, middle)
    return after


def _without(one: Interval, holes: Iterable[Interval]) -> Iterator[Interval]:
    """The parts of `one` between `holes`, which are in order and disjoint."""
    starts_at = one.starts_at
    for hole in holes:
        if hole.starts_at >= one.ends_at:
            break
        if starts_at < hole.starts_at:
            yield Interval(starts_at, hole.starts_at)
        starts_at = max(starts_at, hole.ends_at)
    if starts_at < one.ends_at:
        yield Interval(starts_at, one.ends_at)


def _slots_in(free: Interval, length: timedelta, zone: ZoneInfo, step: timedelta) -> Iterator[Interval]:
    starts_at = _next_step(free.starts_at, zone, step)
    while starts_at + length <= free.ends_at:
        yield Interval(starts_at, starts_at + length)
        starts_at = _next_step(starts_at + MINUTE, zone, step)


def _next_step(instant: datetime, zone: ZoneInfo, step: timedelta) -> datetime:
    local = instant.astimezone(zone).replace(tzinfo=None)
    late = (local - _midnight(local.date())) % step
    return instant + (step - late if late else timedelta(0))
