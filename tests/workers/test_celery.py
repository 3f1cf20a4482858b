"""Sending a job when no broker is there: what was committed stays, and the sweep finds it."""

from __future__ import annotations

from pathlib import Path

import pytest
from kombu.exceptions import EncodeError, OperationalError

from marketplace.config import load_settings
from marketplace.jobs import Job
from workers.celery_app import create_celery, make_run_job


@pytest.mark.parametrize("error", [OperationalError("connection refused"), OSError("disk full")])
def test_a_broker_that_is_down_fails_no_request_and_each_job_is_tried(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    app = create_celery(load_settings(data_dir=tmp_path))
    tried: list[object] = []

    def refuse(self: object, args: object = None, **_: object) -> None:
        tried.append(args)
        raise error

    monkeypatch.setattr(type(app.tasks[Job.RUN_OUTBOX.value]), "apply_async", refuse)
    run_job = make_run_job(app)
    run_job(Job.RUN_OUTBOX, (1,))
    run_job(Job.RUN_OUTBOX, (2,))
    assert tried == [(1,), (2,)]


def test_a_fault_of_ours_is_not_hidden(tmp_path: Path) -> None:
    run_job = make_run_job(create_celery(load_settings(data_dir=tmp_path)))
    with pytest.raises(EncodeError):
        run_job(Job.RUN_OUTBOX, (object(),))  # type: ignore[arg-type]  # what nobody may send
