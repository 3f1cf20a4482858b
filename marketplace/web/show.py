"""How amounts, instants, counts and scores are written on pages: Jinja's filters and globals, in one place."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date, format_datetime, format_time
from babel.numbers import format_compact_decimal, format_currency, format_decimal, format_percent
from heroicons.jinja import heroicon_outline, heroicon_solid
from jinja2 import Environment

from marketplace.domain.availability import is_doubled
from marketplace.domain.money import Money
from marketplace.domain.network import name_of
from marketplace.web.status import status

LOCALE = "en_GB"  # 24-hour clock and day before month; the words on pages are English
CURRENCY_LOCALE = "en_US"  # "$" rather than "US$": the currency's own code stands wherever two could be meant

ZONE_NAMES = Locale.parse(LOCALE).time_zones
_CONFIDENCE_BARS = {"high": 3, "medium": 2, "low": 1, "provisional": 1}


def install(environment: Environment) -> None:
    """Give every template the filters and globals of this module."""
    environment.trim_blocks = True
    environment.lstrip_blocks = True
    environment.filters.update(FILTERS)
    environment.globals.update(GLOBALS)


def money(amount: Money | int, currency: str | None = None) -> str:
    """An amount with the currency's sign and all its decimals: "$1,250.00", "¥900".

    Takes a Money alone, or minor units and their currency.
    """
    whole_amount = _money(amount, currency)
    return _spaced(format_currency(whole_amount.major, whole_amount.currency, locale=CURRENCY_LOCALE))


def money_short(amount: Money | int, currency: str | None = None) -> str:
    """As `money`, without decimals when they are all zero: "$180". For rates on cards and ends of ranges."""
    whole_amount = _money(amount, currency)
    major = whole_amount.major
    if major != major.to_integral_value():
        return money(whole_amount)
    short = format_currency(major, whole_amount.currency, "¤#,##0", locale=CURRENCY_LOCALE, currency_digits=False)
    return _spaced(short)


def _spaced(words: str) -> str:
    """A currency without a sign of its own is written by its code, which wants a space (that does not break)."""
    return re.sub(r"^(-?[A-Z]{3})(?=\d)", "\\1\N{NO-BREAK SPACE}", words)


def _money(amount: Money | int, currency: str | None) -> Money:
    if isinstance(amount, Money):
        return amount
    if currency is None:
        raise ValueError("minor units mean nothing without their currency")
    return Money(amount, currency)


def when(at: datetime, zone: str) -> str:
    """Weekday, date and 24-hour time in the IANA zone `zone`: "Tue 24 Nov, 14:00"."""
    return format_datetime(_in_zone(at, zone), "EEE d MMM, HH:mm", locale=LOCALE).replace("Sept", "Sep")


def when_long(at: datetime, zone: str) -> str:
    """With year and zone, for facts that must stand alone: "Tuesday 24 November 2026, 14:00 (GMT)"."""
    local = _in_zone(at, zone)
    return f"{format_datetime(local, 'EEEE d MMMM y, HH:mm', locale=LOCALE)} ({zone_short(zone, at)})"


def day(on: date | datetime, zone: str = "UTC") -> str:
    """A date: "24 Nov 2026". An instant is read in `zone`."""
    return format_date(_date_of(on, zone), "d MMM y", locale=LOCALE).replace("Sept", "Sep")


def weekday(on: date | datetime, zone: str = "UTC") -> str:
    """A date with its weekday in full: "Tuesday 24 November"."""
    return format_date(_date_of(on, zone), "EEEE d MMMM", locale=LOCALE)


def hour(at: datetime, zone: str) -> str:
    """The time of day in `zone` on a 24-hour clock: "14:00"."""
    return format_time(_in_zone(at, zone), "HH:mm", locale=LOCALE)


def clock_time(at: datetime, zone: str) -> str:
    """As `hour`, with the zone's name where the clock shows the time twice that day: "01:30", "01:30 BST"."""
    return f"{hour(at, zone)} {zone_short(zone, at)}" if is_doubled(at, zone) else hour(at, zone)


