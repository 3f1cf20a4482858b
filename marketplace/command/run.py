"""`python -m marketplace run`: everything at once on one machine, from an empty folder to a page in the browser."""

from __future__ import annotations

import errno
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
from urllib.request import urlopen

from marketplace.command.migrate import migrate
from marketplace.command.seeding.mark import look
from marketplace.config import Settings, make_folder
from marketplace.db import Database
from marketplace.supervisor import Child, Supervisor

HELP = "set up the data folder and start web, worker, clock and the stand-ins"
ANSWERS_WITHIN_S = 90


def add_arguments(parser: ArgumentParser) -> None:
    """No arguments: every setting is a variable of the environment."""


def main(settings: Settings, args: Namespace) -> int:
    """Run until Ctrl-C or until a part ends; 0 after an orderly end."""
    started = time.monotonic()
    if trouble := find_port_trouble(settings):
        print(trouble, file=sys.stderr)
        return 1
    make_folder(settings.data_dir)
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
    parts = children(settings)
    step(f"Starting {', '.join(child.name for child in parts)} ...")
    for child in parts:
        supervisor.start(child)
    health = f"{settings.local_url}/healthz"
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
        needs_data = settings.is_demo and look(database.engine) != "full"
    if not needs_data:
        return True
    step("Filling it with demo data, once ...")
    is_whole = subprocess.run(ours("seed"), check=False).returncode == 0
    if not is_whole:
        print("The demo's data is not whole: the next run makes it again from empty.", file=sys.stderr)
    return is_whole


def children(settings: Settings) -> list[Child]:
    """The processes to start, in order. Running tasks may still need the stand-ins, so these go last."""
    parts = [Child("web", ours("serve")), Child("worker", ours("work")), Child("clock", ours("beat"))]
    if settings.uses_stripe_sandbox or settings.is_demo:
        parts.insert(0, Child("stand-ins", ours("sandbox"), outlives=True))
    return parts


def ours(command: str) -> tuple[str, ...]:
    """The command line of one of our own commands."""
    return (sys.executable, "-m", "marketplace", command)


def find_port_trouble(settings: Settings) -> str | None:
    """What to do about the first needed port that cannot be listened on; None where all can."""
    for variable, port in settings.ports.items():
        host = settings.host if variable == "PORT" else "127.0.0.1"
        if (error := try_port(host, port)) is not None:
            return advice(variable, host, port, error)
    return None


def try_port(host: str, port: int) -> OSError | None:
    """What the system says against listening there, if anything."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            return error
    return None


def advice(variable: str, host: str, port: int, error: OSError) -> str:
    """What to do: the fault is another program's, the number's or the host's."""
    other = port + 10 if variable == "PORT" else port + 100
    if error.errno == errno.EADDRINUSE:
        return (
            f"Port {port} is taken by another program. Stop that one, or choose another port: "
            f"make run {variable}={other}"
        )
    if error.errno == errno.EACCES:
        return f"Port {port} may not be used by this user. Choose one from 1024 up: make run {variable}=8000"
    return f"HOST={host} cannot be listened on at this machine: {error.strerror}."


@contextmanager
def lock_folder(folder: Path, name: str = "run.lock") -> Iterator[bool]:
    """Hold the data folder; yields False when another process holds it. The system lets go when we end, however."""
    with (folder / name).open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True


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
    emptied = "; `make reset` empties it" if settings.is_demo else ""
    return "\n".join([*lines, f"  Stop with Ctrl-C. Data is kept in {settings.data_dir}{emptied}.", ""])


def step(words: str) -> None:
    """A line of progress."""
    print(words, flush=True)
