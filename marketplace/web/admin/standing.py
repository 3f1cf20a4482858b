"""How a platform or an actor stands with us: one list, one page and one set of decisions for both kinds."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

from flask import flash, redirect, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from marketplace.domain.errors import Invalid
from marketplace.services import account
from marketplace.services.account import Decider, Subject
from marketplace.web.admin.desk import choice, decider, page_number, words_of
from marketplace.web.error import error_page
from marketplace.web.transaction import now, reading, unit_of_work

LONGEST_SEARCH: Final = 100


@dataclass(frozen=True)
class Kind:
    """Those of whom there are many: how they are listed, read and approved.

    `approve` names the step that lets a newcomer in, with what the admin is told once it is done.
    """

    about: Subject
    tabs: Collection[str]
    count: Callable[[Session], Mapping[str, int]]
    list: Callable[..., tuple[list[Any], bool]]
    read: Callable[[Session, int], object]
    approve: str
    approved: str
    do_approve: Callable[..., None]


def list_page(kind: Kind) -> str:
    """A page of the tab asked for, or of those with the words asked for."""
    tab, page = choice("state", kind.tabs, "new"), page_number()
    words = request.args.get("q", "")[:LONGEST_SEARCH]
    rows, more = kind.list(reading(), tab=tab, words=words, page=page)
    counts = kind.count(reading())
    return render_template(
        f"admin/{kind.about}/list.html", rows=rows, tab=tab, tabs=counts, q=words, page=page, more=more
    )


def detail_page(kind: Kind, id: int, errors: dict[str, str] | None = None) -> str:
    """One of them, with what is known and was decided."""
    detail = kind.read(reading(), id)
    return render_template(
        f"admin/{kind.about}/show.html", detail=detail, errors=errors or {}, reason=words_of("reason")
    )


def decide(kind: Kind, id: int) -> ResponseReturnValue:
    """Approve, suspend or restore, as the form says."""
    step, reason = request.form.get("step", ""), words_of("reason")
    told = {kind.approve: kind.approved, "suspend": "Suspended.", "restore": "Restored."}
    if step not in told:
        return error_page(400, "There is no such decision. Nothing was changed.")
    try:
        with unit_of_work() as db:
            _take_step(db, kind, id, step, reason, decider())
    except Invalid as refusal:
        return detail_page(kind, id, errors={"reason": refusal.sentence}), refusal.status
    flash(told[step], "ok")
    return redirect(request.path, 303)  # the page that the form stands on has the same address


def _take_step(db: Session, kind: Kind, id: int, step: str, reason: str, by: Decider) -> None:
    if step == kind.approve:
        kind.do_approve(db, **{f"{kind.about}_id": id}, by=by, reason=reason, now=now())
        return
    change = account.suspend if step == "suspend" else account.restore
    change(db, about=kind.about, about_id=id, by=by, reason=reason, now=now())
