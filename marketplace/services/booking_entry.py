"""A booking as an entry in its reader's own calendar: the same in the mails that carry it and in a feed."""

from __future__ import annotations

from urllib.parse import urlsplit

from marketplace.domain.booking import Party, State
from marketplace.domain.booking_state import CALLED_OFF
from marketplace.gateways.calendar.feed import FeedEntry
from marketplace.models import Booking


def uid_of(booking_id: int, public_url: str) -> str:
    """What calendar programs know a booking by, whatever becomes of its time."""
    return f"booking-{booking_id}@{urlsplit(public_url).hostname}"


def entry_of(booking: Booking, party: Party, zone: str, public_url: str) -> FeedEntry:
    """The booking as it stands now, for one side. Its version is the entry's sequence, so the newest one counts."""
    other, whose = (
        (f"for {booking.platform.name}", "actor")
        if party == Party.ACTOR
        else (f"with {booking.actor.name}", "platform")
    )
    url = f"{public_url}/{whose}/booking/{booking.id}"
    return FeedEntry(
        uid=uid_of(booking.id, public_url),
        sequence=booking.version,
        starts_at=booking.starts_at,
        ends_at=booking.ends_at,
        zone=zone,
        summary=f"Capture session {other}: {booking.brief.project}",
        description=f"{_character(booking)}Everything about it: {url}",
        url=url,
        cancelled=State(booking.state) in CALLED_OFF,
        updated_at=booking.updated_at,
    )


def _character(booking: Booking) -> str:
    return f"{booking.brief.character}. " if booking.brief.character else ""
