"""`python -m marketplace migrate`: bring the database to the newest tables, on SQLite or PostgreSQL."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine

from marketplace.config import Settings, make_folder
from marketplace.db import Database

HELP = "bring the database to the newest tables"
ROOT = Path(__file__).resolve().parent.parent.parent


def add_arguments(parser: ArgumentParser) -> None:
    """No arguments."""


def main(settings: Settings, args: Namespace) -> int:
    """Migrate the database of the settings; says what it did."""
    make_folder(settings.data_dir)
    with Database(settings.database) as database:
        before, after = migrate(database.engine)
    print(
        f"The database is at {after}." if before == after else f"Migrated the database from {before or 0} to {after}."
    )
    return 0


def alembic_config() -> Config:
    """Alembic's settings as this project uses them."""
    config = Config()
    config.set_main_option("script_location", str(ROOT / "migrations"))
    return config


def migrate_down(engine: Engine) -> None:
    """Take every table away, and all that is in them."""
    config = alembic_config()
    with engine.connect() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "base")
        connection.commit()


def migrate(engine: Engine, revision: str = "head") -> tuple[str | None, str | None]:
    """Upgrade to `revision`; the revisions before and after. Does nothing, and fast, when it is there already."""
    config = alembic_config()
    with engine.connect() as connection:
        before = MigrationContext.configure(connection).get_current_revision()
        connection.rollback()
        if revision != "head" or before != ScriptDirectory.from_config(config).get_current_head():
            config.attributes["connection"] = connection
            command.upgrade(config, revision)
            connection.commit()
        after = MigrationContext.configure(connection).get_current_revision()
    return before, after
