"""Job names, and enqueue(): asked for inside a transaction, sent after it."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum

from sqlalchemy.orm import Session

RunJob = Callable[["Job", tuple[int | str, ...]], None]
"""Sends one job to whoever runs it; given by the composition (Celery), or a recorder in tests."""

_KEY = "jobs"


class Job(StrEnum):
    """Everything that can be asked of the workers; each value is the name of one Celery task.

    A job carries only ids: state lives in the database, and a periodic sweep finds what a lost message left undone.
    """

    RUN_OUTBOX = "outbox.run"
    PROCESS_STRIPE_EVENT = "stripe_event.process"
    SYNC_CHECKOUT = "payment.sync_checkout"
    REFRESH_SOCIAL_ACCOUNT = "stats.refresh"
    COMPUTE_SCORE = "score.compute"
    PROBE_MEDIA = "media.probe"
    SEND_NOTICE = "notice.send"
    READ_CALENDAR = "calendar.read"
    RECONCILE = "reconciliation.run"
    SEND_EVIDENCE = "dispute.send_evidence"


def enqueue(db: Session, job: Job, *ids: int | str) -> None:
    """Remember a job on this transaction; `db.unit_of_work` sends it once the commit has succeeded."""
    db.info.setdefault(_KEY, []).append((job, ids))


def take_jobs(db: Session) -> list[tuple[Job, tuple[int | str, ...]]]:
    """Hand over what was enqueued, each job once and in order, and forget it."""
    return list(dict.fromkeys(db.info.pop(_KEY, [])))
