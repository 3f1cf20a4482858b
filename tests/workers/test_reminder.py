"""The beat of reminders: said twice it tells once, and one line that fails stops no other."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import func, select

from marketplace.config import Settings
from marketplace.db import Database
from marketplace.domain.booking import Party
from marketplace.gateways.outside import Outside
from marketplace.jobs import Job
from marketplace.models import Notice
from marketplace.services.reminder import REMINDERS, Due
from tests.conftest import Jobs
from tests.services.stage import NOW, Story, at
from workers.schedule import TIMETABLE
from workers.task import Tools
from workers.tasks.reminder import sweep_reminders


@pytest.fixture
def tools(settings: Settings, database: Database, outside: Outside, jobs: Jobs) -> Tools:
    with database.unit_of_work(Jobs()) as db:
        for day in (30, 29):
            Story(db, starts_at=at(day, 9))
    return Tools(settings, database, outside, jobs, now=lambda: NOW + timedelta(hours=60))


def count(database: Database) -> int:
    with database.reading() as db:
        return db.scalar(select(func.count()).where(Notice.kind.startswith("reminder."))) or 0


def test_a_double_beat_tells_once_and_asks_for_each_mail_once(tools: Tools, database: Database, jobs: Jobs) -> None:
    sweep_reminders(tools)
    sweep_reminders(tools)
    assert count(database) == 2
    assert [job for job, _ in jobs] == [Job.SEND_NOTICE] * 2


def test_a_line_that_fails_stops_no_other(tools: Tools, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(due: Due) -> tuple[str, str, str]:
        raise RuntimeError("no words")

    (line,) = [one for one in REMINDERS if one.name == "deadline-24" and one.party == Party.ACTOR]
    monkeypatch.setattr("workers.tasks.reminder.REMINDERS", (replace(line, name="x-1", write=broken), *REMINDERS))
    sweep_reminders(tools)
    assert count(database) == 2


def test_reminders_are_in_the_timetable() -> None:
    (row,) = [row for row in TIMETABLE if row.function is sweep_reminders]
    assert row.every == timedelta(minutes=5)
    assert row.period(datetime(2026, 11, 23, 9, 4, tzinfo=NOW.tzinfo)) == NOW.isoformat()
