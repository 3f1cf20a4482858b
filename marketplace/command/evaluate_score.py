"""`python -m marketplace evaluate-score`: the score held against what later happened, beside followers alone."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace, RawDescriptionHelpFormatter
from datetime import UTC, datetime
from pathlib import Path

from marketplace.command.import_stats import column_help, read_file
from marketplace.config import Settings
from marketplace.domain.score_evaluation import Evaluation, Measure, evaluate, trials_of
from marketplace.domain.score_method import CONSTANTS, CONSTANTS_HASH, METHOD_ID
from marketplace.gateways.network.csv import BadFile
from marketplace.services.score_evaluation import read_accounts

HELP = "hold the score against a CSV of posts: first posts foretell the median views of the next five"


def add_arguments(parser: ArgumentParser) -> None:
    """The file and its network; nothing is stored."""
    parser.formatter_class = RawDescriptionHelpFormatter
    parser.epilog = column_help()
    parser.add_argument("file", type=Path, metavar="FILE", help="CSV in UTF-8 with a heading, one post in each row")
    parser.add_argument("--network", default="tiktok", choices=sorted(CONSTANTS), help="whose constants are used")


def main(settings: Settings, args: Namespace) -> int:
    """Print the table; 2 when the file cannot be read or holds too few accounts."""
    try:
        found = read_file(args.file, now=datetime.now(UTC))
        evaluation = evaluate(trials_of(args.network, read_accounts(found.accounts)))
    except (BadFile, OSError, ValueError) as error:
        print(f"{args.file} cannot be evaluated: {error}.", file=sys.stderr)
        return 2
    print(table(evaluation))
    if found.bad_rows:
        print(f"{len(found.bad_rows):,} rows were skipped; import-stats names them.", file=sys.stderr)
    return 0


def table(evaluation: Evaluation) -> str:
    """The figures as text: one row for each way of foretelling."""
    low, high = evaluation.score_interval
    gain_low, gain_high = evaluation.gain
    return f"""\
{METHOD_ID} ({CONSTANTS_HASH[:12]}) on {evaluation.account_count:,} accounts: first posts, median views of the next five

                                    log    next post in its      typical of 5 in its
                     Spearman     error  80 % range   width      80 % range    width
our score         {_row(evaluation.score)}
followers alone   {_row(evaluation.followers)}

95 % intervals: Spearman of our score {low:.3f} to {high:.3f}; \
gain over followers {gain_low:+.3f} to {gain_high:+.3f}.
Log error (mean) and widths are in powers of ten. Followers alone are fitted to these very outcomes, which flatters
them; our constants are fixed."""


def _row(one: Measure) -> str:
    return (
        f"{one.spearman:>11.3f}{one.log_error:>10.3f}{100 * one.next_coverage:>10.1f} %{one.next_width:>8.2f}"
        f"{100 * one.typical_coverage:>14.1f} %{one.typical_width:>9.2f}"
    )
