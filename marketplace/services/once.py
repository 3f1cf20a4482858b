"""Rows that may only be there once: an insert that a second writer's same row turns into nothing."""

from __future__ import annotations

from typing import Any

from sqlalchemy import inspect
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from marketplace.models import Base


def insert_once(db: Session, table: type[Base], **values: Any) -> int | str | None:
    """Insert a row unless one with the same unique value exists; its primary key (one column), or None if it did.

    On PostgreSQL a second writer waits for the first to commit and then inserts nothing.
    """
    insert = sqlite.insert if db.get_bind().dialect.name == "sqlite" else postgresql.insert
    key = inspect(table).primary_key[0]
    statement = insert(table).values(**values).on_conflict_do_nothing().returning(key)
    found: int | str | None = db.execute(statement).scalar()
    return found
