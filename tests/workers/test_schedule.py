"""The timetable: each period is worked on once, however many clocks send it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from marketplace.config import Settings
from marketplace.db import Database
from marketplace.gateways.outside import Outside
from marketplace.models import JobRun
from tests.conftest import Jobs
from workers.schedule import Periodic, forget_old_claims, run_periodic
from workers.task import Tools

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


class Clock:
    """A clock that the test moves."""

    def __init__(self) -> None:
        self.at = NOON

    def __call__(self) -> datetime:
        return self.at


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def tools(settings: Settings, database: Database, outside: Outside, jobs: Jobs, clock: Clock) -> Tools:
    return Tools(settings, database, outside, jobs, now=clock)


# case 33
def test_a_period_is_worked_on_once_and_the_next_one_again(tools: Tools, clock: Clock) -> None:
    done: list[datetime] = []
    row = Periodic("test.tick", timedelta(minutes=5), lambda given: done.append(given.now()))
    assert run_periodic(tools, row)
    clock.at = NOON + timedelta(minutes=4, seconds=59)
    assert not run_periodic(tools, row)
    clock.at = NOON + timedelta(minutes=5)
    assert run_periodic(tools, row)
    assert done == [NOON, NOON + timedelta(minutes=5)]


def test_a_run_that_fails_gives_its_period_back(tools: Tools) -> None:
    tries: list[int] = []

    def fail_once(_tools: Tools) -> None:
        tries.append(1)
        if len(tries) == 1:
            raise RuntimeError("the network is away")

    row = Periodic("test.flaky", timedelta(hours=1), fail_once)
    with pytest.raises(RuntimeError):
        run_periodic(tools, row)
    assert run_periodic(tools, row)
    assert not run_periodic(tools, row)


def test_old_claims_are_forgotten_and_new_ones_kept(tools: Tools, clock: Clock, database: Database) -> None:
    row = Periodic("test.tick", timedelta(days=1), lambda _tools: None)
    run_periodic(tools, row)
    clock.at = NOON + timedelta(days=8)
    run_periodic(tools, row)
    forget_old_claims(tools)
    with database.reading() as db:
        assert list(db.scalars(select(JobRun.started_at))) == [clock.at]
