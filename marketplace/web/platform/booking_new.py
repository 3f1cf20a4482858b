"""The page on which a request, a pencil or a draft is written: the brief beside the price."""

from __future__ import annotations

from typing import Any

from flask import render_template, url_for
from flask.typing import ResponseReturnValue

from marketplace.domain.booking_deadline import answer_deadline
from marketplace.domain.boundary import TOPICS, Limit
from marketplace.domain.cancellation import refund_boundaries
from marketplace.domain.flavour import VOCABULARY, Display, Intensity
from marketplace.domain.rate import Territory
from marketplace.services.availability import find_nearest_slots
from marketplace.services.market import find_market_range
from marketplace.web import market, show
from marketplace.web.platform.booking_form import MOST_BEATS, BeatRow, RequestForm, digest_of
from marketplace.web.platform.booking_wanted import Wanted
from marketplace.web.public.offer import usage_fields
from marketplace.web.transaction import now, reading
from marketplace.web.viewer import viewer_zone


def request_page(
    form: RequestForm,
    wanted: Wanted,
    beats: list[BeatRow],
    *,
    status: int = 200,
    taken: str | None = None,
    changed: str | None = None,
    untold: bool = False,
    note: str | None = None,
) -> ResponseReturnValue:
    """The form with what it comes to now.

    `taken`, `changed`, `untold` and `note` say why it is shown again: the time has gone, the price has moved, the
    actor's limits were not read yet, or a draft is not what it was.
    """
    starts_at, verdict, card = wanted.slot.starts_at, wanted.verdict(beats), wanted.actor.card
    # what the page shows is what the next click agrees to
    form.shown_total_minor.data, form.told.data = wanted.total_minor, digest_of(verdict.asks)
    others = find_market_range(reading(), actor_id=wanted.actor.row.id, currency=wanted.currency)
    page = render_template(
        "platform/booking/new.html",
        form=form,
        errors=form.problems if status == 422 else {},
        labels=form.labels,
        wanted=wanted,
        actor=wanted.actor.row,
        first=wanted.actor.first_name,
        quote=wanted.quote(),
        verdict=verdict,
        named=wanted.usage.territory != Territory.WORLDWIDE,
        is_country=wanted.usage.territory == Territory.COUNTRY,
        topics=[(group, TOPICS.of_group(group)) for group in TOPICS.groups],
        Limit=Limit,
        beats=beats,
        can_add=len(beats) < MOST_BEATS,
        flavours=_flavour_choices(),
        intensities=[(step.word, step.word.capitalize()) for step in Intensity],
        displays=[(step.word, step.word.capitalize()) for step in Display],
        market=market.draw(others, card.hour if card else None),
        taken=taken,
        changed=changed,
        untold=untold,
        note=note,
        nearest=_nearest(wanted) if taken else [],
        answer_by=answer_deadline(starts_at, now()),
        free_until=refund_boundaries(wanted.actor.cancellation, starts_at)[0].until_at,
        change_href=_change_href(wanted, form.draft.data or None),
    )
    return page, status


def _flavour_choices() -> list[tuple[str, list[tuple[str, str]]]]:
    """Families with their flavours, for a choice in groups."""
    return [
        (family.label, [(one.slug, one.label) for one in VOCABULARY.of_family(family.slug)])
        for family in VOCABULARY.families
    ]


def _nearest(wanted: Wanted) -> list[dict[str, object]]:
    zone, there = viewer_zone(), wanted.actor.row.zone
    slots = find_nearest_slots(reading(), wanted.actor.row.id, wanted.slot, now())
    return [
        {
            "value": show.instant(slot.starts_at),
            "here": show.when(slot.starts_at, zone),
            "there": show.hour(slot.starts_at, there) if show.differs(slot.starts_at, zone, there) else None,
            "is_picked": number == 0,
        }
        for number, slot in enumerate(slots)
    ]


def _change_href(wanted: Wanted, draft: str | None) -> str:
    chosen: dict[str, Any] = {"minutes": wanted.minutes, "draft": draft, **usage_fields(wanted.usage)}
    return url_for("public.actor", slug=wanted.actor.row.slug, _anchor="availability", **chosen)
