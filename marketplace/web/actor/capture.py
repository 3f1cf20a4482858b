"""A capture session as the actor works on it: the take sheet, sending takes, handing them over."""

from __future__ import annotations

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from marketplace.domain.booking import Party
from marketplace.domain.capture import ENGINES, TAKES_ARRIVE, arrived_since, misfit
from marketplace.domain.errors import NotFound, Refused
from marketplace.domain.flavour import VOCABULARY
from marketplace.models import Take
from marketplace.services.actor_home import Work, find_work
from marketplace.services.booking import deliver_booking
from marketplace.services.booking_step import By, take_facts
from marketplace.services.media import LIMITS
from marketplace.web.actor import blueprint
from marketplace.web.actor.upload import receive_form
from marketplace.web.guard import actor, the_actor
from marketplace.web.transaction import now, reading, unit_of_work


@blueprint.get("/session/<int:booking_id>")
@actor
def capture(booking_id: int) -> ResponseReturnValue:
    """What is asked for beat by beat, and the takes so far."""
    return _page(_work(booking_id), 200)


@blueprint.post("/session/<int:booking_id>/take")
@actor
def add_take(booking_id: int) -> ResponseReturnValue:
    """A take by a plain form; with JavaScript it comes in pieces instead."""
    work = _work(booking_id)
    fields = {name: request.form.get(name, "") for name in ("beat_id", "note")}
    try:
        receive_form("take", fields, work.session.id)
    except Refused as refusal:
        return _page(work, refusal.status, {"file": refusal.sentence})
    flash("Take sent. It is being checked.", "ok")
    return redirect(url_for("actor.capture", booking_id=booking_id), 303)


@blueprint.post("/session/<int:booking_id>/deliver")
@actor
def deliver(booking_id: int) -> ResponseReturnValue:
    """Hand the takes over for review."""
    who = the_actor()
    with unit_of_work() as db:
        by = By(Party.ACTOR, who.account_id)
        deliver_booking(db, booking_id=booking_id, actor_id=who.actor_id, by=by, now=now())
    flash("Takes delivered. The platform has been told and reviews them now.", "ok")
    return redirect(url_for("actor.capture", booking_id=booking_id), 303)


def _work(booking_id: int) -> Work:
    work = find_work(reading(), booking_id=booking_id, actor_id=the_actor().actor_id)
    if work is None:
        raise NotFound("There is no such session, or it has not started.")
    return work


def _page(work: Work, status: int, errors: dict[str, str] | None = None) -> ResponseReturnValue:
    facts = take_facts(reading(), work.session.id)
    page = render_template(
        "actor/capture.html",
        booking=work.booking,
        session=work.session,
        beats=work.beats,
        takes=work.takes,
        notes=work.notes,
        asked=work.asked,
        fresh=arrived_since(facts, work.session.delivered_at),
        may_send=work.booking.state in TAKES_ARRIVE,
        is_checking=any(take.state == "probing" for take in work.takes),
        fits_of=fits_of,
        flavour_of=VOCABULARY.find,
        limit=LIMITS["take"],
        errors=errors or {},
    )
    return page, status


def fits_of(take: Take) -> list[tuple[str, str | None]]:
    """For each engine, its name and why it would refuse the take's file (None: it would take it)."""
    if take.duration_ms is None or take.width is None or take.height is None:
        return []
    seconds = take.duration_ms / 1000
    return [(engine.label, misfit(engine, seconds, take.width, take.height)) for engine in ENGINES]
