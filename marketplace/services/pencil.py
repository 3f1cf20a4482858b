"""Pencils: ranked holds on a time that cost nothing. The ladder is worked out from the bookings themselves."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, and_, case, exists, func, or_, select
from sqlalchemy.orm import Session, aliased

from marketplace.domain.booking_state import OCCUPYING, WISHES, State
from marketplace.domain.booking_text import Ahead
from marketplace.models import Booking


def count_pencils_ahead(db: Session, booking: Booking) -> int:
    """Pencils of others on the booking's time that rank before it; before a pencil is given, all of them do."""
    ahead = select(func.count()).where(_on(booking.actor_id, booking.busy_from, booking.busy_until))
    ahead = ahead.where(Booking.id != booking.id)
    if booking.state == State.PENCILLED and booking.pencilled_at is not None:
        ahead = ahead.where(_before(booking.pencilled_at, booking.id))
    return db.scalar(ahead) or 0


def list_ladder(db: Session, *, actor_id: int, busy_from: datetime, busy_until: datetime) -> Sequence[Booking]:
    """Every pencil that touches this time as it is now, first in rank first."""
    ladder = select(Booking).where(_on(actor_id, busy_from, busy_until))
    ladder = ladder.order_by(Booking.pencilled_at, Booking.id).execution_options(populate_existing=True)
    return db.scalars(ladder).all()


def lock_ladder(db: Session, booking: Booking) -> None:
    """Keep the booking and every pencil on its time as they are until this transaction ends.

    Two pencils dropped at once would each see the other still there, and nobody would tell the one behind both. What
    is no pencil comes first, then pencils by id: so no two transactions wait for each other. (On SQLite one writes at a
    time anyway.)
    """
    rows = or_(Booking.id == booking.id, _on(booking.actor_id, booking.busy_from, booking.busy_until))
    in_turn = select(Booking.id).where(rows).order_by(Booking.state == State.PENCILLED, Booking.id)
    db.execute(in_turn.with_for_update(key_share=True))


def is_held(db: Session, booking: Booking) -> bool:
    """Whether another booking holds the time: then every pencil on it waits for that one to fall."""
    held = select(Booking.id).where(
        Booking.actor_id == booking.actor_id,
        Booking.id != booking.id,
        Booking.state.in_(OCCUPYING),
        Booking.is_extra.is_(False),
        Booking.busy_from < booking.busy_until,
        Booking.busy_until > booking.busy_from,
    )
    return db.scalar(held.limit(1)) is not None


def ahead_of_it() -> ColumnElement[str]:
    """In SQL: what comes before each booking that wishes for a time (`Ahead`). Before a pencil is given, all others do.

    Change orders wish for no time of their own.
    """
    other = aliased(Booking)
    touching = exists().where(
        other.actor_id == Booking.actor_id,
        other.id != Booking.id,
        other.is_extra.is_(False),
        other.busy_from < Booking.busy_until,
        other.busy_until > Booking.busy_from,
    )
    earlier = or_(
        Booking.state != State.PENCILLED,
        other.pencilled_at < Booking.pencilled_at,
        and_(other.pencilled_at == Booking.pencilled_at, other.id < Booking.id),
    )
    return case(
        (or_(Booking.state.not_in(WISHES), Booking.is_extra), Ahead.NOTHING.value),
        (touching.where(other.state.in_(OCCUPYING)), Ahead.BOOKING.value),
        (touching.where(other.state == State.PENCILLED, earlier), Ahead.PENCIL.value),
        else_=Ahead.NOTHING.value,
    )


def read_ahead(db: Session, booking: Booking) -> Ahead:
    """What comes before this booking's wish for its time."""
    return Ahead(db.scalars(select(ahead_of_it()).where(Booking.id == booking.id)).one())


def _on(actor_id: int, busy_from: datetime, busy_until: datetime) -> ColumnElement[bool]:
    return and_(
        Booking.actor_id == actor_id,
        Booking.state == State.PENCILLED,
        Booking.busy_from < busy_until,
        Booking.busy_until > busy_from,
    )


def _before(pencilled_at: datetime, booking_id: int) -> ColumnElement[bool]:
    return or_(Booking.pencilled_at < pencilled_at, and_(Booking.pencilled_at == pencilled_at, Booking.id < booking_id))
