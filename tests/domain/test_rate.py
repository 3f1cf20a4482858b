"""A quote is one pure calculation that adds up in every currency."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.domain.errors import Invalid
from marketplace.domain.money import Money
from marketplace.domain.rate import (
    DEFAULT_USAGE_BP,
    Ask,
    Line,
    Quote,
    RateCard,
    Usage,
    UsageScope,
    UsageTerm,
    make_quote,
    usage_from_json,
    usage_to_json,
)

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
ONE_TITLE = Usage(UsageScope.ONE_TITLE, UsageTerm.MONTHS_12)
SERIES_24 = Usage(UsageScope.SERIES, UsageTerm.MONTHS_24)
CARD = RateCard(Money(18000, "USD"))


def ask(minutes: int = 120, usage: Usage = ONE_TITLE, days: float = 10, take_sets: int = 1) -> Ask:
    return Ask(minutes, usage, NOW + timedelta(days=days), take_sets)


def test_the_quote_of_two_hours_for_one_title() -> None:
    quote = make_quote(CARD, ask(), 800, NOW)
    assert quote == Quote(
        lines=(
            Line("session", "2 hours of capture", Money(36000, "USD")),
            Line("usage", "One title, 12 months", Money(0, "USD")),
        ),
        fee_bp=800,
        fee=Money(2880, "USD"),
        pickups_included=1,
    )
    assert (quote.subtotal, quote.total, quote.net) == (
        Money(36000, "USD"),
        Money(38880, "USD"),
        Money(36000, "USD"),
    )


def test_every_extra_is_a_line_of_its_own() -> None:
    card = RateCard(Money(10000, "USD"), take_set=Money(2500, "USD"), rush_bp=2000)
    quote = make_quote(card, ask(minutes=150, usage=SERIES_24, days=2, take_sets=3), 1000, NOW)
    assert [(line.code, line.label, line.amount.minor) for line in quote.lines] == [
        ("session", "2.5 hours of capture", 25000),
        ("usage", "One series and its trailers, 24 months", 10000),
        ("take_set", "2 more take sets", 5000),
        ("rush", "Short notice, under 72 hours", 5000),
    ]
    assert (quote.fee.minor, quote.total.minor, quote.net.minor) == (4500, 49500, 45000)


def test_three_days_ahead_is_no_rush() -> None:
    card = RateCard(Money(10000, "USD"), rush_bp=2000)
    codes = [line.code for line in make_quote(card, ask(days=3), 0, NOW).lines]
    assert codes == ["session", "usage"]


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        (ask(minutes=60), "minutes"),
        (ask(minutes=130), "minutes"),
        (ask(minutes=13 * 60), "minutes"),
        (ask(take_sets=0), "take_sets"),
        (ask(take_sets=21), "take_sets"),
        (ask(usage=SERIES_24), "usage"),
    ],
)
def test_what_is_not_offered_is_refused_with_the_field_to_blame(wrong: Ask, field: str) -> None:
    card = RateCard(Money(18000, "USD"), usage_bp={ONE_TITLE: 0})
    with pytest.raises(Invalid) as refusal:
        make_quote(card, wrong, 800, NOW)
    assert refusal.value.field == field


@pytest.mark.parametrize(
    "prices",
    [
        {"hour": Money(0, "USD")},
        {"hour": Money(1, "USD"), "minimum_minutes": 45},
        {"hour": Money(1, "USD"), "minimum_minutes": 0},
        {"hour": Money(1, "USD"), "rush_bp": -1},
        {"hour": Money(1, "USD"), "usage_bp": {ONE_TITLE: -1}},
        {"hour": Money(1, "USD"), "take_set": Money(-1, "USD")},
        {"hour": Money(1, "USD"), "revision": Money(1, "EUR")},
    ],
)
def test_a_rate_card_that_makes_no_sense_is_refused(prices: dict[str, Any]) -> None:
    with pytest.raises(Exception, match=r".+"):
        RateCard(**prices)


def test_the_lengths_offered_start_at_the_minimum() -> None:
    assert RateCard(Money(1, "USD"), minimum_minutes=90).lengths == (90, 150, 210, 270, 330)
    assert RateCard(Money(1, "USD"), minimum_minutes=11 * 60).lengths == (660, 720)


def test_usage_prices_survive_the_row() -> None:
    assert usage_from_json(json.loads(json.dumps(usage_to_json(DEFAULT_USAGE_BP)))) == DEFAULT_USAGE_BP
    assert usage_from_json({"series/24_months": 4000}) == {SERIES_24: 4000}
    assert usage_from_json({}) == DEFAULT_USAGE_BP
    with pytest.raises(Invalid):
        Usage.read("everything", "12_months")


def test_each_term_and_scope_costs_at_least_the_smaller_one() -> None:
    for scope in UsageScope:
        by_term = [DEFAULT_USAGE_BP[Usage(scope, term)] for term in UsageTerm]
        assert by_term == sorted(by_term)
    for term in UsageTerm:
        by_scope = [DEFAULT_USAGE_BP[Usage(scope, term)] for scope in UsageScope]
        assert by_scope == sorted(by_scope)


def test_a_frozen_quote_reads_back_the_same() -> None:
    quote = make_quote(CARD, ask(usage=SERIES_24), 800, NOW)
    assert Quote.from_json(json.loads(json.dumps(quote.to_json()))) == quote


@pytest.mark.parametrize("tampering", [{"total_minor": 1}, {"fee_minor": 0}, {"version": 99}, {"net_minor": 1}])
def test_a_tampered_quote_is_refused(tampering: dict[str, int]) -> None:
    with pytest.raises(ValueError):
        Quote.from_json(make_quote(CARD, ask(), 800, NOW).to_json() | tampering)


@given(
    hour=st.integers(1, 10**8),
    half_hours=st.integers(4, 24),
    usage=st.sampled_from(sorted(DEFAULT_USAGE_BP, key=str)),
    take_sets=st.integers(1, 20),
    take_set=st.integers(0, 10**6),
    rush_bp=st.integers(0, 10_000),
    fee_bp=st.integers(0, 10_000),
    days=st.integers(1, 60),
    currency=st.sampled_from(["USD", "JPY", "KWD"]),
)
def test_every_quote_adds_up_in_every_currency(
    hour: int,
    half_hours: int,
    usage: Usage,
    take_sets: int,
    take_set: int,
    rush_bp: int,
    fee_bp: int,
    days: int,
    currency: str,
) -> None:
    card = RateCard(Money(hour, currency), take_set=Money(take_set, currency), rush_bp=rush_bp)
    quote = make_quote(card, ask(half_hours * 30, usage, days, take_sets), fee_bp, NOW)
    assert quote.total.minor == sum(line.amount.minor for line in quote.lines) + quote.fee.minor
    assert quote.net + quote.fee == quote.total
    assert abs(quote.fee.minor * 10_000 - quote.net.minor * fee_bp) * 2 <= 10_000
    assert all(line.amount.minor >= 0 for line in quote.lines)
    assert Quote.from_json(json.loads(json.dumps(quote.to_json()))) == quote
