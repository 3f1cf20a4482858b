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

OLDEST_MAJOR = 15
READY_WITHIN_S = 60
NOBODY = 65534
FAST = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_wal_size=2GB", "shared_buffers=64MB")


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
