"""The health of the whole: what waits, for how long, and whether the clock still ticks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from marketplace.models import JobRun, Mismatch, Notice, OutboxCommand, SocialAccount, StripeEvent
from marketplace.services.notice import MOST_TRIES
from marketplace.services.reconciliation_run import find_last_good

CLOCK_SILENT_AFTER = timedelta(minutes=5)
EVENT_WAITS_AT_MOST = timedelta(hours=2)
COMMAND_WAITS_AT_MOST = timedelta(minutes=15)
MAIL_WAITS_AT_MOST = timedelta(hours=1)
STATS_STALE_AFTER = timedelta(days=3)
STUCK_STATES = ("unknown", "dead")
COMPARED_WITHIN = timedelta(hours=2)
UNKNOWN_AT_MOST = timedelta(hours=26)
"""A call is tried for 23 hours and then looked up."""
DEAD_AT_MOST = timedelta(hours=1)
WAITING_STATES = ("pending", "leased")


@dataclass(frozen=True)
class Queue:
    """Work that waits: how many, and since when the oldest has been due (None for an empty queue)."""

    name: str
    waiting: int
    oldest_at: datetime | None
    allowed: timedelta

    def is_late(self, now: datetime) -> bool:
        """Whether the oldest has waited longer than it may."""
        return self.oldest_at is not None and now - self.oldest_at > self.allowed


@dataclass(frozen=True)
class NetworkHealth:
    """How fresh the figures of one network are."""

    network: str
    accounts: int
    stale: int
    failing: int
    oldest_at: datetime | None


@dataclass(frozen=True)
class Run:
    """The newest run of one periodic job; unfinished ones are running or have died."""

    job: str
    started_at: datetime
    finished_at: datetime | None


def queues(db: Session) -> list[Queue]:
    """Everything that waits for a worker."""
    return [
        _queue(
            db, "Events from Stripe", StripeEvent.received_at, StripeEvent.processed_at.is_(None), EVENT_WAITS_AT_MOST
        ),
        _queue(
            db,
            "Calls to Stripe",
            OutboxCommand.next_at,
            OutboxCommand.state.in_(WAITING_STATES),
            COMMAND_WAITS_AT_MOST,
        ),
        _queue(
            db,
            "Mails",
            Notice.created_at,
            Notice.mailed_at.is_(None) & (Notice.attempts < MOST_TRIES),
            MAIL_WAITS_AT_MOST,
        ),
    ]


def stuck_commands(db: Session) -> list[OutboxCommand]:
    """Calls to Stripe that no worker may decide: a person or a look-up there has to."""
    found = (
        select(OutboxCommand)
        .where(OutboxCommand.state.in_(STUCK_STATES))
        .order_by(OutboxCommand.created_at, OutboxCommand.id)
    )
    return list(db.scalars(found.limit(50)))


def networks(db: Session, *, now: datetime) -> list[NetworkHealth]:
    """The freshness of each network's figures; an account that was never fetched counts as stale."""
    account = SocialAccount
    is_stale = account.fetched_at.is_(None) | (account.fetched_at < now - STATS_STALE_AFTER)
    rows = db.execute(
        select(
            account.network,
            func.count(),
            func.count().filter(is_stale),
            func.count().filter(account.failures > 0),
            func.min(account.fetched_at),
        )
        .where(account.state == "active")
        .group_by(account.network)
        .order_by(account.network)
    )
    return [NetworkHealth(*row) for row in rows]


def newest_runs(db: Session) -> list[Run]:
    """The newest run of every periodic job."""
    newest = select(JobRun.job, func.max(JobRun.started_at).label("at")).group_by(JobRun.job).subquery()
    rows = db.execute(
        select(JobRun.job, JobRun.started_at, JobRun.finished_at)
        .join(newest, (newest.c.job == JobRun.job) & (newest.c.at == JobRun.started_at))
        .order_by(JobRun.job)
    )
    return [Run(*row) for row in rows]


def troubles(db: Session, *, now: datetime) -> list[str]:
    """What is wrong, in sentences; an empty list means ready."""
    found = [
        f"{queue.name}: the oldest of {queue.waiting} waits too long" for queue in queues(db) if queue.is_late(now)
    ]
    last = db.scalar(select(func.max(JobRun.started_at)))
    if last is None or now - last > CLOCK_SILENT_AFTER:
        found.append("The timetable is silent: no worker or no clock is running")
    return [*found, *_money_troubles(db, now)]


def _money_troubles(db: Session, now: datetime) -> list[str]:
    """What keeps us from knowing that the money is right."""
    found = []
    if not _is_compared(db, now):
        found.append("Our books have not been compared with Stripe's for more than two hours")
    stuck = _count_stuck(db, now)
    if stuck:
        found.append(f"Calls to Stripe: {stuck} have waited too long for a person or a look-up")
    broken = select(Mismatch.event_key).where(Mismatch.state == "open", Mismatch.kind == "invariant")
    names = sorted(key.partition(":")[2] for key in db.scalars(broken))
    if names:
        found.append(f"The books break a rule of theirs: {', '.join(names)}")
    return found


def _is_compared(db: Session, now: datetime) -> bool:
    """Whether the last good comparison is young enough; a new site has two hours for its first one."""
    last = find_last_good(db)
    since = last.started_at if last is not None else db.scalar(select(func.min(JobRun.started_at)))
    return since is None or now - since <= COMPARED_WITHIN


def _count_stuck(db: Session, now: datetime) -> int:
    is_old = or_(
        (OutboxCommand.state == "unknown") & (OutboxCommand.created_at < now - UNKNOWN_AT_MOST),
        (OutboxCommand.state == "dead") & (OutboxCommand.settled_at < now - DEAD_AT_MOST),
    )
    return int(db.scalar(select(func.count()).select_from(OutboxCommand).where(is_old)) or 0)


def _queue(
    db: Session,
    name: str,
    since: InstrumentedAttribute[datetime],
    waits: ColumnElement[bool],
    allowed: timedelta,
) -> Queue:
    waiting, oldest_at = db.execute(select(func.count(), func.min(since)).where(waits)).one()
    return Queue(name, waiting, oldest_at, allowed)
