"""The first page and the pages of words: they are there, say what they must and never what they must not."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient

from marketplace.db import Database
from marketplace.models import Account, Actor
from tests.services.stage import add_actor
from tests.web.page_check import faults
from tests.web.public.conftest import Fill

WORDS = ("/scores", "/fees", "/cancellation", "/consent", "/privacy", "/flavours", "/zone")


@pytest.mark.parametrize("path", ["/", *WORDS])
def test_each_page_is_there_and_valid(client: FlaskClient, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 200
    assert faults(answer.text) == []
    assert "<h1>" in answer.text
    assert "escrow" not in answer.text.lower()


def test_the_first_page_speaks_to_all_three_and_signs_in_with_one_click(client: FlaskClient, fill: Fill) -> None:
    fill(lambda db: [add_actor(db, f"Actor {number}") for number in range(3)])
    page = client.get("/").text
    for words in ("Platforms", "Actors", "Admins", "3 actors to book", "never consent"):
        assert words in page
    for role in ("member", "actor", "admin"):
        assert f'action="/demo/{role}"' in page


def test_there_is_no_one_click_sign_in_outside_the_demo(app: Flask, client: FlaskClient) -> None:
    app.jinja_env.globals["demo"] = False
    assert "/demo/" not in client.get("/").text


def test_the_foot_of_every_page_leads_to_the_terms(client: FlaskClient) -> None:
    page = client.get("/").text
    for path in ("/scores", "/fees", "/cancellation", "/privacy"):
        assert f'href="{path}"' in page


def test_every_flavour_is_explained(client: FlaskClient) -> None:
    page = client.get("/flavours").text
    assert page.count("<dt>") == 72


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_chosen_theme_is_on_the_page_before_it_is_drawn(client: FlaskClient, theme: str) -> None:
    answer = client.post("/theme", data={"theme": theme, "next": "/fees"})
    assert answer.status_code == 303
    assert answer.headers["Location"] == "/fees"
    assert f'data-theme="{theme}"' in client.get("/fees").text
    client.post("/theme", data={"theme": "system"})
    assert "data-theme" not in client.get("/fees").text


def test_a_theme_that_does_not_exist_is_refused(client: FlaskClient) -> None:
    assert client.post("/theme", data={"theme": "neon"}).status_code == 422


@pytest.mark.parametrize("away", ["https://evil.example", "//evil.example", "/\\evil.example", "javascript:alert(1)"])
def test_nobody_is_sent_to_another_site(client: FlaskClient, away: str) -> None:
    assert client.post("/theme", data={"theme": "dark", "next": away}).headers["Location"] == "/"


def test_a_chosen_zone_is_kept_and_an_unknown_one_refused(client: FlaskClient) -> None:
    assert client.post("/zone", data={"zone": "Asia/Tokyo", "next": "/"}).status_code == 303
    cookie = client.get_cookie("zone")
    assert cookie is not None
    assert cookie.value == "Asia/Tokyo"
    assert client.post("/zone", data={"zone": "Mars/Olympus"}).status_code == 422


def test_a_chosen_zone_is_kept_with_the_account_of_whoever_is_signed_in(
    client_as: Callable[[Account], FlaskClient], database: Database
) -> None:
    with database.unit_of_work(lambda *_: None) as db:
        actor = add_actor(db, zone="Africa/Lagos")
        account = db.get_one(Account, actor.account_id)
        account.zone = "Africa/Lagos"
    browser = client_as(account)
    page = browser.get("/zone").text
    assert "Your weekly hours are on Lagos time and stay there." in page
    assert '<option value="Africa/Lagos" selected>' in page
    for zone, words in (("Asia/Tokyo", "Tokyo time"), ("UTC", "UTC time")):
        browser.post("/zone", data={"zone": zone, "next": "/zone"})
        page = browser.get("/zone").text
        assert f"Times are shown in {words} now" in page
        assert f'<option value="{zone}" selected>' in page
    with database.reading() as db:
        assert db.get_one(Account, account.id).zone == "UTC"
        assert db.get_one(Actor, actor.id).zone == "Africa/Lagos"


def test_every_page_has_a_strict_content_policy(client: FlaskClient) -> None:
    policy = client.get("/").headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
