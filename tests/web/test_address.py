"""The site answers to its own names, and what it mails leads to the address of its settings alone."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape

import pytest
from flask import Flask, url_for
from flask.testing import FlaskClient
from sqlalchemy import update

from marketplace.config import Settings, load_settings
from marketplace.db import Database
from marketplace.gateways.mail.file import FileMail
from marketplace.models import Account, Actor
from marketplace.web.address import own_path, trusted_hosts
from tests.web.auth.test_joining import ACTOR, confirm_newest
from tests.web.scene import Scene, scene

__all__ = ["scene"]
EVIL = {"Host": "evil.example"}
AWAY = (
    "", "//evil.example", "/\\evil.example", "/\t/evil.example", "/\n/evil.example", "\t//evil.example",
    "/\x00/evil.example", "https://evil.example", "javascript:alert(1)", "evil.example", "///evil.example", "//[",
    "/\x7f/evil.example", "/\u2028/evil.example",
)  # fmt: skip


def letters(settings: Settings) -> list[str]:
    box = FileMail(settings.data_dir / "mail", sender=settings.mail_from)
    return [f"{letter.text} {letter.html}" for letter in box.letters()]


# case 40
def test_a_forged_host_is_refused_and_nothing_is_mailed(client: FlaskClient, settings: Settings) -> None:
    client.post("/join", data=ACTOR)
    confirm_newest(client, settings)
    for path, form in (
        ("/password/forgotten", {"email": ACTOR["email"]}),
        ("/join", {**ACTOR, "email": "b@x.example"}),
    ):
        answer = client.post(path, data=form, headers=EVIL)
        assert answer.status_code == 400
        assert "evil.example" not in answer.text
    assert len(letters(settings)) == 1


def test_every_mailed_link_leads_to_the_public_address(client: FlaskClient, settings: Settings) -> None:
    client.post("/join", data=ACTOR, headers={"Host": "localhost:1234"})
    confirm_newest(client, settings)
    client.post("/join", data=ACTOR, headers={"Host": "127.0.0.1:4321"})
    client.post("/password/forgotten", data={"email": ACTOR["email"]}, headers={"Host": "localhost:1234"})
    sent = letters(settings)
    assert len(sent) == 3
    for words in sent:
        assert f"{settings.public_url}/" in words
        assert "localhost" not in words
        assert "4321" not in words


def test_an_absolute_link_of_ours_starts_with_the_public_address(app: Flask, settings: Settings) -> None:
    with app.test_request_context(headers=EVIL):
        assert url_for("public.landing", _external=True) == f"{settings.public_url}/"
        assert url_for("public.landing") == "/"


def test_stripe_is_told_the_public_address(
    client_as: Callable[[Account], FlaskClient],
    scene: Scene,
    settings: Settings,
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told: list[str] = []
    with database.unit_of_work(lambda *_: None) as db:
        db.execute(update(Actor).values(country="GB"))
    monkeypatch.setattr("marketplace.web.actor.earnings.run_command", lambda *_, base_url, **__: told.append(base_url))
    client_as(scene.other_actor).post("/actor/payout-account", headers={"Host": "localhost:9"})
    assert told == [settings.public_url]


def test_probes_are_answered_under_any_name(client: FlaskClient) -> None:
    assert client.get("/healthz", headers={"Host": "10.0.0.7:8000"}).status_code == 200


def test_only_the_demo_answers_to_loopback() -> None:
    demo = load_settings(base_url="https://demo.example")
    assert set(trusted_hosts(demo)) == {"demo.example", "localhost", "127.0.0.1", "[::1]"}
    assert trusted_hosts(demo.model_copy(update={"environment": "production"})) == ["demo.example"]


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:80", "127.0.0.1:24999", "[::1]:24999"])
def test_the_machines_own_names_are_known(client: FlaskClient, host: str) -> None:
    assert client.get("/", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize("host", ["localhost.evil.example", "evil-localhost", "[::2]", "localhost:80@evil.example"])
def test_what_looks_like_our_name_is_none(client: FlaskClient, host: str) -> None:
    assert client.get("/", headers={"Host": host}).status_code == 400


@pytest.mark.parametrize("path", AWAY)
def test_a_path_that_could_lead_elsewhere_is_none_of_ours(path: str) -> None:
    assert own_path(path) is None


@pytest.mark.parametrize("path", ["/", "/actor?q=a%20b&page=2", "/actor/zoë#reel", "/a//b"])
def test_our_own_paths_stay_as_they_are(path: str) -> None:
    assert own_path(path) == path


@pytest.mark.parametrize("path", [path for path in AWAY if path and "\x00" not in path])
def test_nobody_signs_in_on_the_way_to_another_site(client: FlaskClient, path: str) -> None:
    form = {"email": "a@x.example", "password": "x" * 12}
    assert client.get("/sign-in", query_string={"next": path}).status_code == 400
    assert client.post("/sign-in", query_string={"next": path}, data=form).status_code == 400
    assert client.post("/sign-in", data=form | {"next": path}).status_code == 400


@pytest.mark.parametrize("path", [path for path in AWAY if "\x00" not in path])
def test_a_choice_leads_back_to_this_site_only(client: FlaskClient, path: str) -> None:
    form = {"zone": "UTC", "next": path}
    assert client.post("/zone", data=form).location == "/"
    assert client.post("/theme", data={"theme": "dark", "next": path}).location == "/"
    page = client.get("/zone", query_string={"next": path}).text
    links = [unescape(link) for link in re.findall(r'(?:href|action|value)="([^"]*)"', page)]
    assert [link for link in links if "evil.example" in link and own_path(link) is None] == []
