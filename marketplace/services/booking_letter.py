"""What the mail of a notice about a booking adds: the facts, and the calendar entry where the time is settled."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sqlalchemy import exists, select
from sqlalchemy.orm import Session, joinedload

from marketplace.domain.booking import OCCUPYING, Party, State, Step
from marketplace.domain.money import Money
from marketplace.gateways.calendar.feed import FeedEntry
from marketplace.models import Booking, BookingEvent
from marketplace.services.booking_entry import entry_of
from marketplace.services.notice import Letter
from marketplace.services.reader_zone import span_words, zone_for

IN_CALENDARS: Final = OCCUPYING - {State.ACCEPTED}
"""States in which both sides have the session in their calendars: from the payment on."""
CONFIRMS: Final = frozenset({Step.CONFIRM, Step.SAVE_CARD})
SETTLES_TIME: Final = CONFIRMS | {Step.AGREE_TIME, Step.CANCEL, Step.STOP_UNSIGNED, Step.STOP_UNPAID}
"""Steps that enter a session into calendars, move it there or take it out."""
_KINDS: Final = frozenset(f"booking.{step.value}" for step in SETTLES_TIME)


@dataclass(frozen=True, slots=True)
class Enclosed:
    """Labelled facts in the order to read them, and the entry; both are as the booking stands when the mail is made."""

    facts: tuple[tuple[str, str], ...] = ()
    entry: FeedEntry | None = None


def settles_time(step: Step, before: State) -> bool:
    """Whether a step changes what stands in calendars; both sides are mailed then, whoever took it."""
    return step in SETTLES_TIME and (step in CONFIRMS or before in IN_CALENDARS)


def enclose_booking(db: Session, letter: Letter, *, public_url: str) -> Enclosed:
    """What goes with this letter; nothing with one that is about no booking, and no facts for admins."""
    party = _party_of(letter.path)
    if letter.booking_id is None or party is None:
        return Enclosed()
    whole = (joinedload(Booking.platform), joinedload(Booking.actor), joinedload(Booking.brief))
    booking = db.scalars(select(Booking).where(Booking.id == letter.booking_id).options(*whole)).one()
    zone = zone_for(letter.zone, booking.actor_zone if party == Party.ACTOR else booking.platform_zone)
    # what was called off before it was in a calendar is not taken out of one
    settles = letter.kind in _KINDS and not booking.is_extra and was_confirmed(db, booking.id)
    return Enclosed(_facts(booking, party, zone), entry_of(booking, party, zone, public_url) if settles else None)


def _party_of(path: str) -> Party | None:
    return {"actor": Party.ACTOR, "platform": Party.PLATFORM}.get(path.strip("/").partition("/")[0])


def was_confirmed(db: Session, booking_id: int) -> bool:
    """Whether it ever was paid, and so in people's calendars, whatever became of it."""
    event = (BookingEvent.booking_id == booking_id) & (BookingEvent.after == State.CONFIRMED)
    return bool(db.scalar(select(exists().where(event))))


def _facts(booking: Booking, party: Party, zone: str) -> tuple[tuple[str, str], ...]:
    brief = booking.brief
    title = f"{brief.project}, {brief.character}" if brief.character else brief.project
    if party == Party.ACTOR:
        who, money = ("Platform", booking.platform.name), ("You receive", booking.net_minor)
    else:
        who, money = ("Actor", booking.actor.name), ("You pay", booking.total_minor)
    amount = (money[0], str(Money(money[1], booking.currency)))
    session = () if booking.is_extra else (("Session", span_words(booking.starts_at, booking.ends_at, zone)),)
    return (*session, who, ("Title", title), amount, ("Reference", f"Booking {booking.id}"))
