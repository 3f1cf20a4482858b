"""The notices of whoever is signed in; looking at the list marks it read, by a button rather than by the look."""

from __future__ import annotations

from flask import redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from marketplace.services import notice
from marketplace.web.auth import blueprint
from marketplace.web.guard import find_principal, signed_in, the_principal
from marketplace.web.transaction import now, reading, unit_of_work


@blueprint.get("/notice")
@signed_in
def notices() -> ResponseReturnValue:
    """The newest notices, unread ones marked."""
    shown = notice.list_notices(reading(), the_principal().account_id)
    return render_template("auth/notice.html", notices=shown)


@blueprint.post("/notice/read")
@signed_in
def read_notices() -> ResponseReturnValue:
    """Mark all as read."""
    with unit_of_work() as db:
        notice.mark_all_read(db, the_principal().account_id, now=now())
    return redirect(url_for("auth.notices"), 303)


@blueprint.app_context_processor
def unread() -> dict[str, object]:
    """Let the top bar say how many are unread, counted only where a template asks."""

    def count() -> int:
        principal = find_principal()
        return notice.count_unread(reading(), principal.account_id) if principal else 0

    return {"count_unread": count}
