"""Holding our books against Stripe's: every hour, once a day in full, and when an admin asks."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from marketplace.jobs import Job
from marketplace.services import connect, payment_sync, reconciliation_run
from marketplace.services.reconciliation_run import DAILY, HOURLY
from workers.sweep import one_by_one
from workers.task import Tools, task
from workers.tasks.comparison import carry_out
from workers.tasks.payment import store_undelivered, sync_account, sync_checkout

EVENTS_KEPT: Final = timedelta(days=30)
"""Stripe forgets events after that."""
MOST_OBJECTS: Final = 5_000
SWEEP_TAKES: Final = timedelta(minutes=5)
"""A sweep stops there; what it has left out, in no order, comes with the next."""


@task(Job.RECONCILE, retries=0)
def reconcile(tools: Tools, run_id: int) -> None:
    """Carry out a run that somebody asked for."""
    sweep_open(tools)
    carry_out(tools, run_id)


def reconcile_hourly(tools: Tools) -> None:
    """From three days before the last good run."""
    carry_out(tools, _begin(tools, HOURLY))


def reconcile_daily(tools: Tools) -> None:
    """The last 35 days, and the invariants of the books."""
    carry_out(tools, _begin(tools, DAILY))


def _begin(tools: Tools, kind: str) -> int:
    with tools.unit_of_work() as db:
        return reconciliation_run.begin_run(db, kind=kind, now=tools.now())


def sweep_open(tools: Tools) -> None:
    """Read everything again that is not final: undelivered events, open payments, disputes, refunds, accounts."""
    ends_at = tools.now() + SWEEP_TAKES
    since = tools.now() - EVENTS_KEPT
    one_by_one("events_not_read", ["undelivered"], lambda _: store_undelivered(tools, since=since))
    with tools.reading() as db:
        checkouts = payment_sync.list_open_checkouts(db, limit=MOST_OBJECTS)
        accounts = connect.list_stale_accounts(db, before=tools.now(), limit=MOST_OBJECTS, with_closed=True)
    one_by_one("checkout_not_read", checkouts, _until(tools, ends_at, sync_checkout))
    one_by_one("account_not_read", accounts, _until(tools, ends_at, sync_account))


def _until(tools: Tools, ends_at: datetime, do: Callable[[Tools, str], None]) -> Callable[[str], None]:
    def one(name: str) -> None:
        if tools.now() < ends_at:
            do(tools, name)

    return one
