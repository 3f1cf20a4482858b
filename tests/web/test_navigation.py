"""The bars lead where pages are, and mark one place at most as the one the visitor is in."""

from __future__ import annotations

import pytest
from flask import Blueprint, Flask

from marketplace.web import navigation


@pytest.fixture
def app() -> Flask:
    """Some of the pages, without what is on them."""
    made = Flask("navigation")
    pages = {
        "public": {"browse": "/actor", "actor": "/actor/<slug>", "fees": "/fees"},
        "actor": {"home": "/actor/", "clips": "/actor/clip", "clip": "/actor/clip/<int:clip_id>"},
    }
    for room, rules in pages.items():
        blueprint = Blueprint(room, room)
        for endpoint, rule in rules.items():
            blueprint.add_url_rule(rule, endpoint, lambda **_: "")
        made.register_blueprint(blueprint)
    return made


def current(app: Flask, path: str, role: str | None) -> tuple[list[str], list[str]]:
    with app.test_request_context(path):
        top = [link.words for link in navigation.top_links(role) if link.is_current]
        side = [link.words for _, links in navigation.side_links(role) for link in links if link.is_current]
    return top, side


@pytest.mark.parametrize(
    ("path", "role", "top", "side"),
    [
        ("/actor", None, ["Browse"], []),
        ("/actor/imani", None, ["Browse"], []),
        ("/actor/imani", "actor", ["Browse"], []),
        ("/fees", None, ["Fees"], []),
        ("/actor/clip", "actor", ["Requests and sessions"], ["Clips"]),
        ("/actor/clip/7", "actor", ["Requests and sessions"], ["Clips"]),
    ],
)
def test_the_place_a_visitor_is_in_is_marked(
    app: Flask, path: str, role: str | None, top: list[str], side: list[str]
) -> None:
    assert current(app, path, role) == (top, side)


def test_places_that_are_not_built_are_left_out(app: Flask) -> None:
    with app.test_request_context("/"):
        assert [link.words for link in navigation.top_links(None)] == ["Browse", "Fees"]
        assert all(not links for _, links in navigation.side_links("admin"))
        assert navigation.link_to("nowhere.at_all") == ""
