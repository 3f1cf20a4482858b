"""Chromium and PostgreSQL are fetched for the tests where that is possible, once, and never in the way."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests import machine


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, ...]]:
    """A Debian with neither; records what apt-get is asked for instead of asking it."""
    asked: list[tuple[str, ...]] = []

    def run(command: tuple[str, ...], **options: object) -> None:
        assert options["timeout"] == machine.WITHIN_S
        asked.append(command[len(machine.APT) :])

    monkeypatch.setattr(machine, "missing", lambda: ["chromium", "postgresql"])
    monkeypatch.setattr(machine, "why_not", lambda environment, *, is_root: None if is_root else "only root may")
    monkeypatch.setattr(subprocess, "run", run)
    return asked


def test_root_on_debian_tries_once_and_says_what_is_still_left_out(
    bare: list[tuple[str, ...]], capsys: pytest.CaptureFixture[str]
) -> None:
    told = machine.prepare({}, is_root=True)
    assert bare == [("update",), ("install", "chromium", "postgresql")]
    assert capsys.readouterr().out.startswith("Installing chromium and postgresql for the tests")
    assert [sentence.split(":")[0] for sentence in told] == [
        "No chromium here (apt-get could not install it)",
        "No postgresql here (apt-get could not install it)",
    ]


def test_nobody_else_installs_anything(bare: list[tuple[str, ...]]) -> None:
    assert "only root may" in machine.prepare({}, is_root=False)[0]
    assert bare == []


def test_it_can_be_switched_off() -> None:
    assert machine.why_not({machine.SWITCH: "1"}, is_root=True) == f"{machine.SWITCH} is set"


def test_an_apt_get_that_hangs_or_is_not_there_does_not_fail_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    for error in (subprocess.TimeoutExpired("apt-get", 1), FileNotFoundError("apt-get")):

        def broken(*_: object, error: Exception = error, **__: object) -> None:
            raise error

        monkeypatch.setattr(subprocess, "run", broken)
        machine.install(["chromium"])


def test_what_is_here_is_found_and_nothing_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "chromium"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    monkeypatch.setattr(machine, "has_postgresql", lambda: True)
    assert machine.find_chromium() == str(program)
    assert machine.prepare({}, is_root=True) == []
