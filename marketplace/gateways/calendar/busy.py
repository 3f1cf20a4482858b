"""When a calendar says its owner is busy: every occurrence in a window, as few UTC intervals as can say it.

Each time is made an instant first, in its own zone or in the actor's. What repeats keeps its zone, so that the wall
clock stays over clock changes; what happens once is told in UTC, which is exact in doubled hours. What takes no time
of its owner (transparent, cancelled) keeps its place but has no length: a cancelled occurrence still replaces the one
of its series.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from icalendar import Calendar, Event
from icalendar.prop import vDDDLists, vDDDTypes, vRecur
from recurring_ical_events import CalendarQuery

from marketplace.domain.availability import Interval, merge
from marketplace.gateways.calendar.content import Block, CalendarRefused, Line, read_blocks, values
from marketplace.gateways.calendar.moment import Zones, after, is_day, read_moment

LONGEST_WINDOW: Final = timedelta(days=750)
MOST_OCCURRENCES: Final = 20_000
REPEATS: Final = frozenset({"HOURLY", "DAILY", "WEEKLY", "MONTHLY", "YEARLY"})

Span = tuple[datetime, datetime]


def busy_times(data: bytes, zone: str, window: Interval, own: str = "") -> list[Interval]:
    """The busy parts of `window`, in order and disjoint; `zone` is the actor's IANA zone.

    It is for days and for times that name no zone. Events whose UID ends with `own` are our bookings come back: they
    are left out, because only we know whether they still hold. Refuses (CalendarRefused) a file that is not wholly
    understood and one that repeats too often. A hostile file can still keep this busy for very long: see `read_busy`.
    """
    if window.length > LONGEST_WINDOW:
        raise ValueError(f"busy times are read for at most {LONGEST_WINDOW.days} days")
    blocks = read_blocks(data)
    try:
        zones = Zones(zone, (block for block in blocks if block.name == "VTIMEZONE"))
        spans = [*_listed(blocks, zones), *_occurring(_calendar(blocks, zones, own), window)]
        return merge(_inside(window, spans))
    except (ValueError, IndexError, OverflowError) as error:  # dateutil stumbles over a 61st Sunday
        raise CalendarRefused("The calendar has a time or a repetition that cannot be read.") from error


def _inside(window: Interval, spans: Iterable[Span]) -> Iterator[Interval]:
    for start, end in spans:
        starts_at, ends_at = max(start.astimezone(UTC), window.starts_at), min(end.astimezone(UTC), window.ends_at)
        if starts_at < ends_at:
            yield Interval(starts_at, ends_at)


def _listed(blocks: Iterable[Block], zones: Zones) -> Iterator[Span]:
    """Busy times that are given as such, without events."""
    for block in blocks:
        for line in block.all("FREEBUSY"):
            if line.parameters.get("FBTYPE", "BUSY").upper() != "FREE":
                yield from (_period(zones, line, written) for written in values(line))


def _occurring(calendar: Calendar, window: Interval) -> Iterator[Span]:
    count = 0
    for series in CalendarQuery(calendar).series:
        for occurrence in series.between(window.starts_at, window.ends_at):
            count += 1
            if count > MOST_OCCURRENCES:
                raise _too_often()
            yield occurrence.start, occurrence.end


def _calendar(blocks: Iterable[Block], zones: Zones, own: str) -> Calendar:
    calendar = Calendar()
    for block in blocks:
        is_ours = bool(own) and block.value("UID").endswith(own)
        if block.name == "VEVENT" and block.find("DTSTART") and not is_ours:
            calendar.add_component(_event(block, zones))
    return calendar


def _event(block: Block, zones: Zones) -> Event:
    event = Event()
    start, end = _span(block, zones)
    if not _repeats(block):
        start, end = start.astimezone(UTC), end.astimezone(UTC)
    event["DTSTART"], event["DTEND"] = vDDDTypes(start), vDDDTypes(end.astimezone(start.tzinfo))
    if uid := block.value("UID"):
        event["UID"] = uid
    if (sequence := block.value("SEQUENCE")).isdecimal():
        event["SEQUENCE"] = int(sequence)
    if rules := [vRecur.from_ical(_rule(line.value, start)) for line in block.all("RRULE")]:
        event["RRULE"] = rules
    _add_dates(event, block, zones)
    return event


def _span(block: Block, zones: Zones) -> Span:
    """From when to when an event claims its owner's time; the same twice where it claims none."""
    first = block.find("DTSTART")
    if first is None:
        raise CalendarRefused("The calendar has an event without a start.")
    start = zones.instant(first)
    if block.value("STATUS").upper() == "CANCELLED" or block.value("TRANSP").upper() == "TRANSPARENT":
        return start, start
    end = _end(block, zones, first, start)
    if is_day(first) and end <= start:  # some programs write a day as ending on itself
        end = start + timedelta(days=1)
    return (start, end) if start.astimezone(UTC) <= end.astimezone(UTC) else (end, start)


