"""The whole product, started as a newcomer starts it, in a folder of its own."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

ROOT = Path(__file__).resolve().parents[2]
STARTS_WITHIN_S = 300
STOPS_WITHIN_S = 60
PORTS_NEEDED = 3


class DidNotStart(Exception):
    """The site did not come up; the words are its last lines."""


@contextmanager
def running_site(folder: Path, **variables: str) -> Iterator[str]:
    """`python -m marketplace run` on free ports with its data in `folder`; yields the address."""
    port = free_ports()
    log = folder / "run.log"
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG", "SSL_CERT_FILE")}
    environment = {**kept, "DATA_DIR": str(folder / "data"), "PORT": str(port), **variables}
    with log.open("w") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "marketplace", "run"],
            cwd=ROOT, env=environment, stdout=output, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
        try:
            address = f"http://127.0.0.1:{port}"
            wait_until_ready(process, address, log)
            yield address
        finally:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(STOPS_WITHIN_S)
            except subprocess.TimeoutExpired:
                process.kill()
                raise


def wait_until_ready(process: subprocess.Popen[bytes], address: str, log: Path) -> None:
    """Until the site says that it is ready; raises DidNotStart when it ends or takes too long."""
    deadline = time.monotonic() + STARTS_WITHIN_S
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urlopen(f"{address}/readyz", timeout=5):
                return
        except (URLError, OSError):
            time.sleep(0.5)
    raise DidNotStart(log.read_text()[-3000:])


def free_ports() -> int:
    """The first of several neighbouring ports that nobody listens on."""
    for first in range(21000 + os.getpid() % 3000 * 3, 32000, PORTS_NEEDED):
        if all(is_free(port) for port in range(first, first + PORTS_NEEDED)):
            return first
    raise DidNotStart("no free ports")


def is_free(port: int) -> bool:
    """Whether nobody listens on this port of the loopback interface."""
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
