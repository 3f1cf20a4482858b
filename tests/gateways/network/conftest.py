"""The running network stand-in, on a loopback port of its own."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from threading import Event, Thread

import pytest
from werkzeug.serving import make_server

from marketplace.sandbox.network import create_app


class Clock:
    """A clock that tests set."""

    def __init__(self) -> None:
        self.at = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.at

    def pass_days(self, days: float) -> None:
        self.at += timedelta(days=days)


class Standin:
    """Where the stand-in listens, its clock, and the bell that ends a slow answer."""

    def __init__(self, seed: int = 1) -> None:
        self.clock = Clock()
        self.bell = Event()
        served = create_app(seed, now=self.clock, slow=self._wait)
        self.server = make_server("127.0.0.1", 0, served, threaded=True)
        self.base = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = Thread(target=self.server.serve_forever, args=(0.01,), daemon=True)
        self.thread.start()

    def _wait(self) -> None:
        self.bell.wait(10)

    def close(self) -> None:
        self.bell.set()
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


@pytest.fixture
def standin() -> Iterator[Standin]:
    running = Standin()
    yield running
    running.close()
