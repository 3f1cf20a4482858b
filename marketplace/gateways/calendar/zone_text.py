"""A zone's definition (VTIMEZONE) for the years that a calendar touches, taken from the zone database.

Each change of the clocks is written out by its own date. Rules ("last Sunday in March") would be shorter, but the
database holds none, and guessed ones go wrong for zones like Cairo's or Casablanca's.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from icalendar import Timezone, TimezoneDaylight, TimezoneStandard

from marketplace.domain.availability import Interval


def zone_definition(name: str, span: Interval) -> Timezone:
    """The VTIMEZONE of an IANA zone, right for every instant of `span`."""
    zone = ZoneInfo(name)
    definition = Timezone()
    definition.add("TZID", name)
    first = span.starts_at.astimezone(zone)
    definition.add_component(_observance(first, first.utcoffset() or timedelta(0)))
    for instant in _changes(zone, span):
        before = (instant - timedelta(seconds=1)).astimezone(zone)
        definition.add_component(_observance(instant.astimezone(zone), before.utcoffset() or timedelta(0)))
    return definition


def _observance(onset: datetime, offset_from: timedelta) -> TimezoneStandard | TimezoneDaylight:
    """What holds from `onset` on. Its DTSTART is by the clock that was in force until then (RFC 5545, 3.6.5)."""
    part = TimezoneDaylight() if onset.dst() else TimezoneStandard()
    part.add("DTSTART", (onset.astimezone(UTC) + offset_from).replace(tzinfo=None))
    part.add("TZOFFSETFROM", offset_from)
    part.add("TZOFFSETTO", onset.utcoffset() or timedelta(0))
    part.add("TZNAME", onset.tzname() or "")
    return part


def _changes(zone: ZoneInfo, span: Interval) -> Iterator[datetime]:
    """The UTC instants inside `span` at which the offset changes."""
    day = span.starts_at.replace(minute=0, second=0, microsecond=0)
    while day < span.ends_at:
        after = day + timedelta(days=1)
        if day.astimezone(zone).utcoffset() != after.astimezone(zone).utcoffset():
            yield _change(zone, day, after)
        day = after


def _change(zone: ZoneInfo, before: datetime, after: datetime) -> datetime:
    offset = before.astimezone(zone).utcoffset()
    while after - before > timedelta(seconds=1):
        middle = before + timedelta(seconds=int((after - before).total_seconds()) // 2)
        before, after = (middle, after) if middle.astimezone(zone).utcoffset() == offset else (before, middle)
    return after
