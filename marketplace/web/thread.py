"""A booking's thread as its pages draw it, and the form that writes into it; the same for both sides."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from marketplace.domain.booking import Party, State
from marketplace.domain.errors import Invalid
from marketplace.models import Booking
from marketplace.services.booking_step import By
from marketplace.services.message import LONGEST, Line, post_message, read_thread
from marketplace.web import typed
from marketplace.web.booking_path import STEP_WORDS, first_name
from marketplace.web.transaction import now, reading, unit_of_work

ON_THE_BOOKING: Final = 12
"""So many of the newest lines stand on the booking's own page."""


@dataclass(frozen=True, slots=True)
class Said:
    """One line as it is drawn: a message (`kind` "own" or "other"), or what happened ("step")."""

    kind: str
    who: str
    at: datetime
    words: str
    small: str = ""


@dataclass(frozen=True, slots=True)
class ThreadView:
    """What `ui.thread` draws. `action` takes the form, "" where nobody writes; `earlier` leads to what came before."""

    lines: tuple[Said, ...]
    page: int
    pages: int
    other: str
    action: str
    token: str
    earlier: str
    longest: int = LONGEST


def view_of(booking: Booking, reader: Party, *, page: int = 1, is_whole: bool = False) -> ThreadView:
    """The thread for one side of the booking; on the thread's own page (`is_whole`) more lines at a time."""
    found = read_thread(reading(), booking, page=page, **({} if is_whole else {"size": ON_THE_BOOKING}))
    url = url_for(f"{reader.value}.messages", booking_id=booking.id)
    return ThreadView(
        lines=tuple(_said(booking, reader, line) for line in found.lines),
        page=found.page,
        pages=found.pages,
        other=booking.platform.name if reader == Party.ACTOR else first_name(booking.actor.name),
        action="" if booking.state == State.DRAFT else url,
        token=secrets.token_urlsafe(16),
        earlier=url if found.pages > 1 and not is_whole else "",
    )


def _said(booking: Booking, reader: Party, line: Line) -> Said:
    if line.step:
        who = "you" if line.party == reader else _side(booking, line.party)
        words = STEP_WORDS.get(line.step, line.step.replace("_", " ").capitalize())
        return Said("step", who, line.at, words, line.words)
    if line.party == reader:
        return Said("own", "You" if reader == Party.ACTOR else line.name, line.at, line.words)
    return Said("other", line.name if line.party == Party.ACTOR else _named(booking, line), line.at, line.words)


def _named(booking: Booking, line: Line) -> str:
    return f"{line.name}, {_side(booking, line.party)}"


def _side(booking: Booking, party: Party) -> str:
    return {Party.PLATFORM: booking.platform.name, Party.ACTOR: first_name(booking.actor.name)}.get(party, "Marquee")


def thread_page(booking: Booking, reader: Party, refusal: Invalid | None = None) -> ResponseReturnValue:
    """The thread on a page of its own; with a refusal, what was typed is still there."""
    view = view_of(booking, reader, page=typed.page_number(request.args.get("page", "")), is_whole=True)
    page = render_template(
        f"{reader.value}/booking/message.html",
        booking=booking,
        thread=view,
        page_url=lambda number: url_for(f"{reader.value}.messages", booking_id=booking.id, page=number),
        words=request.form.get("words", ""),
        errors={"words": refusal.sentence} if refusal else {},
    )
    return (page, refusal.status) if refusal else page


def post(booking: Booking, by: By) -> ResponseReturnValue:
    """Take the form, and go back to the thread on the booking's page."""
    try:
        with unit_of_work() as db:
            post_message(
                db,
                booking=db.get_one(Booking, booking.id),
                by=by,
                words=request.form.get("words", ""),
                token=request.form.get("token", ""),
                now=now(),
            )
    except Invalid as refusal:
        return thread_page(booking, by.party, refusal)
    flash("Sent.", "ok")
    return redirect(url_for(f"{by.party.value}.booking", booking_id=booking.id, _anchor="thread"), 303)
