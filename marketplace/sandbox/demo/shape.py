"""Outlines of the drawn figures: smooth closed curves through a few points, as masks of any size."""

from __future__ import annotations

from collections.abc import Sequence

from PIL import Image, ImageDraw

Point = tuple[float, float]

FRAME: Point = (400.0, 500.0)
"""All outlines are given on a frame of this width and height, the figure upright around x = 200."""

_STEPS = 10


def mirrored(half: Sequence[Point]) -> list[Point]:
    """A closed outline from its right half, given from the top down as (distance from the middle, y)."""
    right = [(200 + x, y) for x, y in half]
    left = [(200 - x, y) for x, y in reversed(half) if x]
    return right + left


def smooth(points: Sequence[Point]) -> list[Point]:
    """A closed Catmull-Rom curve through `points`, as a fine polygon."""
    count = len(points)
    return [
        _between(points[i - 1], points[i], points[(i + 1) % count], points[(i + 2) % count], step / _STEPS)
        for i in range(count)
        for step in range(_STEPS)
    ]


def _between(before: Point, start: Point, end: Point, after: Point, t: float) -> Point:
    return (_cubic(before[0], start[0], end[0], after[0], t), _cubic(before[1], start[1], end[1], after[1], t))


def _cubic(p0: float, p1: float, p2: float, p3: float, t: float) -> float:
    return 0.5 * (
        2 * p1 + (p2 - p0) * t + (2 * p0 - 5 * p1 + 4 * p2 - p3) * t * t + (3 * p1 - p0 - 3 * p2 + p3) * t * t * t
    )


class Canvas:
    """A mask that shapes are drawn on in frame units; `width` pixels wide, in the frame's proportions."""

    def __init__(self, width: int, *, flip: bool = False) -> None:
        self.scale = width / FRAME[0]
        self.flip = flip
        self.mask = Image.new("L", (width, round(FRAME[1] * self.scale)), 0)
        self._pen = ImageDraw.Draw(self.mask)

    def curve(self, points: Sequence[Point]) -> None:
        """Fill a smooth closed outline."""
        self._pen.polygon([self._place(point) for point in smooth(points)], fill=255)

    def disc(self, x: float, y: float, wide: float, high: float | None = None) -> None:
        """Fill an ellipse around (x, y) with the given half axes."""
        (left, top), (right, bottom) = (
            self._place((x - wide, y - (high or wide))),
            self._place((x + wide, y + (high or wide))),
        )
        self._pen.ellipse((min(left, right), top, max(left, right), bottom), fill=255)

    def _place(self, point: Point) -> Point:
        x = FRAME[0] - point[0] if self.flip else point[0]
        return (x * self.scale, point[1] * self.scale)
