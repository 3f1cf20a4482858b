"""A member has the accepted takes: as files, under the licence, once the booking is completed, and on the record."""

from __future__ import annotations

from io import BytesIO
from typing import Any
from urllib.parse import urlsplit

import pytest
from flask import Flask
from sqlalchemy import func, select, update

from marketplace.db import Database
from marketplace.models import Audit, Grant, Take
from marketplace.web.media import OUTSIDE
from tests.conftest import Jobs
from tests.web.platform.test_booking import Scene, SignIn

FILE = b"\x00\x00\x00\x18ftypmp42 a performance"


@pytest.fixture
def scene(app: Flask, database: Database, client_as: SignIn) -> Scene:
    return Scene(app, database, client_as)


class Session:
    """A completed booking with one selected take and one that was left."""

    def __init__(self, scene: Scene, *, accept: bool = True) -> None:
        self.scene = scene
        self.booking_id = scene.story("confirmed", "start", "add_take", "deliver")
        kept = scene.app.extensions[OUTSIDE].storage.put(
            BytesIO(FILE), kind="take", suffix=".mp4", content_type="video/mp4"
        )
        with scene.database.unit_of_work(Jobs()) as db:
            self.taken, self.left = db.scalars(select(Take.id).order_by(Take.number))
            db.execute(update(Take).where(Take.id == self.taken).values(storage_key=kept.key))
            self.number = db.get_one(Take, self.taken).number
        scene.post(f"/platform/take/{self.taken}/select", selected="1")
        if accept:
            scene.post(f"/platform/booking/{self.booking_id}/accept")

    def change_grant(self, **values: Any) -> None:
        with self.scene.database.unit_of_work(Jobs()) as db:
            db.execute(update(Grant).values(**values))

    def handed_out(self) -> int:
        with self.scene.database.reading() as db:
            return db.scalar(select(func.count()).where(Audit.step == "hand_out_take")) or 0

    def fetch(self, take_id: int, status: int) -> str:
        answer = self.scene.browser.get(f"/platform/take/{take_id}/file")
        assert answer.status_code == status, answer.text
        return answer.headers.get("Location", answer.text)


def test_an_accepted_take_is_saved_under_a_plain_name_and_the_trail_says_so(scene: Scene) -> None:
    done = Session(scene)
    page = scene.page(f"/platform/booking/{done.booking_id}/session")
    assert f"/platform/take/{done.taken}/file" in page
    assert f"/platform/take/{done.left}/file" not in page
    assert "No model may be trained on the takes." in page
    address = urlsplit(done.fetch(done.taken, 303))
    answer = scene.app.test_client().get(f"{address.path}?{address.query}")
    assert answer.data == FILE
    assert answer.headers["Content-Disposition"] == f'attachment; filename="heiress-take-{done.number}.mp4"'
    answer.close()
    assert done.handed_out() == 1


def test_the_name_is_part_of_the_signature(scene: Scene) -> None:
    done = Session(scene)
    address = urlsplit(done.fetch(done.taken, 303))
    assert scene.app.test_client().get(f"{address.path}?{address.query}x").status_code == 404
    renamed = address.query.replace("heiress", "other")
    assert scene.app.test_client().get(f"{address.path}?{renamed}").status_code == 404


def test_a_take_is_not_handed_out_before_it_is_accepted(scene: Scene) -> None:
    waiting = Session(scene, accept=False)
    assert "Takes can be downloaded once you have accepted them" in waiting.fetch(waiting.taken, 409)
    assert "/file" not in scene.page(f"/platform/booking/{waiting.booking_id}/session")
    assert waiting.handed_out() == 0


def test_a_take_that_was_not_selected_is_not_licensed(scene: Scene) -> None:
    done = Session(scene)
    assert "The licence covers the takes you selected" in done.fetch(done.left, 409)


def test_no_take_is_handed_out_after_its_licence(scene: Scene) -> None:
    done = Session(scene)
    done.change_grant(expires_at=scene.clock)
    assert "The licence for these takes has ended" in done.fetch(done.taken, 409)
    done.change_grant(revoked_at=scene.clock)
    assert "consent does not stand" in done.fetch(done.taken, 409)
    assert done.handed_out() == 0
