"""What every test may use: a fresh database on each engine, settings, the web application, and no network."""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session
from xdist.scheduler import LoadScopeScheduling

from marketplace.command.migrate import migrate
from marketplace.config import Settings, load_settings
from marketplace.db import Database
from marketplace.gateways.outside import Outside, connect_outside
from marketplace.jobs import Job
from marketplace.models import Account
from marketplace.sandbox.stripe import WebhookTarget
from marketplace.web import create_app
from tests.light import lighten
from tests.postgresql import CannotRun, Copy, Server, administer, start_server
from tests.stripe_stand import SECRET, Inbox, Stand, running_stand

ENGINES = ("sqlite", "postgresql")
URL_VARIABLE = "MARQUEE_TEST_POSTGRESQL"
WHY_NOT_VARIABLE = "MARQUEE_TEST_NO_POSTGRESQL"
STORIES = "tests/journey/"
FRONT = ("tests/web/", "tests/command/")
FRONT_OF_MONEY = ("tests/web/admin/", "tests/web/test_document.py", "tests/web/test_statement.py")
LOOPBACK = ("127.", "::1", "localhost", "0.0.0.0")

lighten()

server: list[Server] = []


# --- the run as a whole ---------------------------------------------------------------------------


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--engine",
        choices=(*ENGINES, "both"),
        help="which databases to test on; left out, pages and commands but those of money are tested on SQLite alone",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Start PostgreSQL once, in the process that controls the others, which learn of it from the environment."""
    for name in [name for name in os.environ if name.lower() in Settings.model_fields]:
        del os.environ[name]  # the settings of whoever runs the tests are not the tests'
    if hasattr(config, "workerinput") or config.option.collectonly or URL_VARIABLE in os.environ:
        return
    if config.getoption("--engine") == "sqlite":
        os.environ[WHY_NOT_VARIABLE] = "--engine sqlite was asked for"
        return
    try:
        server.append(start_server())
        os.environ[URL_VARIABLE] = server[0].url
    except CannotRun as reason:
        os.environ[WHY_NOT_VARIABLE] = str(reason)


class OneSite(LoadScopeScheduling):  # type: ignore[misc]  # xdist ships no types
    """Tests go to whichever process is free, one by one; the browser's stories go together, for they share a site."""

    def _split_scope(self, nodeid: str) -> str:
        return STORIES if nodeid.startswith(STORIES) else nodeid


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling:
    """The largest scope is begun first, so the stories do not come last."""
    return OneSite(config, log)


def pytest_unconfigure(config: pytest.Config) -> None:
    while server:
        server.pop().stop()
        os.environ.pop(URL_VARIABLE, None)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test that uses a database runs once on each engine.

    Pages and commands hold no question to a database of their own, so one engine tells enough of them, unless they
    are marked, asked for, or show sums of money, which the engines make of different types.
    """
    if "engine" not in metafunc.fixturenames:
        return
    asked = metafunc.config.getoption("--engine")
    if asked is None:
        name = metafunc.definition.nodeid
        is_front = name.startswith(FRONT) and not name.startswith(FRONT_OF_MONEY)
        asked = "sqlite" if is_front and not metafunc.definition.get_closest_marker("both_engines") else "both"
    metafunc.parametrize("engine", ENGINES if asked == "both" else [asked], scope="session")


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Say in the last lines what this machine could not run."""
    skipped = terminalreporter.stats.get("skipped", [])
    reasons: dict[str, int] = {}
    for report in skipped:
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        reasons[reason.removeprefix("Skipped: ")] = reasons.get(reason.removeprefix("Skipped: "), 0) + 1
    for reason, count in reasons.items():
        terminalreporter.write_line(f"could not run: {count} tests: {reason}")


def _close_network(event: str, arguments: tuple[Any, ...]) -> None:
    """Tests reach this machine and nothing else."""
    if event == "socket.connect":
        address = arguments[1]
        if isinstance(address, tuple) and not str(address[0]).startswith(LOOPBACK):
            raise PermissionError(f"a test wanted to reach {address[0]}: tests have no network")


sys.addaudithook(_close_network)


# --- databases ------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def template(engine: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A migrated database that nobody writes to: each test copies it. Yields its URL."""
    if engine == "sqlite":
        url = f"sqlite:///{tmp_path_factory.mktemp('template') / 'template.db'}"
        _fill_template(url)
        yield url
        return
    base = os.environ.get(URL_VARIABLE)
    if base is None:
        pytest.skip(os.environ.get(WHY_NOT_VARIABLE, "no PostgreSQL server was started"))
    name = f"template_{os.getpid()}"
    administer(base, f"CREATE DATABASE {name}")
    _fill_template(f"{base}/{name}")
    yield f"{base}/{name}"
    administer(base, f"DROP DATABASE {name} WITH (FORCE)")


def _fill_template(url: str) -> None:
    with Database(url) as made:
        migrate(made.engine)


