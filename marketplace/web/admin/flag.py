"""Flags to decide, bookings whose sides disagree, and chargebacks."""

from __future__ import annotations

from typing import Literal, cast

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from marketplace.domain.booking import Party
from marketplace.domain.errors import Invalid
from marketplace.services import flag
from marketplace.services.booking import settle_dispute
from marketplace.services.booking_step import By
from marketplace.web.admin import blueprint
from marketplace.web.admin.desk import choice, decider, words_of
from marketplace.web.error import error_page
from marketplace.web.guard import admin, the_principal
from marketplace.web.transaction import now, reading, unit_of_work

Verdict = Literal["cleared", "kept"]


@blueprint.get("/flag")
@admin
def flags() -> str:
    """Flags that wait, or those decided."""
    return _flag_page()


@blueprint.post("/flag/<int:flag_id>")
@admin
def decide_flag(flag_id: int) -> ResponseReturnValue:
    """Clear or keep one."""
    verdict, words = request.form.get("verdict", ""), words_of()
    if verdict not in {"cleared", "kept"}:
        return error_page(400, "There is no such decision. Nothing was changed.")
    try:
        with unit_of_work() as db:
            flag.decide_flag(db, flag_id=flag_id, verdict=cast(Verdict, verdict), by=decider(), words=words, now=now())
    except Invalid as refusal:
        return _flag_page(errors={f"words-{flag_id}": refusal.sentence}), refusal.status
    flash("Cleared." if verdict == "cleared" else "Kept.", "ok")
    return redirect(url_for("admin.flags"), 303)


@blueprint.get("/dispute")
@admin
def disputes() -> str:
    """Bookings in dispute between their sides, and chargebacks of banks."""
    return _dispute_page()


@blueprint.post("/dispute/<int:booking_id>")
@admin
def settle(booking_id: int) -> ResponseReturnValue:
    """Share a disputed booking's money between its two sides."""
    share, words = request.form.get("refund_percent", ""), words_of()
    try:
        if not share.isdigit() or int(share) > 100:
            raise Invalid(
                "Give the platform's part as a whole number from 0 to 100. Nothing was changed.", field="share"
            )
        with unit_of_work() as db:
            by = By(Party.ADMIN, the_principal().account_id)
            settle_dispute(db, booking_id=booking_id, by=by, refund_bp=int(share) * 100, reason=words, now=now())
    except Invalid as refusal:
        return _dispute_page(errors={f"words-{booking_id}": refusal.sentence}), refusal.status
    flash("Settled. Both sides read your words.", "ok")
    return redirect(url_for("admin.disputes"), 303)


def _flag_page(errors: dict[str, str] | None = None) -> str:
    state = choice("state", {"open", "decided"}, "open")
    rows = flag.list_flags(reading(), is_open=state == "open")
    return render_template("admin/flag/list.html", rows=rows, state=state, errors=errors or {}, words=words_of())


def _dispute_page(errors: dict[str, str] | None = None) -> str:
    return render_template(
        "admin/flag/dispute.html",
        contested=flag.list_contested(reading()),
        disputes=flag.list_disputes(reading()),
        errors=errors or {},
        words=words_of(),
    )
