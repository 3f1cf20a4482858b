"""Child processes: ended in order, given time to finish, and gone when their parent is."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from marketplace import supervisor as module
from marketplace.supervisor import Child, Supervisor

ROOT = Path(__file__).resolve().parent.parent
# writes when it was asked to stop, works on for a moment, then ends
WORKER = """
import pathlib, signal, sys, time
name, slow = sys.argv[1], float(sys.argv[2])
def stop(*_):
    time.sleep(slow)
    pathlib.Path(name).write_text(str(time.monotonic()))
    sys.exit(0)
signal.signal(signal.SIGTERM, stop)
pathlib.Path(name + ".up").touch()
while True:
    time.sleep(0.05)
"""


def child(path: Path, slow: float = 0, *, outlives: bool = False) -> Child:
    return Child(path.name, (sys.executable, "-c", WORKER, str(path), str(slow)), outlives)


def wait_for(*paths: Path) -> None:
    deadline = time.monotonic() + 20
    while not all(path.exists() for path in paths):
        assert time.monotonic() < deadline, paths
        time.sleep(0.02)


def test_those_that_others_need_are_stopped_last_and_work_is_finished(tmp_path: Path) -> None:
    supervisor = Supervisor(dict(os.environ))
    supervisor.start(child(tmp_path / "stand-in", outlives=True))
    supervisor.start(child(tmp_path / "worker", 0.3))
    wait_for(tmp_path / "stand-in.up", tmp_path / "worker.up")
    assert supervisor.stop()
    assert float((tmp_path / "worker").read_text()) < float((tmp_path / "stand-in").read_text())


def test_what_does_not_end_in_time_is_ended_by_force(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "GRACE_S", 0.3)
    supervisor = Supervisor(dict(os.environ))
    supervisor.start(child(tmp_path / "stubborn", 30))
    wait_for(tmp_path / "stubborn.up")
    assert not supervisor.stop()
    assert not (tmp_path / "stubborn").exists()


def test_the_end_of_a_child_is_noticed_by_name() -> None:
    supervisor = Supervisor(dict(os.environ))
    supervisor.start(Child("web", (sys.executable, "-c", "raise SystemExit(3)")))
    assert supervisor.wait() == "web"
    assert supervisor.stop()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells children of their parent's death")
def test_a_killed_parent_leaves_no_orphan(tmp_path: Path) -> None:
    script = (
        "import sys, os, time; from marketplace.supervisor import Child, Supervisor; s = Supervisor(dict(os.environ));"
        f"s.start(Child('c', (sys.executable, '-c', {WORKER!r}, {str(tmp_path / 'child')!r}, '0'))); time.sleep(60)"
    )
    parent = subprocess.Popen([sys.executable, "-c", script], cwd=ROOT)
    wait_for(tmp_path / "child.up")
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    wait_for(tmp_path / "child")
