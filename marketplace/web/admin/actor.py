"""Actors: those whose identity is to be checked, all others to look up, suspend and restore."""

from __future__ import annotations

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from marketplace.domain.errors import Invalid
from marketplace.services import account, account_list
from marketplace.web.admin import blueprint
from marketplace.web.admin.desk import choice, decider, page_number, words_of
from marketplace.web.error import error_page
from marketplace.web.guard import admin
from marketplace.web.transaction import now, reading, unit_of_work


@blueprint.get("/actor")
@admin
def actors() -> str:
    """A page of actors."""
    tab, q, page = choice("state", account_list.ACTOR_TABS, "new"), request.args.get("q", "")[:100], page_number()
    rows, more = account_list.list_actors(reading(), tab=tab, words=q, page=page)
    counts = account_list.count_actors(reading())
    return render_template("admin/actor/list.html", rows=rows, tab=tab, tabs=counts, q=q, page=page, more=more)


@blueprint.get("/actor/<int:actor_id>")
@admin
def actor_detail(actor_id: int) -> str:
    """One actor with their account, bookings and trail."""
    return _page(actor_id)


@blueprint.post("/actor/<int:actor_id>")
@admin
def decide_actor(actor_id: int) -> ResponseReturnValue:
    """Verify, suspend or restore."""
    step, reason = request.form.get("step", ""), words_of("reason")
    if step not in {"verify", "suspend", "restore"}:
        return error_page(400, "There is no such decision. Nothing was changed.")
    try:
        with unit_of_work() as db:
            if step == "verify":
                account.verify_actor(db, actor_id=actor_id, by=decider(), reason=reason, now=now())
            elif step == "suspend":
                account.suspend(db, about="actor", about_id=actor_id, by=decider(), reason=reason, now=now())
            else:
                account.restore(db, about="actor", about_id=actor_id, by=decider(), reason=reason, now=now())
    except Invalid as refusal:
        return _page(actor_id, errors={"reason": refusal.sentence}), refusal.status
    flash({"verify": "Identity marked as checked.", "suspend": "Suspended.", "restore": "Restored."}[step], "ok")
    return redirect(url_for("admin.actor_detail", actor_id=actor_id), 303)


def _page(actor_id: int, errors: dict[str, str] | None = None) -> str:
    detail = account_list.read_actor(reading(), actor_id)
    return render_template("admin/actor/show.html", detail=detail, errors=errors or {}, reason=words_of("reason"))
