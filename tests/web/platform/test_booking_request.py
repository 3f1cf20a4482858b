"""A member drafts, pencils, offers a price and ticks what a scene holds; nothing is sent that was not shown first."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from marketplace.db import Database
from marketplace.domain.boundary import Limits
from marketplace.models import Account, Actor, Booking, Brief, Rate
from marketplace.services.boundary import save_limits
from tests.conftest import Jobs
from tests.services.stage import NOW, PURPOSE, add_actor, add_member
from tests.web.page_check import faults
from tests.web.platform.test_booking import Scene

URL = "/platform/booking/new"
ADDRESS = "minutes=120&usage=one_title/12_months&slot=2026-11-30T10:00:00Z"
TYPED: dict[str, Any] = {
    "project": "Heiress", "character": "Vera", "purpose": PURPOSE, "message": "Hello",
    "from_flavour": ["cold-fury", ""], "to_flavour": ["", ""], "intensity": ["high", "medium"],
    "display": ["released", "natural"], "line": ["You knew.", ""],
}  # fmt: skip


class Desk(Scene):
    """A member at the request form."""

    def fill(self, page: str, **changes: Any) -> dict[str, Any]:
        """The form of a page as it was drawn, with what is typed on top."""
        hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', page))
        return {**hidden, **TYPED, **changes}

    def open(self, more: str = "", **changes: Any) -> dict[str, Any]:
        return self.fill(self.page(f"{URL}?actor={self.slug}&{ADDRESS}{more}"), **changes)

    def send(self, form: dict[str, Any], status: int = 303) -> str:
        return self.post(URL, status, **form)

    def limit(self, most_intense: int = 6, **topics: str) -> None:
        with self.database.unit_of_work(Jobs()) as db:
            save_limits(db, actor_id=self.actor_id, limits=Limits.read(topics, most_intense), now=NOW)

    def price(self, **columns: Any) -> None:
        with self.database.unit_of_work(Jobs()) as db:
            row = db.scalars(select(Rate).where(Rate.actor_id == self.actor_id)).one()
            for name, value in columns.items():
                setattr(row, name, value)

    def rows(self) -> list[Booking]:
        with self.database.reading() as db:
            return list(db.scalars(select(Booking).order_by(Booking.id)))


@pytest.fixture
def desk(app: Flask, database: Database, client_as: Callable[[Account], FlaskClient]) -> Desk:
    return Desk(app, database, client_as)


# the price


def test_extras_change_the_price_beside_the_form_before_anything_is_sent(desk: Desk) -> None:
    desk.price(take_set_minor=4_500, revision_minor=3_000)
    form = desk.open(take_sets="3", pickups="1")
    page = desk.send(form | {"reprice": "1"}, 200)
    for words in ("2 more take sets", "1 more round of pick-ups", "$518.40", "You knew."):
        assert words in page
    unseen = desk.send(form, 409)
    assert "The price is now" in unseen
    desk.send(desk.fill(unseen, take_sets="3", pickups="1"))
    quote = desk.rows()[0].quote
    assert [line["code"] for line in quote["lines"]] == ["session", "usage", "take_set", "pickup"]
    assert quote["net_minor"] == 36_000 + 9_000 + 3_000


def test_an_own_offer_is_shown_with_the_fee_on_top_and_the_list_price_beside_it(desk: Desk) -> None:
    page = desk.send(desk.open(offered="300"), 409)
    assert "With your offer the total is $324.00" in page
    assert 'would be <span class="num">$360.00</span>' in page
    desk.send(desk.fill(page, offered="300"))
    booking = desk.rows()[0]
    assert (booking.total_minor, booking.net_minor, booking.quote["list_minor"]) == (32_400, 30_000, 36_000)


@pytest.mark.parametrize(
    ("offered", "words"),
    [("a lot", "not an amount of money"), ("300.001", "amounts have 2 decimals"), ("5", "An offer is between"),
     ("-300", "An offer is between"), ("999,999,999", "An offer is between")],
)  # fmt: skip
def test_an_offer_that_makes_no_sense_comes_back_with_everything_typed(desk: Desk, offered: str, words: str) -> None:
    page = desk.send(desk.open(offered=offered, topic=["smoking"], place="x"), 422)
    assert words in page
    assert "<title>Error: " in page
    assert 'href="#offered"' in page
    assert f'value="{offered}"' in page
    assert "You knew." in page
    assert re.search(r'value="smoking" checked', page)
    assert desk.rows() == []


@pytest.mark.parametrize(
    ("currency", "hourly", "shown"), [("JPY", 25_000, "¥54,000"), ("KWD", 55_555, "KWD\N{NO-BREAK SPACE}120.000")]
)
def test_a_price_has_the_decimals_of_its_currency(desk: Desk, currency: str, hourly: int, shown: str) -> None:
    desk.price(currency=currency, hourly_minor=hourly)
    assert shown in desk.page(f"{URL}?actor={desk.slug}&{ADDRESS}")
    desk.send(desk.open())
    assert desk.rows()[0].currency == currency


def test_an_actor_without_a_rate_is_made_an_offer(desk: Desk) -> None:
    with desk.database.unit_of_work(Jobs()) as db:
        actor = add_actor(db, "Kwame Mensah", zone="Africa/Lagos", hourly_minor=None)
        slug = actor.slug
    assert "No rate yet" in desk.page(f"/actor/{slug}")
    form = desk.fill(desk.page(f"{URL}?actor={slug}&{ADDRESS}"))
    assert "Make an offer" in desk.send(form, 422)
    page = desk.send(form | {"offered": "250", "reprice": "1"}, 200)
    assert "$270.00" in page
    assert "Your request is with Kwame" in desk.send(desk.fill(page, offered="250"))


def test_a_usage_for_one_country_needs_its_name(desk: Desk) -> None:
    desk.price(territory={"country": 0, "worldwide": 2500}, exclusivity={"none": 0, "category": 5000})
    assert "Worldwide (+25%)" in desk.page(f"/actor/{desk.slug}")
    form = desk.open("&territory=country&exclusivity=category")
    assert "Name the country" in desk.send(form, 422)
    desk.send(form | {"place": "Japan"})
    booking = desk.rows()[0]
    assert (booking.usage["territory"], booking.usage["place"], booking.usage["exclusivity"]) == (
        "country", "Japan", "category",
    )  # fmt: skip
    assert booking.net_minor == 36_000 + 18_000


def test_a_territory_that_is_not_for_sale_is_refused(desk: Desk) -> None:
    desk.price(territory={"country": 0})
    desk.page(f"{URL}?actor={desk.slug}&{ADDRESS}&territory=worldwide", 422)
    desk.page(f"{URL}?actor={desk.slug}&{ADDRESS}&territory=moon", 422)
    assert "Which country" in desk.page(f"{URL}?actor={desk.slug}&{ADDRESS}")


# limits


def test_what_an_actor_never_plays_stops_the_request_and_says_so(desk: Desk) -> None:
    desk.limit(nudity="never")
    form = desk.open(topic=["nudity"])
    page = desk.send(form, 422)
    assert "Imani does not play nudity. Nothing was requested." in page
    assert "Nudity: Imani never plays this" in page
    assert 'href="#topic"' in page
    assert re.search(r'value="nudity" checked', page)
    assert desk.rows() == []


def test_what_must_be_asked_first_is_told_before_it_is_sent(desk: Desk) -> None:
    desk.limit(most_intense=0, kissing="ask")
    form = desk.open(topic=["kissing"])
    page = desk.send(form, 409)
    assert "Imani has to say yes to this" in page
    assert "The scene holds kissing" in page
    assert "1 beat of high intensity" in page
    assert desk.rows() == []
    desk.send(desk.fill(page, topic=["kissing"]))
    assert len(desk.rows()[0].asks_yes) == 2


def test_limits_stand_on_the_actors_page_and_beside_the_form(desk: Desk) -> None:
    desk.limit(most_intense=3, nudity="never", weapons="ask")
    for path in (f"/actor/{desk.slug}", f"{URL}?actor={desk.slug}&{ADDRESS}"):
        page = desk.page(path)
        for words in ("Nudity</b>: never", "Weapons</b>: asks to be asked first", "3 loud beats"):
            assert words in page


def test_a_topic_that_is_not_on_the_list_is_refused(desk: Desk) -> None:
    desk.send(desk.open(topic=["juggling"]), 422)


# drafts and pencils


def test_a_draft_is_saved_unfinished_opened_written_on_and_sent(desk: Desk) -> None:
    page = desk.send(desk.open(act="draft", purpose="", topic=["smoking"]))
    assert "Draft saved" in page
    assert "Heiress" in page
    assert re.search(r'value="smoking" checked', page)
    (draft,) = desk.rows()
    assert (draft.state, draft.asks_yes) == ("draft", [])
    again = desk.send(desk.fill(page, act="draft", project="Crown", purpose="AI", topic=["weapons"]))
    assert "Crown" in again
    assert "is not specific" not in again
    assert "Write 20 to 1000 characters" in desk.send(desk.fill(again, purpose="AI"), 422)
    assert "Your request is with Imani" in desk.send(desk.fill(again))
    (sent,) = desk.rows()
    assert (sent.id, sent.state, sent.quote["total_minor"]) == (draft.id, "requested", 38_880)
    with desk.database.reading() as db:
        assert db.scalars(select(Brief.project)).all() == ["Heiress"]


def test_a_draft_is_found_in_the_list_and_leads_to_its_form(desk: Desk) -> None:
    desk.send(desk.open(act="draft"))
    (draft,) = desk.rows()
    assert f"/platform/booking/{draft.id}" in desk.page("/platform/booking?tab=to_do")
    answer = desk.browser.get(f"/platform/booking/{draft.id}")
    assert (answer.status_code, answer.headers["Location"]) == (303, f"/platform/booking/{draft.id}/draft")


def test_a_draft_without_a_title_is_not_saved(desk: Desk) -> None:
    assert "Name the title" in desk.send(desk.open(act="draft", project=""), 422)
    assert desk.rows() == []


def test_a_draft_keeps_its_words_when_another_time_is_chosen(desk: Desk) -> None:
    desk.send(desk.open(act="draft", offered="300"))
    (draft,) = desk.rows()
    page = desk.page(f"/platform/booking/{draft.id}/draft")
    assert f"draft={draft.id}" in page
    assert f'name="draft" value="{draft.id}"' in desk.page(f"/actor/{desk.slug}?draft={draft.id}")
    moved = desk.page(
        f"{URL}?actor={desk.slug}&draft={draft.id}&minutes=180&usage=series/24_months&slot=2026-12-01T10:00:00Z"
    )
    assert "Heiress" in moved
    assert 'value="300.00"' in moved
    desk.send(desk.fill(moved, offered="300"))
    (sent,) = desk.rows()
    assert (sent.id, sent.starts_at.day, sent.usage["scope"], sent.total_minor) == (draft.id, 1, "series", 32_400)


def test_a_draft_says_when_its_price_has_moved(desk: Desk) -> None:
    desk.send(desk.open(act="draft"))
    desk.price(hourly_minor=20_000)
    (draft,) = desk.rows()
    page = desk.page(f"/platform/booking/{draft.id}/draft")
    assert "The price was $388.80 when this draft was saved" in page
    desk.price(usage={"series/24_months": 0})
    assert "no longer what this draft was saved with" in desk.page(f"/platform/booking/{draft.id}/draft")


def test_a_draft_can_be_discarded_and_then_leads_nowhere(desk: Desk) -> None:
    page = desk.send(desk.open(act="draft"))
    (draft,) = desk.rows()
    answer = desk.browser.post(f"/platform/booking/{draft.id}/discard")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/platform/booking")
    assert desk.state(draft.id) == "withdrawn"
    assert desk.browser.get(f"/platform/booking/{draft.id}/draft").headers["Location"].endswith(f"/{draft.id}")
    assert desk.browser.post(URL, data=desk.fill(page)).status_code == 409


def test_the_actor_never_sees_a_draft(desk: Desk, client_as: Callable[[Account], FlaskClient]) -> None:
    desk.send(desk.open(act="draft"))
    (draft,) = desk.rows()
    with desk.database.reading() as db:
        imani = db.get_one(Account, db.get_one(Actor, desk.actor_id).account_id)
    theirs = client_as(imani)
    assert "Heiress" not in theirs.get("/actor/booking").text
    assert theirs.get(f"/actor/booking/{draft.id}").status_code == 404


def test_another_platforms_draft_is_not_found(desk: Desk, client_as: Callable[[Account], FlaskClient]) -> None:
    page = desk.send(desk.open(act="draft"))
    (draft,) = desk.rows()
    with desk.database.unit_of_work(Jobs()) as db:
        stranger = db.get_one(Account, add_member(db, "Veloura").account_id)
    theirs = client_as(stranger)
    assert theirs.get(f"/platform/booking/{draft.id}/draft").status_code == 404
    assert theirs.get(f"{URL}?actor={desk.slug}&{ADDRESS}&draft={draft.id}").status_code == 404
    assert theirs.post(f"/platform/booking/{draft.id}/discard").status_code == 404
    assert theirs.post(URL, data=desk.fill(page)).status_code == 404
    assert desk.state(draft.id) == "draft"


def test_a_pencil_is_asked_for_with_a_button_of_its_own(desk: Desk) -> None:
    page = desk.send(desk.open(act="pencil"))
    assert "You have asked Imani for a pencil" in page
    assert desk.rows()[0].asked_as == "pencil"


# the market


def test_what_similar_actors_ask_is_shown_for_ten_and_hidden_for_nine(desk: Desk) -> None:
    with desk.database.unit_of_work(Jobs()) as db:
        for number in range(9):
            add_actor(db, hourly_minor=10_000 + 1_000 * number, hours=None)
    path = f"{URL}?actor={desk.slug}&{ADDRESS}"
    assert "What similar actors ask" not in desk.page(path)
    with desk.database.unit_of_work(Jobs()) as db:
        add_actor(db, hourly_minor=19_000, hours=None)
    page = desk.page(path)
    assert "$120 to $170" in page
    assert "Imani’s rate, $180, is above the middle half" in page
    assert faults(page) == []
