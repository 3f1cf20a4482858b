"""The queue in a folder with a real worker: a task that runs is finished on a stop, one that fails comes again."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from marketplace.config import load_settings
from marketplace.jobs import Job
from workers.celery_app import create_celery, make_run_job

ROOT = Path(__file__).resolve().parent.parent.parent
WORKER = """
import sys, time, warnings
from pathlib import Path
warnings.simplefilter("ignore")
from workers import task as registry
from workers.task import Task
folder = Path(sys.argv[1])

def work(tools, number):
    (folder / f"began-{number}").touch()
    time.sleep(1 if number == 1 else 0)
    if number == 2 and not (folder / "failed-2").exists():
        (folder / "failed-2").touch()
        raise RuntimeError("once")
    (folder / f"done-{number}").touch()

import workers.tasks
registry.TASKS.clear()
registry.TASKS["score.compute"] = Task("score.compute", work, 3, 0)
from marketplace.config import load_settings
from workers.celery_app import create_celery
app = create_celery(load_settings(data_dir=folder), lambda: None)
worker = app.Worker(concurrency=1, loglevel="ERROR", without_gossip=True, without_mingle=True, quiet=True)
(folder / "up").touch()
worker.start()
"""


@pytest.fixture
def worker(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen([sys.executable, "-c", WORKER, str(tmp_path)], cwd=ROOT, stderr=subprocess.DEVNULL)
    yield process
    process.kill()
    process.wait()


def until(is_so: Callable[[], bool], seconds: float = 30) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if is_so():
            return True
        time.sleep(0.05)
    return False


def test_a_running_task_is_finished_on_a_stop_and_a_failed_one_comes_again(
    worker: subprocess.Popen[bytes], tmp_path: Path
) -> None:
    run_job = make_run_job(create_celery(load_settings(data_dir=tmp_path)))
    run_job(Job.COMPUTE_SCORE, (2,))
    assert until((tmp_path / "done-2").exists), "a task that failed once was not tried again"
    run_job(Job.COMPUTE_SCORE, (1,))
    assert until((tmp_path / "began-1").exists)
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(timeout=30) == 0
    assert (tmp_path / "done-1").exists()


def test_a_message_is_a_file_that_appears_whole(tmp_path: Path) -> None:
    run_job = make_run_job(create_celery(load_settings(data_dir=tmp_path)))
    for number in range(3):
        run_job(Job.COMPUTE_SCORE, (number,))
    messages = sorted((tmp_path / "queue" / "message").iterdir())
    assert len(messages) == 3
    assert all(path.name.endswith(".marquee.msg") and path.stat().st_size > 100 for path in messages)


def test_a_queue_that_cannot_be_reached_loses_nothing_but_the_message(tmp_path: Path) -> None:
    run_job = make_run_job(create_celery(load_settings(data_dir=tmp_path)))
    (tmp_path / "queue" / "message").rmdir()
    run_job(Job.COMPUTE_SCORE, (1,))
