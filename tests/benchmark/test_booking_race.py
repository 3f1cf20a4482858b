"""How many bookings a second are made when 32 clients race for the same actors: winners, refusals, commits."""

from __future__ import annotations

import sys
from datetime import timedelta
from typing import Final

import pytest
from sqlalchemy import func, select

from marketplace.db import Database
from marketplace.domain.booking import OCCUPYING
from marketplace.models import Booking
from tests.race import Race, race
from tests.services.stage import add_actor, add_member, at, request
from tests.services.test_booking_race import Claim, act, address, no_job, overlaps

CLIENTS: Final = 32
SLOTS: Final = 10
"""Times that all clients want, one after the other: each has one winner."""

OWN_REQUESTS: Final = 10
"""Requests of each client to an actor of its own: nobody is in its way but the database itself."""


def prepare_rivals(database: Database) -> list[list[Claim]]:
    """Every client holds one request for each of the same slots, a quarter of an hour apart within a slot."""
    with database.unit_of_work(no_job) as db:
        actor, members = add_actor(db, buffer_minutes=15), [add_member(db) for _ in range(CLIENTS)]
        actor.most_per_day = actor.most_per_week = 99
        account_id = actor.account_id or 0
        return [
            [
                Claim(
                    request(db, member, actor, at(26, 10) + timedelta(days=day, minutes=15 * (number % 4))),
                    actor.id,
                    account_id,
                )
                for day in range(SLOTS)
            ]
            for number, member in enumerate(members)
        ]


def prepare_neighbours(database: Database) -> list[list[Claim]]:
    """Every client holds requests to an actor of its own, for days on which nobody else wants anything."""
    with database.unit_of_work(no_job) as db:
        pieces = []
        for _ in range(CLIENTS):
            actor, member = add_actor(db), add_member(db)
            pieces.append(
                [
                    Claim(request(db, member, actor, at(26, 10) + timedelta(days=day)), actor.id, actor.account_id or 0)
                    for day in range(OWN_REQUESTS)
                ]
            )
        return pieces


def report(engine: str, what: str, result: Race) -> None:
    """One line of figures; never a threshold, for the machine decides them."""
    refused = ", ".join(f"{result.refusals.count(code)} {code}" for code in sorted(set(result.refusals)))
    sys.stdout.write(
        f"\n{engine:>10}: {CLIENTS} clients, {what}: {result.winners} winners, {len(result.refusals)} refused"
        f" ({refused or 'none'}), {result.seconds:.2f} s, {result.commits_per_second:.0f} commits/s,"
        f" {result.attempts_per_second:.0f} attempts/s\n"
    )


@pytest.mark.benchmark
def test_thirty_two_clients_race_for_the_same_times(
    database: Database, engine: str, capsys: pytest.CaptureFixture[str]
) -> None:
    result = race(address(database), act, prepare_rivals(database))
    with capsys.disabled():
        report(engine, f"{SLOTS} times that all of them want", result)
    assert overlaps(database) == 0
    assert set(result.refusals) <= {"slot_taken", "conflict", "deadlock", "busy"}
    held = select(func.count(func.distinct(func.date(Booking.starts_at)))).where(Booking.state.in_(OCCUPYING))
    with database.reading() as db:
        assert db.scalar(held) == SLOTS
        assert db.scalar(select(func.count()).where(Booking.state.in_(OCCUPYING))) == result.winners


@pytest.mark.benchmark
def test_thirty_two_clients_book_beside_each_other(
    database: Database, engine: str, capsys: pytest.CaptureFixture[str]
) -> None:
    result = race(address(database), act, prepare_neighbours(database))
    with capsys.disabled():
        report(engine, f"{OWN_REQUESTS} times each, nobody in the way", result)
    # SQLite has one writer at a time and no queue: who waits beyond its patience is told so, and nothing is lost
    assert result.winners + result.refusals.count("busy") == CLIENTS * OWN_REQUESTS
    assert overlaps(database) == 0
