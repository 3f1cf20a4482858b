"""Nobody decides, as an admin, about the money of a booking that is their own."""

from __future__ import annotations

from sqlalchemy.orm import Session

from marketplace.domain.payout import NotYours
from marketplace.models import Booking
from marketplace.services.notice import accounts_of_actor, accounts_of_platform


def refuse_own(db: Session, booking: Booking, account_id: int | None) -> None:
    """Refuse (NotYours) the booking's actor and the members of its platform, whatever else they are."""
    if account_id in (*accounts_of_actor(db, booking.actor_id), *accounts_of_platform(db, booking.platform_id)):
        raise NotYours("This booking is your own, so someone else must decide. Nothing was changed.")
