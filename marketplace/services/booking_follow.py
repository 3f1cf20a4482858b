"""What one booking's step means for others: pencils move up when a time comes free, change orders end with theirs."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from marketplace.domain.booking import TooLate, Transition
from marketplace.domain.booking_state import ENDED, OCCUPYING, Party, State, Step
from marketplace.models import Booking, ChangeOrder, TimeProposal
from marketplace.services.booking_step import CLOCK, Also, By, take_one_step
from marketplace.services.charge_plan import is_charged
from marketplace.services.pencil import count_pencils_ahead, list_ladder, lock_ladder

PLAIN: Final = Also()


def take_booking_step(
    db: Session, booking: Booking, step: Step, by: By, now: datetime, reason: str = "", also: Also = PLAIN
) -> None:
    """Take one step of the table and what follows from it for other bookings, in the same transaction.

    Refuses what the table refuses, a booking that moved meanwhile (Conflict) and a slot another holds (SlotTaken).
    """
    busy_from, busy_until = booking.busy_from, booking.busy_until
    proposer = booking.claimed_by
    if not booking.is_extra:
        lock_ladder(db, booking)
    transition = take_one_step(db, booking, step, by, now, reason, also)
    if transition.before == State.RESCHEDULING:
        _end_proposal(db, booking, _ending(step, by, proposer), now)
    if _frees(booking, transition, also):
        _move_pencils_up(db, booking, busy_from, busy_until, now)
    if transition.after in ENDED and not booking.is_extra:
        _end_extras(db, booking, step, now, also)


def _frees(booking: Booking, transition: Transition, also: Also) -> bool:
    if booking.is_extra:
        return False  # the time is its booking's
    left = transition.before == State.PENCILLED or transition.before in OCCUPYING
    return also.slot is not None or (left and transition.after in ENDED and transition.after != State.COMPLETED)


def _move_pencils_up(db: Session, gone: Booking, busy_from: datetime, busy_until: datetime, now: datetime) -> None:
    """Whoever is first now because `gone` has left is told, and gets the clock of a first."""
    for pencil in list_ladder(db, actor_id=gone.actor_id, busy_from=busy_from, busy_until=busy_until):
        if pencil.id == gone.id or count_pencils_ahead(db, pencil) or not _was_behind(pencil, gone):
            continue
        try:
            take_one_step(db, pencil, Step.MOVE_UP, CLOCK, now, "", Also(columns={"challenged_at": None}))
        except TooLate:
            continue  # its own time has run out; the sweep ends it


def _was_behind(pencil: Booking, gone: Booking) -> bool:
    if gone.pencilled_at is None or pencil.pencilled_at is None:
        return True  # it held the time itself
    return (gone.pencilled_at, gone.id) < (pencil.pencilled_at, pencil.id)


def _ending(step: Step, by: By, proposer: str | None) -> str:
    """How a proposed time ended: agreed, refused, taken back, or overtaken by time or by the booking's own end."""
    if step == Step.AGREE_TIME:
        return "agreed"
    if step != Step.KEEP_TIME or by.party == Party.CLOCK:
        return "lapsed"
    return "withdrawn" if by.party == proposer else "refused"


def _end_proposal(db: Session, booking: Booking, state: str, now: datetime) -> None:
    still_open = (TimeProposal.booking_id == booking.id, TimeProposal.state == "open")
    db.execute(update(TimeProposal).where(*still_open).values(state=state, ended_at=now))


def _end_extras(db: Session, booking: Booking, step: Step, now: datetime, also: Also) -> None:
    """Change orders share the fate of their booking; what was not paid yet is let go."""
    extras = select(Booking).join(ChangeOrder, ChangeOrder.extra_id == Booking.id)
    open_ones = extras.where(ChangeOrder.booking_id == booking.id, Booking.state.not_in(ENDED))
    for extra in db.scalars(open_ones.order_by(Booking.id)).all():
        fate = _fate(extra, booking, step) if is_charged(db, extra.id) else Step.DROP_EXTRA
        take_one_step(db, extra, fate, CLOCK, now, "With its booking.", Also(refund_bp=also.refund_bp))


def _fate(extra: Booking, booking: Booking, step: Step) -> Step:
    if extra.state != State.CONFIRMED or booking.state != State.COMPLETED:
        return Step.DROP_EXTRA
    return Step.SPLIT_EXTRA if step == Step.SPLIT else Step.CLOSE_EXTRA
