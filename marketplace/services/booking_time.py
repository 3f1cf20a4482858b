"""Another time for a paid booking: proposed by one side, agreed by the other, and held by the database or refused."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.domain.availability import Interval
from marketplace.domain.booking import NotReady, Party, Step
from marketplace.domain.errors import Conflict, Forbidden, Invalid, SlotTaken
from marketplace.models import Booking, TimeProposal
from marketplace.services.availability import get_calendar
from marketplace.services.booking_follow import take_booking_step
from marketplace.services.booking_step import Also, By
from marketplace.services.charge_plan import check_new_time
from marketplace.services.pencil import list_ladder
from marketplace.services.saved_card import move_charge

NOTICE_AT_LEAST: Final = timedelta(hours=2)
WORDS_LONGEST: Final = 500


def propose_time(db: Session, *, booking: Booking, by: By, starts_at: datetime, words: str, now: datetime) -> None:
    """Propose the same length at another time; the one that is booked stays held until the other side answers.

    The platform may only propose what is free in the actor's calendar; the actor may also open a time of their own.
    """
    slot = Interval(starts_at, starts_at + (booking.ends_at - booking.starts_at))
    if starts_at == booking.starts_at:
        raise Invalid("That is the time already booked. Choose another.", field="starts_at")
    if starts_at < now + NOTICE_AT_LEAST:
        raise Invalid("Propose a time at least two hours ahead. Nothing was changed.", field="starts_at")
    check_new_time(db, booking, slot, now)
    if by.party == Party.PLATFORM:
        _check_free(db, booking, slot, now)
    _check_no_pencil(db, booking, slot)
    take_booking_step(db, booking, Step.PROPOSE_TIME, by, now, words.strip()[:WORDS_LONGEST])
    db.add(
        TimeProposal(
            booking_id=booking.id,
            party=by.party,
            principal_id=by.account_id,
            state="open",
            starts_at=slot.starts_at,
            ends_at=slot.ends_at,
            words=words.strip()[:WORDS_LONGEST],
            created_at=now,
        )
    )
    db.flush()


def agree_time(
    db: Session, *, booking: Booking, by: By, shown_starts_at: datetime | None = None, now: datetime
) -> None:
    """The other side agrees: the booking moves at once, if nothing else holds the new time (SlotTaken).

    `shown_starts_at` is the time the page showed: a newer proposal is refused rather than agreed to.
    """
    proposal = get_proposal(db, booking.id)
    if shown_starts_at is not None and shown_starts_at != proposal.starts_at:
        raise Conflict("Another time has been proposed meanwhile. Look again. Nothing was changed.")
    slot = Interval(proposal.starts_at, proposal.ends_at)
    _check_no_pencil(db, booking, slot)
    move_charge(db, booking, slot, now)
    take_booking_step(db, booking, Step.AGREE_TIME, by, now, "", Also(slot=slot))


def keep_time(db: Session, *, booking: Booking, by: By, words: str = "", now: datetime) -> None:
    """Keep the time as it was: the other side refuses, or the proposer takes it back."""
    take_booking_step(db, booking, Step.KEEP_TIME, by, now, words.strip()[:WORDS_LONGEST])


def find_proposal(db: Session, booking_id: int) -> TimeProposal | None:
    """The time that is proposed now, if one is."""
    newest = select(TimeProposal).where(TimeProposal.booking_id == booking_id, TimeProposal.state == "open")
    return db.scalar(newest.order_by(TimeProposal.id.desc()).limit(1))


def get_proposal(db: Session, booking_id: int) -> TimeProposal:
    """The time that is proposed now; refuses when none is."""
    proposal = find_proposal(db, booking_id)
    if proposal is None:
        raise Forbidden("No other time is proposed now. Nothing was changed.")
    return proposal


def _check_no_pencil(db: Session, booking: Booking, slot: Interval) -> None:
    """Whoever was given a pencil comes first, as before an acceptance."""
    before, after = booking.starts_at - booking.busy_from, booking.busy_until - booking.ends_at
    ladder = list_ladder(
        db, actor_id=booking.actor_id, busy_from=slot.starts_at - before, busy_until=slot.ends_at + after
    )
    if ladder:
        raise NotReady("A platform holds a pencil on that time: it is confirmed or dropped first. Nothing was changed.")


def _check_free(db: Session, booking: Booking, slot: Interval, now: datetime) -> None:
    calendar = get_calendar(db, booking.actor_id, slot, without_booking_id=booking.id)
    if not calendar.is_free(slot, now):
        raise SlotTaken("The actor is not free then. Nothing was changed.")
