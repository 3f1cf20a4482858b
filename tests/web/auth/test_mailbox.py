"""The demo's mailbox shows each letter whole: plain text, HTML that can do nothing, and what is attached."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from flask import Flask
from flask.testing import FlaskClient

from marketplace.gateways.mail.base import Attachment, Letter
from marketplace.gateways.outside import Outside
from marketplace.web.auth.demo import IS_DEMO
from tests.web.page_check import faults

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
INVITE = b"BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nEND:VCALENDAR\r\n"


@pytest.fixture
def letter_url(outside: Outside, client: FlaskClient) -> str:
    """Where a letter with everything is shown."""
    letter = Letter(
        "imani@actors.example", "Imani", "Booked and paid", "Plain words.\nhttps://x.example/a",
        "<!doctype html><html><head><title>t</title></head><body><p style='color: red'>Rich <b>words</b></p>"
        "<script>alert(1)</script></body></html>",
        (Attachment("session.ics", "text/calendar; charset=utf-8; method=REQUEST", INVITE),),
    )  # fmt: skip
    outside.mail.send(letter, now=NOW)
    (name,) = [line.split('"')[0] for line in client.get("/demo/mail").text.split('href="/demo/mail/')[1:2]]
    return f"/demo/mail/{name}"


def test_the_list_says_what_is_attached(client: FlaskClient, letter_url: str) -> None:
    page = client.get("/demo/mail")
    assert faults(page.text) == []
    assert "session.ics" in page.text
    assert f'href="{letter_url}"' in page.text


def test_a_letter_is_shown_with_both_its_twins_and_its_files(client: FlaskClient, letter_url: str) -> None:
    page = client.get(letter_url)
    assert faults(page.text) == []
    assert "Plain words." in page.text
    assert f'src="{letter_url}/html"' in page.text
    assert "METHOD:REQUEST" in page.text
    assert "frame-src 'self'" in page.headers["Content-Security-Policy"]
    assert "'unsafe" not in page.headers["Content-Security-Policy"]


def test_the_html_of_a_letter_may_look_like_something_and_do_nothing(client: FlaskClient, letter_url: str) -> None:
    shown = client.get(f"{letter_url}/html")
    assert "Rich <b>words</b>" in shown.text
    policy = shown.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "sandbox allow-popups" in policy
    assert "script" not in policy.replace("allow-scripts", "script")


def test_a_file_is_saved_as_it_was_attached(client: FlaskClient, letter_url: str) -> None:
    saved = client.get(f"{letter_url}/file/0")
    assert saved.data == INVITE
    assert saved.headers["Content-Disposition"] == "attachment; filename=session.ics"
    assert client.get(f"{letter_url}/file/1").status_code == 404


@pytest.mark.parametrize("path", ["", "/html", "/file/0"])
def test_letters_are_shown_in_the_demo_alone(app: Flask, client: FlaskClient, letter_url: str, path: str) -> None:
    assert client.get(f"/demo/mail/nothing{path}").status_code == 404
    app.config[IS_DEMO] = False
    assert client.get(letter_url + path).status_code == 404
    assert client.get("/demo/mail").status_code == 404
