"""Periodic work on many things, each by itself: one that breaks is logged and keeps no other waiting."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

import structlog

Name = TypeVar("Name", int, str, tuple[str, int])

log = structlog.get_logger("marquee.sweep")


def one_by_one(event: str, names: Iterable[Name], do: Callable[[Name], object]) -> None:
    """Do it for each; `event` is the line in the log when one breaks, with its name (an id: never its contents)."""
    for name in names:
        try:
            do(name)
        except Exception:
            log.exception(event, name=name)
