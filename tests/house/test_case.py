"""The forty nastiest cases: each is shown by a test that says so in a comment, or excused in words."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Final

TESTS: Final = Path(__file__).resolve().parent.parent
CASES: Final = range(1, 41)
EXCUSED: Final[dict[int, str]] = {}
"""Cases that no test shows, each with the reason."""


def marked(path: Path) -> Iterator[tuple[int, str]]:
    """The cases named above the tests of a file, each with its test; an empty name where no test follows."""
    waiting: list[int] = []
    for line in [*path.read_text().splitlines(), ""]:
        if line.startswith("# case "):
            waiting += [int(number) for number in re.findall(r"\d+", line)]
        elif waiting and (not line or line.startswith("def test_")):
            yield from ((number, line[4:].partition("(")[0]) for number in waiting)
            waiting = []


def all_marked() -> dict[int, set[str]]:
    """The tests of each case, as file and name."""
    found: dict[int, set[str]] = defaultdict(set)
    for path in sorted(TESTS.rglob("test_*.py")):
        for number, name in marked(path):
            assert name, f"{path}: case {number} stands above no test"
            found[number].add(f"{path.relative_to(TESTS)}::{name}")
    return found


def test_every_case_is_shown_by_a_test_or_excused() -> None:
    found = all_marked()
    assert set(found) <= set(CASES)
    assert [number for number in CASES if number not in found and number not in EXCUSED] == []
    assert [number for number in EXCUSED if number in found] == []
