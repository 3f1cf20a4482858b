"""An actor's payout: why the money waits, who decided, and the forms that answer and appeal."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from flask.testing import FlaskClient

from marketplace.db import Database
from marketplace.models import Account, Payout
from tests.web.page_check import faults
from tests.web.scene import Scene, scene

__all__ = ["scene"]
ClientAs = Callable[[Account], FlaskClient]
WHY = "The bank letter is missing; please send it."
QUESTION = "Which of your two names is on the account?"
WORDS = "It went to you by post on Monday."


def state_of(database: Database, scene: Scene) -> str:
    with database.reading() as db:
        return db.get_one(Payout, scene.payout_id).state


def test_a_hold_says_why_who_since_until_and_what_to_do(client_as: ClientAs, scene: Scene) -> None:
    day = (scene.now + timedelta(days=4)).date().isoformat()
    decided = {"step": "hold", "words": WHY, "held_until": day}
    client_as(scene.ada).post(f"/admin/payout/{scene.payout_id}", data=decided)
    imani = client_as(scene.imani)
    assert f'href="/actor/payout/{scene.payout_id}">Why, and what to do</a>' in imani.get("/actor/earnings").text
    page = imani.get(f"/actor/payout/{scene.payout_id}").text
    for words in (
        "Ada, an admin, put it on hold",
        WHY,
        "On hold",
        "30 Nov 2026",
        "Ask for a second look",
        "Marquee put",
    ):
        assert words in page, words
    assert "Admin" not in page.replace("Admins see", "")
    assert faults(page) == []


def test_a_question_is_answered_on_its_page_and_what_was_typed_is_kept(
    client_as: ClientAs, scene: Scene, database: Database
) -> None:
    imani, address = client_as(scene.imani), f"/actor/payout/{scene.payout_id}"
    client_as(scene.ada).post(f"/admin/payout/{scene.payout_id}", data={"step": "ask", "words": QUESTION})
    assert "You are asked" in imani.get("/actor/earnings").text
    page = imani.get(address).text
    assert QUESTION in page
    assert "Send the answer" in page
    answer = imani.post(address, data={"step": "answer", "words": "short"})
    assert answer.status_code == 422
    assert ">\nshort</textarea>" in answer.text
    assert faults(answer.text) == []
    assert state_of(database, scene) == "held"
    page = imani.post(address, data={"step": "answer", "words": WORDS}, follow_redirects=True).text
    assert "You answered: “" + WORDS in page
    assert faults(page) == []
    assert state_of(database, scene) == "review"
    assert "Answered" in client_as(scene.ada).get("/admin/payout").text


def test_a_rejection_is_appealed_once(client_as: ClientAs, scene: Scene, database: Database) -> None:
    imani, address = client_as(scene.imani), f"/actor/payout/{scene.payout_id}"
    client_as(scene.ada).post(f"/admin/payout/{scene.payout_id}", data={"step": "reject", "words": WHY})
    page = imani.get(address).text
    assert "Not as things stand" in page
    page = imani.post(address, data={"step": "appeal", "words": WORDS}, follow_redirects=True).text
    assert "Another admin than the one who decided looks at it now" in page
    assert "Ask for a second look</button>" not in page
    assert imani.post(address, data={"step": "appeal", "words": WORDS}).status_code == 409
    assert imani.post(address, data={"step": "approve", "words": WORDS}).status_code == 400
    assert state_of(database, scene) == "review"


def test_another_actors_payout_is_not_found(client_as: ClientAs, scene: Scene, database: Database) -> None:
    stranger, address = client_as(scene.other_actor), f"/actor/payout/{scene.payout_id}"
    client_as(scene.ada).post(f"/admin/payout/{scene.payout_id}", data={"step": "ask", "words": QUESTION})
    assert stranger.get(address).status_code == 404
    assert stranger.post(address, data={"step": "answer", "words": WORDS}).status_code == 404
    assert state_of(database, scene) == "held"


def test_how_long_holds_take_is_published(client_as: ClientAs, scene: Scene) -> None:
    ada, address = client_as(scene.ada), f"/admin/payout/{scene.payout_id}"
    imani = client_as(scene.imani)
    assert "No hold has ended" in imani.get(f"/actor/payout/{scene.payout_id}").text
    ada.post(address, data={"step": "hold", "words": WHY})
    ada.post(address, data={"step": "resume"})
    assert (
        "1 hold ended in the last 30 days: the median took 0 min" in imani.get(f"/actor/payout/{scene.payout_id}").text
    )
    assert "The median hold of the last 30 days took 0 min" in imani.get("/actor/earnings").text