class SQLiteCopy:
    """A database file that tests write to one after the other, a new one for each at the same place."""

    def __init__(self, original: str, file: Path) -> None:
        self._original, self._file = Path(original.removeprefix("sqlite:///")), file
        self.url = f"sqlite:///{file}"

    def renew(self) -> None:
        """Make it like the original. Whoever still has the old file open keeps that."""
        self.drop()
        shutil.copyfile(self._original, self._file)

    def drop(self) -> None:
        """Be rid of it."""
        for left in self._file.parent.glob(f"{self._file.name}*"):
            left.unlink()


Scratch = SQLiteCopy | Copy


def copy_of(template: str, folder: Path, name: str) -> Scratch:
    """A copy of the migrated database, not made yet."""
    if template.startswith("sqlite:"):
        return SQLiteCopy(template, folder / f"{name}.db")
    return Copy(template, f"{name}_{os.getpid()}")


@pytest.fixture(scope="session")
def scratch(template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scratch]:
    """The one database that the tests of this process commit to; `renew` makes it like new."""
    copy = copy_of(template, tmp_path_factory.mktemp("database"), "test")
    yield copy
    copy.drop()


@pytest.fixture
def database_url(scratch: Scratch) -> str:
    """A fresh copy of the migrated database, at the address of the one before."""
    scratch.renew()
    return scratch.url


@pytest.fixture(scope="session")
def compiled(scratch: Scratch) -> Database:
    """The scratch database as SQLAlchemy sees it: what it compiles for a statement serves every test."""
    return Database(scratch.url)


@pytest.fixture
def database(database_url: str, compiled: Database) -> Iterator[Database]:
    """A fresh database: the test runs once on SQLite and once on PostgreSQL."""
    with compiled as made:
        yield made
        still_out = made.engine.pool.status()
    assert "Current Checked out connections: 0" in still_out, f"a connection was not given back: {still_out}"


@pytest.fixture(scope="session")
def shared(template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """A migrated database that nobody ever commits to: what one test writes is gone before the next begins."""
    copy = copy_of(template, tmp_path_factory.mktemp("shared"), "shared")
    copy.renew()
    with Database(copy.url) as made:
        yield made
    copy.drop()


@pytest.fixture
def db(shared: Database) -> Iterator[Session]:
    """One open writing transaction that is thrown away; a commit inside it only ends a savepoint."""
    opened = shared.engine.connect().execution_options(sqlite_begin="IMMEDIATE")
    with opened as connection, connection.begin() as everything:
        session = Session(connection, expire_on_commit=False, join_transaction_mode="create_savepoint")
        yield session
        session.close()
        everything.rollback()


# --- Stripe ---------------------------------------------------------------------------------------


@pytest.fixture
def stand(tmp_path: Path) -> Iterator[Stand]:
    """A Stripe stand-in that sends nothing by itself."""
    with running_stand(tmp_path / "stripe.db") as running:
        yield running


@pytest.fixture
def inbox() -> Iterator[Inbox]:
    """A receiver of webhooks."""
    box = Inbox()
    yield box
    box.stop()


@pytest.fixture
def sending(tmp_path: Path, inbox: Inbox) -> Iterator[Stand]:
    """A Stripe stand-in that sends every kind of event to the inbox."""
    targets = [WebhookTarget(inbox.url, SECRET, kind) for kind in ("own", "connected", "thin")]
    with running_stand(tmp_path / "stripe.db", *targets) as running:
        yield running


# --- the application ------------------------------------------------------------------------------


class Jobs(list[tuple[Job, tuple[int | str, ...]]]):
    """Records what would have been sent to the workers."""

    def __call__(self, job: Job, ids: tuple[int | str, ...]) -> None:
        self.append((job, ids))


@pytest.fixture
def jobs() -> Jobs:
    """Every job that was sent, in order."""
    return Jobs()


@pytest.fixture
def settings(tmp_path: Path, database_url: str) -> Settings:
    """Settings of a demo on the fresh database, with a data folder of its own."""
    return load_settings(data_dir=tmp_path / "data", database_url=database_url, port=24999)


@pytest.fixture
def outside(settings: Settings) -> Outside:
    """The local gateways; a test that calls Stripe or a network starts the stand-in and replaces one."""
    return connect_outside(settings)


@pytest.fixture
def app(settings: Settings, database: Database, jobs: Jobs, outside: Outside) -> Flask:
    """The whole web application; forms need no CSRF token here (its own tests switch that on)."""
    made = create_app(settings, database, jobs, outside, later=lambda call: call())
    made.config.update(TESTING=True, WTF_CSRF_ENABLED=False, RATELIMIT_ENABLED=False, PROPAGATE_EXCEPTIONS=False)
    return made


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A browser that nobody has signed in with."""
    return app.test_client()


@pytest.fixture
def client_as(app: Flask) -> Callable[[Account], FlaskClient]:
    """client_as(account): a browser in which that account is signed in."""

    def sign_in(account: Account) -> FlaskClient:
        browser = app.test_client()
        with browser.session_transaction() as session:
            session["_user_id"] = account.fs_uniquifier
            session["_fresh"] = True
            session["fs_paa"] = time.time()
        return browser

    return sign_in
