"""What waits for an actor: requests to answer, sessions to come, work under way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.domain.booking import ENDED, State, Step
from marketplace.models import Beat, Booking, BookingEvent, Brief, CaptureSession, Platform, Take
from marketplace.services.capture import NoteRow, notes_of


@dataclass(frozen=True, slots=True)
class Line:
    """A booking as the actor's first page lists it; `net_minor` is what the actor receives."""

    id: int
    state: State
    platform: str
    project: str
    starts_at: datetime
    ends_at: datetime
    deadline_at: datetime | None
    net_minor: int
    currency: str


@dataclass(frozen=True, slots=True)
class Asked:
    """A round of pick-ups the platform asked for: when, and in its own words."""

    at: datetime
    words: str


@dataclass(frozen=True, slots=True)
class Work:
    """A capture session as its own page shows it: the booking, what is asked for, and what was recorded.

    `notes` are the platform's remarks by take; `asked` its rounds of pick-ups, the newest first.
    """

    booking: Booking
    session: CaptureSession
    beats: Sequence[Beat]
    takes: Sequence[Take]
    notes: dict[int, list[NoteRow]]
    asked: Sequence[Asked]


WAITING = frozenset({State.REQUESTED})
WORKING = frozenset({State.IN_SESSION, State.CHANGES_REQUESTED})


def list_open(db: Session, actor_id: int) -> list[Line]:
    """Every booking of the actor that is not over, the next session first."""
    columns = (
        select(
            Booking.id,
            Booking.state,
            Platform.name,
            Brief.project,
            Booking.starts_at,
            Booking.ends_at,
            Booking.deadline_at,
            Booking.net_minor,
            Booking.currency,
        )
        .join(Platform, Platform.id == Booking.platform_id)
        .join(Brief, Brief.id == Booking.brief_id)
        .where(
            Booking.actor_id == actor_id,
            Booking.state.not_in(ENDED | {State.DRAFT}),
            Booking.is_extra.is_(False),
        )
        .order_by(Booking.starts_at, Booking.id)
    )
    return [Line(row[0], State(row[1]), *row[2:]) for row in db.execute(columns)]


def find_work(db: Session, *, booking_id: int, actor_id: int) -> Work | None:
    """The capture session of the actor's own booking, once it has begun."""
    row = db.execute(
        select(Booking, CaptureSession)
        .join(CaptureSession, CaptureSession.booking_id == Booking.id)
        .where(Booking.id == booking_id, Booking.actor_id == actor_id)
    ).first()
    if row is None:
        return None
    booking, session = row
    notes = notes_of(db, [take.id for take in session.takes])
    return Work(booking, session, booking.brief.beats, session.takes, notes, _asked(db, booking_id))


def _asked(db: Session, booking_id: int) -> list[Asked]:
    rounds = select(BookingEvent.at, BookingEvent.reason).where(
        BookingEvent.booking_id == booking_id, BookingEvent.step == Step.REQUEST_CHANGES
    )
    return [Asked(*row) for row in db.execute(rounds.order_by(BookingEvent.id.desc()))]
