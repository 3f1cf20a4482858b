"""A PostgreSQL server of the tests' own: found binaries, a temporary folder, gone when the tests are over."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import psycopg

OLDEST_MAJOR = 15
READY_WITHIN_S = 60
NOBODY = 65534
FAST = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_wal_size=2GB", "shared_buffers=64MB")

SEND_AWAY = (
    "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
)
EMPTY = """
DO $$
DECLARE
  name regclass;
  is_used boolean;
BEGIN
  FOR name IN
    SELECT oid FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace
      AND relname NOT IN ('alembic_version', 'balanced')
  LOOP
    EXECUTE format('SELECT EXISTS (SELECT FROM %s)', name) INTO is_used;
    IF is_used THEN
      EXECUTE format('DELETE FROM %s', name);
    END IF;
  END LOOP;
  PERFORM setval(oid, 1, false) FROM pg_class WHERE relkind = 'S' AND relnamespace = 'public'::regnamespace;
END $$
"""
"""Of all but what migrations fill."""
MAKE = """
SELECT
  (SELECT (count(*), max(xmin::text::bigint)) FROM pg_class WHERE relnamespace = 'public'::regnamespace),
  (SELECT (count(*), max(xmin::text::bigint)) FROM pg_attribute),
  (SELECT (count(*), max(xmin::text::bigint)) FROM pg_constraint),
  (SELECT (count(*), max(xmin::text::bigint)) FROM pg_trigger),
  (SELECT (count(*), max(xmin::text::bigint)) FROM pg_proc),
  (SELECT array_agg(version_num) FROM alembic_version),
  (SELECT array_agg(imbalance) FROM balanced)
"""
"""Differs after any change to tables, columns, constraints, triggers or functions, and to what migrations fill."""


class CannotRun(Exception):
    """Why there is no PostgreSQL here, in words for the last lines of the test run."""


@dataclass
class Server:
    """A running server; databases are made under `url`."""

    process: subprocess.Popen[bytes]
    folder: Path
    port: int

    @property
    def url(self) -> str:
        """Address without a database name."""
        return f"postgresql://tests@127.0.0.1:{self.port}"

    def stop(self) -> None:
        """End it at once and remove its folder: nothing in it is worth a checkpoint."""
        self.process.send_signal(signal.SIGQUIT)
        self.process.wait(timeout=20)
        shutil.rmtree(self.folder, ignore_errors=True)


class Copy:
    """A database that tests write to one after the other, like new for each: wiped, unless one changed its make.

    A wipe takes a fifteenth of the time that a database takes to be made.
    """

    def __init__(self, original: str, name: str) -> None:
        self._base, _, self._original = original.rpartition("/")
        self._name, self._make = name, ""
        self.url = f"{self._base}/{name}"

    def renew(self) -> None:
        """Make it like the original, with nobody connected."""
        if not self._make or not self._wipe():
            self.drop()
            administer(self._base, f"CREATE DATABASE {self._name} TEMPLATE {self._original} STRATEGY FILE_COPY")
            with psycopg.connect(self.url) as connection:
                self._make = self._read_make(connection)

    def drop(self) -> None:
        """Be rid of it."""
        administer(self._base, f"DROP DATABASE IF EXISTS {self._name} WITH (FORCE)")

    def _wipe(self) -> bool:
        with psycopg.connect(self.url, options="-c session_replication_role=replica") as connection:
            connection.execute(SEND_AWAY)
            connection.execute(EMPTY)
            return self._read_make(connection) == self._make

    def _read_make(self, connection: psycopg.Connection) -> str:
        row = connection.execute(MAKE).fetchone()
        assert row
        return str(row)


def administer(base: str, statement: str) -> None:
    """Run a statement that no transaction may contain."""
    with psycopg.connect(f"{base}/postgres", autocommit=True) as connection:
        connection.execute(statement.encode())


def start_server() -> Server:
    """Start one or raise CannotRun. As root it runs as nobody, since PostgreSQL refuses root."""
    binaries = find_binaries()
    folder = Path(tempfile.mkdtemp(prefix="marquee-postgresql-"))
    user = NOBODY if os.geteuid() == 0 else None
    try:
        if user is not None:
            os.chown(folder, user, user)
        _run(binaries / "initdb", folder, user)
        return _serve(binaries / "postgres", folder, user)
    except (OSError, subprocess.SubprocessError) as error:
        shutil.rmtree(folder, ignore_errors=True)
        raise CannotRun(f"PostgreSQL in {binaries} did not start: {error}") from error


def find_binaries() -> Path:
    """The folder of the newest initdb and postgres that are new enough."""
    folders = [Path(found).resolve().parent for name in ("initdb", "postgres") if (found := shutil.which(name))]
    for root in (Path("/usr/lib/postgresql"), Path("/usr/local"), Path("/opt/homebrew/opt")):
        folders += [path.parent for path in root.glob("*/bin/postgres")] if root.exists() else []
    usable = sorted({(_major(folder), folder) for folder in folders if (folder / "initdb").exists()})
    if not usable or usable[-1][0] < OLDEST_MAJOR:
        raise CannotRun(f"no PostgreSQL {OLDEST_MAJOR} or newer was found (Debian: apt install postgresql)")
    return usable[-1][1]


def _major(folder: Path) -> int:
    told = subprocess.run([folder / "postgres", "--version"], capture_output=True, text=True, check=False).stdout
    numbers = [word.split(".")[0] for word in told.split() if word[:1].isdigit()]
    return int(numbers[0]) if numbers and numbers[0].isdigit() else 0


def _run(initdb: Path, folder: Path, user: int | None) -> None:
    command: list[str | Path] = [
        initdb,
        "-D",
        folder / "data",
        "-U",
        "tests",
        "-A",
        "trust",
        "--no-sync",
        "-E",
        "UTF8",
        "--locale=C",
    ]
    subprocess.run(
        command, user=user, cwd=folder, check=True, capture_output=True, timeout=READY_WITHIN_S, env=_plain()
    )


def _serve(postgres: Path, folder: Path, user: int | None) -> Server:
    port = _free_port()
    options = [f"-c{option}" for option in (*FAST, f"port={port}", "listen_addresses=127.0.0.1", "max_connections=200")]
    command: list[str | Path] = [postgres, "-D", folder / "data", f"-cunix_socket_directories={folder}", *options]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            command, user=user, cwd=folder, stdout=log, stderr=log, start_new_session=True, env=_plain()
        )
    deadline = time.monotonic() + READY_WITHIN_S
    while time.monotonic() < deadline and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return Server(process, folder, port)
        time.sleep(0.05)
    process.kill()
    raise OSError((folder / "log").read_text()[-300:])


def _plain() -> dict[str, str]:
    """PG* variables of the user would point these programs elsewhere."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PG")}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port
