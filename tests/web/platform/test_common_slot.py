"""Members see when several actors are free together, and ask each of them from there."""

from __future__ import annotations

import html
import re
from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient

from marketplace.db import Database
from marketplace.models import Account, BookOut
from marketplace.services.account import give_role
from marketplace.services.shortlist import save_actor
from marketplace.web.transaction import CLOCK
from tests.services.stage import NOW, add_actor, add_member, at
from tests.web.page_check import sound
from tests.web.scene import no_jobs

ClientAs = Callable[[Account], FlaskClient]


class Cast:
    """A member in London with three actors on the shortlist: in Lagos, in Kathmandu, and one who rests."""

    def __init__(self, app: Flask, database: Database, client_as: ClientAs) -> None:
        app.extensions[CLOCK] = lambda: NOW
        self.database = database
        with database.unit_of_work(no_jobs) as db:
            member = add_member(db)
            account = db.get_one(Account, member.account_id)
            account.zone = "Europe/London"
            give_role(db, account, "member")
            actors = [
                add_actor(db, "Imani Okafor", zone="Africa/Lagos"),  # 08:00 to 16:00 UTC
                add_actor(db, "Sunita Rai", zone="Asia/Kathmandu", hours=(15, 21)),  # 09:15 to 15:15 UTC
                add_actor(db, "Rest Ing", hours=None),
            ]
            self.imani, self.sunita, self.resting = (actor.slug for actor in actors)
            for actor in actors:
                save_actor(db, platform_id=member.platform_id, slug=actor.slug, now=NOW)
        self.browser = client_as(account)

    def page(self, *slugs: str, **query: str) -> str:
        return sound(self.browser.get("/platform/common-slot", query_string={"actor": list(slugs), **query}))


@pytest.fixture
def cast(app: Flask, database: Database, client_as: ClientAs) -> Cast:
    return Cast(app, database, client_as)


def test_the_first_common_times_of_each_day_are_on_the_readers_clock_with_each_actors_beside(cast: Cast) -> None:
    page = cast.page(cast.imani, cast.sunita)
    assert "Wednesday 25 November" in page
    assert re.findall(r'<b class="num">([^<]+)</b>', page)[:3] == ["10:00 to 12:00", "11:00 to 13:00", "12:00 to 14:00"]
    assert "11:00 there" in page
    assert "15:45 there" in page


def test_each_of_them_is_asked_from_there(cast: Cast) -> None:
    page = cast.page(cast.imani, cast.sunita, minutes="180")
    hrefs = [html.unescape(found) for found in re.findall(r'href="(/platform/booking/new[^"]+)"', page)[:2]]
    assert [cast.imani in hrefs[0], cast.sunita in hrefs[1]] == [True, True]
    for href in hrefs:
        answer = cast.browser.get(href)
        assert answer.status_code == 200
        assert "3 hours of capture" in answer.text


def test_who_is_never_free_leaves_no_common_time(cast: Cast) -> None:
    assert "No common time in these two weeks" in cast.page(cast.imani, cast.resting)


def test_a_day_out_of_one_is_no_common_day_and_later_weeks_can_be_seen(cast: Cast) -> None:
    with cast.database.unit_of_work(no_jobs) as db:
        actor = add_actor(db, "Out Ofreach")
        db.add(BookOut(actor_id=actor.id, starts_at=at(1, 0), ends_at=at(12, 0, month=12), created_at=NOW))
        out = actor.slug
    page = cast.page(cast.imani, out)
    assert "No common time" in page
    assert "page=1" in page
    assert "Saturday 12 December" in cast.page(cast.imani, out, page="1")


def test_one_actor_or_none_or_a_stranger_is_not_enough(cast: Cast) -> None:
    assert "Imani Okafor" in cast.page()
    assert "Choose one more actor" in cast.page(cast.imani)
    assert "Choose one more actor" in cast.page(cast.imani, cast.imani, "nobody")


@pytest.mark.parametrize(
    "query", [{"minutes": "x"}, {"minutes": "-5"}, {"page": "99999999999999999999"}, {"page": "999"}]
)
def test_an_address_without_sense_still_shows_a_page(cast: Cast, query: dict[str, str]) -> None:
    cast.page(cast.imani, cast.sunita, **query)
