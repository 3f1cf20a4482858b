"""An actor's own pages: whole when empty and when full, and forms that say what is wrong and keep what was typed."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from io import BytesIO
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image
from sqlalchemy import select, update
from werkzeug.test import TestResponse

from marketplace.db import Database
from marketplace.gateways.network.base import AccountFigures
from marketplace.models import Account, Actor, Booking, Clip, Rate, SocialAccount
from marketplace.web.media import OUTSIDE
from marketplace.web.transaction import CLOCK
from tests.conftest import Jobs
from tests.networks import MemoryNetwork
from tests.services.stage import NOW, Story, add_actor, add_clip
from tests.web.page_check import faults, sound

PAGES = ("", "profile", "clip", "rate", "hours", "network", "earnings")
PROFILE: dict[str, Any] = {
    "name": "Imani Okafor",
    "headline": "Cold fury",
    "bio": "I play turns.",
    "city": "Lagos",
    "country": "NG",
    "playing_age_from": "25",
    "playing_age_to": "35",
    "languages": "English: Nigerian, London\nYoruba",
    "credits": "The Prenup | Lead | 2025",
}


class Desk:
    """An actor's browser on a clock that stands still."""

    def __init__(self, app: Flask, database: Database, sign_in: Callable[[Account], FlaskClient]) -> None:
        self.database, self._sign_in = database, sign_in
        app.extensions[CLOCK] = lambda: NOW
        with database.unit_of_work(Jobs()) as db:
            actor = add_actor(db, hourly_minor=None, hours=None, score=None, listed=False, zone="Africa/Lagos")
            actor.published_at = None
            self.actor_id = actor.id
            account = db.get_one(Account, actor.account_id)
        self.browser = sign_in(account)

    def get(self, path: str) -> str:
        return sound(self.browser.get(f"/actor/{path}"))

    def post(self, path: str, /, status: int = 303, **form: Any) -> TestResponse:
        answer = self.browser.post(f"/actor/{path}", data=form)
        assert answer.status_code == status, answer.text
        if status != 303:
            assert faults(answer.text) == []
        return answer

    def actor(self) -> Actor:
        with self.database.reading() as db:
            return db.get_one(Actor, self.actor_id)


@pytest.fixture
def desk(app: Flask, database: Database, client_as: Callable[[Account], FlaskClient]) -> Desk:
    return Desk(app, database, client_as)


@pytest.mark.parametrize("path", PAGES)
def test_every_page_is_whole_when_there_is_nothing_yet(desk: Desk, path: str) -> None:
    assert "<h1" in desk.get(path)


def test_the_first_page_leads_to_the_next_step(desk: Desk) -> None:
    page = desk.get("")
    assert "Write your profile" in page
    assert "Being listed is never consent" in page
    assert "Publish your page" not in page


def test_an_actor_goes_from_nothing_to_listed(desk: Desk) -> None:
    desk.post("profile", **PROFILE)
    desk.post("rate", hour="180.00", minimum_minutes="120", cancellation="standard")
    rules: dict[str, Any] = {"buffer_minutes": "30", "notice_hours": "24", "most_per_day": "2", "most_per_week": "6"}
    desk.post("hours", day0="9-13, 14:30-18", day4="10:00–18:00", zone="Africa/Lagos", **rules)
    with desk.database.unit_of_work(Jobs()) as db:
        clip = add_clip(db, db.get_one(Actor, desk.actor_id), "relief", shown=False)
    row: dict[str, Any] = {"flavour-0": "cold-fury", "intensity-0": "high", "display-0": "contained"}
    desk.post(f"clip/{clip.id}", title="Fury", role="Lead", is_shown="1", **row)
    assert "Publish your page" in desk.get("")
    desk.post("publish", shown="1")
    actor = desk.actor()
    assert (actor.listed, actor.hourly_minor, actor.city) == (True, 18_000, "Lagos")
    assert "09:00–13:00, 14:30–18:00" in desk.get("hours")
    desk.post("publish", shown="0")
    assert not desk.actor().listed


@pytest.mark.parametrize(
    ("path", "form", "words"),
    [
        ("profile", PROFILE | {"name": ""}, "Enter your name"),
        ("profile", PROFILE | {"languages": "Klingonese"}, "is not a language we know"),
        ("profile", PROFILE | {"playing_age_from": "12"}, "From 18 to 99"),
        ("rate", {"hour": "18O", "minimum_minutes": "120", "cancellation": "standard"}, "not an amount of money"),
        ("rate", {"hour": "", "minimum_minutes": "120", "cancellation": "standard"}, "Enter your hourly rate"),
        ("rate", {"hour": "1", "rush": "900", "minimum_minutes": "60", "cancellation": "firm"}, "from 0 to 200"),
        ("hours", {"day2": "nine to five"}, "Write times like 09:00–13:00"),
        ("hours", {"day2": "18-09"}, "must end after they start"),
        ("hours", {"day2": "9-25"}, "within one day"),
        ("book-out", {"book_out_from": "soon"}, "Choose a day"),
        ("network", {"network": "tiktok", "handle": "two words"}, "letters, digits, dots and dashes"),
    ],
)
def test_a_form_says_what_is_wrong_in_a_summary_and_the_title(
    desk: Desk, path: str, form: dict[str, str], words: str
) -> None:
    page = desk.post(path, 422, **form).text
    assert words in page
    assert "<title>Error: " in page
    assert 'id="error-summary"' in page


