"""What people and addresses give as text, read as numbers, days and instants; None for what makes no sense.

Numbers fit into a column, and times lie where a calendar can reckon a few weeks to either side.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Final

LARGEST: Final = 2**63 - 1
LAST_PAGE: Final = 10_000
FIRST_YEAR: Final = 1900
LAST_YEAR: Final = 2200


def whole_number(text: str) -> int | None:
    """A whole number from 0 that the database can keep, in plain digits."""
    if not text.isascii() or not text.isdecimal() or len(text) > 19:
        return None
    number = int(text)
    return number if number <= LARGEST else None


def page_number(text: str) -> int:
    """A page of a list, from 1; what makes no sense is the first."""
    return max(1, min(whole_number(text) or 1, LAST_PAGE))


def day(text: str) -> date | None:
    """A day like 2026-11-30."""
    try:
        given = date.fromisoformat(text.strip())
    except ValueError:
        return None
    return given if FIRST_YEAR <= given.year <= LAST_YEAR else None


def instant(text: str) -> datetime | None:
    """An instant with its zone, like 2026-11-30T09:00+00:00, in UTC."""
    try:
        given = datetime.fromisoformat(text)
    except ValueError:
        return None
    if given.tzinfo is None or not FIRST_YEAR <= given.year <= LAST_YEAR:
        return None
    return given.astimezone(UTC)
