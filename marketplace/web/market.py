"""The picture of a market range: a track from nothing upwards, the middle half on it, and one rate's place."""

from __future__ import annotations

from dataclasses import dataclass

from marketplace.domain.market import MarketRange
from marketplace.domain.money import Money


@dataclass(frozen=True, slots=True)
class MarketPicture:
    """A range with its place on the track in percent: `x` and `width` of the middle half, `own_x` of a rate."""

    range: MarketRange
    x: float
    width: float
    own: Money | None = None
    own_x: float | None = None


def draw(found: MarketRange | None, own: Money | None) -> MarketPicture | None:
    """The picture of `found` with the hourly rate `own`, if it is in the same currency; None without a range."""
    if found is None:
        return None
    own = own if own is not None and own.currency == found.high.currency else None
    furthest = max(found.high, own).minor if own else found.high.minor
    end = furthest * 1.15
    x = round(100 * found.low.minor / end, 2)
    width = round(max(100 * found.high.minor / end - x, 0.5), 2)
    return MarketPicture(found, x, width, own, round(100 * own.minor / end, 2) if own else None)
