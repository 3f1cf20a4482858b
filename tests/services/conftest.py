"""Fixtures of the services tests in which money moves."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from marketplace.config import Settings
from marketplace.db import Database
from marketplace.gateways.outside import Outside
from tests.services.money_stage import MoneyStage
from tests.stripe_stand import Stand, running_stand


@pytest.fixture
def stand(tmp_path: Path) -> Iterator[Stand]:
    """A Stripe stand-in that sends nothing by itself."""
    with running_stand(tmp_path / "stripe.db") as running:
        yield running


@pytest.fixture
def stage(database: Database, settings: Settings, outside: Outside, stand: Stand) -> MoneyStage:
    """Everyone whose money moves, on a fresh database of each engine."""
    return MoneyStage(database, settings, outside, stand)
