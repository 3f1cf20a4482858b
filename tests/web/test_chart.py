"""The geometry of charts stays inside its picture, whatever the numbers."""

from __future__ import annotations

import re
from datetime import date, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from marketplace.web import chart

POINTS = st.floats(0, 100, allow_nan=False)
FIRST = date(2026, 6, 1)


def history(values: list[tuple[float, float, float]]) -> list[chart.Reading]:
    return [chart.Reading(FIRST + timedelta(weeks=at), sorted(v)[1], min(v), max(v)) for at, v in enumerate(values)]


@given(st.lists(st.tuples(POINTS, POINTS, POINTS), min_size=2, max_size=40))
def test_a_score_history_stays_inside_its_frame(values: list[tuple[float, float, float]]) -> None:
    drawn = chart.score_history(history(values))
    assert drawn is not None
    for x, y in re.findall(r"(-?[\d.]+) (-?[\d.]+)", drawn.line + drawn.band):
        assert 0 <= float(x) <= drawn.right
        assert 9.9 <= float(y) <= drawn.base + 0.1
    assert 2 <= len(drawn.ticks) <= chart.MOST_TICKS + 1
    assert drawn.last.x == drawn.right


def test_one_reading_is_no_line() -> None:
    assert chart.score_history(history([(1, 2, 3)])) is None
    assert chart.score_history([]) is None
    assert chart.sparkline([5]) is None


def test_only_flags_inside_the_time_shown_are_drawn() -> None:
    readings = history([(60, 62, 64)] * 10)
    flags = [(FIRST + timedelta(weeks=4), "Jump discounted"), (FIRST - timedelta(days=1), "Before")]
    drawn = chart.score_history(readings, flags=flags)
    assert drawn is not None
    assert [words for _, words in drawn.flags] == ["Jump discounted"]


def test_months_are_named_where_they_begin() -> None:
    drawn = chart.score_history(history([(60, 62, 64)] * 25))
    assert drawn is not None
    assert [words for _, words in drawn.marks] == ["Jul", "Aug", "Sep", "Oct", "Nov"]


@given(st.lists(st.floats(0, 1e9, allow_nan=False), min_size=2, max_size=30))
def test_a_sparkline_stays_inside_its_frame(values: list[float]) -> None:
    drawn = chart.sparkline(values)
    assert drawn is not None
    for x, y in re.findall(r"(-?[\d.]+) (-?[\d.]+)", drawn.line):
        assert 0 <= float(x) <= drawn.width
        assert 0 <= float(y) <= drawn.height


def test_a_histograms_fullest_bin_is_full_and_an_empty_one_is_flat() -> None:
    bars = chart.histogram([0, 5, 10], 0, 30)
    assert [(bar.low, bar.height) for bar in bars] == [(0, 0), (10, 50), (20, 100)]
    assert [bar.height for bar in chart.histogram([0, 0], 0, 10)] == [0, 0]
    assert chart.histogram([], 0, 10) == ()


@given(st.lists(st.floats(0, 1e6, allow_nan=False), max_size=12))
def test_the_parts_of_a_stack_follow_each_other_to_the_end(shares: list[float]) -> None:
    parts = chart.stack(shares)
    if sum(shares) <= 0:
        assert parts == ()
        return
    assert len(parts) == len(shares)
    assert all(before.x <= after.x for before, after in pairwise(parts))
    assert parts[-1].x <= 100
