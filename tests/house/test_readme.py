"""The README: every command it names exists."""

from __future__ import annotations

import re
from pathlib import Path

from marketplace.__main__ import COMMANDS
from marketplace.config import Settings
from tests.machine import SWITCH

ROOT = Path(__file__).resolve().parent.parent.parent
README = (ROOT / "README.md").read_text()
TARGETS = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))


def test_every_make_target_that_it_names_exists() -> None:
    named = set(re.findall(r"`?\bmake ([a-z]+)", README))
    assert {"run", "test", "reset", "journey"} <= named
    assert named <= TARGETS


def test_every_command_that_it_names_exists() -> None:
    assert set(re.findall(r"python -m marketplace ([a-z][a-z-]+)", README)) <= set(COMMANDS)


def test_every_variable_that_it_names_is_a_setting() -> None:
    named = set(re.findall(r"\b([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+|HOST|PORT|CURRENCY)\b", README))
    assert {name for name in named if name.lower() not in Settings.model_fields} == {SWITCH}


def test_every_path_that_it_names_is_there() -> None:
    paths = re.findall(r"`((?:marketplace|templates|tests|migrations|workers)/[\w/.-]*)`", README)
    examples = {"marketplace/web/actor/calendar.py"}
    assert [path for path in paths if path not in examples and not (ROOT / path).exists()] == []


def test_continuous_integration_runs_the_same_test_command() -> None:
    assert "exec make test" in (ROOT / ".ci" / "run").read_text()
