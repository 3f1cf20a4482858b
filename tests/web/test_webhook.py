"""Where Stripe's events arrive: only what is signed is stored, once, and answered at once."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select
from werkzeug.serving import make_server
from werkzeug.test import TestResponse

from marketplace.config import Settings
from marketplace.db import Database
from marketplace.gateways.outside import Outside
from marketplace.jobs import Job
from marketplace.models import StripeEvent
from marketplace.sandbox.stripe import WebhookTarget
from marketplace.sandbox.stripe.delivery import sign
from marketplace.sandbox.stripe.server import QuietHandler
from marketplace.web import create_app
from tests.services.money_stage import MoneyStage
from tests.stripe_stand import SECRET, Stand, until
from workers.tasks.payment import process_stripe_event, sweep_events

PATHS = {"own": "/webhook/stripe", "connected": "/webhook/stripe/connected", "thin": "/webhook/stripe/thin"}


@pytest.fixture
def outside(settings: Settings, outside: Outside, stand: Stand) -> Outside:
    return replace(outside, payment=stand.gateway)


def post(client: FlaskClient, body: str, signature: str | None, path: str = PATHS["own"]) -> TestResponse:
    headers = {"Stripe-Signature": signature} if signature else {}
    return client.post(path, data=body, content_type="application/json", headers=headers)


def stored(database: Database) -> int:
    with database.reading() as db:
        return db.scalar(select(func.count()).select_from(StripeEvent)) or 0


def charge_event(stand: Stand) -> str:
    stand.make_charge()
    return json.dumps(stand.events("charge.succeeded")[0])


def test_a_signed_event_is_stored_once_and_handed_to_the_workers(
    client: FlaskClient, stand: Stand, database: Database, jobs: list[tuple[Job, tuple[str, ...]]]
) -> None:
    body = charge_event(stand)
    for _ in range(3):
        assert post(client, body, sign(body, SECRET)).status_code == 200
    assert stored(database) == 1
    assert jobs == [(Job.PROCESS_STRIPE_EVENT, (json.loads(body)["id"],))]


def test_what_is_forged_old_or_rewritten_is_refused_and_not_stored(
    client: FlaskClient, stand: Stand, database: Database
) -> None:
    body = charge_event(stand)
    rewritten = json.dumps(json.loads(body), indent=1)
    attempts = [
        post(client, body, None),
        post(client, body, "t=1,v1=0"),
        post(client, body, sign(body, "whsec_of_another_endpoint")),
        post(client, body, sign(body, SECRET, at=int(time.time()) - 301)),
        post(client, rewritten, sign(body, SECRET)),
        post(client, "", sign(body, SECRET)),
    ]
    assert [answer.status_code for answer in attempts] == [400] * 6
    assert stored(database) == 0


def test_each_form_of_event_has_its_own_address(client: FlaskClient, stand: Stand, database: Database) -> None:
    stand.make_recipient()
    thin = json.dumps(stand.server.sandbox.state.all("v2.core.event")[0])
    assert post(client, thin, sign(thin, SECRET)).status_code == 400
    assert post(client, thin, sign(thin, SECRET), PATHS["thin"]).status_code == 200
    snapshot = charge_event(stand)
    assert post(client, snapshot, sign(snapshot, SECRET), PATHS["thin"]).status_code == 400
    assert stored(database) == 1


def test_too_large_an_event_is_not_read(client: FlaskClient, database: Database) -> None:
    assert post(client, "x" * (256 * 1024 + 1), "t=1,v1=0").status_code == 413
    assert client.get(PATHS["own"]).status_code == 405


@pytest.fixture
def live(
    settings: Settings, database: Database, outside: Outside, stand: Stand
) -> Iterator[tuple[MoneyStage, dict[str, str]]]:
    """The web application behind a real socket, and the stage whose workers do what it asks for."""
    stage = MoneyStage(database, settings, outside, stand)
    app: Flask = create_app(settings, database, stage.take, outside, later=lambda call: call())
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=QuietHandler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield stage, {kind: f"http://127.0.0.1:{server.server_port}{path}" for kind, path in PATHS.items()}
    server.shutdown()
    server.server_close()


def connect(stand: Stand, addresses: dict[str, str]) -> None:
    """Have the stand-in send its events to the application."""
    stand.server.sandbox.deliverer.targets[:] = [
        WebhookTarget(addresses["own"], SECRET, "own"),
        WebhookTarget(addresses["connected"], SECRET, "connected"),
        WebhookTarget(addresses["thin"], SECRET, "thin"),
    ]
    stand.server.sandbox.state.set("targets", "own,connected,thin")


def test_ten_deliveries_of_one_event_at_once_are_one_posting_and_one_change(
    live: tuple[MoneyStage, dict[str, str]],
) -> None:
    stage, addresses = live
    booking_id = stage.accepted()
    connect(stage.stand, addresses)
    stage.stand.control("delivery", auto=False)
    stage.pay(booking_id)
    event = stage.stand.events("checkout.session.completed")[0]["id"]
    assert stage.stand.control("deliver", event=event, copies=10)["statuses"] == [200] * 10
    assert len(stage.queue) == 1
    threads = [threading.Thread(target=process_stripe_event, args=(stage.tools, event)) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert stage.booking(booking_id).state == "confirmed"
    assert stage.balances()[f"booking_funds:{booking_id}"] == -stage.payment(booking_id).amount_minor
    assert stored(stage.database) == 1
    stage.assert_sound()


def test_a_payment_reaches_the_booking_by_webhook_alone(live: tuple[MoneyStage, dict[str, str]]) -> None:
    stage, addresses = live
    booking_id = stage.accepted()
    connect(stage.stand, addresses)
    stage.pay(booking_id)
    until(lambda: worked(stage) and stage.booking(booking_id).state == "confirmed")
    account = stage.stand.make_recipient()
    assert account
    until(lambda: stored(stage.database) >= 5)
    stage.work()
    until(lambda: worked(stage) and not _unprocessed(stage))
    stage.assert_sound()


def worked(stage: MoneyStage) -> bool:
    stage.work()
    return True


def _unprocessed(stage: MoneyStage) -> int:
    with stage.tools.reading() as db:
        waiting = select(func.count()).select_from(StripeEvent).where(StripeEvent.processed_at.is_(None))
        return db.scalar(waiting) or 0


def test_an_event_whose_message_was_lost_is_found_by_the_sweep(
    client: FlaskClient, stand: Stand, database: Database, settings: Settings, outside: Outside
) -> None:
    body = charge_event(stand)
    post(client, body, sign(body, SECRET))
    stage = MoneyStage(database, settings, outside, stand)
    sweep_events(stage.tools)
    assert _unprocessed(stage) == 1  # not before a minute has passed
    stage.offset = timedelta(minutes=2)
    sweep_events(stage.tools)
    assert _unprocessed(stage) == 0
