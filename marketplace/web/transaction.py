"""Transactions of a request: one session for looking, and units of work for changing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime

from flask import Flask, current_app, g
from sqlalchemy import event
from sqlalchemy.orm import Session

from marketplace.db import Database
from marketplace.jobs import RunJob

DATABASE, RUN_JOB, CLOCK = "marquee.database", "marquee.run_job", "marquee.clock"
TURNED = "turned"


class RequestSession:
    """What Flask-Security's datastore expects of a database object: its session is the request's.

    Flask-Security commits it itself, so it may write, though it begins as a reading one: a sign-in that hashes a
    password for a quarter of a second must not lock out every other writer.
    """

    @property
    def session(self) -> Session:
        return reading()


def install(app: Flask, database: Database, run_job: RunJob, clock: Callable[[], datetime]) -> None:
    """Give every request of `app` its transactions."""
    app.extensions[DATABASE] = database
    app.extensions[RUN_JOB] = run_job
    app.extensions[CLOCK] = clock
    app.teardown_request(_close)


def reading() -> Session:
    """The request's session, for looking. Only Flask-Security writes through it; everything else has units of work."""
    if "db" not in g:
        database: Database = current_app.extensions[DATABASE]
        g.db = database.readers()
        if database.is_sqlite:
            event.listen(g.db, "before_flush", _turn_writer)
    session: Session = g.db
    return session


@contextmanager
def unit_of_work() -> Iterator[Session]:
    """One writing transaction, committed at the end of the block, then its jobs.

    It has a connection of its own, so that a form that takes long to arrive or to check locks nobody out. What the
    request has read is read again afterwards.
    """
    with current_app.extensions[DATABASE].unit_of_work(current_app.extensions[RUN_JOB]) as db:
        yield db
    if "db" in g:
        g.db.rollback()


def drop_session() -> None:
    """Give the request's session back: after a failed statement PostgreSQL refuses every other one on it.

    What was read stays as it is; whoever reads again gets a fresh session.
    """
    db = g.pop("db", None)
    if db is not None:
        db.close()


def now() -> datetime:
    """The instant of this request: the same wherever it asks."""
    if "now" not in g:
        g.now = current_app.extensions[CLOCK]()
    at: datetime = g.now
    return at


def _turn_writer(db: Session, *_: object) -> None:
    """Let go of what was read before the first write: SQLite refuses to turn an old reader into a writer."""
    if db.info.get(TURNED) is not db.get_transaction():
        connection = db.connection()
        connection.exec_driver_sql("COMMIT")
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        db.info[TURNED] = db.get_transaction()


def _close(_error: BaseException | None) -> None:
    drop_session()
