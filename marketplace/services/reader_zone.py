"""Times as their reader's own clock shows them, in notices and mails."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.models import Account

UNSET: Final = "UTC"
"""An account that has chosen no zone reads in the one that its side of a booking agreed in."""


def zone_for(account_zone: str, side_zone: str) -> str:
    """The zone to tell an account times in."""
    return side_zone if account_zone == UNSET else account_zone


def by_zone(db: Session, account_ids: Collection[int], side_zone: str) -> dict[str, list[int]]:
    """The accounts by the zone that each reads times in."""
    found: dict[str, list[int]] = {}
    for account_id, zone in db.execute(select(Account.id, Account.zone).where(Account.id.in_(account_ids))):
        found.setdefault(zone_for(zone, side_zone), []).append(account_id)
    return found


def time_words(at: datetime, zone: str) -> str:
    """Weekday, date and 24-hour time: "Tue 24 Nov, 14:00"."""
    local = at.astimezone(ZoneInfo(zone))
    return f"{local:%a} {local.day} {local:%b, %H:%M}"


def span_words(starts_at: datetime, ends_at: datetime, zone: str) -> str:
    """From when to when, with year and zone: "Tue 24 Nov 2026, 14:00–16:00, Lagos time"."""
    starts, ends = (at.astimezone(ZoneInfo(zone)) for at in (starts_at, ends_at))
    until = f"{ends:%H:%M}" if ends.date() == starts.date() else time_words(ends_at, zone)
    return f"{starts:%a} {starts.day} {starts:%b %Y, %H:%M}–{until}, {zone_words(zone)}"


def zone_words(zone: str) -> str:
    """A zone as people call it: "Lagos time"."""
    return "UTC" if zone == "UTC" else f"{zone.rsplit('/', 1)[-1].replace('_', ' ')} time"
