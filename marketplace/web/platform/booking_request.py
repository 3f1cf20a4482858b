"""Asking an actor for a slot: a request, a pencil or a draft is sent or shown again. Nothing is charged."""

from __future__ import annotations

import secrets

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from marketplace.domain.errors import Invalid, SlotTaken
from marketplace.services.booking_request import NotTold, PriceChanged, Request, request_booking
from marketplace.web import show, terms, typed
from marketplace.web.guard import member, the_member
from marketplace.web.platform import blueprint
from marketplace.web.platform.booking import SIDE, by_member
from marketplace.web.platform.booking_draft import draft_page, find_own_draft
from marketplace.web.platform.booking_form import (
    BEATS_AT_FIRST,
    BOOK,
    DRAFT,
    MOST_BEATS,
    PENCIL,
    BeatRow,
    RequestForm,
    beat_ask,
    digest_of,
    typed_beats,
)
from marketplace.web.platform.booking_new import request_page
from marketplace.web.platform.booking_wanted import Wanted, chosen_fields, read_wanted, with_extras
from marketplace.web.transaction import now, unit_of_work


@blueprint.get("/booking/new")
@member
def new_booking() -> ResponseReturnValue:
    """The form, with what was chosen on the actor's page; for a draft, with what it says already."""
    wanted = read_wanted(request.args)
    draft = find_own_draft(request.args.get("draft", ""), wanted.actor.row.id)
    if draft is not None:
        return draft_page(draft, wanted)
    first = wanted.actor.row.flavours[0].slug if wanted.actor.row.flavours else ""
    form = RequestForm(formdata=None, data={"token": secrets.token_urlsafe(24), **chosen_fields(wanted)})
    return request_page(form, wanted, [BeatRow(first), *[BeatRow()] * (BEATS_AT_FIRST - 1)])


@blueprint.post("/booking/new")
@member
def send_request() -> ResponseReturnValue:
    """Send it, or show the form again with all that was typed.

    It answers 422 to mend it, and 409 when the time or the price has gone, or the actor's limits were not read yet.
    """
    form, beats, act = RequestForm(), typed_beats(), request.form.get("act", BOOK)
    wanted = read_wanted(request.form)
    if "more" in request.form:
        return request_page(form, with_extras(form, wanted) or wanted, [*beats, BeatRow()][:MOST_BEATS], status=200)
    fit = "reprice" in request.form or form.is_fit(act)
    priced = with_extras(form, wanted)
    if priced is None or not fit:
        return request_page(form, priced or wanted, beats, status=422)
    if "reprice" in request.form:
        return request_page(form, priced, beats)
    return _try(form, priced, beats, act)


def _try(form: RequestForm, wanted: Wanted, beats: list[BeatRow], act: str) -> ResponseReturnValue:
    try:
        booking_id = _send(form, wanted, beats, act)
    except SlotTaken as refusal:
        return request_page(form, wanted, beats, status=409, taken=refusal.sentence)
    except PriceChanged as refusal:
        return request_page(form, wanted, beats, status=409, changed=_price_words(wanted, refusal))
    except NotTold:
        return request_page(form, wanted, beats, status=409, untold=True)
    except Invalid as refusal:
        form.refuse(refusal)
        return request_page(form, wanted, beats, status=422)
    first = wanted.actor.first_name
    if act == DRAFT:
        flash(f"Draft saved. Only your platform sees it; {first} has not been asked.", "ok")
        return redirect(url_for("platform.draft", booking_id=booking_id), 303)
    if act == PENCIL:
        return SIDE.back(booking_id, f"You have asked {first} for a pencil. A pencil costs nothing.")
    return SIDE.back(booking_id, f"Your request is with {first}. Nothing is charged until {first} accepts and you pay.")


def _price_words(wanted: Wanted, refusal: PriceChanged) -> str:
    quote = wanted.quote()
    if wanted.offered is None or quote is None:
        return refusal.sentence
    return f"With your offer the total is {show.money(quote.total)}, the marketplace fee included."


def _send(form: RequestForm, wanted: Wanted, beats: list[BeatRow], act: str) -> int:
    who, asks = the_member(), wanted.verdict(beats).asks
    with unit_of_work() as db:
        return request_booking(
            db,
            platform_id=who.platform_id,
            member_id=who.member_id,
            by=by_member(),
            ask=Request(
                token=form.token.data or "",
                actor_id=wanted.actor.row.id,
                starts_at=wanted.slot.starts_at,
                minutes=wanted.minutes,
                usage=wanted.usage,
                project=form.project.data or "",
                character=form.character.data or "",
                purpose=form.purpose.data or "",
                beats=tuple(beat_ask(row) for row in beats if row.from_flavour),
                take_sets=wanted.take_sets,
                pickups=wanted.pickups,
                offered=wanted.offered,
                topics=wanted.topics,
                message=form.message.data or "",
                shown_total_minor=typed.whole_number(form.shown_total_minor.data or "") or 0,
                told=asks if form.told.data == digest_of(asks) else (),
                asked_as="pencil" if act == PENCIL else "booking",
                is_draft=act == DRAFT,
                draft_id=typed.whole_number(form.draft.data or ""),
            ),
            fee_bp=terms.fee_bp(),
            now=now(),
        )