def test_a_form_keeps_what_was_typed(desk: Desk) -> None:
    page = desk.post("profile", 422, **(PROFILE | {"languages": "Klingonese", "bio": "Kept words."})).text
    assert "Kept words." in page
    assert "Klingonese" in page


@pytest.mark.parametrize("typed", ["about thirty", "٣٥", "3O", "-4", "1234"])
def test_an_age_that_is_no_number_is_kept_as_typed_and_said_in_words(desk: Desk, typed: str) -> None:
    page = desk.post("profile", 422, **PROFILE | {"playing_age_to": typed}).text
    assert f"“{typed}” is not a number" in page
    assert f'value="{typed}"' in page


def test_ages_may_be_left_empty(desk: Desk) -> None:
    desk.post("profile", **PROFILE | {"playing_age_from": "", "playing_age_to": ""})
    assert (desk.actor().playing_age_from, desk.actor().playing_age_to) == (18, 99)


def test_a_rate_shows_what_a_platform_pays_and_the_actor_receives(desk: Desk) -> None:
    desk.post("rate", hour="180", take_set="45", rush="25", minimum_minutes="120", cancellation="firm")
    page = desk.get("rate")
    assert "$388.80" in page
    assert "$360.00" in page
    with desk.database.reading() as db:
        row = db.scalars(select(Rate)).one()
    assert (row.take_set_minor, row.rush_bp, row.cancellation) == (4_500, 2_500, "firm")


def test_a_portrait_is_drawn_anew_and_the_one_before_is_deleted(desk: Desk, client: FlaskClient) -> None:
    keys = []
    for colour in ("red", "blue"):
        file = BytesIO()
        Image.new("RGB", (600, 700), colour).save(file, "PNG")
        file.seek(0)
        desk.post("profile", **PROFILE, file=(file, "me.png"))
        keys.append(desk.actor().portrait_key)
    assert client.get(f"/media/{keys[0]}").status_code == 404
    answer = client.get(f"/media/{keys[1]}")
    assert answer.mimetype == "image/webp"
    answer.close()
    page = desk.post("profile", 422, **PROFILE | {"bio": "Typed before."}, file=(BytesIO(b"GIF89a"), "me.gif")).text
    assert 'id="file-error"' in page
    assert "Typed before." in page
    assert desk.actor().portrait_key == keys[1]
    assert desk.actor().bio == PROFILE["bio"]


def test_days_are_booked_out_by_the_actors_own_clock_and_given_back(desk: Desk) -> None:
    desk.post("book-out", book_out_from="2026-12-01", book_out_to="2026-12-02", reason="Holiday")
    page = desk.get("hours")
    assert "1 Dec 2026 to 2 Dec 2026" in page
    found = re.search(r"/actor/book-out/(\d+)/delete", page)
    assert found is not None
    desk.post(f"book-out/{found[1]}/delete")
    assert "No days are taken out" in desk.get("hours")


def test_a_handle_shows_its_code_and_can_be_taken_away(desk: Desk) -> None:
    desk.post("network", network="tiktok", handle="@imani")
    page = desk.get("network")
    assert re.search(r"marquee-[0-9a-f]{12}", page)
    assert "To be proved" in page
    with desk.database.reading() as db:
        assert db.scalars(select(SocialAccount)).all() == []
    # the stand-in for the networks does not run here
    desk.post("network/prove", network="tiktok", handle="imani")
    assert "did not answer" in desk.get("network")
    desk.post("network/forget", network="tiktok", handle="imani")
    assert "No account is connected" in desk.get("network")


def test_a_handle_whose_profile_shows_the_code_counts_until_it_is_let_go(desk: Desk, app: Flask) -> None:
    network = MemoryNetwork()
    app.extensions[OUTSIDE] = replace(app.extensions[OUTSIDE], networks={"tiktok": network})
    desk.post("network", network="tiktok", handle="@Imani")
    found = re.search(r"marquee-[0-9a-f]{12}", desk.get("network"))
    assert found is not None
    network.accounts["imani"] = AccountFigures("imani", "id-imani", 9, 9, 9, bio=f"Actor {found[0]}")
    desk.post("network/prove", network="tiktok", handle="imani")
    page = desk.get("network")
    assert "TikTok is proved and counts from now on." in page
    assert "To be proved" not in page
    with desk.database.reading() as db:
        row = db.scalars(select(SocialAccount)).one()
    desk.post(f"network/{row.id}/count", is_in="0")
    assert "Does not count" in desk.get("network")
    desk.post(f"network/{row.id}/disconnect")
    assert "No account is connected" in desk.get("network")


