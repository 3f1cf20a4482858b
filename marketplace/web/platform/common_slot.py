"""A time at which several actors are free together, with a request to each of them one click away."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from flask import render_template, request, url_for
from flask.typing import ResponseReturnValue

from marketplace.domain.availability import HORIZON, Interval, by_local_day
from marketplace.services.actor_page import ActorDetail, find_actor_page
from marketplace.services.availability import find_common_slots
from marketplace.services.shortlist import list_saved
from marketplace.web import show, typed
from marketplace.web.guard import member, the_member
from marketplace.web.platform import blueprint
from marketplace.web.public.offer import TOO_NEAR, menu_of, read_wish, usage_fields
from marketplace.web.transaction import now, reading
from marketplace.web.viewer import viewer_zone

MOST_ACTORS: Final = 6
STARTS_A_DAY: Final = 3
SPAN: Final = timedelta(weeks=2)
LAST_PAGE: Final = HORIZON // SPAN
LENGTHS: Final = (60, 90, 120, 180, 240, 300, 360)
USUAL_MINUTES: Final = 120


@dataclass(frozen=True, slots=True)
class Asking:
    """One actor's part of a common time: their clock where it differs, and the form that asks them."""

    name: str
    there: str | None
    href: str


@dataclass(frozen=True, slots=True)
class Start:
    """A common time on the reader's clock."""

    begins: str
    ends: str
    asks: tuple[Asking, ...]


@blueprint.get("/common-slot")
@member
def common_slot() -> ResponseReturnValue:
    """Whom to bring together, how long, and the first times of each day."""
    saved = [one.card for one in list_saved(reading(), platform_id=the_member().platform_id, now=now())]
    chosen = _chosen()
    lengths = _lengths(chosen)
    minutes = _minutes(lengths)
    page = min(typed.whole_number(request.args.get("page", "")) or 0, LAST_PAGE)
    window = _window(page)
    days = _days(chosen, minutes, window) if len(chosen) > 1 else {}
    return render_template(
        "platform/common_slot.html",
        saved=saved,
        chosen=chosen,
        others=[one.row for one in chosen if one.row.slug not in {card.slug for card in saved}],
        slugs={one.row.slug for one in chosen},
        most=MOST_ACTORS,
        lengths=[(length, show.length_of(length)) for length in lengths],
        minutes=minutes,
        days=days,
        first_day=window.starts_at,
        last_day=window.ends_at - timedelta(seconds=1),
        earlier=_turned(chosen, minutes, page - 1) if page else None,
        later=_turned(chosen, minutes, page + 1) if page < LAST_PAGE else None,
    )


def _chosen() -> list[ActorDetail]:
    """The listed actors that the address names, each once, and no more than a few."""
    slugs = dict.fromkeys(request.args.getlist("actor"))
    pages = (find_actor_page(reading(), slug[:80], now()) for slug in list(slugs)[:MOST_ACTORS])
    return [page for page in pages if page is not None]


def _lengths(chosen: list[ActorDetail]) -> list[int]:
    """What all of them offer; the longest of their minimums comes first."""
    shortest = max((menu_of(one.card).minimum_minutes for one in chosen), default=LENGTHS[0])
    return sorted({shortest, *(length for length in LENGTHS if length >= shortest)})


def _minutes(lengths: list[int]) -> int:
    asked = typed.whole_number(request.args.get("minutes", ""))
    return asked if asked in lengths else USUAL_MINUTES if USUAL_MINUTES in lengths else lengths[0]


def _window(page: int) -> Interval:
    """Two weeks of the reader's days."""
    zone = ZoneInfo(viewer_zone())
    first = now().astimezone(zone).date() + page * SPAN
    starts_at, ends_at = (datetime.combine(on, time(), zone).astimezone(UTC) for on in (first, first + SPAN))
    return Interval(max(starts_at, now()), ends_at)


def _days(chosen: list[ActorDetail], minutes: int, window: Interval) -> dict[date, list[Start]]:
    zone = viewer_zone()
    ids = [one.row.id for one in chosen]
    slots = find_common_slots(reading(), ids, timedelta(minutes=minutes), window, zone, now())
    possible = [slot for slot in slots if slot.starts_at - now() >= TOO_NEAR]
    return {
        on: [_start(slot, chosen, minutes) for slot in _first(there, zone)]
        for on, there in by_local_day(possible, zone).items()
    }


def _first(slots: list[Interval], zone: str) -> list[Interval]:
    """The first few, on full hours of the reader's clock where there are any."""
    full = [slot for slot in slots if not slot.starts_at.astimezone(ZoneInfo(zone)).minute]
    return (full or slots)[:STARTS_A_DAY]


def _start(slot: Interval, chosen: list[ActorDetail], minutes: int) -> Start:
    zone = viewer_zone()
    asks = tuple(_asking(slot, one, minutes) for one in chosen)
    return Start(show.clock_time(slot.starts_at, zone), show.clock_time(slot.ends_at, zone), asks)


def _asking(slot: Interval, actor: ActorDetail, minutes: int) -> Asking:
    there = actor.row.zone
    asked = {
        "actor": actor.row.slug,
        "slot": show.instant(slot.starts_at),
        "minutes": str(minutes),
        **usage_fields(read_wish({}, menu_of(actor.card)).usage),
    }
    href = f"{url_for('platform.new_booking')}?{urlencode(asked)}"
    differs = show.differs(slot.starts_at, viewer_zone(), there)
    return Asking(actor.first_name, show.clock_time(slot.starts_at, there) if differs else None, href)


def _turned(chosen: list[ActorDetail], minutes: int, page: int) -> str:
    slugs = [one.row.slug for one in chosen]
    return url_for("platform.common_slot", actor=slugs, minutes=minutes, page=page or None)
