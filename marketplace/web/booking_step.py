"""Steps of a booking that are one click on its page: who may take each, what does it and what is said after."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Final

from flask import request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from marketplace.domain.booking import Party
from marketplace.domain.errors import Invalid
from marketplace.models import Booking
from marketplace.services.booking import accept_counter, extend_answer
from marketplace.services.booking_pencil import challenge_pencil, confirm_pencil, give_pencil
from marketplace.services.booking_step import By
from marketplace.services.booking_time import agree_time, keep_time
from marketplace.services.no_show import concede_no_show, contest_no_show, take_back_no_show
from marketplace.web import typed
from marketplace.web.booking_side import Side
from marketplace.web.transaction import now, reading, unit_of_work


@dataclass(frozen=True)
class Plain:
    """A step that is one click: who it is for, what does it, and what is said after."""

    party: Party | None
    act: Callable[[Session, Booking, By], None]
    words: str


def _words() -> str:
    return request.form.get("reason", "")


def _shown_time() -> datetime | None:
    return typed.instant(request.form.get("shown_starts_at", ""))


def shown_total() -> int:
    """The total that the page showed beside the button."""
    total = typed.whole_number(request.form.get("shown_total_minor", ""))
    if total is None:
        raise Invalid("The amount you saw is missing. Open the page again. Nothing was accepted.")
    return total


PLAIN: Final[Mapping[str, Plain]] = MappingProxyType(
    {
        "accept_counter": Plain(
            Party.PLATFORM,
            lambda db, row, by: accept_counter(
                db, booking_id=row.id, platform_id=row.platform_id, by=by, shown_total_minor=shown_total(), now=now()
            ),
            "Accepted. The time is held while you pay.",
        ),
        "extend": Plain(
            Party.ACTOR,
            lambda db, row, by: extend_answer(db, booking_id=row.id, actor_id=row.actor_id, by=by, now=now()),
            "You have more time to answer: until when stands above.",
        ),
        "pencil": Plain(
            Party.ACTOR,
            lambda db, row, by: give_pencil(
                db, booking_id=row.id, actor_id=row.actor_id, by=by, says_yes="says_yes" in request.form, now=now()
            ),
            "The pencil is given. Nothing is held yet; the first in rank may confirm and pay.",
        ),
        "confirm_pencil": Plain(
            Party.PLATFORM,
            lambda db, row, by: confirm_pencil(db, booking_id=row.id, platform_id=row.platform_id, by=by, now=now()),
            "Confirmed. The time is held while you pay.",
        ),
        "challenge": Plain(
            Party.PLATFORM,
            lambda db, row, by: challenge_pencil(db, booking_id=row.id, platform_id=row.platform_id, by=by, now=now()),
            "Challenged. The first pencil must now be confirmed and paid, or it makes way.",
        ),
        "agree_time": Plain(
            None,
            lambda db, row, by: agree_time(db, booking=row, by=by, shown_starts_at=_shown_time(), now=now()),
            "Agreed. The booking has its new time.",
        ),
        "keep_time": Plain(
            None,
            lambda db, row, by: keep_time(db, booking=row, by=by, words=_words(), now=now()),
            "The booking keeps its time.",
        ),
        "contest": Plain(
            None,
            lambda db, row, by: contest_no_show(db, booking=row, by=by, words=_words(), now=now()),
            "An admin hears both sides. The money stays held until then.",
        ),
        "concede": Plain(
            None,
            lambda db, row, by: concede_no_show(db, booking=row, by=by, now=now()),
            "Thank you for saying so. The booking is settled.",
        ),
        "take_back": Plain(
            None,
            lambda db, row, by: take_back_no_show(db, booking=row, by=by, now=now()),
            "Taken back. The session goes on.",
        ),
    }
)


def take_plain_step(side: Side, booking_id: int) -> ResponseReturnValue:
    """One click of the booking's page; words that are missing bring the page back with what was typed."""
    side.find(reading(), booking_id)  # another's booking is not found, whatever was asked of it
    plain = PLAIN.get(request.form.get("step", ""))
    if plain is None or plain.party not in (None, side.party):
        raise Invalid("This is not a step you can take. Nothing was changed.")
    try:
        with unit_of_work() as db:
            plain.act(db, side.find(db, booking_id), side.by())
    except Invalid as refusal:
        return side.ask_again(booking_id, refusal)
    return side.back(booking_id, plain.words)
