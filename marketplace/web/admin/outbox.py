"""The outbox: the calls to Stripe by their state, one in full, and what a person may do about it."""

from __future__ import annotations

from typing import Final

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from marketplace.domain.errors import Invalid
from marketplace.services import outbox_again, outbox_read
from marketplace.services.outbox_run import run_look_up
from marketplace.web.admin import blueprint
from marketplace.web.admin.desk import choice, decider, page_number, words_of
from marketplace.web.error import error_page
from marketplace.web.guard import admin
from marketplace.web.media import outside
from marketplace.web.transaction import now, reading, unit_of_work

LONGEST_KEY: Final = 255
FOUND: Final = {
    "done": ("Stripe has made it. It is booked now.", "ok"),
    "refused": ("Stripe knows nothing of it: it never happened. Nothing was sent.", "warn"),
    "later": ("Stripe could not tell. It is looked up again by itself. Nothing was changed.", "warn"),
}


@blueprint.get("/outbox")
@admin
def outbox() -> str:
    """A page of one tab, or of what is searched for."""
    db, page = reading(), page_number()
    tab, q = choice("state", outbox_read.TABS, "person"), request.args.get("q", "").strip()[:LONGEST_KEY]
    rows, more = outbox_read.list_commands(db, tab=tab, q=q, page=page)
    return render_template(
        "admin/outbox/list.html",
        rows=rows,
        more=more,
        page=page,
        tab=tab,
        q=q,
        tabs=outbox_read.count_tabs(db),
        kinds=outbox_read.WORDS,
        at=now(),
    )


@blueprint.get("/outbox/<int:command_id>")
@admin
def command_detail(command_id: int) -> str:
    """One call in full."""
    return _detail(command_id)


@blueprint.post("/outbox/<int:command_id>")
@admin
def decide_command(command_id: int) -> ResponseReturnValue:
    """Ask for it again with a new key, or look it up at Stripe now."""
    asked = request.form.get("step", "")
    if asked == "look_up":
        _look_up(command_id)
    elif asked == "try_again":
        try:
            with unit_of_work() as db:
                outbox_again.try_again(db, command_id, by=decider(), words=words_of(), now=now())
        except Invalid as refusal:
            return _detail(command_id, {"words": refusal.sentence}), refusal.status
        flash("Asked for again, with a new key.", "ok")
    else:
        return error_page(400, "There is no such decision. Nothing was changed.")
    return redirect(url_for("admin.command_detail", command_id=command_id), 303)


def _look_up(command_id: int) -> None:
    with unit_of_work() as db:
        command = outbox_again.begin_look_up(db, command_id, by=decider(), now=now())
    flash(*FOUND[run_look_up(outside().payment, unit_of_work, command, clock=now)])


def _detail(command_id: int, errors: dict[str, str] | None = None) -> str:
    db = reading()
    row = outbox_read.get_command(db, command_id)
    return render_template(
        "admin/outbox/show.html",
        row=row,
        what=outbox_read.WORDS.get(row.kind, row.kind),
        params=outbox_read.show_json(row.params),
        answer=outbox_read.show_json(row.answer) if row.answer else "",
        booking_id=outbox_read.booking_of(db, row),
        actor=outbox_read.actor_of(db, row),
        versions=outbox_read.list_versions(db, row),
        may_try_again=outbox_again.may_try_again(row),
        elsewhere=outbox_again.ELSEWHERE.get(row.kind),
        trail=outbox_again.trail_of(db, row.id),
        errors=errors or {},
        words=words_of(),
        at=now(),
    )
