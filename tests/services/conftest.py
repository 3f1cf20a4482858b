"""Fixtures of the services tests in which money moves."""

from __future__ import annotations

import pytest

from marketplace.config import Settings
from marketplace.db import Database
from marketplace.gateways.outside import Outside
from tests.services.money_stage import MoneyStage
from tests.stripe_stand import Stand


@pytest.fixture
def stage(database: Database, settings: Settings, outside: Outside, stand: Stand) -> MoneyStage:
    """Everyone whose money moves, on a fresh database of each engine."""
    return MoneyStage(database, settings, outside, stand)
