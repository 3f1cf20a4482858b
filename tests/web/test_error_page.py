"""Pages of refusals lead back to where the form was, and say once what did not happen."""

from __future__ import annotations

import pytest
from flask import Flask
from flask.testing import FlaskClient

from marketplace.web import show
from tests.web.page_check import faults


@pytest.fixture
def guarded(app: Flask) -> FlaskClient:
    """A browser whose forms need their token."""
    app.config["WTF_CSRF_ENABLED"] = True
    return app.test_client()


@pytest.mark.parametrize(
    ("came_from", "link"),
    [
        ("http://localhost/scores?x=1", 'href="/scores?x=1">Open the page again'),
        ("http://localhost/scores", 'href="/scores">Open the page again'),
        ("https://evil.example/scores", None),
        ("http://localhost//evil.example", None),
        ("http://[", None),
        ("", None),
    ],
)
def test_a_form_that_was_open_too_long_leads_back_to_its_page(
    guarded: FlaskClient, came_from: str, link: str | None
) -> None:
    answer = guarded.post("/theme", data={"theme": "dark"}, headers={"Referer": came_from})
    assert answer.status_code == 400
    assert faults(answer.text) == []
    assert "Nothing was changed" in answer.text
    assert (link or "Go to the first page") in answer.text
    assert ("Open the page again" in answer.text) is (link is not None)


@pytest.mark.parametrize(
    ("sentence", "cause"),
    [
        ("“Klingonese” is no language. Nothing was saved.", "“Klingonese” is no language."),
        ("Choose a day. Nothing was taken out.", "Choose a day."),
        ("Nothing was saved.", "Nothing was saved."),
        ("Enter your name", "Enter your name"),
    ],
)
def test_a_field_names_the_cause_and_the_summary_the_outcome(sentence: str, cause: str) -> None:
    assert show.cause(sentence) == cause


def test_a_failed_sign_in_says_so_and_how_newcomers_get_in(client: FlaskClient) -> None:
    page = client.post("/sign-in", data={"email": "no@one.example", "password": "whatever it was"}).text
    assert faults(page) == []
    assert "You are not signed in." in page
    assert "Nothing was saved" not in page
    assert "Confirm your address first" in page
