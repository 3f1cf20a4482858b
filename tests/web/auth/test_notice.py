"""The notices page: one's own, newest first, read by a button."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from flask.testing import FlaskClient

from marketplace.db import Database
from marketplace.models import Account, Role
from marketplace.services.notice import count_unread, notify
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
