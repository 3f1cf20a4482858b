"""The session page as the actor works on it: what the platform says reaches the place where the work is done."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from marketplace.db import Database
from marketplace.models import Account, Take
from marketplace.services.booking import request_changes
from marketplace.services.capture import add_note
from marketplace.web.transaction import CLOCK
from tests.conftest import Jobs
from tests.services.stage import Story
from tests.web.page_check import faults

Begin = Callable[..., tuple[FlaskClient, str]]


@pytest.fixture
def begin(app: Flask, database: Database, client_as: Callable[[Account], FlaskClient]) -> Begin:
    """An actor's browser and the address of a session under way; `pickups` are the words asked for, one by one."""

    def begin(*pickups: str, note: str = "") -> tuple[FlaskClient, str]:
        with database.unit_of_work(Jobs()) as db:
            story = Story(db)
            story.confirmed().start()
            account = db.get_one(Account, story.imani.account_id)
            if pickups:
                story.deliver()
            for words in pickups:
                ask_for_pickups(story, words, note)
        app.extensions[CLOCK] = lambda: story.now
        return client_as(account), f"/actor/session/{story.id}"

    return begin


def ask_for_pickups(story: Story, words: str, note: str) -> None:
    """The platform writes its note on every take there is and asks for pick-ups."""
    for take in story.db.scalars(select(Take)).all():
        add_note(
            story.db, platform_id=story.platform_id, account_id=story.member.account_id, take_id=take.id, at_ms=4_000,
            words=note, now=story.now,
        )  # fmt: skip
    request_changes(
        story.db, booking_id=story.id, platform_id=story.platform_id, by=story.mira, reason=words, now=story.now
    )


def test_what_pickups_are_asked_for_stands_where_the_actor_works(begin: Begin) -> None:
    browser, url = begin("Hold the look longer.", note="The breath gives it away.")
    page = browser.get(url).text
    assert faults(page) == []
    assert "Hold the look longer." in page
    assert re.search(r"0:04</b> The breath gives it away", page)


def test_a_session_without_pickups_shows_no_round(begin: Begin) -> None:
    browser, url = begin()
    assert "asked for pick-ups" not in browser.get(url).text


def test_a_plain_form_without_a_file_says_so_at_the_field_and_keeps_the_note(begin: Begin) -> None:
    browser, url = begin()
    answer = browser.post(f"{url}/take", data={"note": "A slower one.", "beat_id": ""})
    assert answer.status_code == 422
    assert faults(answer.text) == []
    assert 'id="file-error"' in answer.text
    assert 'value="A slower one."' in answer.text


def test_before_any_take_the_page_says_what_to_do_next(begin: Begin) -> None:
    browser, url = begin()
    assert "Send a take above. When it has been checked, you hand it over here." in browser.get(url).text
