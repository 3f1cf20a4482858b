"""Other calendars of an actor: added, read when due, their last good busy times kept, and removed with all of it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.db import Database
from marketplace.domain.availability import Interval
from marketplace.domain.errors import Invalid, NotFound, Refused
from marketplace.jobs import Job, take_jobs
from marketplace.models import BusyTime, CalendarSource
from marketplace.services import calendar_source
from marketplace.services.calendar_source import EVERY, LEASE, LONGEST_WAIT, MOST_BUSY, MOST_SOURCES, TooManyBusyTimes
from tests.conftest import Jobs
from tests.services.stage import NOW, add_actor, at

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
ADDRESS = "https://calendar.example/secret/basic.ics"
BUSY = [Interval(at(25, 9), at(25, 10)), Interval(at(26, 9), at(26, 10))]


def add(db: Session, actor_id: int, address: str = ADDRESS) -> int:
    return calendar_source.add_source(db, actor_id=actor_id, label=" Home ", address=address, now=NOW)


def busy_of(db: Session, actor_id: int) -> list[Interval]:
    rows = db.scalars(select(BusyTime).where(BusyTime.actor_id == actor_id).order_by(BusyTime.starts_at))
    return [Interval(row.starts_at, row.ends_at) for row in rows]


def row_of(db: Session, source_id: int) -> CalendarSource:
    db.expire_all()
    return db.get_one(CalendarSource, source_id)


def test_an_added_calendar_is_read_at_once(db: Session) -> None:
    actor = add_actor(db)
    source_id = add(db, actor.id)
    assert take_jobs(db) == [(Job.READ_CALENDAR, (source_id,))]
    [row] = calendar_source.list_sources(db, actor.id)
    assert (row.label, row.address, row.fetched_at, row.next_fetch_at) == ("Home", ADDRESS, None, NOW + LEASE)


def test_an_address_counts_once_and_there_are_few(db: Session) -> None:
    actor, other = add_actor(db), add_actor(db)
    add(db, actor.id)
    with pytest.raises(Invalid, match="already"):
        add(db, actor.id, f" {ADDRESS} ")
    add(db, other.id)
    for number in range(1, MOST_SOURCES):
        add(db, actor.id, f"{ADDRESS}?{number}")
    with pytest.raises(Invalid, match="Remove one first"):
        add(db, actor.id, f"{ADDRESS}?more")
    with pytest.raises(Invalid, match="80 characters"):
        calendar_source.add_source(db, actor_id=other.id, label="x" * 81, address="https://y.example", now=NOW)


def test_a_calendar_is_its_owners_alone_and_goes_with_its_busy_times(db: Session) -> None:
    actor, other = add_actor(db), add_actor(db)
    source_id = add(db, actor.id)
    calendar_source.store_busy(db, source_id=source_id, busy=BUSY, now=NOW)
    for refuse in (calendar_source.remove_source, lambda *a, **k: calendar_source.read_source_again(*a, **k, now=NOW)):
        with pytest.raises(NotFound):
            refuse(db, actor_id=other.id, source_id=source_id)
    calendar_source.remove_source(db, actor_id=actor.id, source_id=source_id)
    assert busy_of(db, actor.id) == []
    assert list(calendar_source.list_sources(db, actor.id)) == []
    assert calendar_source.find_order(db, source_id, now=NOW) is None


def test_what_is_due_is_claimed_once(database: Database, jobs: Jobs) -> None:
    with database.unit_of_work(jobs) as db:
        actor = add_actor(db)
        source_id, later = add(db, actor.id), add(db, actor.id, f"{ADDRESS}?2")
        calendar_source.store_busy(db, source_id=later, busy=[], now=NOW)
    jobs.clear()
    with database.unit_of_work(jobs) as db:
        assert calendar_source.claim_due_sources(db, now=NOW + LEASE) == 1
    with database.unit_of_work(jobs) as db:
        assert calendar_source.claim_due_sources(db, now=NOW + LEASE) == 0
    assert jobs == [(Job.READ_CALENDAR, (source_id,))]
    with database.unit_of_work(jobs) as db:  # the message was lost: it is due again after the lease
        assert calendar_source.claim_due_sources(db, now=NOW + 2 * LEASE) == 1


def test_an_order_asks_about_the_time_that_can_be_booked(db: Session) -> None:
    actor = add_actor(db, zone="Asia/Kathmandu")
    order = calendar_source.find_order(db, add(db, actor.id), now=NOW)
    assert order is not None
    assert (order.address, order.zone) == (ADDRESS, "Asia/Kathmandu")
    assert timedelta(days=365) < order.window.length < timedelta(days=380)


def test_a_good_reading_replaces_the_one_before_and_is_next_due_in_half_an_hour(db: Session) -> None:
    actor = add_actor(db)
    source_id, other_id = add(db, actor.id), add(db, actor.id, f"{ADDRESS}?2")
    calendar_source.store_busy(db, source_id=source_id, busy=BUSY, now=NOW)
    calendar_source.store_busy(db, source_id=other_id, busy=[Interval(at(27, 9), at(27, 10))], now=NOW)
    calendar_source.note_failure(db, source_id=source_id, sentence="No.", now=NOW + MINUTE)
    calendar_source.store_busy(db, source_id=source_id, busy=BUSY[1:], now=NOW + HOUR)
    assert busy_of(db, actor.id) == [BUSY[1], Interval(at(27, 9), at(27, 10))]
    row = row_of(db, source_id)
    assert (row.fetched_at, row.failed_at, row.failure, row.failures) == (NOW + HOUR, None, "", 0)
    assert row.next_fetch_at == NOW + HOUR + EVERY
    assert calendar_source.count_busy(db, actor.id, now=NOW) == {source_id: 1, other_id: 1}


def test_an_unchanged_calendar_keeps_its_rows(db: Session) -> None:
    actor = add_actor(db)
    source_id = add(db, actor.id)
    calendar_source.store_busy(db, source_id=source_id, busy=BUSY, now=NOW)
    ids = list(db.scalars(select(BusyTime.id)))
    calendar_source.store_busy(db, source_id=source_id, busy=BUSY, now=NOW + HOUR)
    assert list(db.scalars(select(BusyTime.id))) == ids
    assert row_of(db, source_id).fetched_at == NOW + HOUR


def test_a_failed_reading_keeps_the_last_good_one_and_waits_longer_each_time(db: Session) -> None:
    actor = add_actor(db)
    source_id = add(db, actor.id)
    calendar_source.store_busy(db, source_id=source_id, busy=BUSY, now=NOW)
    waits = []
    for _ in range(12):
        calendar_source.note_failure(db, source_id=source_id, sentence="The server took too long.", now=NOW + HOUR)
        waits.append(row_of(db, source_id).next_fetch_at - NOW - HOUR)
    assert waits[:3] == [2 * EVERY, 4 * EVERY, 8 * EVERY]
    assert waits[-1] == LONGEST_WAIT
    row = row_of(db, source_id)
    assert (row.fetched_at, row.failed_at, row.failure) == (NOW, NOW + HOUR, "The server took too long.")
    assert busy_of(db, actor.id) == BUSY


def test_more_busy_times_than_anybody_has_are_refused_and_nothing_replaced(db: Session) -> None:
    actor = add_actor(db)
    source_id = add(db, actor.id)
    calendar_source.store_busy(db, source_id=source_id, busy=BUSY, now=NOW)
    many = [Interval(at(25, 0) + n * HOUR, at(25, 0) + n * HOUR + MINUTE) for n in range(MOST_BUSY + 1)]
    with pytest.raises(TooManyBusyTimes, match="No busy times were taken"):
        calendar_source.store_busy(db, source_id=source_id, busy=many, now=NOW)
    assert busy_of(db, actor.id) == BUSY
    calendar_source.store_busy(db, source_id=source_id, busy=many[1:], now=NOW)
    assert len(busy_of(db, actor.id)) == MOST_BUSY


def test_a_calendar_removed_while_it_was_read_leaves_nothing_behind(db: Session) -> None:
    actor = add_actor(db)
    source_id = add(db, actor.id)
    calendar_source.remove_source(db, actor_id=actor.id, source_id=source_id)
    calendar_source.store_busy(db, source_id=source_id, busy=BUSY, now=NOW)
    calendar_source.note_failure(db, source_id=source_id, sentence="No.", now=NOW)
    assert busy_of(db, actor.id) == []


def test_another_try_can_be_asked_for_but_not_all_the_time(db: Session) -> None:
    actor = add_actor(db)
    source_id = add(db, actor.id)
    take_jobs(db)
    with pytest.raises(Refused, match="a moment ago"):
        calendar_source.read_source_again(db, actor_id=actor.id, source_id=source_id, now=NOW + MINUTE / 2)
    calendar_source.read_source_again(db, actor_id=actor.id, source_id=source_id, now=NOW + MINUTE)
    assert take_jobs(db) == [(Job.READ_CALENDAR, (source_id,))]
