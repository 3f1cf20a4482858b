"""The notices page: one's own, newest first, read by a button."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from marketplace.config import Settings
from marketplace.db import Database
from marketplace.models import Account, NoticeSwitch, Role
from marketplace.services.notice import count_unread, notify
from marketplace.services.notice_switch import Topic, write_token
from tests.web.page_check import faults

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)


def add_admin(database: Database, email: str) -> Account:
    with database.unit_of_work(lambda job, ids: None) as db:
        account = Account(email=email, name=email.partition("@")[0], fs_uniquifier=email, confirmed_at=NOW)
        role = db.query(Role).filter_by(name="admin").one_or_none() or Role(name="admin")
        account.roles = [role]
        db.add(account)
        db.flush()
        notify(
            db, account_ids=[account.id], key=f"k:{email}", kind="x", title=f"News for {email}",
            words="Nothing was charged.", path="/admin", now=NOW,
        )  # fmt: skip
    return account


def test_each_person_reads_their_own(database: Database, client_as: Callable[[Account], FlaskClient]) -> None:
    dana, other = add_admin(database, "dana@example.com"), add_admin(database, "other@example.com")
    page = client_as(dana).get("/notice")
    assert faults(page.text) == []
    assert "News for dana@example.com" in page.text
    assert "other@example.com" not in page.text
    client_as(dana).post("/notice/read")
    with database.reading() as db:
        assert count_unread(db, dana.id) == 0
        assert count_unread(db, other.id) == 1


def test_the_bell_counts_what_is_unread(database: Database, client_as: Callable[[Account], FlaskClient]) -> None:
    browser = client_as(add_admin(database, "dana@example.com"))
    assert "Notices, 1 unread" in browser.get("/notice").text
    browser.post("/notice/read")
    assert 'aria-label="Notices"' in browser.get("/notice").text


def test_strangers_are_asked_to_sign_in(client: FlaskClient) -> None:
    answer = client.get("/notice")
    assert answer.status_code == 303
    assert "/sign-in" in answer.headers["Location"]


def off(database: Database) -> list[tuple[int, str]]:
    """Whose mails about what are stopped."""
    with database.reading() as db:
        rows = select(NoticeSwitch).where(NoticeSwitch.by_mail.is_(False)).order_by(NoticeSwitch.topic)
        return [(row.account_id, row.topic) for row in db.scalars(rows)]


def test_a_person_chooses_what_is_mailed(database: Database, client_as: Callable[[Account], FlaskClient]) -> None:
    dana, other = add_admin(database, "dana@example.com"), add_admin(database, "other@example.com")
    browser = client_as(dana)
    page = browser.get("/notice/switch")
    assert faults(page.text) == []
    assert page.text.count(" checked") == 3
    saved = browser.post("/notice/switch", data={"topic": ["bookings", "nonsense", "score"]}, follow_redirects=True)
    assert faults(saved.text) == []
    assert saved.text.count(" checked") == 1
    assert off(database) == [(dana.id, "reminders"), (dana.id, "session")]
    assert client_as(other).get("/notice/switch").text.count(" checked") == 3
    browser.post("/notice/switch", data={"topic": ["bookings", "reminders", "session"]})
    assert off(database) == []


def test_the_link_of_a_mail_asks_before_it_stops_anything(
    database: Database, client: FlaskClient, settings: Settings
) -> None:
    dana = add_admin(database, "dana@example.com")
    url = f"/notice/stop/{write_token(settings.secret('notice-switch'), dana.id, Topic.BOOKINGS)}"
    page = client.get(url)
    assert faults(page.text) == []
    assert "Stop mails about bookings?" in page.text
    assert "dana" not in page.text
    assert off(database) == []
    done = client.post(url)
    assert faults(done.text) == []
    assert "no more mails about bookings" in done.text
    assert off(database) == [(dana.id, "bookings")]


def test_a_mail_programs_own_button_needs_no_token_of_ours(
    app: Flask, database: Database, client: FlaskClient, settings: Settings
) -> None:
    app.config["WTF_CSRF_ENABLED"] = True
    dana = add_admin(database, "dana@example.com")
    url = f"/notice/stop/{write_token(settings.secret('notice-switch'), dana.id, Topic.REMINDERS)}"
    for _ in range(2):
        assert client.post(url, data={"List-Unsubscribe": "One-Click"}).status_code == 200
    assert off(database) == [(dana.id, "reminders")]
    assert client.post("/notice/switch").status_code in (303, 400)


@pytest.mark.parametrize("token", ["x", "1.bookings.AAAA", "1.nothing.AAAA"])
def test_a_link_that_is_not_ours_is_not_found(database: Database, client: FlaskClient, token: str) -> None:
    assert client.get(f"/notice/stop/{token}").status_code == 404
    assert client.post(f"/notice/stop/{token}").status_code == 404
    assert off(database) == []
