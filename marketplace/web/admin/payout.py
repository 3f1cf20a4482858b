"""The payout queue: what waits, one payout in full, and the decisions on it."""

from __future__ import annotations

import dataclasses
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from marketplace.domain.errors import Invalid, Refused
from marketplace.domain.payout import State, Step
from marketplace.services import payout, payout_queue
from marketplace.services.payout_pace import read_pace
from marketplace.web import terms
from marketplace.web.admin import blueprint
from marketplace.web.admin.desk import choice, decision, keeping_tries, words_of
from marketplace.web.admin.evidence import links_to
from marketplace.web.error import error_page
from marketplace.web.guard import admin
from marketplace.web.transaction import now, reading, unit_of_work
from marketplace.web.typed import whole_number
from marketplace.web.viewer import viewer_zone

MOST_AT_ONCE: Final = 100
MOST_NAMED: Final = 10
"""Of those left, so many are named: what is said has to fit into a cookie."""

DONE: Final = {
    Step.HOLD: "On hold. The actor reads your words.",
    Step.ASK: "Asked, and held until the actor answers. They read your question.",
    Step.RESUME: "Back in review.",
    Step.REJECT: "Rejected. The actor reads your words; the money stays with the booking.",
    Step.GIVE_BACK: "The platform is refunded. Both the actor and the audit trail keep your words.",
    Step.UNDO: "Taken back. The payout is in review again.",
}
NEEDS_SECOND: Final = (
    "Your approval is recorded. A second admin has to approve as well, since the amount is above the limit."
)
NO_DAY: Final = "Give the day as a date, like 2026-12-04. Nothing was changed."
DECIDE: Final = {
    Step.HOLD: payout.hold_payout,
    Step.ASK: payout.ask_actor,
    Step.RESUME: payout.resume_payout,
    Step.REJECT: payout.reject_payout,
    Step.GIVE_BACK: payout.give_back,
    Step.UNDO: payout.undo_approval,
}


@blueprint.get("/")
@admin
def home() -> ResponseReturnValue:
    """Admins start at the queue."""
    return redirect(url_for("admin.payouts"))


@blueprint.get("/payout")
@admin
def payouts() -> str:
    """The queue of one tab; the first payout is open beside it."""
    return render_queue(choice("state", payout_queue.TABS, "review"), None)


@blueprint.get("/payout/<int:payout_id>")
@admin
def payout_detail(payout_id: int) -> str:
    """One payout, with the queue it lies in beside it."""
    return render_queue("", payout_id)


@blueprint.post("/payout/<int:payout_id>")
@admin
def decide_payout(payout_id: int) -> ResponseReturnValue:
    """Approve, hold, ask, resume, reject, give back or undo; a refusal is said on the page, with what was typed."""
    asked, words = request.form.get("step", ""), words_of()
    if asked not in {Step.APPROVE, *DONE}:
        return error_page(400, "There is no such decision. Nothing was changed.")
    step = Step(asked)
    try:
        with keeping_tries("payout", payout_id):
            flash(decide(payout_id, step, words), "ok")
    except Invalid as refusal:
        errors = {refusal.field or "words": refusal.sentence}
        return render_queue("", payout_id, errors=errors, words=words), refusal.status
    tab = choice("state", payout_queue.TABS, "review")
    return redirect(url_for("admin.payout_detail", payout_id=payout_id, state=tab), 303)


@blueprint.post("/payout/approve")
@admin
def approve_payouts() -> ResponseReturnValue:
    """Approve several at once; what wants a look of its own is left, each by its name and why, and the rest goes on."""
    chosen = [number for given in request.form.getlist("payout") if (number := whole_number(given))][:MOST_AT_ONCE]
    if not chosen:
        flash("Choose at least one payout first. Nothing was approved.", "warn")
        return redirect(url_for("admin.payouts"), 303)
    left = [said for payout_id in dict.fromkeys(chosen) if (said := approve_low_risk(payout_id))]
    done = len(set(chosen)) - len(left)
    told = [f"{done} approved.", *([f"{len(left)} left:", *named(left)] if left else [])]
    flash(" ".join(told), "warn" if left else "ok")
    return redirect(url_for("admin.payouts"), 303)


