"""Events from Stripe: the lag, the tabs, one in full, working on it again and putting it aside."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from marketplace.db import Database
from marketplace.jobs import Job
from marketplace.models import Account, Audit, Payment, StripeEvent
from marketplace.services.stripe_event import MOST_ATTEMPTS
from marketplace.services.webhook_refusal import count_refusal
from tests.web.page_check import faults
from tests.web.scene import Scene, no_jobs

pytestmark = pytest.mark.both_engines

ClientAs = Callable[[Account], FlaskClient]
ERROR = "PaymentUnknown: Stripe did not answer."


@pytest.fixture
def events(scene: Scene, database: Database) -> dict[str, str]:
    """One of each: waiting, given up, and two worked on after 2 s and 200 s."""
    with database.unit_of_work(no_jobs) as db:
        paid = db.scalars(select(Payment).where(Payment.booking_id == scene.booking_id)).one()
        paid.charge_id = "ch_scene"
        subject = {"id": "ch_scene", "object": "charge", "payment_intent": "pi_1", "client_secret": "pi_1_secret_x"}
        at = scene.now - timedelta(hours=2)

        def add(name: str, **more: object) -> None:
            row = StripeEvent(
                id=f"evt_{name}", type=f"charge.{name}", object_id="ch_scene", created_at=at, received_at=at,
                payload={"id": f"evt_{name}", "data": {"object": subject}}, attempts=more.pop("attempts", 1), **more,
            )  # fmt: skip
            db.add(row)

        add("waiting", attempts=0)
        add("failed", attempts=MOST_ATTEMPTS, error=ERROR)
        add("fast", processed_at=at + timedelta(seconds=2))
        add("slow", processed_at=at + timedelta(seconds=200))
        count_refusal(db, address="own", reason="signature", now=scene.now)
    return {name: f"/admin/event/evt_{name}" for name in ("waiting", "failed", "fast", "slow")}


def row_of(database: Database, name: str) -> StripeEvent:
    with database.reading() as db:
        return db.get_one(StripeEvent, f"evt_{name}")


def test_the_page_shows_the_lag_what_was_refused_and_each_tab(
    client_as: ClientAs, scene: Scene, events: dict[str, str]
) -> None:
    browser = client_as(scene.ada)
    page = browser.get("/admin/event").text
    assert faults(page) == []
    for words in ("charge.waiting", "2 h", "2 s", "1 delivery refused since yesterday"):
        assert words in page
    assert "charge.failed" not in page
    given_up = browser.get("/admin/event?state=failed").text
    assert faults(given_up) == []
    assert "charge.failed" in given_up
    assert ERROR in given_up
    assert "charge.waiting" not in given_up
    everything = browser.get("/admin/event?state=all").text
    assert all(f"charge.{name}" in everything for name in events)
    found = browser.get("/admin/event?q=ch_scene").text
    assert all(f"charge.{name}" in found for name in events)
    assert "No event by that id" in browser.get("/admin/event?q=ch_other").text


def test_operations_and_the_side_bar_lead_to_both_pages(client_as: ClientAs, scene: Scene) -> None:
    page = client_as(scene.ada).get("/admin/health").text
    main = page.partition("<main")[2]
    for path in ("/admin/event", "/admin/outbox"):
        assert f'href="{path}"' in main
        assert page.count(f'href="{path}"') > main.count(f'href="{path}"')


def test_an_empty_page_is_sound(client_as: ClientAs, scene: Scene) -> None:
    for state in ("waiting", "failed", "all"):
        page = client_as(scene.ada).get(f"/admin/event?state={state}").text
        assert faults(page) == []


def test_one_event_shows_its_payload_without_secrets_and_what_it_is_about(
    client_as: ClientAs, scene: Scene, events: dict[str, str]
) -> None:
    page = client_as(scene.ada).get(events["failed"]).text
    assert faults(page) == []
    assert "pi_1_secret_x" not in page
    assert "[hidden]" in page
    assert f'href="/admin/trace/{scene.booking_id}"' in page
    assert client_as(scene.ada).get("/admin/event/evt_nobody").status_code == 404


def test_working_on_it_again_begins_anew_and_keeps_what_was(
    client_as: ClientAs, scene: Scene, events: dict[str, str], database: Database, jobs: list[object]
) -> None:
    browser = client_as(scene.ada)
    for name in ("failed", "fast"):
        assert browser.post(events[name], data={"step": "replay"}).status_code == 303
        row = row_of(database, name)
        assert (row.attempts, row.processed_at, row.error, row.replayed_at) == (0, None, None, scene.now)
        assert jobs[-1] == (Job.PROCESS_STRIPE_EVENT, (f"evt_{name}",))
    with database.reading() as db:
        first, second = db.scalars(select(Audit).where(Audit.about == "stripe_event").order_by(Audit.id))
    assert (first.principal_id, first.ip, first.before["error"]) == (scene.ada.id, "127.0.0.1", ERROR)
    assert second.before["processed_at"]
    assert ERROR in browser.get(events["failed"]).text
    assert "evt_failed" in browser.get("/admin/audit?about=stripe_event").text


def test_everything_given_up_is_worked_on_again_at_once(
    client_as: ClientAs, scene: Scene, events: dict[str, str], database: Database
) -> None:
    browser = client_as(scene.ada)
    answer = browser.post("/admin/event/replay", follow_redirects=True)
    assert "Workers take up 1 again." in answer.text
    assert row_of(database, "failed").attempts == 0
    assert row_of(database, "fast").processed_at is not None
    assert "Nothing was given up" in browser.post("/admin/event/replay", follow_redirects=True).text


def test_putting_aside_needs_words_and_an_event_that_was_given_up(
    client_as: ClientAs, scene: Scene, events: dict[str, str], database: Database
) -> None:
    browser = client_as(scene.ada)
    refused = browser.post(events["failed"], data={"step": "put_aside", "words": "short"})
    assert refused.status_code == 422
    assert faults(refused.text) == []
    words = {"step": "put_aside", "words": "It was sent by a test of ours."}
    assert browser.post(events["waiting"], data=words).status_code == 409
    assert browser.post(events["failed"], data=words).status_code == 303
    row = row_of(database, "failed")
    assert (row.processed_at, row.error) == (scene.now, ERROR)
    assert "Put aside" in browser.get(events["failed"]).text
    assert browser.post(events["failed"], data={"step": "shred"}).status_code == 400


def test_nobody_else_may_see_or_replay(client_as: ClientAs, scene: Scene, events: dict[str, str]) -> None:
    for who in (scene.mira, scene.imani):
        for path in ("/admin/event", events["failed"]):
            assert client_as(who).get(path).status_code == 403
        assert client_as(who).post(events["failed"], data={"step": "replay"}).status_code == 403
        assert client_as(who).post("/admin/event/replay").status_code == 403
