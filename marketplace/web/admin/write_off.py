"""What actors owe, and giving it up: one admin proposes, another makes or refuses it."""

from __future__ import annotations

from typing import Final

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from marketplace.domain.errors import Invalid
from marketplace.domain.money import OFFERED, Money
from marketplace.domain.write_off import State
from marketplace.services import write_off
from marketplace.services.payout_step import count_other_admins
from marketplace.web.admin import blueprint
from marketplace.web.admin.desk import decider, keeping_tries, words_of
from marketplace.web.error import error_page
from marketplace.web.guard import admin, the_principal
from marketplace.web.transaction import now, reading, unit_of_work

AFTER: Final = {"make": State.MADE, "refuse": State.REFUSED}
DONE: Final = {
    State.MADE: "Given up and booked as a loss. The actor is told.",
    State.REFUSED: "Refused. The debt stays, and is taken off the actor’s next payouts.",
}
NO_AMOUNT: Final = "Give the amount as a number, like 92.59. Nothing was changed."


@blueprint.get("/write-off")
@admin
def write_offs() -> str:
    """Debts with their stories, what waits for a second admin, and what was decided."""
    return _page()


@blueprint.post("/write-off/propose/<int:actor_id>")
@admin
def propose_write_off(actor_id: int) -> ResponseReturnValue:
    """Propose to give up a debt or a part of it."""
    typed, currency = request.form.get("amount", "").strip(), request.form.get("currency", "")
    if currency not in OFFERED:
        return error_page(400, "There is no such currency. Nothing was changed.")
    place = f"{actor_id}-{currency}"
    try:
        amount = _amount(typed, currency)
        with keeping_tries("actor", actor_id), unit_of_work() as db:
            write_off.propose_write_off(db, actor_id=actor_id, amount=amount, by=decider(), words=words_of(), now=now())
    except Invalid as refusal:
        return _page({f"{refusal.field or 'words'}-{place}": refusal.sentence}, typed), refusal.status
    flash("Proposed. Another admin decides; nothing is booked before.", "ok")
    return redirect(url_for("admin.write_offs"), 303)


@blueprint.post("/write-off/<int:write_off_id>")
@admin
def decide_write_off(write_off_id: int) -> ResponseReturnValue:
    """Make or refuse what another admin has proposed."""
    after = AFTER.get(request.form.get("step", ""))
    if after is None:
        return error_page(400, "There is no such decision. Nothing was changed.")
    try:
        with keeping_tries("write_off", write_off_id), unit_of_work() as db:
            write_off.decide_write_off(
                db, write_off_id=write_off_id, after=after, by=decider(), words=words_of(), now=now()
            )
    except Invalid as refusal:
        return _page({f"decide-{write_off_id}": refusal.sentence}), refusal.status
    flash(DONE[after], "ok")
    return redirect(url_for("admin.write_offs"), 303)


def _amount(typed: str, currency: str) -> Money:
    try:
        return Money.parse(typed, currency)
    except Invalid:
        raise Invalid(NO_AMOUNT, field="amount") from None


def _page(errors: dict[str, str] | None = None, amount: str = "") -> str:
    db, me = reading(), the_principal().account_id
    return render_template(
        "admin/write_off/list.html",
        debts=write_off.list_debts(db),
        waiting=write_off.list_write_offs(db, is_open=True),
        decided=write_off.list_write_offs(db, is_open=False, limit=20),
        is_alone=count_other_admins(db, me) == 0,
        me=me,
        errors=errors or {},
        amount=amount,
        words=words_of(),
    )
