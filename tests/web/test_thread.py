"""The thread on a booking's pages: both sides write, each reads who wrote what and what happened in between."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from marketplace.db import Database
from marketplace.domain.booking import Step
from marketplace.models import Account, Message
from marketplace.services.booking_step import By, get_booking
from marketplace.services.message import post_message
from marketplace.web.booking_path import STEP_WORDS
from marketplace.web.transaction import CLOCK
from tests.conftest import Jobs
from tests.services.stage import NOW, Story
from tests.web.page_check import sound

SignIn = Callable[[Account], FlaskClient]


@dataclass
class Room:
    """A booking with its two sides, each in a browser."""

    database: Database
    id: int
    mira: FlaskClient
    imani: FlaskClient
    member: By

    def page(self, browser: FlaskClient, path: str) -> str:
        return html.unescape(sound(browser.get(f"{path}")))

    def token(self, page: str) -> str:
        return str(re.findall(r'name="token" value="([^"]+)"', page)[0])

    def count(self) -> int:
        with self.database.reading() as db:
            return db.scalar(select(func.count()).select_from(Message)) or 0


@pytest.fixture
def room(app: Flask, database: Database, client_as: SignIn) -> Room:
    app.extensions[CLOCK] = lambda: NOW
    with database.unit_of_work(Jobs()) as db:
        story = Story(db)
        accounts = [db.get_one(Account, by.account_id) for by in (story.mira, story.imani)]
        for account, role in zip(accounts, ("member", "actor"), strict=True):
            account.zone = "Africa/Lagos" if role == "actor" else "Europe/London"
        mira, imani = (client_as(account) for account in accounts)
        return Room(database, story.id, mira, imani, member=story.mira)


@pytest.mark.parametrize("step", list(Step))
def test_every_step_has_words_for_the_thread(step: Step) -> None:
    assert STEP_WORDS[step.value][0].isupper()


def test_what_one_side_writes_the_other_reads_on_the_bookings_page(room: Room) -> None:
    url = f"/platform/booking/{room.id}"
    token = room.token(room.page(room.mira, url))
    sent = room.mira.post(f"{url}/message", data={"token": token, "words": "A red coat?\n<b>Thanks</b>"})
    assert (sent.status_code, sent.location) == (303, f"{url}#thread")
    theirs = room.page(room.imani, f"/actor/booking/{room.id}")
    assert "Mira Castell, ReelForge" in theirs
    assert "A red coat?\n<b>Thanks</b>" in theirs
    assert "10:00" in theirs  # nine in London is ten in Lagos
    assert "Requested · by ReelForge" in theirs
    assert "Requested · by you" in room.page(room.mira, url)


def test_a_double_click_sends_once(room: Room) -> None:
    url = f"/actor/booking/{room.id}/message"
    for _ in range(2):
        assert room.imani.post(url, data={"token": "same", "words": "Yes"}).status_code == 303
    assert room.count() == 1


@pytest.mark.parametrize(("side", "words"), [("actor", ""), ("platform", "x" * 2001), ("actor", "tone\x07")])
def test_a_refused_message_keeps_what_was_typed(room: Room, side: str, words: str) -> None:
    browser = room.imani if side == "actor" else room.mira
    answer = browser.post(f"/{side}/booking/{room.id}/message", data={"token": "t", "words": words})
    assert answer.status_code == 422
    assert "Nothing was sent." in answer.text
    assert words.replace("\x07", "") in answer.text.replace("\x07", "")
    assert "<title>Error:" in answer.text
    assert room.count() == 0


def test_a_long_thread_has_pages_of_its_own(room: Room) -> None:
    with room.database.unit_of_work(Jobs()) as db:
        booking = get_booking(db, room.id)
        for number in range(40):
            post_message(db, booking=booking, by=room.member, words=f"Line {number}.", token=str(number), now=NOW)
    url = f"/actor/booking/{room.id}"
    shown = room.page(room.imani, url)
    assert "Line 39." in shown
    assert "Line 27." not in shown
    assert f'href="{url}/message"' in shown
    newest, oldest = room.page(room.imani, f"{url}/message"), room.page(room.imani, f"{url}/message?page=2")
    assert ("Line 39." in newest, "Line 5." in newest) == (True, False)
    assert ("Line 39." in oldest, "Line 5." in oldest) == (False, True)
    assert "Requested" in oldest


@pytest.mark.parametrize("browser", ["mira", "imani"])
def test_anothers_thread_is_not_found(room: Room, app: Flask, client_as: SignIn, browser: str) -> None:
    with room.database.unit_of_work(Jobs()) as db:
        other = Story(db)
        who = db.get_one(Account, (other.mira if browser == "mira" else other.imani).account_id)
    side = "platform" if browser == "mira" else "actor"
    stranger = client_as(who)
    assert stranger.get(f"/{side}/booking/{room.id}/message").status_code == 404
    assert stranger.post(f"/{side}/booking/{room.id}/message", data={"token": "t", "words": "Hi"}).status_code == 404
    assert room.count() == 0
