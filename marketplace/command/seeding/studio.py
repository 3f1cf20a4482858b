"""The demo's pictures and videos, drawn by several processes at once and put into the storage."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from dataclasses import dataclass
from io import BytesIO
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from marketplace.domain.flavour import VOCABULARY
from marketplace.gateways.media.video import Video, poster, probe
from marketplace.gateways.storage.base import Storage, Stored
from marketplace.sandbox.demo.clip import Moment, film
from marketplace.sandbox.demo.figure import look_of
from marketplace.sandbox.demo.portrait import portrait
from marketplace.sandbox.demo.world import Person, Playing, Reel

SECONDS_A_FLAVOUR: Final = 1.0
LONGEST_MS: Final = 60_000


@dataclass(frozen=True, slots=True)
class Shot:
    """A clip to be made of one person."""

    number: int
    name: str
    reel: Reel


@dataclass(frozen=True, slots=True)
class Made:
    """A file in the storage, what the probe says of it, and its poster."""

    stored: Stored
    video: Video
    poster_key: str


def draw_portraits(pool: Executor, storage: Storage, people: Sequence[Person]) -> dict[int, str]:
    """A portrait of everyone; keys by person number."""
    pictures = pool.map(portrait, [person.number for person in people], chunksize=8)
    return {
        person.number: storage.put(BytesIO(picture), kind="portrait", suffix=".webp", content_type="image/webp").key
        for person, picture in zip(people, pictures, strict=True)
    }


def make_clips(pool: Executor, storage: Storage, shots: Sequence[Shot]) -> Iterator[Made]:
    """The clip of each shot, in order, as each is done."""
    for video, content, picture in pool.map(_shoot, shots, chunksize=2):
        yield Made(
            storage.put(BytesIO(content), kind="clip", suffix=".mp4", content_type=video.content_type),
            video,
            storage.put(BytesIO(picture), kind="poster", suffix=".webp", content_type="image/webp").key,
        )


def _shoot(shot: Shot) -> tuple[Video, bytes, bytes]:
    """A film that has been through the same probe as anyone's upload, and its poster."""
    moments = [_moment(playing) for playing in shot.reel.playings]
    seconds = max(4.0, SECONDS_A_FLAVOUR * len(moments))
    with TemporaryDirectory() as folder:
        path = Path(folder) / "clip.mp4"
        film(path, look_of(shot.number), moments, seconds=seconds, slate=shot.name, seed=shot.number)
        content = path.read_bytes()
    return probe(BytesIO(content), longest_ms=LONGEST_MS), content, poster(BytesIO(content))


def _moment(playing: Playing) -> Moment:
    flavour = VOCABULARY.get(playing.flavour)
    return Moment(flavour.label, flavour.family, playing.intensity, playing.display)


def open_studio() -> Executor:
    """As many drawing processes as the machine has cores, up to four."""
    # forking a process that has threads or an open database is asking for trouble
    return ProcessPoolExecutor(max_workers=min(4, os.cpu_count() or 1), mp_context=get_context("spawn"))
