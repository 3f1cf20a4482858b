"""The actors a platform has saved, with its own notes."""

from __future__ import annotations

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from marketplace.services.shortlist import forget_actor, list_saved, note_on_actor, save_actor
from marketplace.web.address import own_path
from marketplace.web.guard import member, the_member
from marketplace.web.platform import blueprint
from marketplace.web.transaction import now, reading, unit_of_work


@blueprint.get("/shortlist")
@member
def shortlist() -> ResponseReturnValue:
    """The list, newest first."""
    saved = list_saved(reading(), platform_id=the_member().platform_id, now=now())
    return render_template("platform/shortlist.html", saved=saved)


@blueprint.post("/shortlist/<slug>")
@member
def save(slug: str) -> ResponseReturnValue:
    """Save an actor, or take them off with `saved=0`; then back to where the button was."""
    platform_id = the_member().platform_id
    with unit_of_work() as db:
        if request.form.get("saved") == "0":
            forget_actor(db, platform_id=platform_id, slug=slug)
        else:
            save_actor(db, platform_id=platform_id, slug=slug, now=now())
    return redirect(own_path(request.form.get("next", "")) or url_for("platform.shortlist"), 303)


@blueprint.post("/shortlist/<slug>/note")
@member
def save_note(slug: str) -> ResponseReturnValue:
    """Keep a note that the actor never sees."""
    with unit_of_work() as db:
        note_on_actor(db, platform_id=the_member().platform_id, slug=slug, note=request.form.get("note", ""))
    flash("Note saved. Only your platform sees it.", "ok")
    return redirect(url_for("platform.shortlist"), 303)
