"""An actor's calendars: bookings out to their own, and the busy times of their others in."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from marketplace.domain.errors import Invalid
from marketplace.gateways.calendar.source import check_address
from marketplace.services import calendar_source as service
from marketplace.web.actor import blueprint
from marketplace.web.feed_address import FeedPanel, end_feed, feed_panel, make_feed, never_kept
from marketplace.web.guard import actor, the_actor
from marketplace.web.media import outside
from marketplace.web.transaction import now, reading, unit_of_work


@blueprint.get("/calendar")
@actor
def calendar() -> ResponseReturnValue:
    """The feed, and the calendars that are read."""
    return _page(feed_panel())


@blueprint.post("/calendar/feed")
@actor
def make_calendar_feed() -> ResponseReturnValue:
    """A new address for the actor's bookings; the one before ends."""
    return never_kept(_page(feed_panel(make_feed())))


@blueprint.post("/calendar/feed/end")
@actor
def end_calendar_feed() -> ResponseReturnValue:
    """No address any more."""
    return end_feed("actor.calendar")


@blueprint.post("/calendar/source")
@actor
def add_calendar() -> ResponseReturnValue:
    """Read another calendar from now on."""
    address = request.form.get("address", "").strip()
    try:
        check_address(outside().web, address)
        with unit_of_work() as db:
            service.add_source(
                db, actor_id=the_actor().actor_id, label=request.form.get("label", ""), address=address, now=now()
            )
    except Invalid as refusal:
        return _page(feed_panel(), {refusal.field or "address": refusal.sentence}), 422
    flash("The calendar is being read. What is busy there cannot be booked.", "ok")
    return redirect(url_for("actor.calendar"), 303)


@blueprint.post("/calendar/source/<int:source_id>/read")
@actor
def read_calendar_again(source_id: int) -> ResponseReturnValue:
    """Read it now instead of later."""
    with unit_of_work() as db:
        service.read_source_again(db, actor_id=the_actor().actor_id, source_id=source_id, now=now())
    flash("The calendar is being read again.", "ok")
    return redirect(url_for("actor.calendar"), 303)


@blueprint.post("/calendar/source/<int:source_id>/delete")
@actor
def remove_calendar(source_id: int) -> ResponseReturnValue:
    """Read it no more."""
    with unit_of_work() as db:
        service.remove_source(db, actor_id=the_actor().actor_id, source_id=source_id)
    flash("The calendar is not read any more. What was busy there can be booked.", "ok")
    return redirect(url_for("actor.calendar"), 303)


def _page(panel: FeedPanel, errors: Mapping[str, str] | None = None) -> str:
    db, me = reading(), the_actor().actor_id
    counts = service.count_busy(db, me, now=now())
    sources = [
        (one, one.label or urlsplit(one.address).hostname, counts.get(one.id, 0))
        for one in service.list_sources(db, me)
    ]
    return render_template(
        "actor/calendar.html",
        panel=panel,
        sources=sources,
        can_add=len(sources) < service.MOST_SOURCES,
        errors=errors or {},
        labels={"address": "Address", "label": "Name"},
    )
