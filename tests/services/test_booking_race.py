"""However many processes race for an actor's time, at most one gets it, on both databases."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from marketplace.db import Database
from marketplace.domain.booking import OCCUPYING, Party
from marketplace.jobs import Job
from marketplace.models import Actor, Booking
from marketplace.services.booking import accept_booking
from marketplace.services.booking_step import By
from tests.race import race
from tests.services.stage import NOW, add_actor, add_member, at, request

CLIENTS = 5


class Claim(NamedTuple):
    """One acceptance that a client tries."""

    booking_id: int
    actor_id: int
    account_id: int


def accept(database: Database, claim: Claim) -> None:
    with database.unit_of_work(no_job) as db:
        by = By(Party.ACTOR, claim.account_id)
        accept_booking(db, booking_id=claim.booking_id, actor_id=claim.actor_id, by=by, now=NOW)


def no_job(job: Job, ids: tuple[int | str, ...]) -> None:
    """What an acceptance asks for is nothing to a race."""


def address(database: Database) -> str:
    return database.engine.url.render_as_string(hide_password=False)


def claim(db: Session, actor: Actor, starts_at: datetime) -> Claim:
    """A request that waits for the actor, ready to be accepted."""
    return Claim(request(db, add_member(db), actor, starts_at), actor.id, actor.account_id or 0)


def overlaps(database: Database) -> int:
    """How many pairs of slot-holding bookings of one actor overlap."""
    other = aliased(Booking)
    pairs = select(func.count()).where(
        Booking.actor_id == other.actor_id,
        Booking.id < other.id,
        Booking.state.in_(OCCUPYING),
        other.state.in_(OCCUPYING),
        Booking.busy_from < other.busy_until,
        other.busy_from < Booking.busy_until,
    )
    with database.reading() as db:
        return db.scalar(pairs) or 0


def test_overlapping_requests_accepted_at_once_never_hold_the_same_time(database: Database) -> None:
    with database.unit_of_work(no_job) as db:
        actor = add_actor(db, buffer_minutes=30)
        claims = [claim(db, actor, at(26, 10) + timedelta(minutes=15 * number)) for number in range(CLIENTS)]
    result = race(address(database), accept, [[one] for one in claims])
    assert result.winners >= 1
    assert result.winners + len(result.refusals) == CLIENTS
    assert set(result.refusals) <= {"slot_taken", "conflict"}
    assert overlaps(database) == 0
    with database.reading() as db:
        assert db.scalar(select(func.count()).where(Booking.state == "accepted")) == result.winners


def test_one_of_many_acceptances_of_one_slot_wins(database: Database) -> None:
    with database.unit_of_work(no_job) as db:
        actor = add_actor(db)
        claims = [claim(db, actor, at(26, 10)) for _ in range(CLIENTS)]
    result = race(address(database), accept, [[one] for one in claims])
    assert result.winners == 1
    assert overlaps(database) == 0
