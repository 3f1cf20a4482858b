"""What a visitor of an actor's page is choosing: a length, a usage, a day and a start, and the price of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from marketplace.domain.availability import HORIZON, Interval, by_local_day
from marketplace.domain.booking_deadline import PAY_AT_LEAST
from marketplace.domain.cancellation import refund_boundaries
from marketplace.domain.errors import Refused
from marketplace.domain.money import Money
from marketplace.domain.rate import (
    DEFAULT_USAGE_BP,
    Ask,
    Exclusivity,
    Quote,
    RateCard,
    Territory,
    Usage,
    UsageScope,
    UsageTerm,
    make_quote,
)
from marketplace.services.actor_page import ActorDetail
from marketplace.services.availability import get_calendar
from marketplace.web import show, typed, week

LAST_PAGE: Final = HORIZON // timedelta(weeks=week.WEEKS)
USUAL: Final = Usage(UsageScope.ONE_TITLE, UsageTerm.MONTHS_12)
TOO_NEAR: Final = 4 * PAY_AT_LEAST
OPEN_MENU: Final = RateCard(
    Money(1, "USD"),
    minimum_minutes=60,
    usage_bp=dict.fromkeys(DEFAULT_USAGE_BP, 0),
    exclusivity_bp=dict.fromkeys(Exclusivity, 0),
)
"""What can be asked of an actor without a rate card: everything, at a price that the platform has to offer."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What the address says: minutes, usage ("one_title/12_months"), a day, a start and which five weeks are shown.

    `draft` is the platform's own draft that the choice is for, if any.
    """

    minutes: int
    usage: Usage
    day: date | None
    starts_at: datetime | None
    page: int
    draft: int | None = None

    def address(self, base: str, **changes: object) -> str:
        """The page with some of the choices changed."""
        chosen: dict[str, object] = {
            "minutes": self.minutes,
            "day": self.day,
            "weeks": self.page or None,
            "draft": self.draft,
            **usage_fields(self.usage),
        }
        kept = {name: str(value) for name, value in (chosen | changes).items() if value is not None}
        return f"{base}?{urlencode(kept)}"


def menu_of(card: RateCard | None) -> RateCard:
    """What can be chosen: the actor's own card, or everything when there is none."""
    return card or OPEN_MENU


def read_wish(args: Mapping[str, str], card: RateCard) -> Wish:
    """From an address; what the rate card does not offer becomes what is usual."""
    minutes = typed.whole_number(args.get("minutes", "")) or 0
    starts_at = typed.instant(args.get("slot", ""))
    page = typed.whole_number(args.get("weeks", "")) or 0
    return Wish(
        minutes=minutes if minutes in card.lengths else card.lengths[0],
        usage=_usage(args, card),
        day=typed.day(args.get("day", "")),
        starts_at=starts_at,
        page=min(page, LAST_PAGE),
        draft=typed.whole_number(args.get("draft", "")),
    )


def usage_key(usage: Usage) -> str:
    """Scope and term as an address and a form name them: "one_title/12_months"."""
    return f"{usage.scope}/{usage.term}"


def usage_fields(usage: Usage) -> dict[str, str]:
    """A usage as the fields of an address or a form."""
    return {"usage": usage_key(usage), "territory": usage.territory.value, "exclusivity": usage.exclusivity.value}


def territories_of(card: RateCard) -> list[tuple[str, str]]:
    """Where the actor sells, for a choice: (key, words with the surcharge)."""
    return [(one.value, _with_surcharge(one.label, bp)) for one, bp in card.territory_bp.items()]


def exclusivities_of(card: RateCard) -> list[tuple[str, str]]:
    """How exclusively the actor sells, for a choice: (key, words with the surcharge)."""
    return [(one.value, _with_surcharge(one.label, bp)) for one, bp in card.exclusivity_bp.items()]


def usages_of(card: RateCard) -> list[tuple[str, str]]:
    """What the actor sells, for a choice: (key, words with the surcharge)."""
    return [(usage_key(usage), _with_surcharge(usage.use_label, bp)) for usage, bp in card.usage_bp.items()]


def _with_surcharge(words: str, bp: int) -> str:
    return f"{words} (+{show.percent_bp(bp)})" if bp else words


@dataclass(frozen=True, slots=True)
class Start:
    """A start that can be asked for, on the viewer's clock and, where it differs, on the actor's."""

    value: str
    here: str
    there: str | None
    is_picked: bool
    at: datetime


