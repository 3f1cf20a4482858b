"""Signing up: as a platform or an actor, confirmed by mail, telling nobody who has an account."""

from __future__ import annotations

import re
from datetime import date

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from marketplace.config import Settings
from marketplace.db import Database
from marketplace.gateways.mail.file import FileMail
from marketplace.models import Account, Actor, Member

PASSWORD = "a long enough password"
PLATFORM = {
    "joins_as": "platform",
    "name": "Mira Sol",
    "platform_name": "ReelForge",
    "email": "mira@reelforge.example",
    "password": PASSWORD,
}
ACTOR = {
    "joins_as": "actor",
    "name": "Jae Lin",
    "born_on": "1995-05-04",
    "email": "jae@actors.example",
    "password": PASSWORD,
}


def mailbox(settings: Settings) -> FileMail:
    return FileMail(settings.data_dir / "mail", sender=settings.mail_from)


def link_in(text: str) -> str:
    found = re.search(r"https?://[^/\s]+(/\S+)", text)
    assert found, text
    return found.group(1)


def bare(page: str) -> str:
    """A page without what differs in any two: what was typed."""
    return re.sub(r'value="[^"]*"|[\w.]+@[\w.]+\w', "", page)


def confirm_newest(client: FlaskClient, settings: Settings) -> None:
    letter = next(mailbox(settings).letters())
    assert client.get(link_in(letter.text)).status_code == 302


def test_a_platform_joins_confirms_and_signs_in(client: FlaskClient, database: Database, settings: Settings) -> None:
    assert client.post("/join", data=PLATFORM).status_code == 302
    refused = client.post("/sign-in", data={"email": PLATFORM["email"], "password": PASSWORD})
    assert "confirm" in refused.text.lower()
    confirm_newest(client, settings)
    assert client.post("/sign-in", data={"email": PLATFORM["email"], "password": PASSWORD}).status_code == 302
    with database.reading() as db:
        member = db.scalars(select(Member)).one()
        assert (member.platform.name, member.platform.slug, member.platform.vetted_at) == (
            "ReelForge",
            "reelforge",
            None,
        )
        assert [role.name for role in member.account.roles] == ["member"]
        assert member.account.last_login_at is not None


def test_an_actor_joins_with_a_page_that_is_not_listed_yet(client: FlaskClient, database: Database) -> None:
    client.set_cookie("zone", "Africa/Lagos")
    assert client.post("/join", data=ACTOR).status_code == 302
    with database.reading() as db:
        actor = db.scalars(select(Actor)).one()
        assert (actor.name, actor.slug, actor.listed, actor.zone) == ("Jae Lin", "jae-lin", False, "Africa/Lagos")
        assert actor.born_on == date(1995, 5, 4)


def test_nobody_under_eighteen_joins_as_an_actor(client: FlaskClient, database: Database) -> None:
    page = client.post("/join", data={**ACTOR, "born_on": f"{date.today().year - 17}-01-01"})  # noqa: DTZ011  # any young date
    assert "18 or older" in page.text
    assert "<title>Error:" in page.text
    with database.reading() as db:
        assert db.scalars(select(Account)).all() == []


# case 40
def test_a_form_cannot_make_itself_an_admin(client: FlaskClient, database: Database) -> None:
    client.post("/join", data={**ACTOR, "roles": "admin", "active": "1", "confirmed_at": "2020-01-01"})
    with database.reading() as db:
        account = db.scalars(select(Account)).one()
        assert [role.name for role in account.roles] == ["actor"]
        assert account.confirmed_at is None


def test_joining_twice_answers_as_the_first_time_and_tells_only_the_owner(
    app: Flask, settings: Settings, database: Database
) -> None:
    first, second = (app.test_client().post("/join", data=ACTOR, follow_redirects=True) for _ in range(2))
    assert (first.request.path, bare(first.text)) == (second.request.path, bare(second.text))
    assert len(list(mailbox(settings).letters(to=ACTOR["email"]))) == 2
    with database.reading() as db:
        assert len(db.scalars(select(Actor)).all()) == 1


def test_a_forgotten_password_answers_the_same_for_every_address(
    client: FlaskClient, app: Flask, settings: Settings
) -> None:
    client.post("/join", data=ACTOR)
    confirm_newest(client, settings)
    known, unknown = (
        app.test_client().post("/password/forgotten", data={"email": who}) for who in (ACTOR["email"], "no@one.example")
    )
    assert (known.status_code, bare(known.text)) == (unknown.status_code, bare(unknown.text))
    assert len(list(mailbox(settings).letters())) == 2


def test_a_new_password_works_once_by_its_link(client: FlaskClient, settings: Settings) -> None:
    client.post("/join", data=ACTOR)
    confirm_newest(client, settings)
    client.post("/password/forgotten", data={"email": ACTOR["email"]})
    link = link_in(next(mailbox(settings).letters()).text)
    new = "another long password"
    assert client.get(link).status_code == 200
    assert client.post(link, data={"password": new, "password_confirm": new}).status_code == 302
    client.post("/sign-out")
    assert client.post("/sign-in", data={"email": ACTOR["email"], "password": PASSWORD}).status_code == 200
    assert client.post("/sign-in", data={"email": ACTOR["email"], "password": new}).status_code == 302


def test_a_wrong_password_and_an_unknown_address_look_the_same(client: FlaskClient, app: Flask) -> None:
    client.post("/join", data=ACTOR)
    wrong = app.test_client().post("/sign-in", data={"email": ACTOR["email"], "password": "not this one"})
    unknown = app.test_client().post("/sign-in", data={"email": "no@one.example", "password": "not this one"})
    assert (wrong.status_code, bare(wrong.text)) == (unknown.status_code, bare(unknown.text))


def test_names_are_one_line(client: FlaskClient, database: Database) -> None:
    for form in (ACTOR | {"name": "Evil\nBcc: x@x.example"}, PLATFORM | {"platform_name": "Evil\r\nBcc: x@x.example"}):
        answer = client.post("/join", data=form)
        assert "one line" in answer.text
        assert "<title>Error:" in answer.text
    with database.reading() as db:
        assert db.scalars(select(Account)).all() == []
