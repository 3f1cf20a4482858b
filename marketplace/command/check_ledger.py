"""`python -m marketplace check-ledger`: ask the database whether the money is right, and name the rows where not."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from datetime import UTC, datetime

from marketplace.config import Settings
from marketplace.db import Database
from marketplace.domain.money import Money
from marketplace.services.ledger import list_balances
from marketplace.services.ledger_check import Check, run_checks

HELP = "check the invariants of the money; exit 1 and name the rows that break them"


def add_arguments(parser: ArgumentParser) -> None:
    """How much to print."""
    parser.add_argument("--balances", action="store_true", help="print the balance of every account of the books too")
    parser.add_argument("--rows", type=int, default=20, help="print at most this many rows of each (20)")


def main(settings: Settings, args: Namespace) -> int:
    """Print each invariant with its count and the rows that break it; 0 when none does."""
    with Database(settings.database) as database, database.reading() as db:
        checks = run_checks(db, now=datetime.now(UTC), limit_minor=settings.four_eyes_limit_minor)
        balances = list_balances(db) if args.balances else []
    for check in checks:
        print_check(check, args.rows, print)
    for key, currency, amount in balances:
        print(f"{key:32} {Money(amount, currency)}")
    broken, unchecked = sum(bool(check.rows) for check in checks), sum(bool(check.unchecked) for check in checks)
    print(f"{len(checks)} checks, {broken} broken{f', {unchecked} not checked yet' if unchecked else ''}")
    return 1 if broken else 0


def print_check(check: Check, most: int, write: Callable[[str], None]) -> None:
    """One invariant, and at most so many of the rows that break it."""
    result = "BAD" if check.rows else ("?  " if check.unchecked else "ok ")
    write(f"{check.name:4} {result} {check.looked_at:9,} rows  {check.says}")
    if check.unchecked:
        write(f"         {check.unchecked}")
    for row in check.rows[:most]:
        write(f"         {row}")
    if len(check.rows) > most:
        write(f"         and {len(check.rows) - most} more")
