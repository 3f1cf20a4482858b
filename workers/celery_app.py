"""Celery for this product: create_celery() gives it our tasks with their tools, run_job() sends one.

No broker is trusted with money: a message carries only ids, state lives in the database, and the timetable's sweeps
find what a lost message left undone.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import structlog
from celery import Celery, Task, signals
from celery.schedules import schedule
from kombu.exceptions import OperationalError

import workers.tasks  # noqa: F401  # for its effect: it declares every task
from marketplace.config import Settings
from marketplace.jobs import Job, RunJob
from workers import task as registry
from workers.schedule import TIMETABLE, Periodic, run_periodic
from workers.transport import SCHEME, folder_options

TASK_TIME_LIMIT_S = 600
RETRY_WAIT_LIMIT_S = 600
# a message is only given to someone else when its task can no longer be running
VISIBILITY_TIMEOUT_S = 2 * TASK_TIME_LIMIT_S
PERIODIC_RETRIES = 3
PERIODIC_RETRY_WAIT_S = 60
PERIODIC_PREFIX = "timetable."
# a row's period is claimed by its run, so it may be sent too often: then the day's run is not lost because the clock
# was started a moment ago, or was down when it was due
SENT_EVERY = timedelta(minutes=2)

log = structlog.get_logger("marquee.task")
ToolsOf = Callable[[], registry.Tools]


def create_celery(settings: Settings, tools: ToolsOf | None = None) -> Celery:
    """A Celery that knows every task; `tools` is called on the first task of a process (senders never need it)."""
    app = Celery("marquee", set_as_current=False)
    app.conf.update(_configuration(settings))
    for declared in registry.TASKS.values():
        _register(app, declared, tools or _no_tools)
    for row in TIMETABLE:
        _register_periodic(app, row, tools or _no_tools)
    return app


def make_run_job(app: Celery) -> RunJob:
    """Sends a job by its registered task, which (unlike send_task) also obeys Celery's eager mode."""

    def run_job(job: Job, ids: tuple[int | str, ...]) -> None:
        try:
            app.tasks[job.value].apply_async(args=ids)
        except (OSError, OperationalError) as error:  # the row is committed: the sweep will find it
            log.warning("job_not_sent", job=job.value, ids=ids, error=str(error))

    return run_job


def _register(app: Celery, declared: registry.Task, tools: ToolsOf) -> None:
    def body(self: Task[..., Any], *ids: int | str) -> None:
        with _bound(self, declared.name, ids):
            try:
                declared.function(tools(), *ids)
            except Exception as error:
                _retry(self, declared, error)

    app.task(name=declared.name, bind=True, shared=False, max_retries=declared.retries)(body)


def _retry(running: Task[..., Any], declared: registry.Task, error: Exception) -> None:
    tries = running.request.retries
    if tries >= declared.retries:
        log.error("task_given_up", tries=tries + 1, exc_info=error)
        raise error
    wait = getattr(error, "retry_after_s", None) or min(declared.wait_s * 2**tries, RETRY_WAIT_LIMIT_S)
    log.warning("task_retried", wait_s=wait, error=f"{type(error).__name__}: {error}")
    raise running.retry(exc=error, countdown=min(wait, RETRY_WAIT_LIMIT_S))


def _register_periodic(app: Celery, row: Periodic, tools: ToolsOf) -> None:
    def body(self: Task[..., Any]) -> None:
        with _bound(self, row.name, ()):
            try:
                run_periodic(tools(), row)
            except Exception as error:
                log.exception("periodic_failed")
                raise self.retry(exc=error, countdown=PERIODIC_RETRY_WAIT_S) from error

    name = f"{PERIODIC_PREFIX}{row.name}"
    expires = row.every.total_seconds()
    app.task(name=name, bind=True, shared=False, max_retries=PERIODIC_RETRIES, expires=expires)(body)


def _bound(running: Task[..., Any], name: str, ids: tuple[int | str, ...]) -> Any:
    return structlog.contextvars.bound_contextvars(task=name, task_id=running.request.id, ids=ids)


def _no_tools() -> registry.Tools:
    raise RuntimeError("this process only sends jobs; `python -m marketplace work` runs them")


def _configuration(settings: Settings) -> dict[str, Any]:
    return {
        **_broker(settings),
        "task_serializer": "json",
        "accept_content": ["json"],
        "task_ignore_result": True,
        "task_default_queue": "marquee",
        "enable_utc": True,
        "timezone": "UTC",
        # a task is done when it has ended, not when it was handed out
        "task_acks_late": True,
        "task_reject_on_worker_lost": False,  # a task that kills its worker would loop; the sweep counts its tries
        "worker_prefetch_multiplier": 1,
        "worker_max_tasks_per_child": 500,
        "worker_hijack_root_logger": False,
        "worker_send_task_events": False,
        "task_time_limit": TASK_TIME_LIMIT_S,
        "task_soft_time_limit": TASK_TIME_LIMIT_S - 30,
        "broker_connection_retry_on_startup": True,
        "beat_schedule": {
            row.name: {"task": f"{PERIODIC_PREFIX}{row.name}", "schedule": schedule(min(row.every, SENT_EVERY))}
            for row in TIMETABLE
        },
        "beat_schedule_filename": str(Path(settings.data_dir) / "beat"),
        "beat_max_loop_interval": 5,
    }


def _broker(settings: Settings) -> dict[str, Any]:
    if settings.broker_url and not settings.broker_url.startswith("filesystem"):
        options = {"visibility_timeout": VISIBILITY_TIMEOUT_S, "unacked_restore_throttle": 1}
        return {
            "broker_url": settings.broker_url,
            "broker_transport_options": options if settings.broker_url.startswith("redis") else {},
        }
    return {"broker_url": f"{SCHEME}://localhost", "broker_transport_options": folder_options(settings.data_dir)}


@signals.setup_logging.connect
def _keep_our_logging(**_: object) -> None:
    """Connected so that Celery leaves the logging to `marketplace.log`."""
