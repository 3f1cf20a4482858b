"""`python -m marketplace reconcile`: hold our books against Stripe's by hand, mend what can be, print what differs."""

from __future__ import annotations

from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta

from marketplace.config import Settings
from marketplace.db import Database
from marketplace.domain.money import Money
from marketplace.gateways.payment.base import PaymentError
from marketplace.models import Mismatch
from marketplace.services import mismatch, reconciliation_run
from marketplace.services.mismatch import NAMES
from marketplace.services.reconciliation import BalanceSeen
from marketplace.services.reconciliation_run import BY_HAND
from marketplace.wiring import WORKER_WAITS_S, make_outside
from workers.task import Tools
from workers.tasks.comparison import Result, carry_out
from workers.tasks.reconciliation import sweep_open

HELP = "compare our books with Stripe's, book what is missing here, look up lost calls; exit 1 while something differs"


def add_arguments(parser: ArgumentParser) -> None:
    """How far back."""
    parser.add_argument("--since", type=instant, help="look at movements since this day or instant, in UTC")
    parser.add_argument("--days", type=int, default=35, help="the same in days before now (35)")


def instant(typed: str) -> datetime:
    """ "2026-11-01" or "2026-11-01T12:00Z" as an instant; without a zone it is UTC."""
    try:
        at = datetime.fromisoformat(typed)
    except ValueError as error:
        raise ArgumentTypeError("give a day like 2026-11-01 or an instant like 2026-11-01T12:00Z") from error
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def main(settings: Settings, args: Namespace) -> int:
    """Print every class with its rows; 0 when nothing differs, 1 when something does, 2 when Stripe does not answer."""
    with Database(settings.database) as database:
        tools = Tools(settings, database, make_outside(settings, database, waits_s=WORKER_WAITS_S), no_jobs)
        since = args.since or tools.now() - timedelta(days=args.days)
        try:
            result = run(tools, since)
        except PaymentError as error:
            print(f"Stripe does not answer: {error}")
            return 2
        with tools.reading() as db:
            rows = mismatch.list_open(db)
            return report(result, rows, print)


def run(tools: Tools, since: datetime) -> Result:
    """One stored run from its beginning to its end."""
    with tools.unit_of_work() as db:
        run_id = reconciliation_run.begin_run(db, kind=BY_HAND, now=tools.now(), since=since)
    sweep_open(tools)
    result = carry_out(tools, run_id)
    if result is None:
        raise RuntimeError("the run was ended by somebody else")
    return result


def report(result: Result, rows: Sequence[Mismatch], write: Callable[[str], None]) -> int:
    """Say what was found, class by class; 0 when everything matches."""
    counts = result.counts
    write(
        f"{counts.looked_at} movements looked at, {counts.matched} matched, {counts.mended} mended,"
        f" {counts.opened} differences opened, {counts.settled} settled"
    )
    balances = result.balances or ()
    for line in _lines_of(balances):
        write(line)
    if result.balances is None:
        write("Stripe's balance was not compared: money never stood still")
    by_kind = Counter(row.kind for row in rows)
    for kind, name in NAMES.items():
        write(f"{kind:18} {by_kind[kind]:6}  {name}")
        for row in rows:
            if row.kind == kind:
                write(_row(row))
    unexplained = any(each.unexplained_minor for each in balances)
    return 1 if rows or unexplained else 0


def _lines_of(balances: Iterable[BalanceSeen]) -> Iterable[str]:
    for each in balances:
        ours, theirs = Money(each.ours_minor, each.currency), Money(each.theirs_minor, each.currency)
        left = Money(each.unexplained_minor, each.currency)
        says = "the same, but for what is known" if not left else f"{left} without explanation"
        yield f"{each.currency}: ours {ours}, Stripe's {theirs}: {'the same' if ours == theirs else says}"


def _row(row: Mismatch) -> str:
    booking = f", booking {row.booking_id}" if row.booking_id else ""
    source = f", {row.source_id}" if row.source_id else ""
    amounts = f"ours {row.ours_minor} theirs {row.theirs_minor} {row.currency}"
    since = f"since {row.first_seen_at:%Y-%m-%d %H:%M} UTC"
    return f"    {row.event_key}: {row.says}: {amounts}{booking}{source}, {since}"


def no_jobs(_job: object, _ids: object) -> None:
    """Nothing is sent from here: the timetable's sweeps find what was asked for."""
