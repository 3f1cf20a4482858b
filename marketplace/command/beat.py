"""`python -m marketplace beat`: the clock that sends the timetable's tasks when they are due."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from marketplace.config import Settings, make_folder
from marketplace.log import configure_logging
from workers.celery_app import create_celery

HELP = "send periodic tasks when they are due (two of these do no harm)"


def add_arguments(parser: ArgumentParser) -> None:
    """No arguments."""


def main(settings: Settings, args: Namespace) -> int:
    """Tick until SIGTERM."""
    configure_logging(settings)
    make_folder(settings.data_dir)  # where it notes what it has sent
    create_celery(settings).Beat(loglevel="WARNING", quiet=True).run()
    return 0
