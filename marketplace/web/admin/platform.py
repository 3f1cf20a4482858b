"""Platforms: the new ones to vet, all others to look up, suspend and restore."""

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


@blueprint.get("/platform")
@admin
def platforms() -> str:
    """A page of platforms."""
    tab, q, page = choice("state", account_list.PLATFORM_TABS, "new"), request.args.get("q", "")[:100], page_number()
    rows, more = account_list.list_platforms(reading(), tab=tab, words=q, page=page)
    counts = account_list.count_platforms(reading())
    return render_template("admin/platform/list.html", rows=rows, tab=tab, tabs=counts, q=q, page=page, more=more)


@blueprint.get("/platform/<int:platform_id>")
@admin
def platform_detail(platform_id: int) -> str:
    """One platform with its members, bookings and trail."""
    return _page(platform_id)


@blueprint.post("/platform/<int:platform_id>")
@admin
def decide_platform(platform_id: int) -> ResponseReturnValue:
    """Vet, suspend or restore."""
    step, reason = request.form.get("step", ""), words_of("reason")
    if step not in {"vet", "suspend", "restore"}:
        return error_page(400, "There is no such decision. Nothing was changed.")
    try:
        with unit_of_work() as db:
            if step == "vet":
                account.vet_platform(db, platform_id=platform_id, by=decider(), reason=reason, now=now())
            elif step == "suspend":
                account.suspend(db, about="platform", about_id=platform_id, by=decider(), reason=reason, now=now())
            else:
                account.restore(db, about="platform", about_id=platform_id, by=decider(), reason=reason, now=now())
    except Invalid as refusal:
        return _page(platform_id, errors={"reason": refusal.sentence}), refusal.status
    flash({"vet": "Vetted.", "suspend": "Suspended.", "restore": "Restored."}[step], "ok")
    return redirect(url_for("admin.platform_detail", platform_id=platform_id), 303)


def _page(platform_id: int, errors: dict[str, str] | None = None) -> str:
    detail = account_list.read_platform(reading(), platform_id)
    return render_template("admin/platform/show.html", detail=detail, errors=errors or {}, reason=words_of("reason"))
