"""The platform's review of a capture session: watch takes, select, note a moment, ask for pick-ups, accept."""

from __future__ import annotations

import re
from typing import Final

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from marketplace.domain.booking import State
from marketplace.domain.capture import TAKES_JUDGED, TAKES_SHOWN
from marketplace.domain.errors import Invalid, NotFound
from marketplace.services.booking import accept_delivery, request_changes
from marketplace.services.capture import TakeRow, add_note, hand_out_take, read_takes, select_take
from marketplace.services.consent import draft_terms
from marketplace.web.guard import member, the_member
from marketplace.web.media import saving_url
from marketplace.web.platform import blueprint
from marketplace.web.platform.booking import SIDE, by_member
from marketplace.web.transaction import now, reading, unit_of_work

_CLOCK: Final = re.compile(r"([0-9]{1,3}:)?[0-9]{1,4}(\.[0-9]{1,3})?")


@blueprint.get("/booking/<int:booking_id>/session")
@member
def session(booking_id: int) -> ResponseReturnValue:
    """The takes that were delivered, one of them in the player."""
    db, detail = reading(), SIDE.detail(booking_id)
    if detail.session is None or detail.state not in TAKES_SHOWN:
        raise NotFound("No takes have been delivered yet.")
    takes = read_takes(db, detail.session, delivered_only=True)
    return render_template(
        "platform/booking/session.html",
        takes=takes,
        current=_current(takes, request.args.get("take", "")),
        selected=sum(take.is_selected for take in takes),
        is_judged=detail.state in TAKES_JUDGED,
        licence=detail.grant if detail.state == State.COMPLETED else None,
        licence_terms=draft_terms(detail.booking, training=detail.grant.training).sentences() if detail.grant else (),
        **SIDE.context(detail),
    )


def _current(takes: list[TakeRow], wanted: str) -> TakeRow | None:
    return next((take for take in takes if str(take.number) == wanted), takes[0] if takes else None)


@blueprint.post("/take/<int:take_id>/select")
@member
def select(take_id: int) -> ResponseReturnValue:
    """Circle a take, or take the circle away."""
    with unit_of_work() as db:
        booking_id = select_take(
            db,
            platform_id=the_member().platform_id,
            take_id=take_id,
            selected=request.form.get("selected") == "1",
            now=now(),
        )
    return _back_to_take(booking_id)


@blueprint.post("/take/<int:take_id>/note")
@member
def note(take_id: int) -> ResponseReturnValue:
    """Say something about a moment."""
    who = the_member()
    with unit_of_work() as db:
        booking_id = add_note(
            db,
            platform_id=who.platform_id,
            account_id=who.account_id,
            take_id=take_id,
            at_ms=_moment(),
            words=request.form.get("words", ""),
            now=now(),
        )
    return _back_to_take(booking_id)


def _moment() -> int:
    """What was typed ("0:04"), or else where the player stood, in milliseconds."""
    typed, stood = request.form.get("at", "").strip(), request.form.get("at_ms", "")
    if not typed:
        return int(stood) if stood.isdecimal() and len(stood) < 10 else 0
    if not _CLOCK.fullmatch(typed):
        raise Invalid("Write the moment as minutes and seconds, like 0:04. Nothing was saved.", field="at")
    minutes, _, seconds = typed.rpartition(":")
    return 60_000 * int(minutes or 0) + round(1000 * float(seconds))


def _back_to_take(booking_id: int) -> ResponseReturnValue:
    take = request.form.get("take", "")
    return redirect(url_for("platform.session", booking_id=booking_id, take=take if take.isdecimal() else None), 303)


@blueprint.get("/take/<int:take_id>/file")
@member
def take_file(take_id: int) -> ResponseReturnValue:
    """Save an accepted take: a short-lived address of the file, and a line in the audit trail."""
    who = the_member()
    with unit_of_work() as db:
        file = hand_out_take(
            db,
            platform_id=who.platform_id,
            take_id=take_id,
            account_id=who.account_id,
            now=now(),
            ip=request.remote_addr,
        )
    return redirect(saving_url(file.storage_key, file.filename), 303)


@blueprint.post("/booking/<int:booking_id>/changes")
@member
def changes(booking_id: int) -> ResponseReturnValue:
    """Ask for pick-ups, as often as the quote includes."""
    with unit_of_work() as db:
        request_changes(
            db,
            booking_id=booking_id,
            platform_id=the_member().platform_id,
            by=by_member(),
            reason=request.form.get("reason", ""),
            now=now(),
        )
    return SIDE.back(booking_id, "Pick-ups asked for. The actor sees your words and your notes.")


@blueprint.post("/booking/<int:booking_id>/accept")
@member
def accept(booking_id: int) -> ResponseReturnValue:
    """Accept the selected takes; the actor's payout begins."""
    with unit_of_work() as db:
        accept_delivery(db, booking_id=booking_id, platform_id=the_member().platform_id, by=by_member(), now=now())
    return SIDE.back(booking_id, "Takes accepted. The actor’s payout goes to review now.")
