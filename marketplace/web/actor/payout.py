"""One payout for its actor: why the money waits, and the forms that answer a question or ask for a second look."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from marketplace.domain.errors import Invalid
from marketplace.domain.payout import State, Step
from marketplace.services import payout_reply
from marketplace.services.payout_pace import read_pace
from marketplace.services.payout_step import Decision
from marketplace.services.payout_story import Story, read_story
from marketplace.web.actor import blueprint
from marketplace.web.error import error_page
from marketplace.web.guard import actor, the_actor
from marketplace.web.navigation import link_to
from marketplace.web.transaction import now, reading, unit_of_work

LONGEST_WORDS: Final = 1000
REPLY: Final = {Step.ANSWER: payout_reply.answer_question, Step.APPEAL: payout_reply.appeal}
DONE: Final = {
    Step.ANSWER: "Answered. It is in review again, and whoever decides reads your words.",
    Step.APPEAL: "It is in review again. Another admin than the one who decided looks at it.",
}


@blueprint.get("/payout/<int:payout_id>")
@actor
def payout(payout_id: int) -> str:
    """Why it waits, since and until when, who decided, what to do."""
    return _page(payout_id)


@blueprint.post("/payout/<int:payout_id>")
@actor
def reply_to_payout(payout_id: int) -> ResponseReturnValue:
    """Answer a question, or appeal; what is refused is said on the page, with what was typed."""
    asked, words = request.form.get("step", ""), request.form.get("words", "").strip()[:LONGEST_WORDS]
    if asked not in set(REPLY):
        _story(payout_id)  # another's is not found, whatever was asked
        return error_page(400, "There is no such step. Nothing was changed.")
    step = Step(asked)
    try:
        with unit_of_work() as db:
            REPLY[step](db, payout_id=payout_id, actor_id=the_actor().actor_id, by=_by(words), now=now())
    except Invalid as refusal:
        return _page(payout_id, {"words": refusal.sentence}, words), refusal.status
    flash(DONE[step], "ok")
    return redirect(url_for("actor.payout", payout_id=payout_id), 303)


def _by(words: str = "") -> Decision:
    return Decision(the_actor().account_id, words, ip=request.remote_addr)


def _story(payout_id: int) -> Story:
    return read_story(reading(), payout_id=payout_id, actor_id=the_actor().actor_id, by=_by(), now=now())


def _page(payout_id: int, errors: dict[str, str] | None = None, words: str = "") -> str:
    db = reading()
    return render_template(
        "actor/payout.html",
        story=_story(payout_id),
        hold_pace=read_pace(db, State.HELD, now=now()),
        evidence_of=evidence_of,
        errors=errors or {},
        words=words,
    )


def evidence_of(reason: Mapping[str, Any]) -> list[tuple[str, str]]:
    """(words, address) of the actor's own pages on what was looked at; nothing for what only admins can see."""
    found = [_link(about, int(number)) for about, number in reason.get("evidence", ())]
    return list(dict.fromkeys(link for link in found if link is not None))


def _link(about: str, number: int) -> tuple[str, str] | None:
    if about == "actor":
        return "your payout account", link_to("actor.earnings")
    if about == "payout":
        return f"payout {number}", link_to("actor.payout", payout_id=number)
    if about in ("booking", "dispute"):
        return f"booking {number}", link_to("actor.booking", booking_id=number)
    return ("your networks and score", link_to("actor.networks")) if about == "flag" else None
