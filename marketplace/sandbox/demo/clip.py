"""Short generated videos: the drawn person in moving light, one moment after another, as small vertical H.264 files."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from math import cos, pi, sin
from pathlib import Path
from typing import Final

import av
from PIL import Image, ImageDraw, ImageFont, ImageOps

from marketplace.sandbox.demo.colour import FAMILY_LIGHT, oklch
from marketplace.sandbox.demo.figure import Figure, Look, draw
from marketplace.sandbox.demo.portrait import falloff, rim_light

WIDTH, HEIGHT = 344, 612
FRAMES_PER_SECOND = 12
_FIGURE_WIDTH = 400
_CROSS_FADE = 4
_MARGIN = 22
_ROOM = 12
"""Pixels drawn beyond each edge of the frame, so that the picture can sway and breathe without showing a border."""


@dataclass(frozen=True, slots=True)
class Moment:
    """One flavour as it is played: its label, its family, how strong ("low" to "high") and how openly."""

    label: str
    family: str
    intensity: str
    display: str


@dataclass(frozen=True, slots=True)
class _Motion:
    """How the picture moves, in pixels unless said otherwise, before intensity and display."""

    breaths: float
    """Breaths a second."""
    depth: float
    tremble: float = 0.0
    drift: float = 0.06
    """How far the light wanders, in shares of the frame."""
    flicker: float = 0.05
    sink: float = 0.0


_MOTION: Final[dict[str, _Motion]] = {
    "anger": _Motion(0.7, 2.2, tremble=0.9, drift=0.05, flicker=0.16),
    "joy": _Motion(0.5, 2.6, drift=0.14, flicker=0.06, sink=-3),
    "sadness": _Motion(0.25, 2.0, drift=0.05, flicker=0.03, sink=6),
    "fear": _Motion(0.9, 1.6, tremble=1.3, drift=0.1, flicker=0.2),
    "contempt": _Motion(0.3, 1.0, drift=0.08, flicker=0.02, sink=-2),
    "surprise": _Motion(0.6, 3.4, tremble=0.3, drift=0.16, flicker=0.08, sink=-4),
    "love": _Motion(0.35, 2.2, drift=0.1, flicker=0.03),
    "shame": _Motion(0.3, 1.4, tremble=0.3, drift=0.04, flicker=0.04, sink=8),
    "power": _Motion(0.3, 1.8, drift=0.05, flicker=0.03, sink=-5),
    "stillness": _Motion(0.2, 0.8, drift=0.02, flicker=0.0),
}
_STRENGTH: Final = {"low": 0.6, "medium": 1.0, "high": 1.5}
_OPENNESS: Final = {"contained": 0.45, "natural": 1.0, "released": 1.7}


def film(
    path: Path, look: Look, moments: Sequence[Moment], *, seconds: float = 5.0, slate: str = "", seed: int = 0
) -> None:
    """Write an MP4 of `seconds` to `path`: the person plays `moments` in equal parts, with their words below.

    344 x 612 pixels, 12 frames a second, 30 to 120 KB, without sound; `slate` is a small line at the top.
    """
    with av.open(str(path), "w", format="mp4", options={"movflags": "faststart"}) as file:
        stream = file.add_stream("libx264", rate=FRAMES_PER_SECOND)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        stream.options = {"preset": "ultrafast", "crf": "28", "threads": "1"}
        for number, picture in enumerate(frames(look, moments, seconds=seconds, slate=slate, seed=seed)):
            frame = av.VideoFrame.from_image(picture)  # type: ignore[no-untyped-call]  # PyAV has no types for it
            frame.pts = number
            file.mux(stream.encode(frame))
        file.mux(stream.encode(None))


def frames(look: Look, moments: Sequence[Moment], *, seconds: float, slate: str, seed: int) -> Iterator[Image.Image]:
    """The pictures of the film in order."""
    figure = _figure(look)
    scenes = [_Scene(look, figure, moment, slate, seed + i) for i, moment in enumerate(moments)]
    count = round(seconds * FRAMES_PER_SECOND)
    part = count / len(scenes)
    for number in range(count):
        place = min(int(number / part), len(scenes) - 1)
        picture = scenes[place].at(number)
        since = number - round(place * part)
        if place and since < _CROSS_FADE:
            picture = Image.blend(scenes[place - 1].at(number), picture, (since + 1) / (_CROSS_FADE + 1))
        yield picture


class _Scene:
    """One moment, ready to be drawn at any frame: a dim and a lit picture, and a light that moves between them."""

    def __init__(self, look: Look, figure: Figure, moment: Moment, slate: str, seed: int) -> None:
        self.motion = _MOTION[moment.family]
        self.strength = _STRENGTH[moment.intensity]
        self.body = self.strength * _OPENNESS[moment.display]
        self.side = -1 if look.lit_left else 1
        self.phase = random.Random(seed).uniform(0, 2 * pi)
        # a contained flavour keeps its light close, a released one floods the wall
        self.light = ImageOps.invert(
            falloff((WIDTH * 2, HEIGHT * 2), (0.5, 0.42), 0.36 + 0.1 * _OPENNESS[moment.display])
        )
        self.dim, self.lit = _pictures(look, figure, moment.family)
        self.words = _words(moment, slate)

    def at(self, number: int) -> Image.Image:
        """The picture of frame `number` of the whole film."""
        time = number / FRAMES_PER_SECOND
        place = self._place(time, number)
        lit, dim = (picture.crop((*place, place[0] + WIDTH, place[1] + HEIGHT)) for picture in (self.lit, self.dim))
        picture = Image.composite(lit, dim, self._light_at(time, number))
        for words, top in self.words:
            picture.paste((255, 255, 255), (0, top), words)
        return picture

    def _light_at(self, time: float, number: int) -> Image.Image:
        wander = self.motion.drift * self.strength
        x = 0.5 + self.side * (0.12 + wander * sin(time * 1.1 + self.phase))
        y = 0.5 + wander * 0.6 * cos(time * 0.8 + self.phase)
        left, top = round(WIDTH * (1 - x)), round(HEIGHT * (1 - y))
        # the light's own picture is twice the frame, so its middle can be put anywhere
        spot = self.light.crop((left, top, left + WIDTH, top + HEIGHT))
        level = 0.98 + 0.14 * self._breath(time) - self.motion.flicker * self.strength * _noise(number, 7)
        return spot.point([round(min(255, value * level)) for value in range(256)])

    def _breath(self, time: float) -> float:
        """-1 out, 1 in."""
        return sin(2 * pi * self.motion.breaths * time + self.phase)

    def _place(self, time: float, number: int) -> tuple[int, int]:
        """Which part of the larger picture is seen: the person rises with each breath, trembles, sinks."""
        rise = self.motion.depth * self.body * self._breath(time)
        shake_x = 2 * self.motion.tremble * self.body * (_noise(number, 3) - 0.5)
        shake_y = 2 * self.motion.tremble * self.body * (_noise(number, 5) - 0.5)
        sink = self.motion.sink * min(self.body, 1.2) * sin(min(time / 4, 1) * pi / 2) * 0.7
        return round(_ROOM + _bounded(shake_x, _ROOM)), round(_ROOM + _bounded(rise + shake_y - sink, _ROOM))


def _bounded(value: float, limit: float) -> float:
    return max(-limit, min(limit, value))


@cache
def _noise(number: int, kind: int) -> float:
    """A repeatable number from 0 to 1 for each frame."""
    return random.Random(number * 31 + kind).random()


def _pictures(look: Look, figure: Figure, family: str) -> tuple[Image.Image, Image.Image]:
    """The whole scene with the light away, and with it full on."""
    lightness, chroma, hue = FAMILY_LIGHT[family]
    wall = (WIDTH + 2 * _ROOM, HEIGHT + 2 * _ROOM)
    dim = Image.new("RGB", wall, oklch(0.13, chroma * 0.16, hue))
    lit = Image.new("RGB", wall, oklch(lightness - 0.06, chroma * 0.9, hue))
    body = _placed(figure.body, wall)
    dim.paste(oklch(0.085, 0.012, look.second_hue), mask=body)
    lit.paste(oklch(0.30, chroma * 0.4, hue), mask=body)
    lit.paste(oklch(0.24, chroma * 0.34, hue), mask=_placed(figure.cloth, wall))
    lit.paste(oklch(0.20, chroma * 0.3, hue), mask=_placed(figure.hair, wall))
    rim = _placed(rim_light(figure.body, lit_left=look.lit_left), wall)
    dim.paste(oklch(0.5, chroma * 0.5, hue), mask=rim.point(lambda level: level // 5))
    lit.paste(oklch(0.94, chroma * 0.45, hue), mask=rim.point(lambda level: level * 3 // 5))
    return dim, lit


@lru_cache(maxsize=4)
def _figure(look: Look) -> Figure:
    """Drawn once for all the clips of one person."""
    return draw(look, _FIGURE_WIDTH)


def _placed(mask: Image.Image, size: tuple[int, int]) -> Image.Image:
    """The mask at the foot of a frame, in the middle."""
    whole = Image.new("L", size, 0)
    whole.paste(mask, ((size[0] - mask.width) // 2, size[1] - mask.height))
    return whole


def _words(moment: Moment, slate: str) -> list[tuple[Image.Image, int]]:
    """Strips of words and their height in the frame: the slate above, the flavour and how it is played below."""
    above, below = Image.new("L", (WIDTH, 46), 0), Image.new("L", (WIDTH, 76), 0)
    ImageDraw.Draw(above).text((_MARGIN, _MARGIN), slate, fill=190, font=_font(15))
    pen = ImageDraw.Draw(below)
    pen.text((_MARGIN, 0), moment.label, fill=245, font=_font(30))
    pen.text((_MARGIN, 36), f"{moment.intensity} · {moment.display}", fill=190, font=_font(17))
    return [(above, 0), (below, HEIGHT - 76)] if slate else [(below, HEIGHT - 76)]


@cache
def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)