def named(left: list[str]) -> list[str]:
    """The first of those that were left, and how many more there are."""
    more = len(left) - MOST_NAMED
    return [*left[:MOST_NAMED], *([f"And {more} more."] if more > 0 else [])]


def approve_low_risk(payout_id: int) -> str:
    """Approve one among several, in a transaction of its own; why not, with its name, or nothing."""
    try:
        with unit_of_work() as db:
            undo = terms.payout_undo()
            payout.approve_low_risk(db, payout_id=payout_id, by=decision(), now=now(), undo_within=undo)
    except Refused as refusal:
        return f"po_{payout_id}: {refusal.sentence.removesuffix(' Nothing was changed.')}"
    return ""


def decide(payout_id: int, step: Step, words: str) -> str:
    """Take one decision in a transaction of its own; what to say of it."""
    by = dataclasses.replace(decision(words), until=look_again_at())
    with unit_of_work() as db:
        if step is not Step.APPROVE:
            DECIDE[step](db, payout_id=payout_id, by=by, now=now())
            return DONE[step]
        undo = terms.payout_undo()
        after = payout.approve_payout(db, payout_id=payout_id, by=by, now=now(), undo_within=undo)
    return approved(undo) if after == State.APPROVED else NEEDS_SECOND


def look_again_at() -> datetime | None:
    """The beginning of the day that was typed, where the admin is; None when none was."""
    typed = request.form.get("held_until", "").strip()
    if not typed:
        return None
    try:
        day = date.fromisoformat(typed)
    except ValueError:
        raise Invalid(NO_DAY, field="held_until") from None
    return datetime.combine(day, time(), ZoneInfo(viewer_zone())).astimezone(UTC)


def approved(undo: timedelta) -> str:
    """What to say of an approval, by how long it can be taken back."""
    minutes = undo // timedelta(minutes=1)
    if minutes == 0:
        return "Approved. The transfer is made now."
    span = "a minute" if minutes == 1 else f"{minutes} minutes"
    return f"Approved. It can be taken back for {span}; then the transfer is made."


def render_queue(tab: str, payout_id: int | None, *, errors: dict[str, str] | None = None, words: str = "") -> str:
    """List and detail on one page; `payout_id` None opens the first of the list. A search looks in every tab."""
    db, order, q = reading(), choice("order", payout_queue.ORDERS, "risk"), request.args.get("q", "").strip()[:100]
    detail = payout_queue.read_detail(db, payout_id=payout_id, by=decision(), now=now()) if payout_id else None
    if detail is not None:
        tab = choice("state", payout_queue.TABS, payout_queue.TAB_OF[detail.row.shown(now())])
    limit = terms.four_eyes_limit_minor()
    rows = payout_queue.list_rows(db, tab=tab, order=order, limit_minor=limit, now=now(), words=q)
    if detail is None and rows:
        detail = payout_queue.read_detail(db, payout_id=rows[0].payout.id, by=decision(), now=now())
    return render_template(
        "admin/payout/queue.html",
        tab=tab,
        order=order,
        q=q,
        rows=rows,
        sums=payout_queue.read_sums(db, limit_minor=limit, now=now()),
        review_pace=read_pace(db, State.REVIEW, now=now()),
        hold_pace=read_pace(db, State.HELD, now=now()),
        detail=detail,
        is_opened=payout_id is not None,
        neighbours=neighbours(rows, detail),
        links_to=links_to,
        errors=errors or {},
        words=words,
        held_until=request.form.get("held_until", ""),
    )


def neighbours(rows: list[payout_queue.Row], detail: payout_queue.Detail | None) -> tuple[int | None, int | None]:
    """Ids of the payouts before and after the open one, for the keys K and J."""
    ids = [row.payout.id for row in rows]
    if detail is None or detail.row.payout.id not in ids:
        return None, ids[0] if ids else None
    at = ids.index(detail.row.payout.id)
    return (ids[at - 1] if at else None), (ids[at + 1] if at + 1 < len(ids) else None)
