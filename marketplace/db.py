"""Engines and transactions: unit_of_work() is one transaction, then its jobs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Self

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.orm import Session, sessionmaker

from marketplace.jobs import RunJob, take_jobs

BUSY_TIMEOUT_S = 15


def make_engine(url: str) -> Engine:
    """An engine for SQLite (WAL, foreign keys on) or PostgreSQL (psycopg 3), with UTC connections.

    On SQLite the driver's own transaction handling is switched off and BEGIN is sent here, because the default
    breaks SAVEPOINT. `execution_options(sqlite_begin="IMMEDIATE")` makes a transaction a writing one from its start:
    a deferred one that turns writer fails when another writer was faster. Errors do not carry the values of their
    statement: those end in logs, and among them are password hashes.
    """
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        engine = create_engine(
            parsed, hide_parameters=True, connect_args={"timeout": BUSY_TIMEOUT_S, "check_same_thread": False}
        )
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    if parsed.drivername == "postgresql":
        parsed = parsed.set(drivername="postgresql+psycopg")
    return create_engine(
        parsed,
        hide_parameters=True,
        pool_size=10,
        max_overflow=20,
        pool_pre_ping=True,
        connect_args={"options": "-c timezone=UTC"},
    )


def _prepare_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    mode = connection.get_execution_options().get("sqlite_begin", "DEFERRED")
    connection.exec_driver_sql(f"BEGIN {mode}")


class Database:
    """One database with its two kinds of transactions; made once by the composition."""

    def __init__(self, url: str) -> None:
        self.engine = make_engine(url)
        self.is_sqlite = self.engine.dialect.name == "sqlite"
        self.readers = sessionmaker(self.engine, expire_on_commit=False)
        self.writers = sessionmaker(self.engine.execution_options(sqlite_begin="IMMEDIATE"), expire_on_commit=False)

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session for looking; what it changes is thrown away."""
        with self.readers() as db:
            yield db

    @contextmanager
    def unit_of_work(self, run_job: RunJob) -> Iterator[Session]:
        """One writing transaction: committed when the block ends well, rolled back when it raises, then its jobs.

        Jobs leave in plain code after the commit: SQLAlchemy's after-commit event also fires when a SAVEPOINT is
        released, and a job that runs before its row is visible finds nothing.
        """
        with self.writers() as db:
            with db.begin():
                yield db
            send_jobs(db, run_job)

    def dispose(self) -> None:
        """Close every pooled connection."""
        self.engine.dispose()

    def __enter__(self) -> Self:
        """For the length of a command."""
        return self

    def __exit__(self, *_: object) -> None:
        """Its connections are closed, however the command ends."""
        self.dispose()


def send_jobs(db: Session, run_job: RunJob) -> None:
    """Send what the committed transaction asked for."""
    for job, ids in take_jobs(db):
        run_job(job, ids)