@dataclass(frozen=True, slots=True)
class Offer:
    """All of it: the calendar, the starts of one day, and the price with the picked start.

    `lost` is the start that was chosen and cannot be had at this length: it is said, never quietly swapped.
    """

    weeks: list[list[week.Day]]
    title: str
    day: date | None
    starts: list[Start]
    picked: Start | None
    quote: Quote | None
    free_until: datetime | None
    has_any: bool
    lost: datetime | None


def make_offer(
    db: Session, actor: ActorDetail, wish: Wish, *, base: str, zone: str, fee_bp: int, now: datetime
) -> Offer:
    """Read the actor's calendar once and lay it out for a viewer in `zone`."""
    today = now.astimezone(ZoneInfo(zone)).date()
    days = _free_days(db, actor, wish, today, zone, now)
    day = wish.day if wish.day in days else next(iter(days), None)
    starts = _starts(days.get(day, []) if day else [], wish, zone, actor.row.zone)
    picked = next((start for start in starts if start.is_picked), None)
    weeks = week.rolling_weeks(
        today,
        {on: len(slots) for on, slots in days.items()},
        picked=day,
        href=lambda on: wish.address(base, day=on),
        page=wish.page,
    )
    return Offer(
        weeks=weeks,
        title=week.title_of(weeks),
        day=day,
        starts=starts,
        picked=picked,
        quote=_quote(actor.card, wish, picked.at if picked else now + timedelta(days=30), fee_bp, now),
        free_until=refund_boundaries(actor.cancellation, picked.at)[0].until_at if picked else None,
        has_any=bool(days),
        lost=wish.starts_at if wish.starts_at and picked and picked.at != wish.starts_at else None,
    )


def _free_days(
    db: Session, actor: ActorDetail, wish: Wish, today: date, zone: str, now: datetime
) -> dict[date, list[Interval]]:
    first = week.first_shown(today, wish.page)
    window = Interval(max(now, _midnight(first, zone)), _midnight(first + timedelta(weeks=week.WEEKS), zone))
    slots = get_calendar(db, actor.row.id, window).slots(timedelta(minutes=wish.minutes), window, now)
    possible = [slot for slot in slots if slot.starts_at - now >= TOO_NEAR]
    return {
        on: _on_the_hour(there, actor.row.zone, wish.starts_at) for on, there in by_local_day(possible, zone).items()
    }


def _on_the_hour(slots: list[Interval], zone: str, wanted: datetime | None) -> list[Interval]:
    """Starts on full hours of the actor's clock where there are any, half as many to choose from; and the one wanted,
    so that a free time which was chosen elsewhere is never changed for another.
    """
    there = ZoneInfo(zone)
    full = [slot for slot in slots if slot.starts_at == wanted or not slot.starts_at.astimezone(there).minute]
    return full or slots


def _starts(slots: list[Interval], wish: Wish, zone: str, actor_zone: str) -> list[Start]:
    picked_at = wish.starts_at if any(slot.starts_at == wish.starts_at for slot in slots) else None
    if picked_at is None and slots:
        picked_at = slots[0].starts_at
    return [
        Start(
            value=show.instant(slot.starts_at),
            here=show.clock_time(slot.starts_at, zone),
            there=show.clock_time(slot.starts_at, actor_zone)
            if show.differs(slot.starts_at, zone, actor_zone)
            else None,
            is_picked=slot.starts_at == picked_at,
            at=slot.starts_at,
        )
        for slot in slots
    ]


def _quote(card: RateCard | None, wish: Wish, starts_at: datetime, fee_bp: int, now: datetime) -> Quote | None:
    try:
        return make_quote(card, Ask(wish.minutes, wish.usage, starts_at), fee_bp, now)
    except Refused:
        return None


def _usage(args: Mapping[str, str], card: RateCard) -> Usage:
    found = next((usage for usage in card.usage_bp if usage_key(usage) == args.get("usage", "")), None)
    use = found or (USUAL if USUAL in card.usage_bp else next(iter(card.usage_bp)))
    where = next((one for one in card.territory_bp if one == args.get("territory", "")), None)
    how = next((one for one in card.exclusivity_bp if one == args.get("exclusivity", "")), None)
    return Usage(
        use.scope,
        use.term,
        where or _usual_territory(card),
        how or min(card.exclusivity_bp, key=list(Exclusivity).index),
    )


def _usual_territory(card: RateCard) -> Territory:
    """The cheapest that is sold; among those that cost the same, the widest."""
    widths = list(Territory)
    return min(card.territory_bp, key=lambda one: (card.territory_bp[one], -widths.index(one)))


def _midnight(on: date, zone: str) -> datetime:
    return datetime(on.year, on.month, on.day, tzinfo=ZoneInfo(zone)).astimezone(UTC)
