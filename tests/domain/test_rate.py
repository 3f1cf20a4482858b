"""A quote is one pure calculation that adds up in every currency."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.domain.errors import Invalid
from marketplace.domain.money import OFFERED, Money, charge_step
from marketplace.domain.rate import (
    DEFAULT_EXCLUSIVITY_BP,
    DEFAULT_TERRITORY_BP,
    DEFAULT_USAGE_BP,
    Ask,
    Exclusivity,
    Line,
    Quote,
    RateCard,
    Territory,
    Usage,
    UsageScope,
    UsageTerm,
    check_place,
    exclusivity_from_json,
    make_quote,
    most_per_hour,
    offer_bounds,
    territory_from_json,
    usage_from_json,
    usage_to_json,
)

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
ONE_TITLE = Usage(UsageScope.ONE_TITLE, UsageTerm.MONTHS_12)
SERIES_24 = Usage(UsageScope.SERIES, UsageTerm.MONTHS_24)
CARD = RateCard(Money(18000, "USD"))


def ask(minutes: int = 120, usage: Usage = ONE_TITLE, days: float = 10, take_sets: int = 1, **more: Any) -> Ask:
    return Ask(minutes, usage, NOW + timedelta(days=days), take_sets, **more)


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
        (ask(usage=replace(ONE_TITLE, territory=Territory.COUNTRY)), "usage"),
        (ask(usage=replace(ONE_TITLE, exclusivity=Exclusivity.FULL)), "usage"),
        (ask(pickups=-1), "pickups"),
        (ask(pickups=6), "pickups"),
    ],
)
def test_what_is_not_offered_is_refused_with_the_field_to_blame(wrong: Ask, field: str) -> None:
    card = RateCard(Money(18000, "USD"), usage_bp={ONE_TITLE: 0}, territory_bp={Territory.WORLDWIDE: 0})
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
        {"hour": Money(1, "USD"), "usage_bp": {}},
        {"hour": Money(1, "USD"), "territory_bp": {}},
        {"hour": Money(1, "USD"), "exclusivity_bp": {Exclusivity.FULL: -1}},
        {"hour": Money(1, "USD"), "exclusivity_bp": {Exclusivity.FULL: 2_000_000}},
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


# case 21
@pytest.mark.parametrize("tampering", [{"total_minor": 1}, {"fee_minor": 0}, {"version": 99}, {"net_minor": 1}])
def test_a_tampered_quote_is_refused(tampering: dict[str, int]) -> None:
    with pytest.raises(ValueError):
        Quote.from_json(make_quote(CARD, ask(), 800, NOW).to_json() | tampering)


def test_wider_use_is_a_line_of_its_own_and_what_is_included_is_none() -> None:
    card = RateCard(
        Money(10000, "USD"),
        territory_bp={Territory.COUNTRY: 0, Territory.REGION: 1000, Territory.WORLDWIDE: 2500},
        exclusivity_bp={Exclusivity.NONE: 0, Exclusivity.CATEGORY: 5000},
    )
    wide = replace(ONE_TITLE, exclusivity=Exclusivity.CATEGORY)
    assert [
        (line.code, line.label, line.amount.minor) for line in make_quote(card, ask(usage=wide), 800, NOW).lines
    ] == [
        ("session", "2 hours of capture", 20000),
        ("usage", "One title, 12 months", 0),
        ("territory", "Worldwide", 5000),
        ("exclusivity", "Exclusive in its category", 10000),
    ]
    near = replace(ONE_TITLE, territory=Territory.COUNTRY, place="Japan")
    assert [line.code for line in make_quote(card, ask(usage=near), 800, NOW).lines] == ["session", "usage"]


def test_more_rounds_of_pick_ups_are_bought_with_the_session() -> None:
    card = RateCard(Money(10000, "USD"), revision=Money(3000, "USD"), pickups_included=2)
    quote = make_quote(card, ask(pickups=2), 0, NOW)
    assert quote.lines[-1] == Line("pickup", "2 more rounds of pick-ups", Money(6000, "USD"))
    assert quote.pickups_included == 4


def test_an_offer_is_one_line_with_the_same_fee_and_the_list_price_beside_it() -> None:
    quote = make_quote(CARD, ask(usage=SERIES_24, offered=Money(40000, "USD")), 800, NOW)
    assert quote.lines == (Line("offer", "Offer for 2 hours of capture and usage", Money(40000, "USD")),)
    assert (quote.fee.minor, quote.total.minor, quote.net.minor) == (3200, 43200, 40000)
    assert quote.list_price == Money(50400, "USD")
    assert quote.is_offer


def test_without_a_rate_card_there_is_an_offer_or_nothing() -> None:
    quote = make_quote(None, ask(minutes=60, take_sets=2, pickups=1, offered=Money(90000, "JPY")), 800, NOW)
    label = "Offer for 1 hour of capture, 2 take sets, 1 more round of pick-ups and usage"
    assert (quote.lines[0].label, quote.list_price) == (label, None)
    assert (quote.total, quote.pickups_included) == (Money(97200, "JPY"), 2)
    with pytest.raises(Invalid, match="make an offer"):
        make_quote(None, ask(), 800, NOW)


@pytest.mark.parametrize(
    "offered",
    [Money(999, "USD"), Money(-1, "USD"), Money(10**9, "USD"), Money(50000, "EUR")],
)
def test_an_offer_out_of_bounds_or_in_another_currency_is_refused(offered: Money) -> None:
    with pytest.raises(Invalid) as refusal:
        make_quote(CARD, ask(offered=offered), 800, NOW)
    assert refusal.value.field == "offered"


def test_an_offer_does_not_buy_what_is_not_for_sale() -> None:
    card = RateCard(Money(18000, "USD"), usage_bp={ONE_TITLE: 0})
    for wrong in (ask(usage=SERIES_24, offered=Money(10**6, "USD")), ask(minutes=60, offered=Money(10**6, "USD"))):
        with pytest.raises(Invalid):
            make_quote(card, wrong, 800, NOW)


def test_three_decimal_offers_that_no_card_can_pay_name_the_nearest_that_one_can() -> None:
    with pytest.raises(Invalid, match=r"offer 12\.350 KWD"):
        make_quote(None, ask(offered=Money(12345, "KWD")), 800, NOW)


def test_bounds_are_sensible_in_every_kind_of_currency() -> None:
    assert [str(most_per_hour(code)) for code in ("USD", "JPY", "KWD")] == [
        "10000.00 USD", "10000000 JPY", "10000.000 KWD",
    ]  # fmt: skip
    assert [str(offer_bounds(code)[0]) for code in ("USD", "JPY", "KWD")] == ["10.00 USD", "1000 JPY", "10.000 KWD"]


def test_what_was_sold_before_reads_as_worldwide_and_not_exclusive() -> None:
    old = Usage.from_json({"scope": "series", "term": "24_months", "take_sets": 1})
    assert old == SERIES_24
    assert old.label == "One series and its trailers, 24 months, worldwide, not exclusive"
    assert (territory_from_json({}), exclusivity_from_json({})) == (DEFAULT_TERRITORY_BP, DEFAULT_EXCLUSIVITY_BP)
    assert territory_from_json({"worldwide": 500, "country": 0}) == {Territory.COUNTRY: 0, Territory.WORLDWIDE: 500}
    assert exclusivity_from_json({"none": 0, "full": 9000}) == {Exclusivity.NONE: 0, Exclusivity.FULL: 9000}


def test_a_usage_survives_the_row_with_its_place() -> None:
    usage = Usage.read("one_title", "6_months", "country", "category", "  South   Korea ")
    assert usage.label == "One title, 6 months, one country (South Korea), exclusive in its category"
    assert Usage.from_json(json.loads(json.dumps(usage.to_json()))) == usage
    assert Usage.read("one_title", "6_months", "worldwide", "none", "Japan").place == ""


def test_a_country_without_its_name_is_no_territory() -> None:
    check_place(ONE_TITLE)
    check_place(replace(ONE_TITLE, territory=Territory.REGION, place="West Africa"))
    for territory, word in ((Territory.COUNTRY, "country"), (Territory.REGION, "region")):
        with pytest.raises(Invalid, match=word):
            check_place(replace(ONE_TITLE, territory=territory))
    with pytest.raises(Invalid, match="60 characters"):
        Usage.read("one_title", "6_months", "country", "none", "x" * 61)


VERSION_1 = {
    "version": 1, "currency": "USD", "subtotal_minor": 36000, "fee_bp": 800, "fee_minor": 2880, "total_minor": 38880,
    "net_minor": 36000, "pickups_included": 1,
    "lines": [
        {"code": "session", "label": "2 hours of capture", "amount_minor": 36000},
        {"code": "usage", "label": "One title, 12 months", "amount_minor": 0},
    ],
}  # fmt: skip


def test_a_quote_of_the_first_version_stays_readable_as_it_was() -> None:
    quote = Quote.from_json(VERSION_1)
    assert (quote.version, quote.total, quote.list_price) == (1, Money(38880, "USD"), None)
    assert quote.to_json() == VERSION_1
    with pytest.raises(ValueError):
        Quote.from_json(VERSION_1 | {"list_minor": 1})


USAGES = st.builds(
    Usage, st.sampled_from(UsageScope), st.sampled_from(UsageTerm), st.sampled_from(Territory),
    st.sampled_from(Exclusivity),
)  # fmt: skip
BP = st.integers(0, 30_000)


@st.composite
def cards(draw: st.DrawFn) -> RateCard:
    """Rate cards in every currency that rates may be set in."""
    currency = draw(st.sampled_from(sorted(OFFERED)))
    amounts = st.builds(Money, st.integers(0, 10**7), st.just(currency))
    return RateCard(
        Money(draw(st.integers(1, 10**8)), currency),
        take_set=draw(amounts),
        revision=draw(amounts),
        rush_bp=draw(BP),
        territory_bp={one: draw(BP) for one in Territory},
        exclusivity_bp={one: draw(BP) for one in Exclusivity},
        pickups_included=draw(st.integers(0, 5)),
    )


@given(
    card=cards(),
    half_hours=st.integers(4, 24),
    usage=USAGES,
    take_sets=st.integers(1, 20),
    pickups=st.integers(0, 5),
    fee_bp=st.integers(0, 10_000),
    days=st.integers(1, 60),
)
def test_every_quote_adds_up_in_every_currency(
    card: RateCard, half_hours: int, usage: Usage, take_sets: int, pickups: int, fee_bp: int, days: int
) -> None:
    quote = make_quote(card, ask(half_hours * 30, usage, days, take_sets, pickups=pickups), fee_bp, NOW)
    assert quote.total.minor == sum(line.amount.minor for line in quote.lines) + quote.fee.minor
    assert quote.net + quote.fee == quote.total
    step = charge_step(card.currency)
    assert abs(quote.fee.minor * 10_000 - quote.net.minor * fee_bp) * 2 <= 10_000 * (2 * step - 1)
    assert all(line.amount.minor >= 0 for line in quote.lines)
    assert all(line.amount == line.amount.chargeable() for line in quote.lines)
    assert quote.total == quote.total.chargeable()
    assert Quote.from_json(json.loads(json.dumps(quote.to_json()))) == quote


@given(card=cards(), usage=USAGES, major=st.integers(10_000, 200_000), fee_bp=st.integers(0, 10_000))
def test_every_offer_is_paid_out_in_full_with_the_fee_on_top(
    card: RateCard, usage: Usage, major: int, fee_bp: int
) -> None:
    offered = Money.parse(str(major), card.currency)
    quote = make_quote(card, ask(usage=usage, offered=offered), fee_bp, NOW)
    assert (quote.net, quote.total) == (offered, offered + quote.fee)
    assert quote.list_price == make_quote(card, ask(usage=usage), fee_bp, NOW).net
    assert Quote.from_json(json.loads(json.dumps(quote.to_json()))) == quote
