"""Ends of the demo's stories beyond yes and no: drafts, counter-offers, pencils, new times and a reported no-show."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from marketplace.command.seeding.player import HOUR, Player
from marketplace.domain.money import Money
from marketplace.models import Booking
from marketplace.services import booking as bookings
from marketplace.services.booking_pencil import give_pencil
from marketplace.services.booking_time import propose_time
from marketplace.services.change_order import Extra, propose_change_order
from marketplace.services.no_show import claim_no_show
from marketplace.services.offer import Counter, counter_booking, terms_of


def leave_draft(player: Player, asked_at: datetime) -> None:
    """It was written and not sent."""


def counter(player: Player, asked_at: datetime) -> None:
    """The actor asks for a sixth more."""
    at = asked_at + 5 * HOUR
    with player.at(at) as db:
        booking = db.get_one(Booking, player.booking_id)
        terms = terms_of(booking)
        more = (terms.quote.net + terms.quote.net.per(1, 6)).chargeable()
        ask = Counter(terms.usage, terms.take_sets, offered=more, words=player.story.words)
        counter_booking(db, booking=booking, by=player.actor_by, ask=ask, now=at)


def pencil(player: Player, asked_at: datetime) -> None:
    """The actor gives a ranked hold."""
    who: dict[str, Any] = {"booking_id": player.booking_id, "actor_id": player.actor.id, "by": player.actor_by}
    player.stage.do(asked_at + 3 * HOUR, give_pencil, says_yes=True, **who)


def propose(player: Player, asked_at: datetime) -> None:
    """Paid and signed, and now the platform would like the day after; something more was asked for too."""
    player.sign(asked_at)
    at = player.now - 4 * HOUR
    with player.at(at) as db:
        booking = db.get_one(Booking, player.booking_id)
        more = Extra(
            f"extra-{booking.id}", "Two more takes of the last beat, in the rain.", Money(9_000, booking.currency)
        )
        propose_change_order(db, booking=booking, by=player.platform_by, ask=more, now=at)
        later = booking.starts_at + timedelta(days=1)
        propose_time(db, booking=booking, by=player.actor_by, starts_at=later, words=player.story.words, now=at)


def miss(player: Player, asked_at: datetime) -> None:
    """The platform reports that the actor did not come; a day remains to answer."""
    player.sign(asked_at)
    start = player.slot.starts_at
    player.stage.do(start, bookings.advance_due_booking, booking_id=player.booking_id)
    at = max(start + HOUR / 2, player.now - 3 * HOUR)
    with player.at(at) as db:
        booking = db.get_one(Booking, player.booking_id)
        claim_no_show(db, booking=booking, by=player.platform_by, words=player.story.words, now=at)
