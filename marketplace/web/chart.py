"""Geometry of the SVG charts that templates draw: numbers in, coordinates out. X is a percentage, Y is pixels."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import NamedTuple

from babel.dates import format_date

TICK_STEPS = (1, 2, 5, 10, 20, 25, 50)
MOST_TICKS = 6


class Reading(NamedTuple):
    """A score on a day with its likely interval, all 0..100."""

    on: date
    value: float
    low: float
    high: float


class Point(NamedTuple):
    """Where a reading is drawn: `x` in percent, `y` in pixels from the top."""

    x: float
    y: float
    on: date
    value: float


class Spot(NamedTuple):
    """A place in a picture."""

    x: float
    y: float


@dataclass(frozen=True, slots=True)
class ScoreHistory:
    """A line with the band of its likely range, grid (`ticks`), month names (`marks`), annotated days (`flags`)."""

    height: int
    right: float
    base: float
    line: str
    band: str
    last: Spot
    ticks: tuple[tuple[float, int], ...]
    marks: tuple[tuple[float, str], ...]
    flags: tuple[tuple[float, str], ...]
    points: tuple[Point, ...]


@dataclass(frozen=True, slots=True)
class Spark:
    """A line without axes for a table's cell."""

    width: int
    height: int
    line: str
    last: Spot


@dataclass(frozen=True, slots=True)
class Bin:
    """One bar of a histogram: `x`, `width` and `height` in percent, the lowest value it counts and how many."""

    x: float
    width: float
    height: float
    low: float
    count: int


class Part(NamedTuple):
    """One part of a whole: where it starts and how wide it is, in percent."""

    x: float
    width: float


def score_history(
    readings: Sequence[Reading], *, flags: Iterable[tuple[date, str]] = (), height: int = 210
) -> ScoreHistory | None:
    """The picture of a score over time, oldest reading first; None for fewer than two readings."""
    if len(readings) < 2:
        return None
    base, right = height - 30.0, 95.0
    ticks = _ticks(min(one.low for one in readings), max(one.high for one in readings))
    x = _scale(readings[0].on.toordinal(), readings[-1].on.toordinal(), 0, right)
    y = _scale(ticks[0], ticks[-1], base, 10)
    points = tuple(Point(x(one.on.toordinal()), y(one.value), one.on, one.value) for one in readings)
    upper = [(x(one.on.toordinal()), y(one.high)) for one in readings]
    lower = [(x(one.on.toordinal()), y(one.low)) for one in reversed(readings)]
    return ScoreHistory(
        height=height,
        right=right,
        base=base,
        line=_path((point.x, point.y) for point in points),
        band=_path([*upper, *lower]) + "Z",
        last=Spot(points[-1].x, points[-1].y),
        ticks=tuple((y(tick), tick) for tick in ticks),
        marks=tuple((x(on.toordinal()), words) for on, words in _months([one.on for one in readings])),
        flags=tuple((x(on.toordinal()), words) for on, words in flags if readings[0].on <= on <= readings[-1].on),
        points=points,
    )


def sparkline(values: Sequence[float], *, width: int = 72, height: int = 20) -> Spark | None:
    """The run of a few values; None for fewer than two."""
    if len(values) < 2:
        return None
    x = _scale(0, len(values) - 1, 1, width - 3)
    y = _scale(min(values), max(values), height - 3, 3)
    spots = [(x(index), y(value)) for index, value in enumerate(values)]
    return Spark(width=width, height=height, line=_path(spots), last=Spot(*spots[-1]))


def histogram(counts: Sequence[int], low: float, high: float) -> tuple[Bin, ...]:
    """Bars for `counts` of equally wide bins between `low` and `high`; the fullest bin is 100 percent high."""
    fullest = max(counts, default=0) or 1
    step = (high - low) / (len(counts) or 1)
    wide = 100 / (len(counts) or 1)
    return tuple(
        Bin(round(wide * index, 2), round(wide - 1, 2), round(100 * count / fullest, 1), low + step * index, count)
        for index, count in enumerate(counts)
    )


def stack(shares: Sequence[float], *, gap: float = 0.4) -> tuple[Part, ...]:
    """The parts of one bar that is 100 percent wide, in the order given, `gap` percent apart."""
    whole = sum(shares)
    if whole <= 0:
        return ()
    parts, x = [], 0.0
    for share in shares:
        width = 100 * share / whole
        parts.append(Part(round(x, 2), round(max(width - gap, 0.2), 2)))
        x += width
    return tuple(parts)


def lengths(values: Sequence[int]) -> tuple[float, ...]:
    """How long a bar is drawn for each of several amounts, in percent of the largest; the sign is for words to say."""
    largest = max((abs(value) for value in values), default=0) or 1
    return tuple(round(100 * abs(value) / largest, 2) for value in values)


def _ticks(low: float, high: float) -> list[int]:
    for step in TICK_STEPS:
        first, last = math.floor(low / step) * step, math.ceil(high / step) * step
        if (last - first) / step <= MOST_TICKS:
            break
    return list(range(first, max(last, first + step) + 1, step))


def _months(days: Sequence[date]) -> list[tuple[date, str]]:
    """The first reading of each month that starts within the chart, named; every other one when they would crowd."""
    firsts: list[date] = []
    for before, on in pairwise(days):
        if (before.year, before.month) != (on.year, on.month):
            firsts.append(on)
    step = 1 if len(firsts) <= 8 else 2
    return [(on, format_date(on, "MMM", locale="en_US")) for on in firsts[::step]]


def _scale(from_low: float, from_high: float, to_low: float, to_high: float) -> Callable[[float], float]:
    slope = (to_high - to_low) / ((from_high - from_low) or 1)

    def scaled(value: float) -> float:
        return round(to_low + (value - from_low) * slope, 2)

    return scaled


def _path(spots: Iterable[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{x} {y}" for x, y in spots)
