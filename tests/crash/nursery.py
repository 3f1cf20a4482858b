"""A process without threads or connections that forks a worker for each errand: everything is imported once.

Reads errands as lines of JSON and answers each with a line of JSON once its worker is dead.
"""

from __future__ import annotations

import gc
import json
import logging
import os
import sys
import traceback
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import structlog
from sqlalchemy.orm import configure_mappers

from marketplace.config import Settings, load_settings
from marketplace.db import Database
from marketplace.gateways.outside import Outside, connect_outside
from marketplace.gateways.payment.stripe import StripeGateway
from marketplace.jobs import Job
from tests.crash.point import Points
from tests.services.money_stage import MONEY_JOBS
from workers.schedule import TIMETABLE
from workers.task import TASKS, Tools
from workers.tasks.booking import _advance
from workers.tasks.outbox import _send

ABOUT_MONEY: Final = (
    "outbox", "payout", "stripe_event", "payment", "saved_card", "connect", "reconciliation", "dispute", "booking",
)  # fmt: skip
SWEEPS: Final[MappingProxyType[str, Callable[[Tools], None]]] = MappingProxyType(
    {
        row.name: row.function
        for row in TIMETABLE
        if row.name.partition(".")[0] in ABOUT_MONEY and row.every <= timedelta(hours=1)
    }
)
ONES: Final[MappingProxyType[str, Callable[..., None]]] = MappingProxyType(
    {"payout.send": _send, "booking.advance": _advance}
)
"""What two of the sweeps do with each thing they find."""


@dataclass(frozen=True)
class Errand:
    """What one worker does, where, at what time, and at which point it dies, by number or name.

    `work` names jobs with their ids, or sweeps without; what they send to the workers is done in the same life, and
    lost with it. An errand that is done `here` warms the nursery: what it compiles its children need not.
    """

    database_url: str
    stripe_url: str
    data_dir: str
    offset_s: float
    work: list[list[Any]]
    die_at: int = 0
    die_on: str = ""
    here: bool = False

    def run(self) -> None:
        """Be the worker."""
        queue: deque[tuple[str, tuple[Any, ...]]] = deque((name, tuple(ids)) for name, *ids in self.work)

        def take(job: Job, ids: tuple[int | str, ...]) -> None:
            if job in MONEY_JOBS:
                queue.append((job.value, ids))

        settings, outside = surroundings_of(self.database_url, self.data_dir, self.stripe_url)
        tools = Tools(settings, database_of(self.database_url), outside, take, now=self._now)
        while queue:
            name, ids = queue.popleft()
            function = SWEEPS.get(name) or ONES.get(name) or TASKS[name].function
            function(tools, *ids)

    def _now(self) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=self.offset_s)


@lru_cache(maxsize=1)
def surroundings_of(database_url: str, data_dir: str, stripe_url: str) -> tuple[Settings, Outside]:
    """What a worker finds when it starts."""
    settings = load_settings(
        data_dir=Path(data_dir), database_url=database_url, port=24999, stripe_calls_per_second=100
    )
    payment = StripeGateway("sk_test_stand", api_base=stripe_url, timeout_s=10)
    return settings, replace(connect_outside(settings), payment=payment)


_databases: Final[dict[str, Database]] = {}


def database_of(url: str) -> Database:
    """The one database of the moment, known to every child with all that was compiled for it."""
    if url not in _databases:
        _databases.clear()
        _databases[url] = Database(url)
    return _databases[url]


def do(errand: Errand) -> dict[str, Any]:
    """See an errand done: how it ended, and at which point it was killed or how many it came by."""
    if not errand.here:
        return _fork(errand)
    try:
        errand.run()
    finally:
        database_of(errand.database_url).dispose()  # no child may find a connection
    return {"killed": False, "status": 0, "words": ""}


def _fork(errand: Errand) -> dict[str, Any]:
    ours, theirs = os.pipe()
    child = os.fork()
    if child == 0:
        os._exit(_live(errand, theirs))
    os.close(theirs)
    with os.fdopen(ours) as told:
        words = told.read()
    _, status = os.waitpid(child, 0)
    killed = os.WIFSIGNALED(status)
    return {"killed": killed, "status": 0 if killed else os.waitstatus_to_exitcode(status), "words": words}


def _live(errand: Errand, pipe: int) -> int:
    points = Points(errand.die_at, errand.die_on, lambda name: os.write(pipe, name.encode()))
    points.watch_database(database_of(errand.database_url).engine)
    points.watch_requests()
    try:
        errand.run()
    except BaseException:
        os.write(pipe, traceback.format_exc().encode())
        return 1
    os.write(pipe, str(points.passed).encode())
    return 0


def main() -> None:
    """Until nobody asks any more. What a worker prints goes to the errors, for the answers have the output."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    configure_mappers()
    gc.freeze()
    gc.disable()  # a life is short
    for line in sys.stdin:
        answers.write(json.dumps(do(Errand(**json.loads(line)))) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
