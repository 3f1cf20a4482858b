"""How Alembic reaches the database: one environment for SQLite and PostgreSQL.

The caller may hand over an open connection as `config.attributes["connection"]` (tests, `python -m marketplace
migrate`); the `alembic` command line reads the settings itself.
"""

from __future__ import annotations

from typing import Any, Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext
from sqlalchemy import Connection

from marketplace.config import load_settings
from marketplace.db import Database
from marketplace.models import Base
from marketplace.models.column import UTC


def render_item(kind: str, item: Any, autogen: AutogenContext) -> str | Literal[False]:
    """Write our own column types with their imports: Alembic leaves them out and the file fails with NameError."""
    if kind == "type" and isinstance(item, UTC):
        autogen.imports.add("from marketplace.models.column import UTC")
        return "UTC()"
    if kind == "type" and type(item).__name__ == "JSON":
        autogen.imports.add("from marketplace.models.column import Json")
        return "Json"
    return False


def run(connection: Connection) -> None:
    """Migrate over this connection, in one transaction where the engine can."""
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        render_item=render_item,
        compare_type=True,
        # SQLite cannot alter a table in place; the same migration runs plainly on PostgreSQL
        render_as_batch=not context.config.attributes.get("plain", False),
    )
    with context.begin_transaction():
        context.run_migrations()


def main() -> None:
    """Use the caller's connection, or open one by the settings."""
    given = context.config.attributes.get("connection")
    if given is not None:
        run(given)
        return
    database = Database(load_settings().database)
    with database.engine.connect() as connection:
        run(connection)
        connection.commit()
    database.dispose()


main()
