"""A market range is drawn to scale, with a rate's own place on it, and not at all when there is none."""

from __future__ import annotations

import pytest

from marketplace.domain.market import MarketRange
from marketplace.domain.money import Money
from marketplace.web.market import draw

RANGE = MarketRange(Money(10_000, "USD"), Money(20_000, "USD"), 12, "all actors")


def test_the_middle_half_lies_between_its_ends_with_room_beyond() -> None:
    picture = draw(RANGE, Money(15_000, "USD"))
    assert picture is not None
    assert picture.own_x == pytest.approx(picture.x + picture.width / 2, abs=0.05)
    assert 0 < picture.x < picture.x + picture.width < 100


def test_a_rate_beyond_the_range_still_fits_into_the_picture() -> None:
    picture = draw(RANGE, Money(90_000, "USD"))
    assert picture is not None
    assert picture.own_x is not None
    assert picture.x + picture.width < picture.own_x < 100


def test_a_rate_in_another_currency_has_no_place_on_it() -> None:
    picture = draw(RANGE, Money(15_000, "JPY"))
    assert picture is not None
    assert (picture.own, picture.own_x) == (None, None)
    assert draw(None, Money(15_000, "USD")) is None


def test_a_range_of_one_price_is_still_to_be_seen() -> None:
    picture = draw(MarketRange(Money(10_000, "USD"), Money(10_000, "USD"), 10, "all actors"), None)
    assert picture is not None
    assert picture.width >= 0.5
