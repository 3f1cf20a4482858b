"""The clock that all machines share: the database's own."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select

from marketplace.db import Clock, Database

TEN_MINUTES = timedelta(minutes=10)


class Wrong:
    """A machine's clock that is wrong by `by`, which can be changed."""

    def __init__(self, by: timedelta) -> None:
        self.by = by

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.by


def true_time(database: Database) -> datetime:
    with database.reading() as db:
        at: datetime = db.scalars(select(func.clock_timestamp())).one()
    return at


# case 32
@pytest.mark.parametrize("by", [TEN_MINUTES, -TEN_MINUTES])
def test_a_machine_with_a_wrong_clock_goes_by_the_databases(database: Database, by: timedelta) -> None:
    wrong = Wrong(by)
    clock = Clock(database, wrong)
    if database.is_sqlite:
        assert abs(clock() - wrong()) < timedelta(seconds=5)  # its database lies on the same machine
    else:
        assert abs(clock() - true_time(database)) < timedelta(seconds=5)


def test_what_two_clocks_differ_by_is_asked_again_after_half_a_minute(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = Wrong(timedelta())
    clock = Clock(database, wrong)
    clock()
    wrong.by = TEN_MINUTES
    assert abs(clock() - wrong()) < timedelta(seconds=5)
    monkeypatch.setattr(clock, "_compare_at", 0.0)
    expected = wrong() if database.is_sqlite else true_time(database)
    assert abs(clock() - expected) < timedelta(seconds=5)


def test_less_than_a_second_is_no_difference(database: Database) -> None:
    nearly = Wrong(timedelta(milliseconds=400))
    clock = Clock(database, nearly)
    before = nearly()
    assert before <= clock() <= nearly()


def test_a_database_that_is_away_does_not_stop_the_clock() -> None:
    clock = Clock(Database("postgresql://nobody@127.0.0.1:1/none"))
    assert abs(clock() - datetime.now(UTC)) < timedelta(seconds=5)
