"""Engines, transactions and the time: unit_of_work() is one transaction, then its jobs; Clock is the database's own."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, Self

from sqlalchemy import Connection, Engine, create_engine, event, func, select
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session, sessionmaker

from marketplace.jobs import RunJob, take_jobs

BUSY_TIMEOUT_S = 15
CLOCK_HOLDS_S = 30
CLOCKS_AGREE_WITHIN = timedelta(seconds=1)


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


def utc_now() -> datetime:
    """The instant by this machine's clock."""
    return datetime.now(UTC)


class Clock:
    """The instant by the database's clock, the only one that all machines share.

    It is this machine's, put right by what the two differed by when last compared, at most half a minute ago: nothing
    is then sent, expired or taken back early because one machine is ahead. A difference of less than a second is
    left, so that time does not jump back and forth. SQLite has no clock but this machine's.
    """

    def __init__(self, database: Database, own: Callable[[], datetime] = utc_now) -> None:
        self._database, self._own = database, own
        self._ahead = timedelta()
        self._compare_at = 0.0

    def __call__(self) -> datetime:
        """The instant now, in UTC."""
        if not self._database.is_sqlite and time.monotonic() >= self._compare_at:
            self._compare()
        return self._own() - self._ahead

    def _compare(self) -> None:
        self._compare_at = time.monotonic() + CLOCK_HOLDS_S
        before = self._own()
        try:
            with self._database.engine.connect() as connection:
                theirs: datetime = connection.scalar(select(func.clock_timestamp())) or before
        except DBAPIError:
            return  # what is known still holds; whoever asked needs the database anyway and will hear of it
        ahead = before + (self._own() - before) / 2 - theirs
        self._ahead = ahead if abs(ahead) >= CLOCKS_AGREE_WITHIN else timedelta()


def send_jobs(db: Session, run_job: RunJob) -> None:
    """Send what the committed transaction asked for."""
    for job, ids in take_jobs(db):
        run_job(job, ids)
