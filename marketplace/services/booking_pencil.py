"""Pencils as their people use them: given by the actor, confirmed by the first, challenged by those behind."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from marketplace.domain.booking import NotReady, Step
from marketplace.domain.errors import Conflict, SlotTaken
from marketplace.models import Booking
from marketplace.services.booking_follow import take_booking_step
from marketplace.services.booking_step import CLOCK, Also, By, check_in_good_standing, of_actor, of_platform
from marketplace.services.pencil import count_pencils_ahead, is_held, list_ladder


@dataclass(frozen=True, slots=True)
class Rung:
    """One pencil as the actor sees the ladder."""

    booking_id: int
    platform: str
    rank: int
    pencilled_at: datetime
    deadline_at: datetime | None
    is_challenged: bool


def give_pencil(db: Session, *, booking_id: int, actor_id: int, by: By, says_yes: bool = False, now: datetime) -> None:
    """The actor gives a ranked hold: behind every pencil that is on this time already. Nothing is charged."""
    booking = of_actor(db, booking_id, actor_id)
    check_in_good_standing(booking)
    take_booking_step(db, booking, Step.PENCIL, by, now, "", Also(says_yes=says_yes))


def confirm_pencil(db: Session, *, booking_id: int, platform_id: int, by: By, now: datetime) -> None:
    """The first pencil becomes a held booking that waits for its payment. Refused to anyone behind, and when the time
    is held already (SlotTaken)."""
    booking = of_platform(db, booking_id, platform_id)
    check_in_good_standing(booking)
    take_booking_step(db, booking, Step.FIRM_UP, by, now)


def challenge_pencil(db: Session, *, booking_id: int, platform_id: int, by: By, now: datetime) -> None:
    """Ask the first pencil to confirm or drop within its clock. Refused while another challenge runs."""
    booking = of_platform(db, booking_id, platform_id)
    if is_held(db, booking):
        raise SlotTaken("A booking holds this time, so there is no pencil to challenge. Nothing was changed.")
    take_booking_step(db, booking, Step.CHALLENGE, by, now)
    first = next((pencil for pencil in _ladder(db, booking) if not count_pencils_ahead(db, pencil)), None)
    if first is None:
        # those ahead overlap an earlier pencil that does not touch this one's time
        raise NotReady("The pencil ahead of yours waits for an earlier one itself. Nothing was changed.")
    if first.challenged_at is not None:
        raise Conflict("The first pencil has been challenged already and its clock is running. Nothing was changed.")
    take_booking_step(db, first, Step.FACE_CHALLENGE, CLOCK, now)


def _ladder(db: Session, booking: Booking) -> list[Booking]:
    return list(list_ladder(db, actor_id=booking.actor_id, busy_from=booking.busy_from, busy_until=booking.busy_until))


def rank_of(db: Session, booking: Booking) -> int:
    """The booking's own place, 1 for the first: all that a platform is shown."""
    return count_pencils_ahead(db, booking) + 1


def read_ladder(db: Session, booking: Booking) -> list[Rung]:
    """Every pencil on the booking's time, for its actor."""
    return [
        Rung(
            booking_id=pencil.id,
            platform=pencil.platform.name,
            rank=rank,
            pencilled_at=pencil.pencilled_at or pencil.created_at,
            deadline_at=pencil.deadline_at,
            is_challenged=pencil.challenged_at is not None,
        )
        for rank, pencil in enumerate(_ladder(db, booking), 1)
    ]
