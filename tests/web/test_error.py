"""The page about an error is drawn whatever broke, even when the database refuses every further question."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError, OperationalError

from marketplace.db import Database
from marketplace.gateways.mail.file import FileMail
from marketplace.gateways.outside import Outside
from marketplace.models import Account, Role
from marketplace.web.guard import public
from marketplace.web.transaction import reading, unit_of_work
from tests.conftest import Jobs
from tests.statements import counted
from tests.web.scene import Scene, scene

__all__ = ["scene"]
ClientAs = Callable[[Account], FlaskClient]


@pytest.fixture
def breaking(app: Flask) -> Flask:
    """Routes that break in several ways, and one that does not."""

    @public
    def fine() -> str:
        return ""

    @public
    def statement() -> str:
        reading().execute(text("SELECT nothing FROM nowhere"))
        return ""

    @public
    def surprise() -> str:
        reading().execute(text("SELECT 1"))
        raise KeyError("a secret detail")

    @public
    def away() -> str:
        raise OperationalError("SELECT 1", {}, Exception("no server"))

    @public
    def twice() -> str:
        with unit_of_work() as db:
            db.add_all([Role(name="twice"), Role(name="twice")])
        return ""

    for view in (fine, statement, surprise, away, twice):
        app.add_url_rule(f"/break/{view.__name__}", f"break.{view.__name__}", view)
    return app


def test_a_failed_statement_ends_in_our_own_page_for_whoever_is_signed_in(
    breaking: Flask, client_as: ClientAs, scene: Scene
) -> None:
    for who in (scene.mira, scene.imani, scene.ada):
        for path, status in (("statement", (500, 503)), ("surprise", (500,)), ("away", (503,))):
            answer = client_as(who).get(f"/break/{path}")
            assert answer.status_code in status
            assert "<main" in answer.text
            assert "secret detail" not in answer.text
            assert "Content-Security-Policy" in answer.headers


def test_an_error_page_asks_the_database_nothing_more(
    breaking: Flask, client_as: ClientAs, scene: Scene, database: Database
) -> None:
    browser = client_as(scene.mira)
    with counted(database) as before:
        assert browser.get("/break/fine").status_code == 200
    with counted(database) as asked:
        assert browser.get("/break/away").status_code == 503
    assert asked == before


def test_two_who_met_at_the_same_row_are_told_so(breaking: Flask, client_as: ClientAs, scene: Scene) -> None:
    answer = client_as(scene.mira).get("/break/twice")
    assert answer.status_code == 409
    assert "at the same moment" in answer.text
    assert IntegrityError.__name__ not in answer.text


def test_a_request_that_broke_mails_nothing(app: Flask, client: FlaskClient, jobs: Jobs, outside: Outside) -> None:
    def fail(*_: object, **__: object) -> None:
        raise KeyError

    app.view_functions["security.register"] = _then(app.view_functions["security.register"], fail)
    form = {"joins_as": "actor", "name": "Jae", "born_on": "1995-05-04", "email": "j@x.example", "password": "x" * 12}
    assert client.post("/join", data=form).status_code == 500
    assert isinstance(outside.mail, FileMail)
    assert list(outside.mail.letters()) == []


def _then(view: Callable[..., Any], last: Callable[..., object]) -> Callable[..., Any]:
    def both(*args: object, **kwargs: object) -> object:
        view(*args, **kwargs)
        return last()

    return both
