"""Bookings as calendars: a feed that calendar programs subscribe to, and the invitations that mails carry.

A program knows an event by its `uid` and takes the version with the highest `sequence`, so an entry keeps the first
and raises the second whenever its time or its being cancelled changes. Cancelled entries stay in a feed for a while:
programs that only see an event vanish may keep it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final, Literal
from zoneinfo import ZoneInfo

from icalendar import Calendar, Event, vCalAddress, vText

from marketplace.domain.availability import Interval
from marketplace.gateways.calendar.zone_text import zone_definition

PRODUCT: Final = "-//Marquee//Bookings//EN"
REFRESH: Final = timedelta(hours=1)
CALENDAR_TYPE: Final = "text/calendar; charset=utf-8"
_MARGIN: Final = timedelta(days=370)
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")

Method = Literal["REQUEST", "CANCEL"]


@dataclass(frozen=True, slots=True)
class FeedEntry:
    """One event. Times are UTC instants; `zone` is the IANA zone it is read in; the texts are plain.

    A tentative one holds its time but may still lapse.
    """

    uid: str
    sequence: int
    starts_at: datetime
    ends_at: datetime
    zone: str
    summary: str
    description: str
    url: str
    cancelled: bool
    updated_at: datetime
    tentative: bool = False

    @property
    def status(self) -> str:
        """Its STATUS, in the format's own word."""
        return "CANCELLED" if self.cancelled else "TENTATIVE" if self.tentative else "CONFIRMED"


@dataclass(frozen=True, slots=True)
class Mailbox:
    """A person or an office by name and mail address."""

    name: str
    address: str


def write_feed(entries: Iterable[FeedEntry], *, name: str, now: datetime) -> bytes:
    """The entries as one published calendar called `name`, in UTF-8; serve it as CALENDAR_TYPE."""
    ordered = sorted(entries, key=lambda entry: (entry.starts_at, entry.uid))
    calendar = _calendar("PUBLISH", ordered)
    for title in ("NAME", "X-WR-CALNAME"):  # the standard's name for it, and the one that is read
        calendar[title] = vText(_plain(name))
    calendar.add("REFRESH-INTERVAL", REFRESH, parameters={"VALUE": "DURATION"})
    calendar.add("X-PUBLISHED-TTL", "PT1H")
    for entry in ordered:
        calendar.add_component(_event(entry, now))
    return bytes(calendar.to_ical())


def write_invite(
    entry: FeedEntry, method: Method, *, organizer: Mailbox, attendees: Sequence[Mailbox], now: datetime
) -> bytes:
    """One entry as the calendar part of a mail (its type needs `method` as well: see `invite_type`).

    REQUEST asks to enter or update it, CANCEL to take it out. Programs obey a CANCEL only with the same `uid` and
    organizer and a `sequence` no lower than what they hold.
    """
    calendar = _calendar(method, [entry])
    event = _event(replace(entry, cancelled=method == "CANCEL"), now)
    event["ORGANIZER"] = _address(organizer)
    for attendee in attendees:
        event.add("ATTENDEE", _address(attendee, ROLE="REQ-PARTICIPANT", PARTSTAT="ACCEPTED", RSVP="FALSE"))
    calendar.add_component(event)
    return bytes(calendar.to_ical())


def invite_type(method: Method) -> str:
    """The content type of an invitation's mail part."""
    return f"{CALENDAR_TYPE}; method={method}"


def _calendar(method: str, entries: Sequence[FeedEntry]) -> Calendar:
    calendar = Calendar()
    calendar.add("PRODID", PRODUCT)
    calendar.add("VERSION", "2.0")
    calendar.add("CALSCALE", "GREGORIAN")
    calendar.add("METHOD", method)
    for zone in sorted({entry.zone for entry in entries if _zone_of(entry) is not UTC}):
        calendar.add_component(zone_definition(zone, _span([entry for entry in entries if entry.zone == zone])))
    return calendar


def _span(entries: Sequence[FeedEntry]) -> Interval:
    """What a zone must be defined for: the entries and a year around, so that whatever they move to is covered too."""
    first = min(entry.starts_at for entry in entries)
    return Interval(first - _MARGIN, max(entry.ends_at for entry in entries) + _MARGIN)


def _event(entry: FeedEntry, now: datetime) -> Event:
    zone = _zone_of(entry)
    event = Event()
    event.add("UID", _plain(entry.uid))
    event.add("SEQUENCE", entry.sequence)
    event.add("DTSTAMP", now.astimezone(UTC))
    event.add("LAST-MODIFIED", entry.updated_at.astimezone(UTC))
    event.add("DTSTART", entry.starts_at.astimezone(zone))
    event.add("DTEND", entry.ends_at.astimezone(zone))
    event.add("SUMMARY", _plain(entry.summary))
    event.add("DESCRIPTION", _plain(entry.description))
    event.add("URL", _plain(entry.url))
    event.add("STATUS", entry.status)
    event.add("TRANSP", "TRANSPARENT" if entry.cancelled else "OPAQUE")
    return event


def _zone_of(entry: FeedEntry) -> tzinfo:
    """The entry's zone; UTC where a time falls into the second of two equal hours, which no local time can tell."""
    zone = ZoneInfo(entry.zone)
    doubled = any(moment.astimezone(zone).fold for moment in (entry.starts_at, entry.ends_at))
    return UTC if doubled or entry.zone in {"UTC", "Etc/UTC"} else zone


def _address(mailbox: Mailbox, **parameters: str) -> vCalAddress:
    address = vCalAddress(f"mailto:{_plain(mailbox.address)}")
    address.params["CN"] = _plain(mailbox.name).replace('"', "'").replace("\n", " ")
    for name, value in parameters.items():
        address.params[name] = value
    return address


def _plain(text: str) -> str:
    """Without control characters, of which a calendar's text may hold none but line ends."""
    return _CONTROL.sub("", text.replace("\r\n", "\n"))