def _end(block: Block, zones: Zones, first: Line, start: datetime) -> datetime:
    if last := block.find("DTEND"):
        return zones.instant(last)
    if length := block.value("DURATION"):
        return after(start, length)
    return start + timedelta(days=1) if is_day(first) else start


def _repeats(block: Block) -> bool:
    origin = block.find("RECURRENCE-ID")
    return bool(block.find("RRULE") or block.find("RDATE") or (origin and "RANGE" in origin.parameters))


def _add_dates(event: Event, block: Block, zones: Zones) -> None:
    """The dates added, taken out and replaced. In a series of whole days only their dates count."""
    first = block.find("DTSTART")
    days = first is not None and is_day(first)
    for name in ("RDATE", "EXDATE"):
        dates = [_date(zones, line, written, days) for line in block.all(name) for written in values(line)]
        if dates:
            event[name] = vDDDLists(dates)
    if origin := block.find("RECURRENCE-ID"):
        event["RECURRENCE-ID"] = vDDDTypes(_replaced(zones, origin, days))
        if origin.parameters.get("RANGE", "").upper() == "THISANDFUTURE":
            event["RECURRENCE-ID"].params["RANGE"] = "THISANDFUTURE"


def _date(zones: Zones, line: Line, written: str, days: bool) -> datetime | date | Span:
    if "/" in written:
        return _period(zones, line, written)
    moment = read_moment(written)
    if days:
        return zones.midnight(date(moment.year, moment.month, moment.day))
    if line.name == "EXDATE" and not isinstance(moment, datetime):
        return moment  # takes out whatever happens on that day
    return zones.instant(line, written)


def _replaced(zones: Zones, origin: Line, days: bool) -> datetime:
    moment = read_moment(origin.value)
    return zones.midnight(date(moment.year, moment.month, moment.day)) if days else zones.instant(origin)


def _period(zones: Zones, line: Line, written: str) -> Span:
    first, _, last = written.partition("/")
    start = zones.instant(line, first)
    return start, after(start, last) if last[:1].upper() in {"P", "+"} else zones.instant(line, last)


def _rule(text: str, start: datetime) -> str:
    """A repetition whose end is told in UTC; refuses what repeats within the hour."""
    pairs = [part.partition("=") for part in text.strip().upper().split(";") if part]
    rule = {name: value for name, _, value in pairs}
    if len(rule) < len(pairs):
        raise CalendarRefused("The calendar has a repetition that contradicts itself.")
    if rule.get("FREQ") not in REPEATS:
        raise _too_often()
    if not rule.get("INTERVAL", "1").strip("0").isdecimal():  # every 0 days would go on for ever on the first
        raise CalendarRefused("The calendar has a repetition that never moves on.")
    if "UNTIL" in rule:
        rule["UNTIL"] = f"{_until(rule['UNTIL'], start):%Y%m%dT%H%M%SZ}"
    return ";".join(f"{name}={value}" for name, value in rule.items())


def _until(text: str, start: datetime) -> datetime:
    """A day counts to its end, and a time without zone is one of the series' own: programs write all three."""
    moment = read_moment(text)
    if not isinstance(moment, datetime):
        moment = datetime.combine(moment, time(23, 59, 59))
    return (moment if moment.tzinfo else moment.replace(tzinfo=start.tzinfo)).astimezone(UTC)


def _too_often() -> CalendarRefused:
    return CalendarRefused("The calendar has events that repeat too often.", code="calendar_too_many")
