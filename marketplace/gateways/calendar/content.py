"""The lines of a calendar that are about time. Titles, places, people and notes are dropped before anything is read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from marketplace.domain.errors import Invalid

MOST_EVENTS: Final = 20_000

_EVENT_LINES: Final = frozenset(
    {
        "UID",
        "SEQUENCE",
        "STATUS",
        "TRANSP",
        "DTSTART",
        "DTEND",
        "DURATION",
        "RRULE",
        "RDATE",
        "EXDATE",
        "RECURRENCE-ID",
    }
)
_ZONE_LINES: Final = frozenset(
    {"BEGIN", "END", "TZID", "DTSTART", "TZOFFSETFROM", "TZOFFSETTO", "TZNAME", "RRULE", "RDATE"}
)
_WANTED: Final = {"VEVENT": _EVENT_LINES, "VFREEBUSY": frozenset({"FREEBUSY"})}
_FOLD: Final = re.compile(r"\r?\n[ \t]")
_NAME: Final = re.compile(r"[A-Za-z0-9-]+(?=[;:])")
_PARAMETER: Final = re.compile(r';([A-Za-z0-9-]+)=("[^"]*"|[^";:]*)')


class CalendarRefused(Invalid):
    """The file is no calendar that we can read in full; none of its busy times were taken."""

    code = "calendar_refused"

    def __init__(self, reason: str, *, code: str | None = None) -> None:
        super().__init__(f"{reason} No busy times were taken from it.", code=code)


@dataclass(frozen=True, slots=True)
class Line:
    """One property, for example DTSTART;TZID=Europe/Berlin:20260329T090000. Names are in capitals."""

    name: str
    parameters: dict[str, str]
    value: str


@dataclass(slots=True)
class Block:
    """What stands between BEGIN and END: an event, a list of busy times, or (as `text`) a zone's definition."""

    name: str
    lines: list[Line] = field(default_factory=list)
    text: list[str] = field(default_factory=list)

    def all(self, name: str) -> list[Line]:
        """Every line of this name, in order."""
        return [line for line in self.lines if line.name == name]

    def find(self, name: str) -> Line | None:
        """The first line of this name."""
        return next((line for line in self.lines if line.name == name), None)

    def value(self, name: str) -> str:
        """The value of the first line of this name, without spaces around it; "" without such a line."""
        line = self.find(name)
        return line.value.strip() if line else ""


def read_blocks(data: bytes) -> list[Block]:
    """The events, busy lists and zones of a calendar file.

    Refuses what is no calendar, one that is cut short (it would look free where it is not), and very many events.
    """
    reader = _Reader()
    for text in _FOLD.sub("", data.decode("utf-8-sig", "replace")).split("\n"):
        reader.read(text.rstrip("\r"))
    if not reader.has_calendar:
        raise CalendarRefused("This is not a calendar file: it may be a web page.", code="calendar_none")
    if reader.open:
        raise CalendarRefused("The calendar file is cut short.", code="calendar_cut")
    return reader.blocks


class _Reader:
    """Follows BEGIN and END, and keeps the lines that are wanted where they stand."""

    def __init__(self) -> None:
        self.open: list[str] = []
        self.blocks: list[Block] = []
        self.has_calendar = False

    def read(self, text: str) -> None:
        found = _NAME.match(text)
        if found is None:
            return  # a note that was folded badly, or an empty line
        name = found[0].upper()
        if name == "BEGIN":
            self._begin(text[6:].strip().upper())
        if "VTIMEZONE" in self.open and name in _ZONE_LINES:
            self.blocks[-1].text.append(text)
        if name == "END":
            self._end(text[4:].strip().upper())
        elif self.open and name in _WANTED.get(self.open[-1], ()):
            self.blocks[-1].lines.append(_line(name, text[found.end() :]))

    def _begin(self, name: str) -> None:
        if not self.open and name != "VCALENDAR":
            raise CalendarRefused("This is not a calendar file.", code="calendar_none")
        self.open.append(name)
        self.has_calendar = True
        if name in _WANTED or name == "VTIMEZONE":
            self.blocks.append(Block(name))
        if len(self.blocks) > MOST_EVENTS:
            raise CalendarRefused(f"The calendar has more than {MOST_EVENTS:,} events.", code="calendar_too_many")

    def _end(self, name: str) -> None:
        if not self.open or self.open.pop() != name:
            raise CalendarRefused("The calendar file is damaged: its parts do not end where they should.")


def _line(name: str, rest: str) -> Line:
    parameters = {}
    while found := _PARAMETER.match(rest):
        parameters[found[1].upper()] = found[2].strip('"')
        rest = rest[found.end() :]
    if not rest.startswith(":"):
        raise CalendarRefused(f"The calendar has a {name} line that cannot be read.")
    return Line(name, parameters, rest[1:])


def values(line: Line) -> Iterator[str]:
    """The values of a line that holds a list."""
    return (value for part in line.value.split(",") if (value := part.strip()))
