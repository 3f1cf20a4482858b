"""A market range says what the middle half asks, and nothing about a handful of people."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.domain.market import LEAST_ACTORS, MarketRange, find_range, percentile
from marketplace.domain.money import Money


def test_the_middle_half_runs_from_the_quarter_to_the_three_quarters() -> None:
    counts = [(minor, 1) for minor in range(1_000, 13_000, 1_000)]
    assert find_range(counts, "USD", "all actors") == MarketRange(
        Money(3_000, "USD"), Money(9_000, "USD"), 12, "all actors"
    )


def test_under_ten_actors_there_is_no_range() -> None:
    assert find_range([(10_000, 4), (12_000, 5)], "USD", "all actors") is None
    assert find_range([], "USD", "all actors") is None
    found = find_range([(10_000, 4), (12_000, 6)], "JPY", "all actors")
    assert found is not None
    assert (found.low, found.high, found.actors) == (Money(10_000, "JPY"), Money(12_000, "JPY"), LEAST_ACTORS)


@pytest.mark.parametrize(("minor", "words"), [(9, "below"), (10, "within"), (20, "within"), (21, "above")])
def test_a_rate_has_its_place_in_words(minor: int, words: str) -> None:
    found = MarketRange(Money(10, "USD"), Money(20, "USD"), 10, "all actors")
    assert found.place(Money(minor, "USD")) == f"{words} the middle half"


@given(st.lists(st.integers(1, 50), min_size=1, max_size=60), st.integers(0, 10_000))
def test_a_percentile_leaves_its_share_at_or_below_it(values: list[int], bp: int) -> None:
    counts = sorted({value: values.count(value) for value in values}.items())
    found = percentile(counts, bp)
    assert sum(1 for value in values if value <= found) * 10_000 >= bp * len(values)
    assert sum(1 for value in values if value < found) * 10_000 < max(bp * len(values), 1)
