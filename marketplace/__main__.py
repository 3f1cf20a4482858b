"""`python -m marketplace COMMAND`: reads the settings and runs one command."""

from __future__ import annotations

import argparse
import sys
from importlib import import_module
from types import ModuleType

from sqlalchemy.exc import DBAPIError, OperationalError, ProgrammingError

from marketplace.config import ConfigurationError, load_settings

INTERRUPTED = 130
NOT_MIGRATED = ("no such table", "no such column", "UndefinedTable", "UndefinedColumn")
# a command is a module of marketplace.command; only the one asked for is loaded, since each brings its own libraries
COMMANDS = (
    "run",
    "migrate",
    "reset",
    "serve",
    "sandbox",
    "work",
    "beat",
    "create-admin",
    "check-config",
    "check-audit",
    "check-ledger",
    "reconcile",
    "import-stats",
    "evaluate-score",
    "attach-account",
    "seed",
)


def load_command(name: str) -> ModuleType:
    """The module of a command: HELP, add_arguments(parser), main(settings, args) -> exit status."""
    return import_module(f"marketplace.command.{name.replace('-', '_')}")


def make_parser(names: tuple[str, ...]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m marketplace", description="Marquee")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name in names:
        module = load_command(name)
        module.add_arguments(commands.add_parser(name, help=module.HELP, description=module.HELP))
    return parser


def main(argv: list[str]) -> int:
    names = (argv[0],) if argv and argv[0] in COMMANDS else COMMANDS
    args = make_parser(names).parse_args(argv)
    try:
        settings = load_settings()
    except ConfigurationError as error:
        print(f"Marquee cannot start: {error}", file=sys.stderr)
        return 2
    try:
        status: int = load_command(args.command).main(settings, args)
    except KeyboardInterrupt:
        return INTERRUPTED
    except ConfigurationError as error:
        print(f"Marquee cannot go on: {error}", file=sys.stderr)
        return 2
    except (OperationalError, ProgrammingError) as error:
        if (told := database_trouble(error)) is None:
            raise
        print(told, file=sys.stderr)
        return 2
    return status


def database_trouble(error: DBAPIError) -> str | None:
    """What is wrong with the database, in a sentence; None where the fault is a statement of our own."""
    if any(mark in f"{type(error.orig).__name__} {error.orig}" for mark in NOT_MIGRATED):
        return "The database has not this version's tables: run `python -m marketplace migrate` first."
    if error.statement is not None and isinstance(error, ProgrammingError):
        return None
    reason = str(error.orig).strip().partition("\n")[0].rstrip(".")
    return f"The database cannot be used: {reason}. DATABASE_URL says where it is."


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