def test_only_networks_that_can_be_asked_are_offered(desk: Desk, app: Flask) -> None:
    app.extensions[OUTSIDE] = replace(app.extensions[OUTSIDE], networks={"x": MemoryNetwork("x")})
    page = desk.get("network")
    assert '<option value="x"' in page
    assert '<option value="tiktok"' not in page
    desk.post("network", 422, network="tiktok", handle="imani")
    app.extensions[OUTSIDE] = replace(app.extensions[OUTSIDE], networks={})
    assert "No network can be asked here yet" in desk.get("network")


def test_clips_in_every_state_are_listed_and_one_can_be_deleted(desk: Desk) -> None:
    with desk.database.unit_of_work(Jobs()) as db:
        actor = db.get_one(Actor, desk.actor_id)
        shown, hidden, waiting, refused = (add_clip(db, actor, slug) for slug in ("relief", "dread", "awe", "hope"))
        hidden.display_consent_at = None
        waiting.state, refused.state, refused.refusal = "probing", "refused", "The video cannot be read."
    page = desk.get("clip")
    for words in ("Shown", "Not shown", "Being checked", "Not a usable video", "The video cannot be read."):
        assert words in page
    assert 'hx-trigger="every 2s"' in page
    desk.post(f"clip/{shown.id}/move", to="down")
    desk.post(f"clip/{refused.id}/delete")
    with desk.database.reading() as db:
        assert set(db.scalars(select(Clip.id))) == {shown.id, hidden.id, waiting.id}


def test_a_clip_refuses_times_outside_itself_and_keeps_the_rows(desk: Desk) -> None:
    with desk.database.unit_of_work(Jobs()) as db:
        clip = add_clip(db, db.get_one(Actor, desk.actor_id), "relief")
    row: dict[str, Any] = {
        "flavour-0": "cold-fury",
        "intensity-0": "high",
        "display-0": "contained",
        "from-0": "9",
        "to-0": "12",
    }
    page = desk.post(f"clip/{clip.id}", 422, title="Fury", **row).text
    assert "12 seconds lies beyond the end: the clip is 8 seconds long." in page
    assert 'value="cold-fury" selected' in page
    assert 'value="9"' in page


def test_the_session_page_has_the_take_sheet_and_hands_over(
    app: Flask, database: Database, client_as: Callable[[Account], FlaskClient]
) -> None:
    with database.unit_of_work(Jobs()) as db:
        story = Story(db)
        story.confirmed().sign().start()
        account = db.get_one(Account, story.imani.account_id)
    app.extensions[CLOCK] = lambda: story.now
    browser, url = client_as(account), f"/actor/session/{story.id}"
    empty = browser.get(url)
    assert faults(empty.text) == []
    assert "Cold fury" in empty.text
    assert "No take yet" in empty.text
    with database.unit_of_work(Jobs()) as db:
        take = Story.resume(db, db.get_one(Booking, story.id), story.now).add_take()
        db.execute(update(type(take)).values(duration_ms=41_000, width=720, height=1280))
    full = browser.get(url).text
    assert faults(full) == []
    assert "Too long for Act-Two (30 s at most)" in full
    assert browser.post(f"{url}/deliver").status_code == 303
    assert "Takes delivered" in browser.get(url).text
    assert browser.post(f"{url}/deliver").status_code == 409


@pytest.mark.parametrize("field", ["name", "headline", "city", "union_status"])
@pytest.mark.parametrize("text", ["Evil\nBcc: everyone@x.example", "Evil\x1b[2J", "Evil\u2028two"])
def test_a_field_of_one_line_takes_no_second_one(desk: Desk, field: str, text: str) -> None:
    before = desk.actor()
    page = desk.post("profile", 422, **(PROFILE | {field: text})).text
    assert "one line" in page
    assert desk.actor().name == before.name
    assert desk.actor().headline == before.headline


def test_a_clip_has_a_title_of_one_line(desk: Desk) -> None:
    with desk.database.unit_of_work(Jobs()) as db:
        clip_id = add_clip(db, db.get_one(Actor, desk.actor_id), "cold-fury").id
    answer = desk.browser.post(f"/actor/clip/{clip_id}", data={"title": "Evil\nBcc: x@x.example"})
    assert answer.status_code == 422
    with desk.database.reading() as db:
        assert "\n" not in db.get_one(Clip, clip_id).title
