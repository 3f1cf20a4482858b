"""Child processes of one command: started together, ended together, in an order that lets running work finish."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

GRACE_S = 15
PR_SET_PDEATHSIG = 1
# loaded before any fork: nothing may be imported between fork and exec
_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None


@dataclass(frozen=True)
class Child:
    """One process. `outlives` the others: it is stopped only when they are gone, because their work needs it."""

    name: str
    command: Sequence[str]
    outlives: bool = False


@dataclass
class Supervisor:
    """Starts children and waits; a signal to us, or the end of any child, ends them all within one grace period."""

    environment: dict[str, str]
    running: dict[Child, subprocess.Popen[bytes]] = field(default_factory=dict)
    interrupts: int = 0

    def listen(self) -> None:
        """From now on Ctrl-C and SIGTERM are counted: one asks for an orderly end, a second one hurries it."""
        for name in (signal.SIGINT, signal.SIGTERM):
            signal.signal(name, self._interrupted)

    def _interrupted(self, _number: int, _frame: object) -> None:
        self.interrupts += 1

    def start(self, child: Child) -> None:
        """Start in a session of its own, so that Ctrl-C reaches only us."""
        self.running[child] = subprocess.Popen(  # single-threaded, and the call is a bare prctl
            child.command, env=self.environment, start_new_session=True, preexec_fn=_end_with_parent
        )

    def wait(self, until: Callable[[], bool] = lambda: False) -> str | None:
        """Sleep until `until()` holds or we are interrupted (None), or a child has ended (its name)."""
        while not self.interrupts and not until():
            for child, process in self.running.items():
                if process.poll() is not None:
                    return child.name
            time.sleep(0.1)
        return None

    def stop(self) -> bool:
        """Ask politely, first those that others do not need, then the rest; kill what is left. True if none was."""
        deadline = time.monotonic() + GRACE_S
        for outlives in (False, True):
            group = {c: p for c, p in reversed(self.running.items()) if c.outlives is outlives}
            for process in group.values():
                _signal(process.pid, signal.SIGTERM)
            while any(p.poll() is None for p in group.values()) and time.monotonic() < deadline and self.interrupts < 2:
                time.sleep(0.05)
        left = [p for p in self.running.values() if p.poll() is None]
        for process in left:
            _signal(-process.pid, signal.SIGKILL)
            process.wait()
        return not left


def _end_with_parent() -> None:
    """On Linux a child learns of our sudden death, so that kill -9 leaves no orphans."""
    if _LIBC is not None:
        _LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def _signal(pid: int, number: int) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return
