"""Disputes: the list, one booking with all the evidence, and the decision with its amounts shown first."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from marketplace.domain.booking import Party
from marketplace.domain.cancellation import Settlement
from marketplace.domain.dispute import reason_words
from marketplace.domain.errors import Invalid
from marketplace.domain.flavour import VOCABULARY
from marketplace.services import flag
from marketplace.services.booking import settle_dispute
from marketplace.services.booking_step import By
from marketplace.services.dispute import Case, read_case, share_of
from marketplace.services.trace import read_whereabouts
from marketplace.web import booking_path
from marketplace.web.admin import blueprint
from marketplace.web.admin.desk import keeping_tries, words_of
from marketplace.web.guard import admin, the_principal
from marketplace.web.transaction import now, reading, unit_of_work
from marketplace.web.viewer import viewer_zone
from marketplace.web.whereabouts import picture_of

NO_SHARE = "Give the platform’s part as a whole number from 0 to 100. Nothing was settled."
NO_WORDS = "Say why in a sentence or two: both sides read it. Nothing was settled."


@blueprint.get("/dispute")
@admin
def disputes() -> str:
    """Bookings in dispute between their sides, and chargebacks of banks."""
    db = reading()
    return render_template(
        "admin/dispute/list.html",
        contested=flag.list_contested(db),
        disputes=flag.list_disputes(db),
        reason_words=reason_words,
    )


@blueprint.get("/dispute/<int:booking_id>")
@admin
def dispute(booking_id: int) -> str:
    """One dispute with what both sides said and did."""
    return _page(_case(booking_id))


@blueprint.post("/dispute/<int:booking_id>")
@admin
def settle(booking_id: int) -> ResponseReturnValue:
    """Show what a share means in money; settle by it once exactly that has been shown."""
    case, typed = _case(booking_id), request.form.get("refund_percent", "").strip()
    percent = _percent(typed)
    errors = {} if percent is not None else {"refund_percent": NO_SHARE}
    share = None if percent is None else share_of(reading(), case.detail.booking, percent)
    is_shown = request.form.get("shown_percent", "") == typed
    if request.form.get("step") != "settle" or percent is None or not is_shown:
        return _page(case, share, errors), 422 if errors else 200
    try:
        if not words_of():
            raise Invalid(NO_WORDS, field="words")
        with keeping_tries("booking", booking_id), unit_of_work() as db:
            by = By(Party.ADMIN, the_principal().account_id)
            settle_dispute(db, booking_id=booking_id, by=by, refund_bp=percent * 100, reason=words_of(), now=now())
    except Invalid as refusal:
        return _page(case, share, {"words": refusal.sentence}), refusal.status
    flash("Settled. Both sides read your words.", "ok")
    return redirect(url_for("admin.dispute", booking_id=booking_id), 303)


def _percent(typed: str) -> int | None:
    whole = typed.isascii() and typed.isdecimal() and len(typed) <= 3
    return int(typed) if whole and int(typed) <= 100 else None


def _case(booking_id: int) -> Case:
    return read_case(reading(), booking_id=booking_id, now=now())


def _page(case: Case, share: Settlement | None = None, errors: dict[str, str] | None = None) -> str:
    zone, names = viewer_zone(), _names(case)
    facts: dict[str, Any] = {
        "case": case,
        "detail": case.detail,
        "booking": case.detail.booking,
        "names": names,
        "history": booking_path.history_of(case.detail, zone),
        "flavour_of": VOCABULARY.get,
        "share": share,
        "percent": request.form.get("refund_percent", "").strip(),
        "words": words_of(),
        "errors": errors or {},
        "picture": picture_of(read_whereabouts(reading(), case.detail.booking), case.detail.booking.currency),
    }
    return render_template("admin/dispute/show.html", **facts)


def _names(case: Case) -> dict[Party, str]:
    booking = case.detail.booking
    return {Party.PLATFORM: booking.platform.name, Party.ACTOR: booking.actor.name, Party.ADMIN: "An admin"}
