"""`python -m marketplace run`: everything at once on one machine, from an empty folder to a page in the browser."""

from __future__ import annotations

import fcntl
import os
import socket
import subprocess
import sys
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.parse import urlsplit
from urllib.request import urlopen

from sqlalchemy import Engine, text

from marketplace.command.migrate import migrate, prepare_folder
from marketplace.config import Settings
from marketplace.db import Database
from marketplace.supervisor import Child, Supervisor

HELP = "set up the data folder and start web, worker, clock and the stand-ins"
ANSWERS_WITHIN_S = 90


def add_arguments(parser: ArgumentParser) -> None:
    """No arguments: every setting is a variable of the environment."""


def main(settings: Settings, args: Namespace) -> int:
    """Run until Ctrl-C or until a part ends; 0 after an orderly end."""
    started = time.monotonic()
    if taken := taken_port(settings):
        print(advice(taken), file=sys.stderr)
        return 1
    prepare_folder(settings)
    with lock_folder(settings.data_dir) as is_ours:
        if not is_ours:
            print(
                f"Marquee is running on {settings.data_dir} already. Stop it, or name another DATA_DIR.",
                file=sys.stderr,
            )
            return 1
        supervisor = Supervisor(environment={**os.environ, "PYTHONUNBUFFERED": "1"})
        supervisor.listen()
        return run(settings, supervisor, started)


def run(settings: Settings, supervisor: Supervisor, started: float) -> int:
    """Prepare the data, start the children, wait for their end."""
    if not prepare_data(settings):
        return 1
    step("Starting web, worker, clock and the stand-ins ...")
    for child in children(settings):
        supervisor.start(child)
    health = f"{address(settings)}/healthz"
    ended = supervisor.wait(until=lambda: answers(health) or time.monotonic() - started > ANSWERS_WITHIN_S)
    if ended is None and not supervisor.interrupts:
        print(welcome(settings, time.monotonic() - started), flush=True)
        ended = supervisor.wait()
    if ended is not None:
        print(f"The {ended} process has ended; stopping the others. Its last lines above say why.", file=sys.stderr)
    step("Stopping: tasks that run are finished first (Ctrl-C again to stop at once) ...")
    was_orderly = supervisor.stop()
    print("Stopped." if was_orderly else "Stopped; what had not ended in time was ended by force.", flush=True)
    return 0 if ended is None else 1


def prepare_data(settings: Settings) -> bool:
    """Migrate, and fill an empty demo database; False when that failed."""
    step("Preparing the database ...")
    with Database(settings.database) as database:
        migrate(database.engine)
        needs_data = settings.is_demo and is_empty(database.engine)
    if not needs_data:
        return True
    step("Filling it with demo data, once ...")
    return subprocess.run(ours("seed"), check=False).returncode == 0


def is_empty(engine: Engine) -> bool:
    """Whether nobody is in the database yet."""
    with engine.connect() as connection:
        return connection.execute(text("SELECT 1 FROM account LIMIT 1")).first() is None


def children(settings: Settings) -> list[Child]:
    """The processes to start, in order. Running tasks may still need the stand-ins, so these go last."""
    parts = [Child("web", ours("serve")), Child("worker", ours("work")), Child("clock", ours("beat"))]
    if settings.uses_stripe_sandbox or settings.is_demo:
        parts.insert(0, Child("stand-in", ours("sandbox"), outlives=True))
    return parts


def ours(command: str) -> tuple[str, ...]:
    """The command line of one of our own commands."""
    return (sys.executable, "-m", "marketplace", command)


def ports(settings: Settings) -> dict[str, tuple[str, int]]:
    """Every port a run needs, by the variable that changes it."""
    needed = {"PORT": (settings.host, settings.port)}
    if settings.uses_stripe_sandbox:
        needed["SANDBOX_STRIPE_PORT"] = ("127.0.0.1", settings.stripe_sandbox_port)
    if settings.is_demo:
        needed["SANDBOX_NETWORK_PORT"] = ("127.0.0.1", urlsplit(settings.network_sandbox_base).port or 0)
    return needed


def taken_port(settings: Settings) -> tuple[str, int] | None:
    """The first needed port that somebody else uses, with its variable."""
    for variable, (host, port) in ports(settings).items():
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError:
                return variable, port
    return None


def advice(taken: tuple[str, int]) -> str:
    """What to do about a port that is taken."""
    variable, port = taken
    other = port + 10 if variable == "PORT" else port + 100
    return (
        f"Port {port} is taken by another program. Stop that one, or choose another port: make run {variable}={other}"
    )


@contextmanager
def lock_folder(folder: Path) -> Iterator[bool]:
    """Hold the data folder; yields False when another process holds it. The system lets go when we end, however."""
    with (folder / "run.lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True


def address(settings: Settings) -> str:
    """Where this machine reaches the web process."""
    host = "127.0.0.1" if settings.host in {"0.0.0.0", "::"} else settings.host  # noqa: S104  # compares, binds nothing
    return f"http://{f'[{host}]' if ':' in host else host}:{settings.port}"


def answers(url: str) -> bool:
    """Whether something at `url` answers well."""
    try:
        with urlopen(url, timeout=1) as answer:  # noqa: S310  # our own address
            return bool(answer.status == 200)
    except (URLError, OSError):
        return False


def welcome(settings: Settings, seconds: float) -> str:
    """The address, and how to sign in."""
    lines = ["", f"  Marquee runs at  {settings.public_url}   (ready after {seconds:.0f} s)"]
    if settings.is_demo:
        demo = f"{settings.public_url}/demo"
        lines += [
            f"  Sign in with one click at  {demo}  as",
            f"    a platform   {demo}#member",
            f"    an actor     {demo}#actor",
            f"    an admin     {demo}#admin",
        ]
    return "\n".join(
        [*lines, "  Stop with Ctrl-C. Data is kept in " + str(settings.data_dir) + "; `make reset` empties it.", ""]
    )


def step(words: str) -> None:
    """A line of progress."""
    print(words, flush=True)
