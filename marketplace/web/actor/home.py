"""An actor's first page: what waits for an answer, what comes next, and how far the page is set up."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from marketplace.services import actor as actors
from marketplace.services.actor_home import WAITING, WORKING, list_open
from marketplace.services.payout_read import earnings_of
from marketplace.web.actor import blueprint
from marketplace.web.guard import actor, the_actor
from marketplace.web.transaction import now, reading, unit_of_work


@blueprint.get("/")
@actor
def home() -> ResponseReturnValue:
    """Requests first, then sessions, then the set-up."""
    db, who = reading(), the_actor()
    lines = list_open(db, who.actor_id)
    set_up = actors.read_set_up(db, who.actor_id)
    return render_template(
        "actor/home.html",
        actor=actors.get_actor(db, who.actor_id),
        waiting=[line for line in lines if line.state in WAITING],
        working=[line for line in lines if line.state in WORKING],
        coming=[line for line in lines if line.state not in WAITING | WORKING],
        set_up=set_up,
        steps=steps_of(set_up),
        earnings=earnings_of(db, who.actor_id, now=now()),
    )


@blueprint.post("/publish")
@actor
def publish() -> ResponseReturnValue:
    """Show the page to platforms, or take it out of search."""
    who, shown = the_actor(), request.form.get("shown") == "1"
    with unit_of_work() as db:
        if shown:
            actors.publish(db, actor_id=who.actor_id, now=now())
        else:
            actors.unpublish(db, actor_id=who.actor_id, now=now())
    flash("Your page is published." if shown else "Your page is no longer shown to platforms.", "ok")
    return redirect(url_for("actor.home"), 303)


def steps_of(set_up: actors.SetUp) -> list[dict[str, Any]]:
    """The set-up as the checklist draws it: the first step not done is the next one."""
    rows = (
        ("Write your profile", set_up.has_profile, "About 5 minutes", "profile", "Write it"),
        (
            "Add a clip and tag its flavours",
            set_up.has_clip,
            "A phone video of seconds is enough",
            "clips",
            "Add a clip",
        ),
        ("Set your rate", set_up.has_rate, "About 2 minutes", "rate", "Set it"),
        ("Set your weekly hours", set_up.has_hours, "About 2 minutes", "hours", "Set them"),
        ("Open a payout account", set_up.can_be_paid, "Stripe asks for bank details", "earnings", "Open it"),
        ("Connect a network for your score", set_up.has_network, "Can be taken back", "networks", "Connect"),
    )
    return [
        {"words": words, "is_done": done, "small": small, "href": url_for(f"actor.{page}"), "act": act}
        for words, done, small, page, act in rows
    ]
