"""Drafts of requests: opened again as the form that they are, and thrown away."""

from __future__ import annotations

from dataclasses import replace

from flask import flash, redirect, url_for
from flask.typing import ResponseReturnValue

from marketplace.domain.booking_state import State
from marketplace.domain.boundary import TOPICS
from marketplace.domain.money import Money
from marketplace.domain.rate import Usage
from marketplace.models import Booking
from marketplace.services.booking_request import discard_draft
from marketplace.services.booking_step import of_platform, quote_of
from marketplace.web import show, typed
from marketplace.web.guard import member, the_member
from marketplace.web.platform import blueprint
from marketplace.web.platform.booking import SIDE, by_member
from marketplace.web.platform.booking_form import BeatRow, RequestForm
from marketplace.web.platform.booking_new import request_page
from marketplace.web.platform.booking_wanted import Wanted, chosen_fields, wanted_of, with_extras
from marketplace.web.transaction import now, reading, unit_of_work


@blueprint.get("/booking/<int:booking_id>/draft")
@member
def draft(booking_id: int) -> ResponseReturnValue:
    """A draft, to be written on, sent or discarded; once it is sent, the booking's own page."""
    row = of_platform(reading(), booking_id, the_member().platform_id)
    if row.state != State.DRAFT:
        return SIDE.go(booking_id)
    return draft_page(row, wanted_of(row))


@blueprint.post("/booking/<int:booking_id>/discard")
@member
def discard(booking_id: int) -> ResponseReturnValue:
    """Throw a draft away; the actor never knew of it."""
    with unit_of_work() as db:
        discard_draft(db, booking_id=booking_id, platform_id=the_member().platform_id, by=by_member(), now=now())
    flash("Draft discarded.", "ok")
    return redirect(url_for("platform.bookings"), 303)


def find_own_draft(text: str, actor_id: int) -> Booking | None:
    """The draft that an address names, if it is this platform's, still one, and about this actor."""
    number = typed.whole_number(text)
    if not number:
        return None
    row = of_platform(reading(), number, the_member().platform_id)
    return row if row.state == State.DRAFT and row.actor_id == actor_id else None


def draft_page(row: Booking, wanted: Wanted) -> ResponseReturnValue:
    """The form with what the draft says, for the time and the use that are `wanted` now."""
    frozen, brief = quote_of(row), row.brief
    offered = frozen.net if frozen.is_offer and frozen.currency == wanted.currency else None
    form = RequestForm(
        formdata=None,
        data={
            "token": row.request_token, "draft": str(row.id), "project": brief.project, "character": brief.character,
            "purpose": brief.synopsis, "message": row.message, "place": Usage.from_json(row.usage).place,
            "take_sets": str(row.usage.get("take_sets", 1)), "pickups": str(row.usage.get("pickups", 0)),
            "offered": f"{offered.major:f}" if offered else "", **chosen_fields(wanted),
        },
    )  # fmt: skip
    kept = replace(wanted, topics=tuple(topic.slug for topic in TOPICS.among(brief.topics)))
    beats = [
        BeatRow(beat.from_flavour, beat.to_flavour or "", beat.intensity, beat.display, beat.line)
        for beat in brief.beats
    ]
    priced = with_extras(form, kept)
    return request_page(form, priced or kept, beats or [BeatRow()], note=_changes(row, priced))


def _changes(row: Booking, wanted: Wanted | None) -> str | None:
    """What is not as it was when the draft was saved."""
    if wanted is None:
        return None
    if wanted.usage.label != Usage.from_json(row.usage).label or wanted.slot.ends_at != row.ends_at:
        return "The time, the length or the usage is no longer what this draft was saved with. Look at it again."
    quote = wanted.quote()
    if quote is not None and quote.total != Money(row.total_minor, row.currency):
        return f"The price was {show.money(row.total_minor, row.currency)} when this draft was saved."
    return None
