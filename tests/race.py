"""Racing clients: real processes that start together, each doing its own piece of work on one database."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing.synchronize import Barrier
from time import perf_counter
from typing import Any

from sqlalchemy.exc import OperationalError

from marketplace.db import Database
from marketplace.domain.errors import Refused

WAIT_S = 120

Work = Callable[[Database, Any], None]


@dataclass(frozen=True)
class Lap:
    """What one client did: pieces that committed, refusals by their code, and its own start and end."""

    won: int
    refused: tuple[str, ...]
    started: float
    ended: float


@dataclass(frozen=True)
class Race:
    """What all clients did together."""

    laps: tuple[Lap, ...]

    @property
    def winners(self) -> int:
        return sum(lap.won for lap in self.laps)

    @property
    def refusals(self) -> list[str]:
        return sorted(code for lap in self.laps for code in lap.refused)

    @property
    def seconds(self) -> float:
        return max(lap.ended for lap in self.laps) - min(lap.started for lap in self.laps)

    @property
    def attempts_per_second(self) -> float:
        return (self.winners + len(self.refusals)) / self.seconds

    @property
    def commits_per_second(self) -> float:
        return self.winners / self.seconds


def race(url: str, work: Work, pieces: Sequence[Sequence[Any]]) -> Race:
    """Run one process for each list of pieces; `work` (a module-level function) does a piece, or raises Refused.

    Any other error, or a client that does not finish in time, fails the race.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.services.money_stage"])  # which imports most of what a client needs
    barrier = context.Barrier(len(pieces))
    with context.Pool(len(pieces), initializer=_prepare, initargs=(url, work, barrier)) as pool:
        return Race(tuple(pool.map_async(_run, pieces, chunksize=1).get(WAIT_S)))


_desk: list[tuple[Database, Work, Barrier]] = []


def _prepare(url: str, work: Work, barrier: Barrier) -> None:
    _desk.append((Database(url), work, barrier))


def _run(pieces: Sequence[Any]) -> Lap:
    database, work, barrier = _desk[0]
    with database.reading() as db:
        db.connection()  # the connection is open before the start
    barrier.wait(WAIT_S)
    started, won, refused = perf_counter(), 0, []
    for piece in pieces:
        try:
            work(database, piece)
            won += 1
        except Refused as refusal:
            refused.append(refusal.code)
        except OperationalError as error:
            refused.append(_why_not(error))
    return Lap(won, tuple(refused), started, perf_counter())


def _why_not(error: OperationalError) -> str:
    """What the database says to one client of many: a deadlock it broke, or a queue that was too long."""
    words = str(error).lower()
    for code, sign in (("deadlock", "deadlock"), ("busy", "database is locked")):
        if sign in words:
            return code
    raise error
