"""How a task is declared: a plain function of (tools, ids...), named by its Job, known in one table.

    @task(Job.COMPUTE_SCORE)
    def compute_score(tools: Tools, actor_id: int) -> None:
        with tools.unit_of_work() as db:
            score.compute_score(db, actor_id=actor_id, now=tools.now())

Tests call such a function directly. `workers.celery_app` gives Celery the same functions with the tools filled in.
An outside call happens between two units of work, never inside one.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Concatenate, ParamSpec

from sqlalchemy.orm import Session

from marketplace.config import Settings
from marketplace.db import Database, utc_now
from marketplace.gateways.outside import Outside
from marketplace.jobs import Job, RunJob

P = ParamSpec("P")


@dataclass(frozen=True)
class Tools:
    """What every task works with; made once per process by the composition, or by a test."""

    settings: Settings
    database: Database
    outside: Outside
    run_job: RunJob
    now: Callable[[], datetime] = field(default=utc_now)

    def reading(self) -> AbstractContextManager[Session]:
        """A session for looking."""
        return self.database.reading()

    def unit_of_work(self) -> AbstractContextManager[Session]:
        """One writing transaction, then the jobs it enqueued."""
        return self.database.unit_of_work(self.run_job)


@dataclass(frozen=True)
class Task:
    """A declared task. `retries` counts tries after the first one; waits grow from `wait_s`, doubling."""

    name: str
    function: Callable[..., None]
    retries: int
    wait_s: int


TASKS: dict[str, Task] = {}


def task(
    name: Job, *, retries: int = 5, wait_s: int = 10
) -> Callable[[Callable[Concatenate[Tools, P], None]], Callable[Concatenate[Tools, P], None]]:
    """Declare the one function that does this job; a second one for the same job is a mistake (ValueError)."""

    def declare(function: Callable[Concatenate[Tools, P], None]) -> Callable[Concatenate[Tools, P], None]:
        if name.value in TASKS:
            raise ValueError(f"two tasks do the job {name.value}")
        TASKS[name.value] = Task(name.value, function, retries, wait_s)
        return function

    return declare
