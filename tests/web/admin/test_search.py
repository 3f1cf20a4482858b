"""Admins find people by name whatever state they are in, and read the trail as sentences."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from marketplace.db import Database
from marketplace.models import Account, Actor, Platform
from marketplace.web.audit_words import PARTY
from tests.web.page_check import faults
from tests.web.scene import Scene, no_jobs

ClientAs = Callable[[Account], FlaskClient]


@pytest.mark.parametrize("tab", ["new", "verified", "suspended"])
def test_a_suspended_actor_is_found_from_every_tab_with_their_state(
    client_as: ClientAs, scene: Scene, database: Database, tab: str
) -> None:
    with database.unit_of_work(no_jobs) as db:
        actor = db.get_one(Actor, scene.actor_id)
        actor.suspended_at, name = scene.now, actor.name
    page = client_as(scene.ada).get("/admin/actor", query_string={"state": tab, "q": name[:4].lower()}).text
    assert faults(page) == []
    assert f"/admin/actor/{scene.actor_id}" in page
    assert page.count("Suspended</span>") == 1


@pytest.mark.parametrize("tab", ["new", "vetted", "suspended"])
def test_a_platform_is_found_from_every_tab(client_as: ClientAs, scene: Scene, database: Database, tab: str) -> None:
    with database.reading() as db:
        name = db.get_one(Platform, scene.platform_id).name
    page = client_as(scene.ada).get("/admin/platform", query_string={"state": tab, "q": name}).text
    assert faults(page) == []
    assert f"/admin/platform/{scene.platform_id}" in page


def test_the_trail_is_told_in_sentences(client_as: ClientAs, scene: Scene) -> None:
    browser = client_as(scene.ada)
    browser.post(f"/admin/payout/{scene.payout_id}", data={"step": "hold", "words": "Please confirm the new account."})
    page = browser.get("/admin/audit").text
    assert faults(page) == []
    assert f'id={scene.payout_id}">payout {scene.payout_id}</a>: Needs review to On hold' in page
    assert "Ada Admin put on hold" in page
    assert "“Please confirm the new account.”" in page
    assert f"{PARTY['clock']} put up for review" in page
    assert "version" not in page
