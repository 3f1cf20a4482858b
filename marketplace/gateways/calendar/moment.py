"""Points and lengths of time as calendars write them, made into instants: by the named zone, or the actor's own."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from io import StringIO
from typing import Final
from zoneinfo import ZoneInfo

from dateutil.tz import tzical
from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON

from marketplace.domain.availability import is_zone
from marketplace.gateways.calendar.content import Block, CalendarRefused, Line

_MOMENT: Final = re.compile(r"(\d{8})(?:T(\d{6})(Z?))?", re.ASCII)
_LENGTH: Final = re.compile(
    r"([+-]?)P(?:(\d{1,5})W)?(?:(\d{1,6})D)?(?:T(?:(\d{1,7})H)?(?:(\d{1,8})M)?(?:(\d{1,9})S)?)?", re.ASCII
)
_OLD_RULE: Final = re.compile(r"(DTSTART[^:\n]*:)(?:1[0-8]\d\d|19[0-6]\d)")


class Zones:
    """The zones that one calendar speaks of; `own` is for times and days that name none."""

    def __init__(self, own: str, definitions: Iterable[Block]) -> None:
        self.own = ZoneInfo(own)
        self._definitions = {_zone_id(block): block for block in definitions}
        self._known: dict[str, tzinfo] = {}

    def instant(self, line: Line, written: str | None = None) -> datetime:
        """The aware time of a line's value (or of `written`, one of several). A day begins at the actor's midnight."""
        moment = read_moment(line.value if written is None else written)
        if not isinstance(moment, datetime):
            return self.midnight(moment)
        return moment if moment.tzinfo else moment.replace(tzinfo=self._zone_of(line))

    def midnight(self, day: date) -> datetime:
        """When `day` begins for the actor."""
        return datetime.combine(day, time.min, tzinfo=self.own)

    def _zone_of(self, line: Line) -> tzinfo:
        name = line.parameters.get("TZID", "").strip()
        if not name:
            return self.own
        if name not in self._known:
            self._known[name] = self._find(name)
        return self._known[name]

    def _find(self, name: str) -> tzinfo:
        """By the IANA name in it, by Windows' name, or by the calendar's own definition."""
        parts = name.strip("/").split("/")
        for tail in ("/".join(parts[start:]) for start in range(min(len(parts), 6))):
            known = WINDOWS_TO_OLSON.get(tail, tail)
            if is_zone(known):
                return ZoneInfo(known)
        if name in self._definitions:
            return _defined(self._definitions[name])
        raise CalendarRefused(f"The calendar uses the time zone “{name[:60]}” without saying what it is.")


def read_moment(text: str) -> date | datetime:
    """20260329 as a date, 20260329T090000 as a time without zone, and with a Z in UTC."""
    found = _MOMENT.fullmatch(text.strip())
    if found is None:
        raise CalendarRefused(f"The calendar has a time that cannot be read: “{text[:40]}”.")
    digits, clock, utc = found.groups()
    day = date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    if clock is None:
        return day
    second = min(int(clock[4:]), 59)  # leap seconds
    return datetime.combine(day, time(int(clock[:2]), int(clock[2:4]), second, tzinfo=UTC if utc else None))


def is_day(line: Line) -> bool:
    """Whether a line gives a date without a time."""
    return "T" not in line.value


def after(start: datetime, length: str) -> datetime:
    """`start` and a length like P1DT2H: weeks and days by the wall clock, the rest in real time (RFC 5545, 3.3.6)."""
    found = _LENGTH.fullmatch(length.strip().upper())
    if found is None:
        raise CalendarRefused(f"The calendar has a length of time that cannot be read: “{length[:40]}”.")
    sign, (weeks, days, hours, minutes, seconds) = found[1], (int(part or 0) for part in found.groups()[1:])
    if sign == "-":
        return start
    by_clock = start + timedelta(weeks=weeks, days=days)
    real = by_clock.astimezone(UTC) + timedelta(hours=hours, minutes=minutes, seconds=seconds)
    return real.astimezone(start.tzinfo)


def _zone_id(block: Block) -> str:
    return next((text.partition(":")[2].strip() for text in block.text if text.upper().startswith("TZID")), "")


def _defined(block: Block) -> tzinfo:
    """The zone that a calendar defines itself."""
    text = "".join(_since_1970(part) for part in re.split(r"(?=^BEGIN:)", "\n".join(block.text), flags=re.MULTILINE))
    zone = tzical(StringIO(text)).get()
    if not isinstance(zone, tzinfo):
        raise CalendarRefused("The calendar defines a time zone that cannot be read.")
    return zone


def _since_1970(part: str) -> str:
    """A rule that some programs tell since 1601, told since 1970: each year it runs through costs time."""
    return _OLD_RULE.sub(r"\g<1>1970", part) if "RRULE" in part and "UNTIL" not in part else part
