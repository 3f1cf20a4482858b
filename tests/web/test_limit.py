"""Those who try too much are slowed down: by their address, and for one account from however many addresses."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient

from marketplace.config import Settings
from marketplace.db import Database
from marketplace.gateways.outside import Outside
from marketplace.models import Account
from marketplace.web import create_app
from marketplace.web.limit import BY_ACCOUNT, BY_ADDRESS, BY_LETTER_BOX
from tests.conftest import Jobs
from tests.web.auth.test_joining import ACTOR, confirm_newest, mailbox
from tests.web.scene import Scene, scene

__all__ = ["scene"]
NOBODY = {"email": "nobody@nowhere.example", "password": "guess after guess"}


@pytest.fixture
def limited(settings: Settings, database: Database, jobs: Jobs, outside: Outside) -> Flask:
    """The application with its limits on."""
    app = create_app(settings, database, jobs, outside, later=lambda call: call())
    app.config.update(WTF_CSRF_ENABLED=False)
    return app


def statuses(browser: FlaskClient, path: str, form: dict[str, str], times: int, *, apart: bool = False) -> list[int]:
    """The answers to the same form sent again and again, each from an address of its own if `apart`."""
    places = ({"REMOTE_ADDR": f"10.0.{number}.7" if apart else "10.0.0.7"} for number in range(times))
    return [browser.post(path, data=form, environ_base=place).status_code for place in places]


def test_every_limited_route_is_there(limited: Flask) -> None:
    assert {*BY_ADDRESS, *BY_ACCOUNT, *BY_LETTER_BOX} <= set(limited.view_functions)


def test_a_link_for_a_new_password_cannot_be_guessed_at(limited: Flask) -> None:
    answers = statuses(limited.test_client(), "/password/forgotten/guess", {"password": "x" * 12}, 11)
    assert answers[-1] == 429
    assert 429 not in answers[:-1]


def test_the_code_of_a_new_authenticator_cannot_be_guessed_at(
    limited: Flask, scene: Scene, client_as: Callable[[Account], FlaskClient]
) -> None:
    browser = limited.test_client()
    with browser.session_transaction() as session:
        session["_user_id"], session["_fresh"] = scene.ada.fs_uniquifier, True
    answers = statuses(browser, "/two-factor/guess", {"code": "000000"}, 6)
    assert answers[-1] == 429
    assert 429 not in answers[:-1]


# case 40
def test_one_account_cannot_be_tried_from_many_addresses(limited: Flask) -> None:
    answers = statuses(limited.test_client(), "/sign-in", NOBODY, 101, apart=True)
    assert answers == [200] * 100 + [429]
    other = NOBODY | {"email": "someone@else.example"}
    assert statuses(limited.test_client(), "/sign-in", other, 1, apart=True) == [200]


def test_one_letter_box_is_not_filled_from_many_addresses(limited: Flask, settings: Settings) -> None:
    limited.test_client().post("/join", data=ACTOR)
    confirm_newest(limited.test_client(), settings)
    answers = statuses(limited.test_client(), "/password/forgotten", {"email": ACTOR["email"]}, 8, apart=True)
    assert [status == 429 for status in answers] == [False] * 6 + [True] * 2
    assert len(list(mailbox(settings).letters())) == 1 + 6


def test_people_sign_in_and_are_slowed_down_while_the_store_of_limits_is_away(
    settings: Settings, database: Database, jobs: Jobs, outside: Outside
) -> None:
    without = settings.model_copy(update={"limiter_url": "redis://127.0.0.1:1/0"})
    app = create_app(without, database, jobs, outside)
    app.config.update(WTF_CSRF_ENABLED=False)
    assert statuses(app.test_client(), "/sign-in", NOBODY, 12) == [200] * 10 + [429] * 2
