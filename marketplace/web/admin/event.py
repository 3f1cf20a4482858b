"""Stripe's events: how late they are worked on, those that wait or were given up, and one in full."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from marketplace.domain.errors import Invalid
from marketplace.services import stripe_event_read as events_of
from marketplace.services import stripe_event_replay
from marketplace.services.webhook_refusal import WORDS, count_refusals
from marketplace.web.admin import blueprint
from marketplace.web.admin.desk import choice, decider, page_number, words_of
from marketplace.web.audit_words import tell
from marketplace.web.error import error_page
from marketplace.web.guard import admin
from marketplace.web.transaction import now, reading, unit_of_work

LONGEST_ID: Final = 255
DAY: Final = timedelta(days=1)


@blueprint.get("/event")
@admin
def events() -> str:
    """The lag, what was refused at the door, and a page of one tab, or of what is searched for."""
    db, page = reading(), page_number()
    tab, q = choice("state", events_of.TABS, "waiting"), request.args.get("q", "").strip()[:LONGEST_ID]
    rows, more = events_of.list_events(db, tab=tab, q=q, page=page)
    return render_template(
        "admin/event/list.html",
        rows=rows,
        more=more,
        page=page,
        tab=tab,
        q=q,
        tabs=events_of.count_tabs(db),
        lag=events_of.read_lag(db, now=now()),
        refusals=count_refusals(db, since=now() - DAY),
        why=WORDS,
        state_of=events_of.state_of,
        at=now(),
    )


@blueprint.get("/event/<event_id>")
@admin
def event_detail(event_id: str) -> str:
    """One event in full."""
    return _detail(event_id)


@blueprint.post("/event/<event_id>")
@admin
def decide_event(event_id: str) -> ResponseReturnValue:
    """Work on it again, or put it aside with words."""
    asked = request.form.get("step", "")
    if asked not in {"replay", "put_aside"}:
        return error_page(400, "There is no such decision. Nothing was changed.")
    try:
        with unit_of_work() as db:
            if asked == "replay":
                stripe_event_replay.replay_event(db, event_id, by=decider(), now=now())
            else:
                stripe_event_replay.put_aside(db, event_id, by=decider(), words=words_of(), now=now())
    except Invalid as refusal:
        return _detail(event_id, {"words": refusal.sentence}), refusal.status
    flash("A worker takes it up now." if asked == "replay" else "Put aside. It waits no more.", "ok")
    return redirect(url_for("admin.event_detail", event_id=event_id), 303)


@blueprint.post("/event/replay")
@admin
def replay_events() -> ResponseReturnValue:
    """Work again on everything that was given up."""
    with unit_of_work() as db:
        count = stripe_event_replay.replay_failed(db, by=decider(), now=now())
    flash(f"Workers take up {count} again." if count else "Nothing was given up. Nothing was changed.", "ok")
    return redirect(url_for("admin.events"), 303)


def _detail(event_id: str, errors: dict[str, str] | None = None) -> str:
    db = reading()
    row = events_of.get_event(db, event_id)
    return render_template(
        "admin/event/show.html",
        row=row,
        state=events_of.state_of(row),
        payload=events_of.show_payload(row),
        links=events_of.find_links(db, row),
        trail=stripe_event_replay.trail_of(db, event_id),
        tell=tell,
        errors=errors or {},
        words=words_of(),
    )
