"""The timetable: every periodic task in one table, each run claimed so that two clocks do the work once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import delete, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from marketplace.models.job_run import JobRun
from workers.task import Tools
from workers.tasks.booking import sweep_bookings
from workers.tasks.calendar import read_due_calendars
from workers.tasks.dispute import sweep_evidence
from workers.tasks.document import issue_documents, issue_forgotten_documents
from workers.tasks.media import sweep_media
from workers.tasks.notice import sweep_notices
from workers.tasks.outbox import send_due_payouts, sweep_outbox
from workers.tasks.payment import (
    poll_accounts,
    poll_bank_payouts,
    poll_open_checkouts,
    poll_undelivered,
    sweep_events,
)
from workers.tasks.payout import resume_due_holds
from workers.tasks.reconciliation import reconcile_daily, reconcile_hourly, sweep_open
from workers.tasks.reminder import sweep_reminders
from workers.tasks.saved_card import charge_due_cards
from workers.tasks.score import compute_due_scores
from workers.tasks.stats import refresh_due_accounts

CLAIMS_KEPT = timedelta(days=7)


@dataclass(frozen=True)
class Periodic:
    """One row of the timetable: `function(tools)` once in every `every`, counted from midnight UTC of 1970."""

    name: str
    every: timedelta
    function: Callable[[Tools], None]

    def period(self, now: datetime) -> str:
        """The name of the period that `now` lies in: its first instant."""
        seconds = int(self.every.total_seconds())
        return datetime.fromtimestamp(int(now.timestamp()) // seconds * seconds, UTC).isoformat()


def forget_old_claims(tools: Tools) -> None:
    """Claims only matter while a second clock could still arrive for their period."""
    with tools.unit_of_work() as db:
        db.execute(delete(JobRun).where(JobRun.started_at < tools.now() - CLAIMS_KEPT))


TIMETABLE: tuple[Periodic, ...] = (
    Periodic("job_run.forget", timedelta(hours=1), forget_old_claims),
    Periodic("stats.refresh_due", timedelta(minutes=1), refresh_due_accounts),
    Periodic("calendar.read_due", timedelta(minutes=1), read_due_calendars),
    Periodic("media.sweep", timedelta(minutes=2), sweep_media),
    Periodic("notice.sweep", timedelta(minutes=2), sweep_notices),
    Periodic("reminder.sweep", timedelta(minutes=5), sweep_reminders),
    Periodic("outbox.sweep", timedelta(seconds=10), sweep_outbox),
    Periodic("payout.send_due", timedelta(seconds=10), send_due_payouts),
    Periodic("payout.resume_due", timedelta(minutes=5), resume_due_holds),
    Periodic("dispute.sweep_evidence", timedelta(minutes=2), sweep_evidence),
    Periodic("stripe_event.sweep", timedelta(minutes=1), sweep_events),
    Periodic("stripe_event.poll_undelivered", timedelta(minutes=10), poll_undelivered),
    Periodic("payment.poll_open", timedelta(minutes=10), poll_open_checkouts),
    Periodic("document.issue", timedelta(minutes=1), issue_documents),
    Periodic("document.issue_forgotten", timedelta(days=1), issue_forgotten_documents),
    Periodic("saved_card.charge_due", timedelta(minutes=1), charge_due_cards),
    Periodic("connect.poll", timedelta(hours=1), poll_accounts),
    Periodic("bank_payout.poll", timedelta(hours=1), poll_bank_payouts),
    Periodic("reconciliation.hourly", timedelta(hours=1), reconcile_hourly),
    Periodic("reconciliation.daily", timedelta(days=1), reconcile_daily),
    Periodic("reconciliation.sweep_open", timedelta(days=1), sweep_open),
    Periodic("booking.sweep", timedelta(seconds=30), sweep_bookings),
    Periodic("score.compute_due", timedelta(hours=1), compute_due_scores),
)


def run_periodic(tools: Tools, row: Periodic) -> bool:
    """Do a row's work unless its period is taken; True if it was ours. A failed run gives its period back."""
    now = tools.now()
    period = row.period(now)
    ours = (JobRun.job == row.name) & (JobRun.period == period)
    with tools.unit_of_work() as db:
        if not _claim(db, row.name, period, now):
            return False
    try:
        row.function(tools)
    except Exception:
        with tools.unit_of_work() as db:
            db.execute(delete(JobRun).where(ours))
        raise
    with tools.unit_of_work() as db:
        db.execute(update(JobRun).where(ours).values(finished_at=tools.now()))
    return True


def _claim(db: Session, job: str, period: str, now: datetime) -> bool:
    insert = sqlite.insert if db.get_bind().dialect.name == "sqlite" else postgresql.insert
    row = insert(JobRun).values(job=job, period=period, started_at=now).on_conflict_do_nothing()
    return bool(db.execute(row.returning(JobRun.job)).first())
