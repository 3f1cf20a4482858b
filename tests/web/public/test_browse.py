"""The browse page finds whom it says, keeps its state in the address and costs the same for one actor or many."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.db import Database
from marketplace.models import Account, Member
from marketplace.services.shortlist import save_actor
from tests.services.stage import NOW, add_actor, add_member
from tests.statements import counted
from tests.web.page_check import LARGEST_PAGE, faults, weight
from tests.web.public.conftest import Fill

pytestmark = pytest.mark.both_engines


def names(page: str) -> list[str]:
    """The actors on the page, in order."""
    return re.findall(r'<h2 class="row nowrap grow"><a class="truncate" href="[^"]*">([^<]*)</a>', page)


def some_actors(db: Session) -> None:
    add_actor(
        db, "Imani Okafor", score=82.0, hourly_minor=18_000, languages=("en", "yo"), verified=True,
        flavours=[("cold-fury", "high", "contained"), ("humiliation", "medium", "natural")],
    )  # fmt: skip
    add_actor(
        db, "Kenji Morita", score=61.0, hourly_minor=9_000, languages=("ja",), flavours=[("awe", "low", "natural")]
    )
    add_actor(
        db, "Ruth Adeyemi", score=None, hourly_minor=None, hours=None, flavours=[("hot-rage", "high", "released")]
    )


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("", ["Imani Okafor", "Kenji Morita", "Ruth Adeyemi"]),
        ("?q=kenji", ["Kenji Morita"]),
        ("?q=cold+fury", ["Imani Okafor"]),
        ("?family=anger", ["Imani Okafor", "Ruth Adeyemi"]),
        ("?family=anger&family=surprise", ["Imani Okafor", "Ruth Adeyemi", "Kenji Morita"]),
        ("?flavour=cold-fury&flavour=humiliation", ["Imani Okafor"]),
        ("?flavour=cold-fury&flavour=awe", []),
        ("?flavour=cold-fury&flavour=awe&any=1", ["Imani Okafor", "Kenji Morita"]),
        ("?score=70", ["Imani Okafor"]),
        ("?rate=100", ["Kenji Morita"]),
        ("?language=ja", ["Kenji Morita"]),
        ("?within=7", ["Imani Okafor", "Kenji Morita"]),
        ("?verified=1", ["Imani Okafor"]),
        ("?sort=rate", ["Kenji Morita", "Imani Okafor", "Ruth Adeyemi"]),
        (
            "?sort=nonsense&score=x&rate=-4&within=2&page=zzz&family=rage",
            ["Imani Okafor", "Kenji Morita", "Ruth Adeyemi"],
        ),
    ],
)
def test_each_filter_finds_whom_it_says(client: FlaskClient, fill: Fill, asked: str, found: list[str]) -> None:
    fill(some_actors)
    page = client.get(f"/actor{asked}")
    assert page.status_code == 200
    assert set(names(page.text)) == set(found)
    if "sort" in asked or not asked:
        assert names(page.text) == found
    assert faults(page.text) == []


def test_a_card_shows_the_flavours_that_were_asked_for_first(client: FlaskClient, fill: Fill) -> None:
    shown = [(slug, "high", "natural") for slug in ("awe", "menace", "terror")] + [("humiliation", "low", "natural")]
    fill(lambda db: add_actor(db, "Imani Okafor", flavours=shown))
    page = client.get("/actor?flavour=humiliation").text
    cards = page[page.index("<article") :]
    assert re.findall(r'<span class="dot"></span>([^<]*)</span>', cards)[0] == "Humiliation"


def test_the_filters_that_are_on_stand_above_the_results_and_can_be_taken_off(client: FlaskClient, fill: Fill) -> None:
    fill(some_actors)
    page = client.get("/actor?family=anger&score=50&q=imani").text
    off = dict(re.findall(r'href="([^"]*)"[^>]*aria-label="Remove filter ([^"]*)"', page))
    assert {words: address.replace("&amp;", "&") for address, words in off.items()} == {
        "“imani”": "/actor?family=anger&score=50",
        "Anger": "/actor?q=imani&score=50",
        "Score 50+": "/actor?q=imani&family=anger",
    }


def test_the_address_is_given_back_in_its_shortest_form(client: FlaskClient, fill: Fill) -> None:
    fill(some_actors)
    answer = client.get("/actor?q=&family=anger&score=0&rate=500&within=&sort=best&page=1")
    assert answer.headers["HX-Push-Url"] == "/actor?family=anger"


def test_nobody_found_names_the_filters_that_keep_most_out(client: FlaskClient, fill: Fill) -> None:
    fill(some_actors)
    page = client.get("/actor?family=surprise&score=80").text
    assert "No actor matches all of these" in page
    assert "Most are kept out by Score 80+ and Surprise." in page or "Surprise and Score 80+" in page
    assert "Without Surprise: 1 actor" in page
    assert faults(page) == []


def test_when_no_single_filter_helps_all_can_be_taken_off(client: FlaskClient, fill: Fill) -> None:
    fill(some_actors)
    page = client.get("/actor?family=surprise&score=80&rate=50").text
    assert "Take a filter away to see more." in page
    assert "Without" not in page
    assert "Clear all filters" in page


def test_a_search_that_finds_nobody_costs_little_more_than_one_that_does(
    client: FlaskClient, database: Database, fill: Fill
) -> None:
    fill(some_actors)
    asked = "verified=1&within=7&language=ja&language=yo&flavour=awe&flavour=cold-fury&family=joy&family=anger"
    with counted(database) as usual:
        assert "Imani Okafor" in client.get("/actor?verified=1&within=7").text
    with counted(database) as nobody:
        assert "No actor matches" in client.get(f"/actor?q=imani&score=90&rate=50&{asked}").text
    assert len(nobody) <= 2 * len(usual)


def test_an_empty_marketplace_says_so(client: FlaskClient) -> None:
    page = client.get("/actor").text
    assert "No actors are listed yet" in page
    assert faults(page) == []


def test_a_choice_that_would_find_nobody_cannot_be_made_unless_it_is_made_already(
    client: FlaskClient, fill: Fill
) -> None:
    fill(some_actors)
    page = client.get("/actor").text
    assert re.search(r'value="joy" disabled', page)
    assert re.search(r'value="joy" checked>', client.get("/actor?family=joy").text)


def test_only_listed_actors_are_shown(client: FlaskClient, fill: Fill) -> None:
    fill(lambda db: add_actor(db, "Hidden Person", listed=False))
    assert "Hidden Person" not in client.get("/actor").text


def test_pages_keep_the_filters(client: FlaskClient, fill: Fill) -> None:
    fill(lambda db: [add_actor(db, f"Actor {number:02}") for number in range(30)])
    page = client.get("/actor?score=50&page=2").text
    assert len(names(page)) == 6
    assert 'href="/actor?score=50"' in page
    assert 'aria-current="page">2</a>' in page


def test_a_full_page_costs_as_many_statements_as_a_short_one(
    client: FlaskClient, database: Database, fill: Fill
) -> None:
    fill(lambda db: add_actor(db, flavours=[("awe", "low", "natural")]))
    with counted(database) as few:
        client.get("/actor")
    fill(lambda db: [add_actor(db, f"Actor {n}", flavours=[("awe", "low", "natural")]) for n in range(23)])
    with counted(database) as many:
        page = client.get("/actor").text
    assert len(names(page)) == 24
    assert len(many) == len(few)


def test_a_full_page_stays_small(client: FlaskClient, fill: Fill) -> None:
    shown = [("cold-fury", "high", "contained"), ("awe", "low", "natural"), ("humiliation", "low", "natural")]
    fill(lambda db: [add_actor(db, f"Actor {n}", flavours=shown) for n in range(24)])
    assert weight(client.get("/actor").text) <= LARGEST_PAGE


def test_what_is_typed_never_becomes_markup(client: FlaskClient) -> None:
    page = client.get('/actor?q="><script>alert(1)</script>').text
    assert "<script>alert" not in page
    assert faults(page) == []


def test_a_member_sees_whom_the_platform_has_saved_and_nobody_else_does(
    client: FlaskClient, client_as: Callable[[Account], FlaskClient], database: Database, fill: Fill
) -> None:
    def add(db: Session) -> None:
        member = add_member(db)
        actor = add_actor(db, "Imani Okafor")
        add_actor(db, "Kenji Morita")
        save_actor(db, platform_id=member.platform_id, slug=actor.slug, now=NOW)

    fill(add)
    with database.reading() as db:
        account = db.scalars(select(Account).join(Member, Member.account_id == Account.id)).one()
    page = client_as(account).get("/actor").text
    assert re.findall(r'aria-pressed="(\w+)" aria-label="Save ([^"]*)"', page) == [
        ("true", "Imani Okafor"),
        ("false", "Kenji Morita"),
    ]
    assert faults(page) == []
    assert "save-form" not in client.get("/actor").text
