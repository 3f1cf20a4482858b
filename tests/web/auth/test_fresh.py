"""Admins decide soon after they have shown who they are, and a sign-in takes nothing over from before it."""

from __future__ import annotations

import time
from collections.abc import Callable

from flask import Flask
from flask.testing import FlaskClient

from marketplace.db import Database
from marketplace.models import Account, Payout
from marketplace.web.auth.demo import IS_DEMO
from marketplace.web.guard import FRESH_FOR, LOOKS, Entry, entry_of
from tests.web.page_check import faults
from tests.web.scene import Scene, scene

__all__ = ["scene"]
ClientAs = Callable[[Account], FlaskClient]


def stale(client_as: ClientAs, account: Account) -> FlaskClient:
    """A browser in which somebody signed in longer ago than decisions allow."""
    browser = client_as(account)
    with browser.session_transaction() as session:
        session["fs_paa"] = time.time() - FRESH_FOR.total_seconds() - 1
    return browser


def decisions(app: Flask) -> list[str]:
    """An address of every route by which an admin changes something."""
    numbers = {"step": "make"}
    return [
        app.url_map.bind("localhost").build(rule.endpoint, {name: numbers.get(name, 1) for name in rule.arguments})
        for rule in app.url_map.iter_rules()
        if entry_of(app, rule.endpoint) is Entry.ADMIN and (rule.methods or set()) - LOOKS
    ]


def test_no_admin_decides_anything_by_an_old_sign_in(app: Flask, client_as: ClientAs, scene: Scene) -> None:
    browser, addresses = stale(client_as, scene.ada), decisions(app)
    assert f"/admin/payout/{scene.payout_id}" in addresses
    assert "/admin/refund/1" in addresses
    assert "/admin/write-off/1" in addresses
    for address in addresses:
        answer = browser.post(address, data={"step": "approve"})
        assert (answer.status_code, answer.location.partition("?")[0]) == (303, "/verify"), address
    assert browser.get("/admin/payout").status_code == 200


def test_a_second_look_at_who_it_is_leads_back_to_the_payout(
    app: Flask, client_as: ClientAs, scene: Scene, database: Database
) -> None:
    browser, address = stale(client_as, scene.ada), f"/admin/payout/{scene.payout_id}"
    page = browser.get(address).text
    assert "Show that it is you" in page
    assert faults(page) == []
    answer = browser.post(address, data={"step": "approve"}, headers={"Referer": f"http://localhost{address}"})
    assert answer.location == f"/verify?next={address}"
    page = browser.get(answer.location).text
    assert "Yes, it is Ada" in page
    assert faults(page) == []
    answer = browser.post("/demo/admin", data={"next": address})
    assert answer.location == address
    assert browser.post(address, data={"step": "approve"}).status_code == 303
    with database.reading() as db:
        assert db.get_one(Payout, scene.payout_id).state == "approved"
    assert browser.post("/demo/admin", data={"next": "//evil.example/"}).location == "/home"


def test_outside_the_demo_it_is_a_password_that_is_asked_for(app: Flask, client_as: ClientAs, scene: Scene) -> None:
    app.config[IS_DEMO] = False
    page = stale(client_as, scene.ada).get("/verify").text
    assert 'type="password"' in page
    assert "Yes, it is" not in page


def test_the_demo_has_a_second_admin_for_what_two_decide(app: Flask, scene: Scene) -> None:
    browser = app.test_client()
    assert "Bo Admin" in browser.get("/demo").text
    browser.post("/demo/second_admin")
    assert "Yes, it is Bo" in browser.get("/verify").text


# case 40
def test_who_signs_in_takes_nothing_over_that_was_in_the_browser_before(app: Flask, scene: Scene) -> None:
    browser = app.test_client()
    with browser.session_transaction() as session:
        session["csrf_token"], session["planted"] = "known to somebody else", "yes"
    browser.post("/demo/actor")
    with browser.session_transaction() as session:
        assert "planted" not in session
        assert session.get("csrf_token") != "known to somebody else"
        assert session["_user_id"] == scene.imani.fs_uniquifier
