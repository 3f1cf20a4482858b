"""An actor's public page: reel, free times in the viewer's zone, score with its interval and sources, and the price."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from flask import render_template, request, url_for
from flask.typing import ResponseReturnValue

from marketplace.domain.network import name_of
from marketplace.services.actor_page import ActorDetail, ScoreDetail, get_actor_page
from marketplace.web import chart, navigation, show, terms
from marketplace.web.guard import public
from marketplace.web.public import blueprint
from marketplace.web.public.offer import (
    LAST_PAGE,
    exclusivities_of,
    make_offer,
    menu_of,
    read_wish,
    territories_of,
    usage_key,
    usages_of,
)
from marketplace.web.public.reel import current_part, parts_of
from marketplace.web.public.saved import saved_actors
from marketplace.web.transaction import now, reading
from marketplace.web.viewer import viewer_zone

STALE_DAYS = 3


@dataclass(frozen=True, slots=True)
class NetworkLine:
    """One network in the table: `share` of the reach 0 to 1; `is_stale` when it has not answered for days."""

    name: str
    handle: str
    followers: int | None
    engagement: float | None
    reach: float | None
    share: float
    fetched_at: datetime | None
    is_stale: bool
    words: str


@blueprint.get("/actor/<slug>")
@public
def actor(slug: str) -> ResponseReturnValue:
    """The page of a listed actor; anyone else's is not found."""
    db, at, zone = reading(), now(), viewer_zone()
    page = get_actor_page(db, slug, at)
    base = url_for("public.actor", slug=slug)
    parts = parts_of(page.clips)
    menu = menu_of(page.card)
    wish = read_wish(request.args, menu)
    context = {
        "menu": menu,
        "wish": wish,
        "offer": make_offer(db, page, wish, base=base, zone=zone, fee_bp=terms.fee_bp(), now=at),
        "usage": usage_key(wish.usage),
        "usages": usages_of(menu),
        "territories": territories_of(menu),
        "exclusivities": exclusivities_of(menu),
        "earlier": wish.address(base, weeks=wish.page - 1, day=None) if wish.page else None,
        "later": wish.address(base, weeks=wish.page + 1, day=None) if wish.page < LAST_PAGE else None,
    }
    networks = _networks(page.score, at)
    return render_template(
        "public/actor.html",
        actor=page.row,
        page=page,
        base=base,
        parts=parts,
        current=current_part(parts, request.args.get("clip", "")),
        part_href=lambda part: url_for("public.actor", slug=slug, clip=part.clip_id, _anchor="reel"),
        history=_history(page),
        trend=_trend(page),
        networks=networks,
        saved=saved_actors(),
        network_parts=chart.stack([line.share for line in networks]),
        network_words=", ".join(f"{line.name} {show.percent(line.share, 0)}" for line in networks),
        book_href=navigation.link_to("platform.new_booking"),
        **context,
    )


def _history(page: ActorDetail) -> chart.ScoreHistory | None:
    """The newest score of each day."""
    by_day = {point.at.date(): point for point in page.history}
    return chart.score_history([chart.Reading(on, one.points, one.low, one.high) for on, one in by_day.items()])


def _trend(page: ActorDetail) -> int:
    """Points gained or lost over the history shown."""
    if len(page.history) < 2:
        return 0
    return int(show.whole(page.history[-1].points)) - int(show.whole(page.history[0].points))


def _networks(score: ScoreDetail | None, at: datetime) -> list[NetworkLine]:
    if score is None:
        return []
    lines = []
    for one in score.networks:
        fetched_at = datetime.fromisoformat(one["fetched_at"]) if one.get("fetched_at") else None
        lines.append(
            NetworkLine(
                name=name_of(one["network"]),
                handle=str(one.get("handle") or ""),
                followers=one.get("followers"),
                engagement=one.get("engagement_rate"),
                reach=one.get("reach"),
                share=float(one.get("share") or 0.0),
                fetched_at=fetched_at,
                is_stale=fetched_at is None or (at - fetched_at).days >= STALE_DAYS or bool(one.get("error")),
                words=str(one.get("explanation") or ""),
            )
        )
    return sorted(lines, key=lambda line: -line.share)
