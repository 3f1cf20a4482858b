"""No-shows: one side reports the other missing; the other answers within a day, or the report counts."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlalchemy.orm import Session

from marketplace.domain.booking import Party, Step
from marketplace.domain.cancellation import Settlement, settle_share
from marketplace.domain.errors import Invalid
from marketplace.domain.money import WHOLE_BP
from marketplace.models import Booking
from marketplace.services.booking_follow import take_booking_step
from marketplace.services.booking_step import By, quote_of
from marketplace.services.change_order import settle_whole

STATEMENT_LONGEST: Final = 2_000


def claim_no_show(db: Session, *, booking: Booking, by: By, words: str, now: datetime) -> None:
    """Report that the other side did not come, with a statement. Refused in the first 15 minutes and once there are
    takes."""
    take_booking_step(db, booking, Step.CLAIM_NO_SHOW, by, now, _statement(words))


def contest_no_show(db: Session, *, booking: Booking, by: By, words: str, now: datetime) -> None:
    """Say that it was otherwise: an admin hears both sides."""
    take_booking_step(db, booking, Step.CONTEST, by, now, _statement(words))


def concede_no_show(db: Session, *, booking: Booking, by: By, now: datetime) -> None:
    """Agree to the report: the booking is settled by it at once."""
    take_booking_step(db, booking, Step.CONCEDE, by, now)


def take_back_no_show(db: Session, *, booking: Booking, by: By, now: datetime) -> None:
    """The one who reported takes it back, and the session goes on."""
    take_booking_step(db, booking, Step.TAKE_BACK, by, now)


def settlement_of_no_show(db: Session, booking: Booking, claimant: Party) -> Settlement:
    """Who gets what, paid change orders with it, if the report of `claimant` counts.

    Everything goes back for a missing actor, nothing for a missing platform.
    """
    bp = WHOLE_BP if claimant == Party.PLATFORM else 0
    return settle_whole(db, booking, settle_share(quote_of(booking), bp), bp)


def _statement(words: str) -> str:
    said = words.strip()
    if not said or len(said) > STATEMENT_LONGEST:
        raise Invalid(f"Say what happened, in up to {STATEMENT_LONGEST} characters.", field="reason", code="reason")
    return said
