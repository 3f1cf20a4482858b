"""However many race for a slot, at most one holds it; however often a form arrives, it books once."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from sqlalchemy import func, select

from marketplace.db import Database
from marketplace.domain.booking import OCCUPYING
from marketplace.domain.errors import Refused
from marketplace.models import Actor, Booking, BookingEvent, Payment
from marketplace.services.booking import accept_booking, advance_due_booking, cancel_booking
from marketplace.services.booking_step import get_booking
from tests.conftest import Jobs
from tests.services.stage import NOW, Story, add_actor, add_member, at, request

RACERS = 32


def race(count: int, run: Callable[[int], str]) -> Counter[str]:
    """Run `run(0..count-1)` in as many threads at the same moment; how often each answer came."""
    barrier = Barrier(count)

    def start(number: int) -> str:
        barrier.wait()
        return run(number)

    with ThreadPoolExecutor(count) as pool:
        return Counter(pool.map(start, range(count)))


def overlapping_requests(database: Database, count: int) -> tuple[int, list[int]]:
    """An actor with `count` requests from different platforms, every one overlapping every other."""
    with database.unit_of_work(Jobs()) as db:
        actor = add_actor(db)
        ids = [request(db, add_member(db), actor, at(30, 9 + number % 4 / 2), minutes=240) for number in range(count)]
        return actor.id, ids


def test_of_many_overlapping_requests_accepted_at_once_one_holds_the_slot(database: Database) -> None:
    actor_id, ids = overlapping_requests(database, RACERS)

    def accept(number: int) -> str:
        try:
            with database.unit_of_work(Jobs()) as db:
                by = Story.by_actor(db, actor_id)
                accept_booking(db, booking_id=ids[number], actor_id=actor_id, by=by, now=NOW)
        except Refused as refusal:
            return refusal.code
        return "held"

    assert race(RACERS, accept) == {"held": 1, "slot_taken": RACERS - 1}
    with database.reading() as db:
        assert db.scalar(select(func.count(Booking.id)).where(Booking.state.in_(OCCUPYING))) == 1
        assert db.scalar(select(func.count(Payment.id))) == 1


def test_one_form_sent_many_times_at_once_makes_one_booking(database: Database) -> None:
    with database.unit_of_work(Jobs()) as db:
        member, actor = add_member(db), add_actor(db)

    def send(_number: int) -> str:
        with database.unit_of_work(Jobs()) as db:
            mine, theirs = db.merge(member, load=False), db.get_one(Actor, actor.id)
            return str(request(db, mine, theirs, at(30, 10), token="one-form"))

    answers = race(8, send)
    assert list(answers.values()) == [8]
    with database.reading() as db:
        assert db.scalar(select(func.count(Booking.id))) == 1
        assert db.scalar(select(func.count(BookingEvent.id))) == 1


def test_an_acceptance_and_an_expiry_at_the_same_moment_leave_one_outcome(database: Database) -> None:
    with database.unit_of_work(Jobs()) as db:
        story = Story(db)
        due_at = story.booking.deadline_at
        booking_id, actor_id, by = story.id, story.actor_id, story.imani
    assert due_at is not None

    def act(number: int) -> str:
        try:
            with database.unit_of_work(Jobs()) as db:
                if number % 2:
                    return str(advance_due_booking(db, booking_id=booking_id, now=due_at))
                # this clock is a second behind
                accept_booking(db, booking_id=booking_id, actor_id=actor_id, by=by, now=NOW)
                return "accepted"
        except Refused as refusal:
            return refusal.code

    answers = race(8, act)
    with database.reading() as db:
        events = select(BookingEvent.before, BookingEvent.after).where(BookingEvent.booking_id == booking_id)
        path = db.execute(events.order_by(BookingEvent.id)).all()
    # an acceptance that was first leaves the clock, three days on, an unpaid booking to let go
    assert answers["accepted"] + answers["expired"] == 1
    assert [before for before, _ in path] == [None, *(after for _, after in path[:-1])]


def test_two_cancellations_at_once_refund_once(database: Database) -> None:
    with database.unit_of_work(Jobs()) as db:
        story = Story(db).confirmed()
        booking_id, by = story.id, story.mira

    def cancel(_number: int) -> str:
        try:
            with database.unit_of_work(Jobs()) as db:
                cancel_booking(db, booking=get_booking(db, booking_id), by=by, now=at(28, 10))
        except Refused as refusal:
            return refusal.code
        return "cancelled"

    assert race(8, cancel) == {"cancelled": 1, "conflict": 7}


PROCESS = """
import sys
from datetime import datetime
from marketplace.db import Database
from marketplace.domain.booking import Party
from marketplace.domain.errors import Refused
from marketplace.services.booking import accept_booking
from marketplace.services.booking_step import By

database, actor_id, now = Database(sys.argv[1]), int(sys.argv[2]), datetime.fromisoformat(sys.argv[3])
print("ready", flush=True)
sys.stdin.readline()
for booking_id in map(int, sys.argv[4:]):
    try:
        with database.unit_of_work(lambda job, ids: None) as db:
            accept_booking(db, booking_id=booking_id, actor_id=actor_id, by=By(Party.ACTOR), now=now)
        print("held")
    except Refused as refusal:
        print(refusal.code)
"""


def test_processes_racing_for_one_actors_day_never_overlap(database: Database, database_url: str) -> None:
    actor_id, ids = overlapping_requests(database, 24)
    racers = [
        subprocess.Popen(
            [sys.executable, "-c", PROCESS, database_url, str(actor_id), NOW.isoformat(), *map(str, ids[number::3])],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )
        for number in range(3)
    ]  # fmt: skip
    for racer in racers:
        assert racer.stdout is not None
        assert racer.stdout.readline() == "ready\n"
    said = [racer.communicate("go\n", timeout=60)[0] for racer in racers]
    assert Counter("".join(said).split()) == {"held": 1, "slot_taken": 23}
