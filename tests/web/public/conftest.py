"""Actors on the stage of the public pages."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from marketplace.db import Database
from marketplace.web.transaction import CLOCK
from tests.services.stage import NOW

Fill = Callable[[Callable[[Session], object]], None]


@pytest.fixture(autouse=True)
def _clock(app: Flask) -> None:
    """It is a Monday morning on every page."""
    app.extensions[CLOCK] = lambda: NOW


@pytest.fixture
def fill(database: Database) -> Fill:
    """fill(lambda db: add_actor(db, ...)): rows that the pages will find."""

    def run(add: Callable[[Session], object]) -> None:
        with database.unit_of_work(lambda *_: None) as db:
            add(db)

    return run
