"""A progress bar for long commands: drawn over itself in a terminal, a line for each tenth elsewhere."""

from __future__ import annotations

import sys
from typing import TextIO

WIDTH = 30


class Progress:
    """`advance_to` says how far a step is; without a total only counts are shown."""

    def __init__(self, words: str, total: int | None = None, *, out: TextIO | None = None) -> None:
        self.words = words
        self.total = total
        self.done = 0
        self.out = out or sys.stderr
        self.is_terminal = self.out.isatty()
        self._shown = -1

    def advance_to(self, done: int) -> None:
        """So much is done now."""
        self.done = done
        step = done // 500 if self.total is None else (100 if self.is_terminal else 10) * done // max(1, self.total)
        if step != self._shown:
            self._shown = step
            self._show(step if self.is_terminal or self.total else None)

    def finish(self) -> None:
        """Show the end, and leave the line."""
        is_shown = not self.is_terminal and self.total is not None and self._shown == 10
        self.out.write("" if is_shown else f"\r{self._line()}\n" if self.is_terminal else f"{self._line()}\n")
        self.out.flush()

    def _show(self, step: int | None) -> None:
        if self.is_terminal:
            self.out.write(f"\r{self._line()}")
        elif step:
            self.out.write(f"{self._line()}\n")
        self.out.flush()

    def _line(self) -> str:
        if self.total is None:
            return f"{self.words}  {self.done:,}"
        filled = WIDTH * self.done // max(1, self.total)
        return f"{self.words}  [{'#' * filled}{'.' * (WIDTH - filled)}] {self.done:,} of {self.total:,}"
