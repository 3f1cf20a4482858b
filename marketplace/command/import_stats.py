"""`python -m marketplace import-stats`: figures of posts from a file, into social accounts with scores."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace, RawDescriptionHelpFormatter
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import inspect

from marketplace.command.progress import Progress
from marketplace.config import Settings
from marketplace.db import Database
from marketplace.domain.score_method import CONSTANTS
from marketplace.gateways.network.csv import COLUMNS, BadFile, BadRow, read_post_rows
from marketplace.jobs import RunJob
from marketplace.services.stats_import import (
    ImportCount,
    ImportedAccount,
    ImportedFile,
    batches_of,
    collect_file,
    import_accounts,
    moved_to,
)
from marketplace.wiring import make_sender

HELP = "read a CSV of posts, create or match its social accounts, and score them"
SHOWN_BAD_ROWS = 20


def add_arguments(parser: ArgumentParser) -> None:
    """The file, the network, and for demonstrations a shift in time."""
    parser.formatter_class = RawDescriptionHelpFormatter
    parser.epilog = column_help()
    parser.add_argument("file", type=Path, metavar="FILE", help="CSV in UTF-8 with a heading, one post in each row")
    parser.add_argument("--network", required=True, choices=sorted(CONSTANTS), help="where these accounts are")
    parser.add_argument(
        "--shift-to-now",
        action="store_true",
        help="move all times so that the newest row was read now: shows an old file as if it were fresh",
    )


def main(settings: Settings, args: Namespace) -> int:
    """Read the whole file, then write it; 2 and no change for a bad file, 1 when rows were skipped."""
    now = datetime.now(UTC)
    try:
        found = read_file(args.file, now=now)
    except (BadFile, OSError) as error:
        print(f"{args.file} cannot be imported: {error}. Nothing was changed.", file=sys.stderr)
        return 2
    accounts = moved_to(found.accounts, now) if args.shift_to_now else found.accounts
    with Database(settings.database) as database:
        if not inspect(database.engine).has_table("social_account"):
            print("The database has no tables yet: run `python -m marketplace migrate` first.", file=sys.stderr)
            print("Nothing was changed.", file=sys.stderr)
            return 2
        count = write_accounts(database, make_sender(settings), accounts, network=args.network, now=now)
    report(count, found.bad_rows)
    return 1 if found.bad_rows or count.skipped else 0


def read_file(path: Path, *, now: datetime) -> ImportedFile:
    """The file's accounts and bad rows. Raises BadFile also where not one row is good."""
    bar = Progress("Reading rows")
    with path.open(encoding="utf-8", newline="") as lines:
        found = collect_file(read_post_rows(lines, now=now), progress=bar.advance_to)
    bar.finish()
    if not found.accounts:
        first = f": line {found.bad_rows[0].line}: {found.bad_rows[0].reason}" if found.bad_rows else ""
        raise BadFile(f"it holds no row that can be read{first}")
    return found


def write_accounts(
    database: Database, run_job: RunJob, accounts: Sequence[ImportedAccount], *, network: str, now: datetime
) -> ImportCount:
    """Write and score a hundred accounts in each transaction."""
    bar = Progress("Scoring accounts", len(accounts))
    count, done = ImportCount(), 0
    for batch in batches_of(accounts):
        with database.unit_of_work(run_job) as db:
            count += import_accounts(db, batch, network=network, now=now)
        done += len(batch)
        bar.advance_to(done)
    bar.finish()
    return count


def report(count: ImportCount, bad_rows: Sequence[BadRow]) -> None:
    """Say what was done on standard output, and what was not on standard error."""
    print(f"{count.created:,} accounts created, {count.matched:,} matched, {count.scored:,} scored;")
    print(f"{count.posts_added:,} posts added, {count.posts_changed:,} updated; {len(bad_rows):,} rows skipped.")
    for row in bad_rows[:SHOWN_BAD_ROWS]:
        print(f"line {row.line} was skipped: {row.reason}", file=sys.stderr)
    if len(bad_rows) > SHOWN_BAD_ROWS:
        print(f"... and {len(bad_rows) - SHOWN_BAD_ROWS:,} more rows were skipped", file=sys.stderr)
    for handle in count.skipped:
        print(f"{handle} was skipped: its figures are read from the network itself", file=sys.stderr)


def column_help() -> str:
    """What each column means."""
    width = max(map(len, COLUMNS))
    lines = [f"  {name:<{width}}  {words}" for name, words in COLUMNS.items()]
    return "\n".join(["columns, in any order (others are passed over):", *lines])
