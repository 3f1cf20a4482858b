"""Migrations: numbered, one head, up and down on both engines, and the models say the same as the tables."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect

from marketplace.command.migrate import alembic_config
from marketplace.db import Database
from marketplace.models import Base

VERSIONS = Path(__file__).resolve().parent.parent.parent / "migrations" / "versions"


def test_migrations_are_numbered_without_a_gap_and_have_one_head() -> None:
    numbers = sorted(re.match(r"\d{4}", path.name)[0] for path in VERSIONS.glob("*.py"))  # type: ignore[index]  # a file without a number is the failure
    assert numbers == [f"{number:04d}" for number in range(1, len(numbers) + 1)]
    assert ScriptDirectory.from_config(alembic_config()).get_heads() == [numbers[-1]]


def test_the_tables_are_what_the_models_say(database: Database) -> None:
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []


@pytest.mark.filterwarnings("ignore:Skipped unsupported reflection")
def test_every_migration_goes_down_and_up_again(database: Database) -> None:
    config = alembic_config()
    with database.engine.connect() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "base")
        connection.commit()
        left = set(inspect(connection).get_table_names()) - {"alembic_version"}
        connection.rollback()
        command.upgrade(config, "head")
        connection.commit()
    assert left == set()
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []
