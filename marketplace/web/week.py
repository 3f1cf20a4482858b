"""A rolling five weeks of days, from this week on, as the calendar draws them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from babel.dates import format_date

from marketplace.web.show import LOCALE, weekday

WEEKS = 5


@dataclass(frozen=True, slots=True)
class Day:
    """One cell of the calendar: how many free starts it has and the link that shows them."""

    on: date
    free: int
    href: str
    is_past: bool
    is_today: bool
    is_picked: bool
    month: str | None

    @property
    def number(self) -> int:
        """The day of the month."""
        return self.on.day

    @property
    def weekday(self) -> str:
        """The weekday's short name, the heading of its column."""
        return format_date(self.on, "EEE", locale=LOCALE)

    @property
    def weekday_long(self) -> str:
        """The weekday's full name."""
        return format_date(self.on, "EEEE", locale=LOCALE)

    @property
    def label(self) -> str:
        """The day in words: "Tuesday 24 November"."""
        return weekday(self.on)


def first_shown(today: date, page: int = 0) -> date:
    """The Monday the calendar begins with: this week's, or five weeks later for each `page`."""
    return today - timedelta(days=today.weekday()) + timedelta(weeks=WEEKS * page)


def rolling_weeks(
    today: date, free_by_day: Mapping[date, int], *, picked: date | None, href: Callable[[date], str], page: int = 0
) -> list[list[Day]]:
    """Five weeks of seven days from the Monday of `today`'s week (`page` counts five-week steps)."""
    first = first_shown(today, page)

    def cell(on: date) -> Day:
        new_month = on == first or on.day == 1
        return Day(
            on=on,
            free=free_by_day.get(on, 0) if on >= today else 0,
            href=href(on),
            is_past=on < today,
            is_today=on == today,
            is_picked=on == picked,
            month=format_date(on, "MMM", locale="en_US") if new_month and on != first else None,
        )

    return [[cell(first + timedelta(days=7 * week + day)) for day in range(7)] for week in range(WEEKS)]


def title_of(weeks: list[list[Day]]) -> str:
    """The months the calendar covers: "November to December 2026"."""
    first, last = weeks[0][0].on, weeks[-1][-1].on
    end = format_date(last, "MMMM y", locale=LOCALE)
    if (first.year, first.month) == (last.year, last.month):
        return end
    start = format_date(first, "MMMM" if first.year == last.year else "MMMM y", locale=LOCALE)
    return f"{start} to {end}"
