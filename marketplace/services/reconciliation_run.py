"""Runs of the comparison with Stripe as rows: where one begins, how far it is, how it ended."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.orm import Session

from marketplace.domain.errors import Conflict
from marketplace.jobs import Job, enqueue
from marketplace.models import ReconciliationRun
from marketplace.models.column import sum_of
from marketplace.services.account import Decider
from marketplace.services.audit import record_audit
from marketplace.services.reconciliation import BalanceSeen

HOURLY: Final = "hourly"
DAILY: Final = "daily"
BY_HAND: Final = "by_hand"
OVERLAP: Final = timedelta(days=3)
"""A run looks at the last three days before the one before it once more."""
WHOLE: Final = timedelta(days=35)
LOOK_BACK: Final = 20
"""A run that could not compare the balances is passed over, so many at most."""
DIES_AFTER: Final = timedelta(minutes=20)
"""No worker lets a run go on for so long: one without an end is dead by then."""


@dataclass(frozen=True, slots=True)
class Order:
    """A run that is to be carried out."""

    id: int
    kind: str
    since: datetime
    started_at: datetime


@dataclass(frozen=True, slots=True)
class Counts:
    """What a run has looked at: movements, matched postings, mended ones, differences opened and settled."""

    looked_at: int = 0
    matched: int = 0
    mended: int = 0
    opened: int = 0
    settled: int = 0


def begin_run(db: Session, *, kind: str, now: datetime, since: datetime | None = None) -> int:
    """A new run; its id. Without `since` an hourly one goes on from the last good one, any other looks at it all."""
    run = ReconciliationRun(kind=kind, since=since or _since(db, kind, now), started_at=now, balances={})
    db.add(run)
    db.flush()
    return run.id


def _since(db: Session, kind: str, now: datetime) -> datetime:
    last = find_last_good(db) if kind == HOURLY else None
    return max(last.started_at - OVERLAP, now - WHOLE) if last is not None else now - WHOLE


def ask_for_run(db: Session, *, by: Decider, now: datetime) -> int:
    """An admin wants one now: begun at once, carried out by a worker. Refuses a second one beside it."""
    if find_running(db, now=now) is not None:
        raise Conflict("A comparison is running already. Wait until it has ended. No other was started.")
    run_id = begin_run(db, kind=BY_HAND, now=now)
    record_audit(
        db,
        about="reconciliation",
        about_id=run_id,
        step="run",
        party="admin",
        principal_id=by.account_id,
        before={},
        after={"kind": BY_HAND},
        ip=by.ip,
        now=now,
    )
    enqueue(db, Job.RECONCILE, run_id)
    return run_id


def read_order(db: Session, run_id: int) -> Order | None:
    """What to do for a run; None when it is not there or has ended."""
    run = db.get(ReconciliationRun, run_id)
    if run is None or run.finished_at is not None:
        return None
    return Order(run.id, run.kind, run.since, run.started_at)


def note_progress(db: Session, run_id: int, counts: Counts) -> None:
    """How far it is, for whoever watches."""
    _write(db, run_id, **_counted(counts))


def finish_run(db: Session, run_id: int, counts: Counts, balances: Iterable[BalanceSeen], now: datetime) -> None:
    """It has come to its end."""
    _write(
        db, run_id, **_counted(counts), balances={each.currency: _stored(each) for each in balances}, finished_at=now
    )


def fail_run(db: Session, run_id: int, error: str, now: datetime) -> None:
    """It broke: the next one goes on from the last good one."""
    _write(db, run_id, error=error[:1000], finished_at=now)


def _counted(counts: Counts) -> dict[str, int]:
    return {
        "looked_at": counts.looked_at,
        "matched": counts.matched,
        "mended": counts.mended,
        "opened": counts.opened,
        "settled": counts.settled,
    }


def _stored(seen: BalanceSeen) -> dict[str, int]:
    return {
        "ours_minor": seen.ours_minor,
        "available_minor": seen.available_minor,
        "pending_minor": seen.pending_minor,
        "moving_minor": seen.moving_minor,
        "posting_id": seen.posting_id,
        "then_minor": seen.then_minor,
        "unexplained_minor": seen.unexplained_minor,
    }


def _write(db: Session, run_id: int, **values: Any) -> None:
    ours = update(ReconciliationRun).where(ReconciliationRun.id == run_id, ReconciliationRun.finished_at.is_(None))
    db.execute(ours.values(**values).execution_options(synchronize_session=False))


def _is_good() -> ColumnElement[bool]:
    return ReconciliationRun.finished_at.is_not(None) & ReconciliationRun.error.is_(None)


def find_last_good(db: Session) -> ReconciliationRun | None:
    """The newest run that came to a good end, of whatever kind."""
    return db.scalar(select(ReconciliationRun).where(_is_good()).order_by(ReconciliationRun.id.desc()).limit(1))


def newest_balances(db: Session) -> dict[str, dict[str, int]]:
    """Each currency's balance as the last good run that could compare it has stored it."""
    runs = db.scalars(
        select(ReconciliationRun.balances).where(_is_good()).order_by(ReconciliationRun.id.desc()).limit(LOOK_BACK)
    )
    return next((balances for balances in runs if balances), {})


def find_running(db: Session, *, now: datetime) -> ReconciliationRun | None:
    """The newest run that has not ended and can still be alive."""
    alive = ReconciliationRun.finished_at.is_(None) & (ReconciliationRun.started_at > now - DIES_AFTER)
    return db.scalar(select(ReconciliationRun).where(alive).order_by(ReconciliationRun.id.desc()).limit(1))


def list_runs(db: Session, *, limit: int = 20) -> Sequence[ReconciliationRun]:
    """The newest runs, newest first."""
    return db.scalars(select(ReconciliationRun).order_by(ReconciliationRun.id.desc()).limit(limit)).all()


def unexplained_before(db: Session, run_id: int) -> dict[str, int]:
    """What the last good run before this one could not explain, by currency, in minor units."""
    query = select(ReconciliationRun.balances).where(_is_good(), ReconciliationRun.id < run_id)
    balances = db.scalar(query.order_by(ReconciliationRun.id.desc()).limit(1)) or {}
    return {currency: int(each.get("unexplained_minor", 0)) for currency, each in balances.items()}


@dataclass(frozen=True, slots=True)
class Day:
    """What the runs of one day in UTC came to."""

    on: date
    runs: int
    looked_at: int
    mended: int
    opened: int


def list_days(db: Session, *, now: datetime, days: int = 14) -> list[Day]:
    """The last days, oldest first; those without a run are there, too."""
    first = (now - timedelta(days=days - 1)).date()
    run = ReconciliationRun
    on = func.date(run.started_at)
    rows = db.execute(
        select(on, func.count(), sum_of(run.looked_at), sum_of(run.mended), sum_of(run.opened))
        .where(run.started_at >= datetime.combine(first, time(), UTC))
        .group_by(on)
    )
    # SQLite gives a day as text
    there = {date.fromisoformat(str(each)): [int(count) for count in counts] for each, *counts in rows}
    return [Day(day, *there.get(day, [0, 0, 0, 0])) for day in (first + timedelta(days=n) for n in range(days))]