def soon(at: datetime, zone: str, now: datetime) -> str:
    """A coming instant as people say it: "today, 14:00", "tomorrow, 05:30", "Tue 24 Nov, 14:00"."""
    local = _in_zone(at, zone)
    days = (local.date() - _in_zone(now, zone).date()).days
    if days in (0, 1):
        return f"{('today', 'tomorrow')[days]}, {local:%H:%M}"
    return when(at, zone)


def ago(at: datetime, now: datetime) -> str:
    """How long ago, in the largest whole unit: "just now", "5 min ago", "2 h ago", "3 d ago", "4 mo ago"."""
    words = age(at, now)
    return "just now" if words == "0 min" else f"{words} ago"


def age(at: datetime, now: datetime) -> str:
    """The time since `at` in its largest whole unit: "12 min", "5 h", "3 d", and from 90 days on "3 mo"."""
    minutes = max(0, int((now.astimezone(UTC) - at.astimezone(UTC)).total_seconds() // 60))
    if minutes < 60:
        return f"{minutes} min"
    if minutes < 60 * 24:
        return f"{minutes // 60} h"
    days = minutes // (60 * 24)
    return f"{days} d" if days < 90 else f"{days // 30} mo"


def waiting(at: datetime, now: datetime) -> str:
    """The time since `at` in days and hours, for queues: "22 h", "2 d 4 h"."""
    hours = max(0, int((now.astimezone(UTC) - at.astimezone(UTC)).total_seconds() // 3600))
    return f"{hours // 24} d {hours % 24} h" if hours >= 24 else f"{hours} h"


def span_words(span: timedelta) -> str:
    """A span in its two largest units at most: "40 min", "5 h", "2 d 4 h"."""
    hours = int(span.total_seconds() // 3600)
    if hours >= 24:
        return f"{hours // 24} d {hours % 24} h" if hours % 24 else f"{hours // 24} d"
    return f"{hours} h" if hours else f"{int(span.total_seconds() // 60)} min"


def instant(at: datetime) -> str:
    """The instant for a machine (`<time datetime>`): ISO 8601 in UTC, to the second."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def differs(at: datetime, one: str, other: str) -> bool:
    """Whether the clocks of two zones show different times at that instant."""
    return _in_zone(at, one).utcoffset() != _in_zone(at, other).utcoffset()


def zone_city(zone: str) -> str:
    """A zone's city in words: "America/Argentina/Buenos_Aires" is "Buenos Aires", "America/St_Johns" "St John’s"."""
    known: dict[str, str] = ZONE_NAMES.get(zone, {})
    return known.get("city") or zone.rsplit("/", 1)[-1].replace("_", " ")


def zone_short(zone: str, at: datetime) -> str:
    """A zone's usual short name at that instant: "GMT", "CET", "PST"; where there is none, "UTC-03"."""
    name = _in_zone(at, zone).tzname() or zone
    return f"UTC{name}" if name[0] in "+-" else name


def hours_apart(at: datetime, here: str, there: str) -> str:
    """Where the clock `there` stands beside the one `here`: "1 h ahead", "5 h 30 min behind", "at the same time"."""
    gap = (_in_zone(at, there).utcoffset() or timedelta()) - (_in_zone(at, here).utcoffset() or timedelta())
    minutes = int(gap.total_seconds() // 60)
    if not minutes:
        return "at the same time"
    words = length_of(abs(minutes)).replace(" hours", " h").replace(" hour", " h").replace(" minutes", " min")
    return f"{words} {'ahead' if minutes > 0 else 'behind'}"


def length_of(minutes: int) -> str:
    """A length of time: "45 minutes", "1 hour", "2 hours", "1 hour 30 minutes"."""
    whole_hours, rest = divmod(minutes, 60)
    parts = [count_of(whole_hours, "hour", "hours")] if whole_hours else []
    if rest or not parts:
        parts.append(count_of(rest, "minute", "minutes"))
    return " ".join(parts)


def clock(seconds: float) -> str:
    """A length of video: "0:08", "1:36"."""
    total = round(seconds)
    return f"{total // 60}:{total % 60:02d}"


def count_of(number: int, one: str, many: str) -> str:
    """A count with its noun: "1 actor", "19,900 actors"."""
    return f"{grouped(number)} {one if number == 1 else many}"


def grouped(number: int) -> str:
    """A whole number with its thousands apart: "19,900"."""
    return format_decimal(number, "#,##0", locale=LOCALE)


def compact(number: int | float) -> str:
    """A large number shortened: "19.9K", "1.2M"; below ten thousand it is written out."""
    if abs(number) < 10_000:
        return grouped(round(number))
    return format_compact_decimal(number, format_type="short", locale=CURRENCY_LOCALE, fraction_digits=1)


def percent(share: float, places: int = 1) -> str:
    """A share of one as a percentage, without trailing zeros: 0.078 is "7.8%"."""
    return format_percent(share, "#,##0." + "#" * places + "%" if places else "#,##0%", locale=LOCALE)


def percent_bp(bp: int) -> str:
    """A share in basis points as a percentage: 800 is "8%", 1250 is "12.5%"."""
    return percent(bp / 10_000, 2)


def whole(number: float) -> str:
    """The nearest whole number."""
    return str(math.floor(number + 0.5))


def size_of(size: int) -> str:
    """A number of bytes in the unit that reads best: "812 KB", "1.24 GB"."""
    for unit, step in (("GB", 1e9), ("MB", 1e6), ("KB", 1e3)):
        if size >= step:
            return f"{size / step:.{2 if unit == 'GB' else 0}f} {unit}"
    return f"{size} B"


def some(names: Sequence[str]) -> str:
    """The first of several names and how many more: "English +2"."""
    if not names:
        return ""
    return f"{names[0]} +{len(names) - 1}" if len(names) > 1 else names[0]


def score_level(low: float | None, high: float | None, confidence: str | None = None) -> int:
    """How many of three signal bars a score shows: by its confidence, else by the width of its interval."""
    if confidence is not None:
        return _CONFIDENCE_BARS.get(confidence, 1)
    if low is None or high is None:
        return 1
    width = high - low
    return 3 if width <= 10 else 2 if width <= 20 else 1


def spread(low: float, high: float) -> str:
    """Half the width of a score's interval, the figure behind "±"; never shown as nought."""
    return str(max(1, math.floor((high - low) / 2 + 0.5)))


def page_numbers(page: int, pages: int) -> list[int | None]:
    """The page numbers to offer: first, last and the current one's neighbours; None stands for a gap."""
    wanted = sorted({1, pages} | {number for number in range(page - 1, page + 2) if 1 <= number <= pages})
    numbers: list[int | None] = []
    for before, number in zip([0, *wanted], wanted, strict=False):
        if number - before == 2:
            numbers.append(number - 1)
        elif number - before > 2:
            numbers.append(None)
        numbers.append(number)
    return numbers


def _in_zone(at: datetime, zone: str) -> datetime:
    if at.tzinfo is None:
        raise ValueError("a naive datetime has no place on a page: instants are aware")
    return at.astimezone(ZoneInfo(zone))


def _date_of(on: date | datetime, zone: str) -> date:
    return _in_zone(on, zone).date() if isinstance(on, datetime) else on


def cause(sentence: str) -> str:
    """A refusal without its last words on what did not happen, for where those stand above it already."""
    alone = re.sub(r" Nothing (was|is) [^.]*\.$", "", str(sentence))
    return alone or str(sentence)


FILTERS = {
    "money": money,
    "money_short": money_short,
    "when": when,
    "when_long": when_long,
    "day": day,
    "weekday": weekday,
    "hour": hour,
    "clock_time": clock_time,
    "soon": soon,
    "ago": ago,
    "age": age,
    "span_words": span_words,
    "waiting": waiting,
    "instant": instant,
    "differs": differs,
    "zone_city": zone_city,
    "length_of": length_of,
    "clock": clock,
    "count_of": count_of,
    "grouped": grouped,
    "compact": compact,
    "percent": percent,
    "percent_bp": percent_bp,
    "whole": whole,
    "size_of": size_of,
    "some": some,
    "status": status,
    "network_name": name_of,
    "cause": cause,
}
GLOBALS = {
    "heroicon_outline": heroicon_outline,
    "heroicon_solid": heroicon_solid,
    "hours_apart": hours_apart,
    "page_numbers": page_numbers,
    "score_level": score_level,
    "spread": spread,
    "zone_short": zone_short,
}
