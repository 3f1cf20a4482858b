"""Reconciliation: our books beside Stripe's, what differs, and the runs that looked."""

from __future__ import annotations

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from marketplace.domain.errors import Invalid
from marketplace.services import mismatch, reconciliation_run
from marketplace.services.mismatch import NAMES
from marketplace.services.reconciliation_run import Day
from marketplace.web import chart
from marketplace.web.admin import blueprint
from marketplace.web.admin.desk import decider, words_of
from marketplace.web.guard import admin
from marketplace.web.transaction import now, reading, unit_of_work

KINDS = {"hourly": "Every hour", "daily": "Every day, in full", "by_hand": "By hand, in full"}
SHOWN = 200


@blueprint.get("/reconciliation")
@admin
def reconciliation() -> str:
    """What is open, the balances, and the last runs."""
    return _page()


@blueprint.post("/reconciliation")
@admin
def run_reconciliation() -> ResponseReturnValue:
    """Ask for a run now."""
    with unit_of_work() as db:
        reconciliation_run.ask_for_run(db, by=decider(), now=now())
    flash("A comparison has been asked for. This page shows how far it is.", "ok")
    return redirect(url_for("admin.reconciliation"), 303)


@blueprint.post("/reconciliation/<int:mismatch_id>")
@admin
def settle_mismatch(mismatch_id: int) -> ResponseReturnValue:
    """Settle one difference with words."""
    try:
        with unit_of_work() as db:
            mismatch.settle_by_hand(db, mismatch_id=mismatch_id, by=decider(), words=words_of(), now=now())
    except Invalid as refusal:
        return _page({f"words-{mismatch_id}": refusal.sentence}), refusal.status
    flash("Settled. It is opened again if one of the amounts changes.", "ok")
    return redirect(url_for("admin.reconciliation"), 303)


def _page(errors: dict[str, str] | None = None) -> str:
    db, at = reading(), now()
    runs = reconciliation_run.list_runs(db)
    days = reconciliation_run.list_days(db, now=at)
    return render_template(
        "admin/reconciliation.html",
        runs=runs,
        newest=next((run.id for run in runs), None),
        good=reconciliation_run.find_last_good(db),
        running=reconciliation_run.find_running(db, now=at),
        balances=reconciliation_run.newest_balances(db),
        days=days,
        bars=_bars(days),
        rows=mismatch.list_open(db, limit=SHOWN),
        open_count=mismatch.count_open(db),
        settled=mismatch.list_settled(db, limit=10),
        names=NAMES,
        kinds=KINDS,
        words=words_of(),
        errors=errors or {},
        at=at,
    )


def _bars(days: list[Day]) -> tuple[chart.Bin, ...]:
    """Two bars a day, mended and opened, as high as the highest of all."""
    counts = [count for day in days for count in (day.mended, day.opened)]
    return chart.histogram(counts, 0, len(counts)) if any(counts) else ()
