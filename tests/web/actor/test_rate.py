"""An actor prices sessions, extras and each use in any currency, and sets the limits that requests are held against."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from marketplace.db import Database
from marketplace.domain.money import OFFERED, Money
from marketplace.domain.rate import DEFAULT_USAGE_BP
from marketplace.models import Account, Rate
from marketplace.services.boundary import get_limits
from marketplace.services.rate import get_rate_card
from tests.conftest import Jobs
from tests.services.stage import add_actor
from tests.web.actor.test_page import PROFILE, Desk

RATE: dict[str, Any] = {
    "currency": "USD", "hour": "180", "minimum_minutes": "120", "pickups_included": "1", "take_set": "", "revision": "",
    "rush": "", "cancellation": "standard", "usage_one_title_12_months": "0", "territory_worldwide": "0",
}  # fmt: skip


@pytest.fixture
def desk(app: Flask, database: Database, client_as: Callable[[Account], FlaskClient]) -> Desk:
    return Desk(app, database, client_as)


def inputs(page: str) -> dict[str, str]:
    """The percentages as the form shows them."""
    found = re.findall(r'name="((?:usage|territory|exclusivity)_\w+)"(?: value="([^"]*)")?', page)
    return dict(found)


def emptied(desk: Desk) -> dict[str, str]:
    """Every percentage of the form, left empty."""
    return dict.fromkeys(inputs(desk.get("rate")), "")


def card(desk: Desk) -> Any:
    with desk.database.reading() as db:
        return get_rate_card(db, desk.actor_id).card


def test_a_first_rate_begins_with_the_usual_grid(desk: Desk) -> None:
    shown = inputs(desk.get("rate"))
    assert (shown["usage_one_title_12_months"], shown["usage_catalogue_60_months"]) == ("0", "150")
    assert (shown["territory_worldwide"], shown["exclusivity_full"]) == ("25", "")
    assert len(shown) == 12 + 3 + 2


def test_usage_territory_and_exclusivity_are_the_actors_own_and_can_be_taken_off_sale(desk: Desk) -> None:
    grid = emptied(desk) | {
        "usage_one_title_12_months": "0", "usage_series_24_months": "37.5", "territory_country": "0",
        "territory_worldwide": "25 %", "exclusivity_category": "50,25",
    }  # fmt: skip
    desk.post("rate", **RATE | grid)
    saved = card(desk)
    assert {usage.use_label: bp for usage, bp in saved.usage_bp.items()} == {
        "One title, 12 months": 0, "One series and its trailers, 24 months": 3_750,
    }  # fmt: skip
    assert dict(saved.territory_bp) == {"country": 0, "worldwide": 2_500}
    assert dict(saved.exclusivity_bp) == {"none": 0, "category": 5_025}
    shown = inputs(desk.get("rate"))
    assert (shown["usage_series_24_months"], shown["exclusivity_category"], shown["territory_region"]) == (
        "37.5", "50.25", "",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("change", "field", "words"),
    [
        ({"usage_one_title_12_months": ""}, "usage_one_title_6_months", "Put a percentage on one usage at least"),
        ({"territory_worldwide": ""}, "territory_country", "Put a percentage on one territory at least"),
        ({"usage_series_6_months": "many"}, "usage_series_6_months", "from 0 to 1000"),
        ({"usage_series_6_months": "-5"}, "usage_series_6_months", "from 0 to 1000"),
        ({"exclusivity_full": "1e3"}, "exclusivity_full", "from 0 to 1000"),
        ({"rush": "12.345"}, "rush", "from 0 to 200"),
        ({"hour": "10001"}, "hour", "more than $10,000.00 an hour"),
        ({"hour": "-5"}, "hour", "less than nothing"),
        ({"take_set": "4.999"}, "take_set", "USD amounts have 2 decimals"),
    ],
)
def test_a_price_that_makes_no_sense_names_its_field_and_keeps_the_rest(
    desk: Desk, change: dict[str, str], field: str, words: str
) -> None:
    form = RATE | emptied(desk) | {"usage_one_title_12_months": "0", "territory_worldwide": "0", "revision": "33.10"}
    page = desk.post("rate", 422, **form | change).text
    assert words in page
    assert f'href="#{field}"' in page
    assert 'value="33.10"' in page
    for name, typed in change.items():
        again = re.search(rf'name="{name}"(?: value="([^"]*)")?', page)
        assert again is not None
        assert (again[1] or "") == typed
    with desk.database.reading() as db:
        assert db.scalars(select(Rate)).all() == []


def test_a_currency_that_nobody_reckons_in_names_its_field_and_keeps_the_rest(desk: Desk) -> None:
    page = desk.post("rate", 422, **RATE | {"currency": "ZZZ", "revision": "33.10"}).text
    assert "Not a valid choice" in page
    assert 'href="#currency"' in page
    assert 'value="33.10"' in page
    with desk.database.reading() as db:
        assert db.scalars(select(Rate)).all() == []


@pytest.mark.parametrize(
    ("currency", "typed", "minor", "shown"),
    [
        ("JPY", "25000", 25_000, "¥54,000"),
        ("KRW", "250,000", 250_000, "₩540,000"),
        ("EUR", "180.50", 18_050, "€389.88"),
        ("KWD", "55.555", 55_555, "KWD\N{NO-BREAK SPACE}120.000"),
        ("BHD", "68.1", 68_100, "BHD\N{NO-BREAK SPACE}147.100"),
    ],
)
def test_a_rate_is_set_in_currencies_with_none_two_and_three_decimals(
    desk: Desk, currency: str, typed: str, minor: int, shown: str
) -> None:
    desk.post("rate", **RATE | {"currency": currency, "hour": typed})
    assert card(desk).hour == Money(minor, currency)
    page = desk.get("rate")
    assert shown in page
    again = re.search(r'id="hour" name="hour" value="([^"]*)"', page)
    assert again is not None
    desk.post("rate", **RATE | {"currency": currency, "hour": again[1]})
    assert card(desk).hour == Money(minor, currency)


def test_decimals_that_a_currency_does_not_have_are_refused_in_it_only(desk: Desk) -> None:
    assert "JPY amounts have no decimals" in desk.post("rate", 422, **RATE | {"currency": "JPY", "hour": "180.50"}).text
    desk.post("rate", **RATE | {"hour": "180.50"})


def test_every_currency_offered_can_be_chosen(desk: Desk) -> None:
    assert set(re.findall(r'<option value="([A-Z]{3})"', desk.get("rate"))) == OFFERED


def test_rounds_of_pick_ups_have_a_number_and_a_price(desk: Desk) -> None:
    desk.post("rate", **RATE | {"pickups_included": "3", "revision": "40"})
    assert (card(desk).pickups_included, card(desk).revision) == (3, Money(4_000, "USD"))


def test_the_fee_is_said_to_be_the_platforms(desk: Desk) -> None:
    desk.post("rate", **RATE)
    page = desk.get("rate")
    assert "Only platforms pay the marketplace fee" in page
    assert "Marketplace fee, 8%, for the platform" in page


def test_an_actor_sees_what_others_ask_from_ten_of_them(desk: Desk) -> None:
    with desk.database.unit_of_work(Jobs()) as db:
        for number in range(9):
            add_actor(db, hourly_minor=10_000 + 1_000 * number, hours=None)
    desk.post("rate", **RATE)
    assert "What others ask" not in desk.get("rate")
    with desk.database.unit_of_work(Jobs()) as db:
        add_actor(db, hourly_minor=19_000, hours=None)
    page = desk.get("rate")
    assert "Half of 10 actors of the same playing age and language ask" in page
    assert "$120 to $170" in page
    assert "Yours, $180, is above the middle half" in page


def test_the_usual_grid_is_the_one_that_was_always_sold(desk: Desk) -> None:
    shown = inputs(desk.get("rate"))
    for usage, bp in DEFAULT_USAGE_BP.items():
        assert shown[f"usage_{usage.scope}_{usage.term}"] == f"{bp // 100}"


# limits


def test_topics_and_the_cap_of_loud_moments_are_saved_with_the_profile(desk: Desk) -> None:
    assert "Your limits" in desk.get("profile")
    desk.post("profile", **PROFILE | {"topic_nudity": "never", "topic_kissing": "ask", "most_intense": "2"})
    with desk.database.reading() as db:
        limits = get_limits(db, desk.actor_id)
    assert (limits.to_json(), limits.most_intense) == ({"nudity": "never", "kissing": "ask"}, 2)
    page = desk.get("profile")
    assert re.search(r'name="topic_nudity".*?<option value="never" selected>', page)
    desk.post("profile", **PROFILE | {"topic_nudity": ""})
    with desk.database.reading() as db:
        assert get_limits(db, desk.actor_id).to_json() == {"kissing": "ask"}


@pytest.mark.parametrize(
    ("change", "words"),
    [({"most_intense": "41"}, "From 0 to 40"), ({"most_intense": ""}, "From 0 to 40"),
     ({"topic_nudity": "maybe"}, "Not a valid choice")],
)  # fmt: skip
def test_limits_that_make_no_sense_keep_what_was_typed(desk: Desk, change: dict[str, str], words: str) -> None:
    page = desk.post("profile", 422, **PROFILE | {"topic_kissing": "ask", "bio": "Kept words."} | change).text
    assert words in page
    assert "Kept words." in page
    assert re.search(r'name="topic_kissing".*?<option value="ask" selected>', page)
