"""The database itself lets no two bookings hold one actor at the same time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import insert, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from marketplace.db import Database
from marketplace.domain.booking import OCCUPYING, State
from marketplace.models import Actor, Booking
from tests.models.rows import add_actor, add_booking, add_platform, no_jobs

TEN = datetime(2026, 12, 1, 10, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.mark.parametrize("state", sorted(OCCUPYING))
def test_a_held_time_cannot_be_held_twice(database: Database, state: str) -> None:
    with database.unit_of_work(no_jobs) as db:
        platform, actor = add_platform(db), add_actor(db)
        add_booking(db, platform, actor, starts_at=TEN, state=state)
    with pytest.raises(IntegrityError), database.unit_of_work(no_jobs) as db:
        add_booking(db, platform, actor, starts_at=TEN + HOUR / 2, state="accepted")


# case 16
def test_times_that_touch_do_not_overlap(db: Session) -> None:
    platform, actor = add_platform(db), add_actor(db)
    add_booking(db, platform, actor, starts_at=TEN, state="confirmed")
    add_booking(db, platform, actor, starts_at=TEN + HOUR, state="confirmed")
    add_booking(db, platform, actor, starts_at=TEN - HOUR, state="confirmed")


def test_buffers_count_as_held(database: Database) -> None:
    with database.unit_of_work(no_jobs) as db:
        platform, actor = add_platform(db), add_actor(db)
        add_booking(db, platform, actor, starts_at=TEN, state="confirmed", buffer=HOUR / 2)
    with pytest.raises(IntegrityError), database.unit_of_work(no_jobs) as db:
        add_booking(db, platform, actor, starts_at=TEN + HOUR, state="confirmed", buffer=HOUR / 2)


def test_other_actors_are_free(db: Session) -> None:
    platform = add_platform(db)
    for _ in range(3):
        add_booking(db, platform, add_actor(db), starts_at=TEN, state="confirmed")


@pytest.mark.parametrize("state", sorted(set(State) - OCCUPYING))
def test_states_that_hold_nothing_overlap_freely(db: Session, state: str) -> None:
    platform, actor = add_platform(db), add_actor(db)
    add_booking(db, platform, actor, starts_at=TEN, state="confirmed")
    add_booking(db, platform, actor, starts_at=TEN, state=state)


def test_a_booking_that_begins_to_hold_meets_the_rule_too(database: Database) -> None:
    with database.unit_of_work(no_jobs) as db:
        platform, actor = add_platform(db), add_actor(db)
        add_booking(db, platform, actor, starts_at=TEN, state="accepted")
        second = add_booking(db, platform, actor, starts_at=TEN, state="requested")
    with pytest.raises(IntegrityError), database.unit_of_work(no_jobs) as db:
        db.execute(update(Booking).where(Booking.id == second.id).values(state="accepted"))


def test_a_held_booking_cannot_be_moved_onto_another(database: Database) -> None:
    with database.unit_of_work(no_jobs) as db:
        platform, actor = add_platform(db), add_actor(db)
        add_booking(db, platform, actor, starts_at=TEN, state="accepted")
        second = add_booking(db, platform, actor, starts_at=TEN + 3 * HOUR, state="accepted")
    with pytest.raises(IntegrityError), database.unit_of_work(no_jobs) as db:
        db.execute(update(Booking).where(Booking.id == second.id).values(busy_from=TEN, starts_at=TEN))


def test_a_cancelled_booking_frees_its_time(database: Database) -> None:
    with database.unit_of_work(no_jobs) as db:
        platform, actor = add_platform(db), add_actor(db)
        first = add_booking(db, platform, actor, starts_at=TEN, state="accepted")
        db.execute(update(Booking).where(Booking.id == first.id).values(state="cancelled"))
        add_booking(db, platform, actor, starts_at=TEN, state="accepted")


def test_a_time_without_a_zone_is_refused(db: Session) -> None:
    naive = insert(Actor).values(slug="x", name="X", created_at=datetime(2026, 1, 1), updated_at=TEN)  # noqa: DTZ001  # the naive time is the point
    with pytest.raises(Exception, match="needs a zone"):
        db.execute(naive)


def test_instants_come_back_in_utc(db: Session) -> None:
    booking = add_booking(db, add_platform(db), add_actor(db), starts_at=TEN, state="requested")
    db.expire_all()
    assert booking.starts_at == TEN
    assert booking.starts_at.tzinfo is UTC
