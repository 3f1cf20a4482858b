"""What an actor types on the hours page: a week in lines of times, days, and times of one day."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Final

from marketplace.domain.availability import DAY_MINUTES, DayWindow, WeeklyWindow
from marketplace.domain.errors import Invalid
from marketplace.models import Actor
from marketplace.services.hours import CalendarRules
from marketplace.web.typed import day as read_day

DAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
RULES: Final = {
    "buffer_minutes": "Minutes kept clear around a session",
    "notice_hours": "Hours of notice you need",
    "most_per_day": "Sessions a day at most",
    "most_per_week": "Sessions a week at most",
}
_SPAN: Final = re.compile(r"(\d{1,2})(?::(\d{2}))?\s*[-–—]\s*(\d{1,2})(?::(\d{2}))?", re.ASCII)
_CLOCK: Final = re.compile(r"([01]?\d|2[0-4]):([0-5]\d)", re.ASCII)


def rules_of(me: Actor) -> dict[str, str]:
    """The calendar rules as the form shows them."""
    return {
        "zone": me.zone,
        "buffer_minutes": str(me.buffer_minutes),
        "notice_hours": str(me.notice_minutes // 60),
        "most_per_day": str(me.most_per_day),
        "most_per_week": str(me.most_per_week),
    }


def read_rules(typed: Mapping[str, str]) -> CalendarRules:
    """The calendar rules as they were typed; refuses what is no whole number."""
    return CalendarRules(
        zone=typed["zone"],
        buffer_minutes=_whole(typed, "buffer_minutes"),
        notice_minutes=60 * _whole(typed, "notice_hours"),
        most_per_day=_whole(typed, "most_per_day"),
        most_per_week=_whole(typed, "most_per_week"),
    )


def week_of(windows: Sequence[WeeklyWindow]) -> list[str]:
    """Seven lines like "09:00–13:00, 14:30–18:00"."""
    spans: list[list[str]] = [[] for _ in range(7)]
    for one in windows:
        spans[one.weekday].append(f"{_clock(one.window.from_minute)}–{_clock(one.window.to_minute)}")
    return [", ".join(day) for day in spans]


def read_week(lines: Sequence[str]) -> list[WeeklyWindow]:
    """Seven lines as windows; refuses anything else, naming the day."""
    return [window for weekday, line in enumerate(lines) for window in _windows(weekday, line)]


def read_date(text: str, field: str) -> date:
    """A day; refused at its field."""
    given = read_day(text)
    if given is None:
        raise Invalid("Choose a day. Nothing was saved.", field=field)
    return given


def read_hours(begins: str, ends: str) -> DayWindow:
    """Two times of one day; 00:00 as the end is its midnight."""
    from_minute, to_minute = _minute_at(begins, "extra_from"), _minute_at(ends, "extra_to") or DAY_MINUTES
    try:
        return DayWindow(from_minute, to_minute)
    except Invalid as refusal:
        raise Invalid(f"{refusal.sentence} Nothing was saved.", field="extra_to") from None


def read_fold(text: str) -> int | None:
    """Which of two equal times is meant: 0 or 1; None when nobody has said."""
    return {"0": 0, "1": 1}.get(text)


def _windows(weekday: int, line: str) -> Iterator[WeeklyWindow]:
    for part in filter(None, (part.strip() for part in line.split(","))):
        found = _SPAN.fullmatch(part)
        if found is None:
            raise Invalid(f"Write times like 09:00–13:00, not “{part[:40]}”. Nothing was saved.", field=f"day{weekday}")
        start, end = _minute(found[1], found[2]), _minute(found[3], found[4])
        try:
            yield WeeklyWindow(weekday, DayWindow(start, end))
        except Invalid as refusal:
            raise Invalid(f"{refusal.sentence} Nothing was saved.", field=f"day{weekday}") from None


def _minute(hour: str, minute: str | None) -> int:
    return int(hour) * 60 + int(minute or 0) if int(minute or 0) < 60 else -1


def _minute_at(text: str, field: str) -> int:
    found = _CLOCK.fullmatch(text.strip()[:5])
    if found is None:
        raise Invalid("Choose a time. Nothing was saved.", field=field)
    return int(found[1]) * 60 + int(found[2])


def _clock(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"


def _whole(typed: Mapping[str, str], name: str) -> int:
    if not typed[name].isascii() or not typed[name].isdecimal() or len(typed[name]) > 5:
        raise Invalid("Enter a whole number. Nothing was saved.", field=name)
    return int(typed[name])
