"""Money never mixes currencies and never loses a minor unit."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.domain.errors import Invalid
from marketplace.domain.money import WHOLE_BP, CurrencyMismatch, Money, Rounding, charge_step, decimals, ratio, total

AMOUNTS = st.integers(-(10**12), 10**12)
WEIGHTS = st.lists(st.integers(0, 10**6), min_size=1, max_size=12).filter(any)


@pytest.mark.parametrize(("currency", "places"), [("JPY", 0), ("USD", 2), ("KWD", 3)])
def test_each_currency_has_its_own_decimals(currency: str, places: int) -> None:
    assert decimals(currency) == places


@pytest.mark.parametrize(
    ("typed", "currency", "minor"),
    [
        ("180", "USD", 18000),
        (" 1,250.50 ", "USD", 125050),
        ("900", "JPY", 900),
        ("1.234", "KWD", 1234),
        ("0.1", "USD", 10),
    ],
)
def test_amounts_are_read_in_major_units(typed: str, currency: str, minor: int) -> None:
    assert Money.parse(typed, currency) == Money(minor, currency)


@pytest.mark.parametrize(
    ("typed", "currency"),
    [
        ("1.005", "USD"),
        ("9.5", "JPY"),
        ("x", "USD"),
        ("", "USD"),
        ("NaN", "USD"),
        ("1e999999999", "USD"),
        ("12,50", "EUR"),
        ("٣", "USD"),
    ],
)
def test_amounts_that_are_none_or_too_fine_are_refused(typed: str, currency: str) -> None:
    with pytest.raises(Invalid):
        Money.parse(typed, currency)


def test_floats_and_odd_currencies_are_refused() -> None:
    with pytest.raises(TypeError):
        Money(1.5, "USD")  # type: ignore[arg-type]  # what the runtime check is for
    with pytest.raises(TypeError):
        Money(10, "USD") * 0.5  # type: ignore[operator]  # what the runtime check is for
    with pytest.raises(ValueError):
        Money(1, "usd")


def test_currencies_do_not_mix() -> None:
    dollars, euros = Money(1, "USD"), Money(1, "EUR")
    with pytest.raises(CurrencyMismatch):
        dollars + euros
    with pytest.raises(CurrencyMismatch):
        dollars - euros
    with pytest.raises(CurrencyMismatch):
        _ = dollars < euros
    with pytest.raises(CurrencyMismatch):
        total([dollars, euros], "USD")
    assert dollars != euros


def test_the_usual_arithmetic_holds() -> None:
    assert Money(150, "USD") + Money(50, "USD") - Money(1, "USD") == Money(199, "USD")
    assert 3 * Money(5, "USD") == Money(5, "USD") * 3 == -Money(-15, "USD")
    assert Money(1, "USD") < Money(2, "USD") <= Money(2, "USD")
    assert Money(2, "USD") > Money(1, "USD") >= Money(1, "USD")
    assert not Money(0, "USD")
    assert Money(1, "USD")
    assert total([], "JPY") == Money(0, "JPY")


def test_money_reads_as_major_units_in_logs() -> None:
    assert [str(Money(123456, c)) for c in ("USD", "JPY", "KWD")] == ["1234.56 USD", "123456 JPY", "123.456 KWD"]
    assert Money(-5, "USD").major == Decimal("-0.05")


@pytest.mark.parametrize(
    ("minor", "bp", "rounding", "share"),
    [
        (36000, 800, "half_up", 2880),
        (50, 100, "half_up", 1),  # exactly half a unit goes up
        (49, 100, "half_up", 0),
        (-50, 100, "half_up", -1),
        (99, 100, "down", 0),
        (1, 1, "up", 1),
        (-1, 1, "up", -1),
    ],
)
def test_a_share_rounds_as_it_says(minor: int, bp: int, rounding: Rounding, share: int) -> None:
    assert Money(minor, "USD").share(bp, rounding) == Money(share, "USD")


def test_the_units_left_over_go_to_the_parts_that_lost_most() -> None:
    assert [part.minor for part in Money(100, "USD").split([1, 1, 1])] == [34, 33, 33]
    assert [part.minor for part in Money(10, "USD").split([5, 3, 2, 0])] == [5, 3, 2, 0]
    assert [part.minor for part in Money(-1, "USD").split([1, 2])] == [0, -1]
    assert [part.minor for part in Money(1, "JPY").split([1, 1])] == [1, 0]


@pytest.mark.parametrize("weights", [[0, 0], [1, -1], [2, -1]])
def test_weights_that_share_nothing_out_are_refused(weights: list[int]) -> None:
    with pytest.raises(ValueError):
        Money(100, "USD").split(weights)


# case 30
@given(AMOUNTS, WEIGHTS)
def test_a_split_adds_up_and_no_part_is_a_unit_off(minor: int, weights: list[int]) -> None:
    parts = [part.minor for part in Money(minor, "USD").split(weights)]
    assert sum(parts) == minor
    for part, weight in zip(parts, weights, strict=True):
        assert abs(part * sum(weights) - minor * weight) < sum(weights)


@given(AMOUNTS, WEIGHTS)
def test_parts_of_what_stripe_takes_are_taken_by_it_too(tens: int, weights: list[int]) -> None:
    parts = [part.minor for part in Money(tens * 10, "KWD").split(weights)]
    assert sum(parts) == tens * 10
    assert [part % 10 for part in parts] == [0] * len(parts)


def test_what_stripe_would_not_take_is_still_split_to_the_last_unit() -> None:
    assert [part.minor for part in Money(-1_233, "KWD").split([1, 1])] == [-617, -616]


@given(AMOUNTS, st.integers(0, WHOLE_BP))
def test_a_share_and_the_rest_are_within_half_a_unit_of_the_exact(minor: int, bp: int) -> None:
    share = Money(minor, "KWD").share(bp).minor
    assert abs(share * WHOLE_BP - minor * bp) * 2 <= WHOLE_BP


@given(AMOUNTS, st.integers(0, 10**6), st.integers(1, 10**6))
def test_rounding_down_and_up_enclose_the_exact(amount: int, part: int, whole: int) -> None:
    down, up = ratio(amount, part, whole, "down"), ratio(amount, part, whole, "up")
    assert abs(down) * whole <= abs(amount * part) <= abs(up) * whole
    assert abs(up) - abs(down) <= 1
    assert ratio(amount, part, whole, "half_up") in (down, up)


@given(st.integers(-(10**12), 10**12), st.sampled_from(["USD", "JPY", "KWD"]))
def test_what_can_be_charged_is_the_nearest_there_is(minor: int, currency: str) -> None:
    amount = Money(minor, currency)
    step = charge_step(currency)
    assert amount.chargeable().minor % step == 0
    assert abs(amount.chargeable().minor - minor) * 2 <= step
    assert amount.chargeable().chargeable() == amount.chargeable()
