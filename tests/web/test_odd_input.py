"""Whatever an address, a query or a form says, nobody is ever answered that something broke on our side."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from flask import Flask
from flask.testing import FlaskClient

import marketplace.web
from marketplace.models import Account
from marketplace.web import typed
from marketplace.web.guard import Entry, entry_of
from tests.web.scene import Scene
from tests.web.test_matrix import ASKS_STRIPE, values

pytestmark = pytest.mark.both_engines

__all__ = ["values"]
ClientAs = Callable[[Account], FlaskClient]
Things = tuple[Scene, dict[str, list[Any]]]
ODD = (
    "\0", "99999999999999999999", "9" * 5000, "9223372036854775807", "²", "\ufffd💥", "//[",
    "0001-01-01T00:00:00+14:00", "9999-12-31",
)  # fmt: skip
NAMES_OF_FORMS = ("name", "email", "password", "payout", "platform_name", "born_on", "book_out_from", "book_out_to")
ARGUMENT = re.compile(r"<(?:[^:>]*:)?(\w+)>")
WEB = Path(marketplace.web.__file__).parent
ASKED = re.compile(r"""(?:args|form|getlist)(?:\.get(?:list)?)?[(\[]["'](\w+)["']""")
# says itself, with 503, what is not well
PROBE = "health.readyz"


def names_asked_for() -> set[str]:
    """Every name that a page asks its address or its form for."""
    return {name for path in WEB.rglob("*.py") for name in ASKED.findall(path.read_text())}


def visitor(scene: Scene, entry: Entry | None) -> Account:
    return {Entry.MEMBER: scene.mira, Entry.ADMIN: scene.ada}.get(entry or Entry.PUBLIC, scene.imani)


def pages(app: Flask, things: dict[str, list[Any]], odd: str | None = None) -> Iterator[tuple[str, str, Entry | None]]:
    """(endpoint, address, who may enter) of every page: its arguments lead to something, or are all the odd text."""
    for rule in app.url_map.iter_rules():
        if "GET" not in (rule.methods or ()) or rule.endpoint in ASKS_STRIPE or (odd and not rule.arguments):
            continue
        chosen = {name: odd or things.get(name, [1])[0] for name in rule.arguments}
        yield rule.endpoint, address(rule.rule, chosen), entry_of(app, rule.endpoint)


def address(route: str, chosen: dict[str, Any]) -> str:
    """The route with a value in the place of each of its arguments."""
    return ARGUMENT.sub(lambda found: quote(str(chosen[found[1]]), safe="/"), route)


def test_no_page_breaks_on_an_odd_query(app: Flask, client_as: ClientAs, values: Things) -> None:
    scene, things = values
    broken = []
    for odd in ODD:
        query = dict.fromkeys(names_asked_for(), odd)
        for endpoint, path, entry in pages(app, things):
            status = client_as(visitor(scene, entry)).get(path, query_string=query).status_code
            if status >= 500 and endpoint != PROBE:
                broken.append(f"{path} with {odd[:30]!r} answered {status}")
    assert broken == []


def test_no_page_breaks_on_an_odd_address(app: Flask, client_as: ClientAs, values: Things) -> None:
    scene, things = values
    broken = []
    for odd in ODD:
        for _, path, entry in pages(app, things, odd):
            status = client_as(visitor(scene, entry)).get(path).status_code
            if status >= 500:
                broken.append(f"{path[:80]} answered {status}")
    assert broken == []


def test_no_offer_breaks_on_an_odd_time_or_length(app: Flask, client_as: ClientAs, values: Things) -> None:
    scene, things = values
    browser, slug = client_as(scene.mira), things["slug"][0]
    good = {"minutes": "120", "usage": "one_title/12_months", "slot": "2026-12-01T10:00:00+00:00", "day": "2026-12-01"}
    broken = []
    for odd in (*ODD, "999999999999999"):
        for name in good:
            query = good | {name: odd, "actor": slug}
            for path in (f"/actor/{slug}", "/platform/booking/new"):
                status = browser.get(path, query_string=query).status_code
                if status >= 500:
                    broken.append(f"{path}?{name}={odd[:30]!r} answered {status}")
    assert broken == []


def test_no_form_breaks_on_odd_words(app: Flask, client_as: ClientAs, values: Things) -> None:
    scene, things = values
    slug = things["slug"][0]
    broken = []
    for odd in ODD:
        form = dict.fromkeys({*names_asked_for(), *NAMES_OF_FORMS}, odd)
        for who, path in (
            (scene.mira, f"/platform/shortlist/{slug}/note"),
            (scene.mira, "/platform/booking/new"),
            (scene.imani, "/actor/profile"),
            (scene.imani, "/actor/book-out"),
            (scene.imani, "/actor/hours"),
            (scene.ada, "/admin/payout/approve"),
            (scene.ada, f"/admin/dispute/{scene.booking_id}"),
            (None, "/join"),
            (None, "/sign-in"),
            (None, "/password/forgotten"),
            (None, "/zone"),
        ):
            browser = client_as(who) if who else app.test_client()
            status = browser.post(path, data=form).status_code
            if status >= 500:
                broken.append(f"{path} with {odd[:30]!r} answered {status}")
    assert broken == []


def test_no_upload_breaks_on_odd_words(app: Flask, client_as: ClientAs, values: Things) -> None:
    browser = client_as(values[0].imani)
    for odd in ODD:
        for name in ("capture_session_id", "beat_id", "filename", "title", "purpose"):
            said = {"purpose": "take", "filename": "x.mp4"} | {name: odd}
            header = ",".join(f"{key} {b64encode(value.encode()).decode()}" for key, value in said.items())
            headers = {"Tus-Resumable": "1.0.0", "Upload-Length": "10", "Upload-Metadata": header}
            assert browser.post("/actor/upload", headers=headers).status_code < 500, (name, odd)


def test_a_nul_is_refused_wherever_it_stands(app: Flask, client: FlaskClient) -> None:
    assert client.get("/actor?q=%00").status_code == 400
    assert client.get("/actor?%00=q").status_code == 400
    assert client.get("/actor/%00").status_code == 400
    assert client.post("/join", data={"name": "a\0b"}).status_code == 400


@pytest.mark.parametrize(
    ("text", "number"),
    [("0", 0), ("12", 12), ("9223372036854775807", 2**63 - 1), ("9223372036854775808", None), ("²", None), ("٣", None)],
)
def test_a_number_is_plain_digits_that_the_database_can_keep(text: str, number: int | None) -> None:
    assert typed.whole_number(text) == number


@pytest.mark.parametrize(
    ("text", "number"), [("", 1), ("0", 1), ("-2", 1), ("two", 1), ("٢", 1), ("2", 2), ("9" * 18, 10_000)]
)
def test_a_page_of_a_list_is_one_that_can_be_turned_to(text: str, number: int) -> None:
    assert typed.page_number(text) == number


@pytest.mark.parametrize(
    "text", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "2026-12-01T10:00:00", "now"]
)
def test_an_instant_lies_where_a_calendar_can_reckon(text: str) -> None:
    assert typed.instant(text) is None
    assert typed.instant("2026-12-01T10:00:00+02:00") is not None
