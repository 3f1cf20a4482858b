"""Refunds that platforms are owed and that wait: tried again, or dropped because the money went back another way."""

from __future__ import annotations

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from marketplace.domain.errors import Invalid
from marketplace.services import refund
from marketplace.web.admin import blueprint
from marketplace.web.admin.desk import decider, words_of
from marketplace.web.error import error_page
from marketplace.web.guard import admin
from marketplace.web.transaction import now, reading, unit_of_work


@blueprint.get("/refund")
@admin
def refunds() -> str:
    """What waits, longest first."""
    return _page()


@blueprint.post("/refund/<int:refund_id>")
@admin
def decide_refund(refund_id: int) -> ResponseReturnValue:
    """Try it again at Stripe, or drop it with words."""
    asked = request.form.get("step", "")
    if asked not in {"retry", "drop"}:
        return error_page(400, "There is no such decision. Nothing was changed.")
    try:
        with unit_of_work() as db:
            if asked == "retry":
                refund.retry_refund(db, refund_id=refund_id, by=decider(), now=now())
            else:
                refund.drop_refund(db, refund_id=refund_id, by=decider(), words=words_of(), now=now())
    except Invalid as refusal:
        return _page(errors={f"words-{refund_id}": refusal.sentence}), refusal.status
    said = "Stripe is asked again." if asked == "retry" else "Dropped. Nothing is owed on this booking any more."
    flash(said, "ok")
    return redirect(url_for("admin.refunds"), 303)


def _page(errors: dict[str, str] | None = None) -> str:
    return render_template(
        "admin/refund/list.html", rows=refund.list_owed(reading()), errors=errors or {}, words=words_of()
    )
