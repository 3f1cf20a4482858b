"""What is sent to a database while a block runs, so that a test can count statements or have them explained."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Engine, event
from sqlalchemy.orm import Session

from marketplace.db import Database


@contextmanager
def counted(asked: Session | Database) -> Iterator[list[str]]:
    """The statements that are sent while the block runs, by anybody on that engine."""
    engine: Engine = asked.engine if isinstance(asked, Database) else asked.get_bind().engine
    sent: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        sent.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(engine, "before_cursor_execute", note)
