"""The nursery of workers that can be killed, started once for each process that runs tests."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import pytest

from marketplace.config import Settings
from marketplace.db import Database
from marketplace.gateways.outside import Outside
from tests.crash.nursery import Errand
from tests.services.money_stage import MoneyStage
from tests.stripe_stand import Stand

ROOT = Path(__file__).resolve().parent.parent.parent


@dataclass(frozen=True)
class End:
    """How a worker ended: killed at the point `words`, or by itself after so many."""

    killed: bool
    words: str


class Nursery:
    """Has workers born."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def send(self, errand: Errand) -> End:
        """One worker's life."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps(asdict(errand)) + "\n")
        self._process.stdin.flush()
        told = json.loads(self._process.stdout.readline())
        assert told["status"] == 0, told["words"]
        return End(told["killed"], told["words"])


@pytest.fixture
def stage(database: Database, settings: Settings, outside: Outside, stand: Stand) -> MoneyStage:
    """Everyone whose money moves, on a fresh database of each engine."""
    return MoneyStage(database, settings, outside, stand)


@pytest.fixture(scope="session")
def nursery() -> Iterator[Nursery]:
    """A process of its own, so that what is forked has no threads of the tests."""
    command = [sys.executable, "-m", "tests.crash.nursery"]
    with subprocess.Popen(command, cwd=ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        yield Nursery(process)
        assert process.stdin
        process.stdin.close()
