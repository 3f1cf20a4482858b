"""Routes: every one says who may enter."""

from __future__ import annotations

import pytest
from flask import Flask

from marketplace.web import guard


def test_every_route_says_who_may_enter(app: Flask) -> None:
    assert guard.undeclared(app) == []


def test_what_an_extension_adds_is_shut_until_we_open_it(app: Flask) -> None:
    theirs = {rule.endpoint for rule in app.url_map.iter_rules() if rule.endpoint.startswith("security.")}
    assert {name for name in theirs if guard.entry_of(app, name) is None} == {"security.static", "security.tf_select"}
    assert app.test_client().get("/two-factor/select").status_code == 403


def test_a_route_that_says_nothing_stops_the_start(app: Flask) -> None:
    fresh = Flask(__name__)
    fresh.add_url_rule("/open", "open", lambda: "")
    with pytest.raises(RuntimeError, match="open"):
        guard.check_routes(fresh)
