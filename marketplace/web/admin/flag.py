"""Flags to decide."""

from __future__ import annotations

from typing import Literal, cast

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from marketplace.domain.errors import Invalid
from marketplace.services import flag
from marketplace.web.admin import blueprint
from marketplace.web.admin.desk import choice, decider, words_of
from marketplace.web.error import error_page
from marketplace.web.guard import admin
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


def _flag_page(errors: dict[str, str] | None = None) -> str:
    state = choice("state", {"open", "decided"}, "open")
    rows = flag.list_flags(reading(), is_open=state == "open")
    return render_template("admin/flag/list.html", rows=rows, state=state, errors=errors or {}, words=words_of())
