"""`python -m marketplace work`: a worker process for everything that happens without anyone clicking."""

from __future__ import annotations

import warnings
from argparse import ArgumentParser, Namespace

from celery.exceptions import SecurityWarning

from marketplace.config import Settings
from marketplace.log import configure_logging
from marketplace.wiring import make_worker

HELP = "run tasks from the queue"


def add_arguments(parser: ArgumentParser) -> None:
    """No arguments: BROKER_URL and WORKER_PROCESSES say how."""


def main(settings: Settings, args: Namespace) -> int:
    """Work until SIGTERM; tasks that run are finished."""
    configure_logging(settings)
    # Celery warns of root because a pickled message could run anything; ours accepts JSON only
    warnings.filterwarnings("ignore", category=SecurityWarning)
    worker = make_worker(settings).Worker(
        concurrency=settings.worker_processes,
        loglevel="WARNING",
        hostname="marquee@%h",
        without_gossip=True,
        without_mingle=True,
        quiet=True,
    )
    worker.start()
    return int(worker.exitcode or 0)
