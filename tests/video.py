"""A small real video for tests that send one."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from marketplace.sandbox.demo.clip import Moment, film
from marketplace.sandbox.demo.figure import look_of


@cache
def a_video(seconds: float = 1.0) -> bytes:
    """An MP4 of so many seconds."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "a.mp4"
        film(path, look_of(1), [Moment("Relief", "joy", "medium", "natural")], seconds=seconds)
        return path.read_bytes()
