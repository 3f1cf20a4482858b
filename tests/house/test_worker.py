"""Workers: every job has its task, and every row of the timetable is known to Celery."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from marketplace.config import load_settings
from marketplace.jobs import Job
from workers.celery_app import PERIODIC_PREFIX, create_celery
from workers.schedule import TIMETABLE
from workers.task import TASKS


def test_every_job_has_a_task_and_every_task_a_job(tmp_path: Path) -> None:
    app = create_celery(load_settings(data_dir=tmp_path))
    assert {job.value for job in Job} == set(TASKS)
    assert set(TASKS) <= set(app.tasks)


def test_every_row_of_the_timetable_is_a_task_that_the_clock_sends(tmp_path: Path) -> None:
    app = create_celery(load_settings(data_dir=tmp_path))
    names = [row.name for row in TIMETABLE]
    assert len(names) == len(set(names))
    sent = {entry["task"] for entry in app.conf.beat_schedule.values()}
    assert sent == {f"{PERIODIC_PREFIX}{name}" for name in names}
    assert sent <= set(app.tasks)


def test_a_clock_that_has_just_started_sends_every_row_within_minutes(tmp_path: Path) -> None:
    app = create_celery(load_settings(data_dir=tmp_path))
    waits = [entry["schedule"].run_every for entry in app.conf.beat_schedule.values()]
    assert max(waits) <= timedelta(minutes=2)


def test_no_message_can_carry_more_than_json(tmp_path: Path) -> None:
    conf = create_celery(load_settings(data_dir=tmp_path)).conf
    assert conf.accept_content == ["json"]
    assert conf.task_acks_late
    assert conf.result_backend is None
