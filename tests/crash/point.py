"""The points at which a worker can die, counted: around each COMMIT and request that changes something at Stripe, and
before each that reads.

What lasts changes at no other: who dies after a BEGIN or a reading leaves behind what one leaves who dies before the
COMMIT that follows.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from typing import Any

import pytest
from requests.adapters import HTTPAdapter
from sqlalchemy import Engine


class Points:
    """Counts the points that a process comes by, and kills it at the number or the first name it was told of.

    `tell` hears the name of that point first. Killed is killed: no `finally`, no rollback, no goodbye to anybody.
    """

    def __init__(self, die_at: int, die_on: str, tell: Callable[[str], object]) -> None:
        self._die_at, self._die_on, self._tell, self.passed = die_at, die_on, tell, 0
        self._patch = pytest.MonkeyPatch()  # never undone: it is for the rest of this short life

    def come_by(self, name: str) -> None:
        """One more point."""
        self.passed += 1
        if self.passed == self._die_at or (self._die_on and name.startswith(self._die_on)):
            self._tell(name)
            os.kill(os.getpid(), signal.SIGKILL)

    def watch_database(self, engine: Engine) -> None:
        """Around what makes work durable."""
        commit = engine.dialect.do_commit

        def do_commit(connection: Any) -> None:
            self.come_by("before COMMIT")
            commit(connection)
            self.come_by("after COMMIT")

        self._patch.setattr(engine.dialect, "do_commit", do_commit)

    def watch_requests(self) -> None:
        """Around each request: before it leaves, when no answer came, and after one came that changed something."""
        send = HTTPAdapter.send

        def watched(adapter: HTTPAdapter, request: Any, *rest: Any, **more: Any) -> Any:
            what = f"{request.method} {request.path_url.partition('?')[0]}"
            self.come_by(f"before {what}")
            try:
                answer = send(adapter, request, *rest, **more)
            except Exception:
                self.come_by(f"no answer to {what}")
                raise
            if request.method != "GET":
                self.come_by(f"after {what}")
            return answer

        self._patch.setattr(HTTPAdapter, "send", watched)
