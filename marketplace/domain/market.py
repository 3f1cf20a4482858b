"""What similar actors ask for an hour: the middle half of their rates, and nothing at all when they are few."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from marketplace.domain.money import Money, ratio

LEAST_ACTORS: Final = 10
"""Fewer than this and a range would say more about single people than about a market."""

LOWER_BP: Final = 2_500
UPPER_BP: Final = 7_500


@dataclass(frozen=True, slots=True)
class MarketRange:
    """The 25th to the 75th percentile of hourly rates of `actors` actors; `among` says in words who they are."""

    low: Money
    high: Money
    actors: int
    among: str

    def place(self, hour: Money) -> str:
        """Where an hourly rate lies, in words."""
        if hour < self.low:
            return "below the middle half"
        return "above the middle half" if hour > self.high else "within the middle half"


def find_range(counts: Sequence[tuple[int, int]], currency: str, among: str) -> MarketRange | None:
    """The range of `counts`, which are (hourly rate in minor units, actors who ask it); None under `LEAST_ACTORS`."""
    ordered = sorted(counts)
    actors = sum(count for _, count in ordered)
    if actors < LEAST_ACTORS:
        return None
    low, high = (Money(percentile(ordered, bp), currency) for bp in (LOWER_BP, UPPER_BP))
    return MarketRange(low, high, actors, among)


def percentile(ordered: Sequence[tuple[int, int]], bp: int) -> int:
    """The nearest-rank percentile of values with counts, ascending: the least that `bp` of all do not exceed."""
    rank = max(1, ratio(sum(count for _, count in ordered), bp, 10_000, "up"))
    seen = 0
    for value, count in ordered:
        seen += count
        if seen >= rank:
            return value
    raise ValueError("a percentile of nothing")
