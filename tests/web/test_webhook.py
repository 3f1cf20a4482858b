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
from marketplace.models import Notice, StripeEvent
from marketplace.sandbox.stripe import WebhookTarget
from marketplace.sandbox.stripe.delivery import sign
from marketplace.sandbox.stripe.server import QuietHandler
from marketplace.services.webhook_refusal import count_refusals
from marketplace.web import create_app
from tests.services.money_stage import MoneyStage
from tests.services.stage import NOW
from tests.stripe_stand import CONNECTED_SECRET, SECRET, THIN_SECRET, Stand, until
from tests.web.scene import Scene, scene
from workers.tasks.payment import process_stripe_event, sweep_events

pytestmark = pytest.mark.both_engines

__all__ = ["scene"]
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


# case 5
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


def of_account(body: str, account_id: str = "acct_1") -> str:
    """The same event, of a connected account."""
    return json.dumps({**json.loads(body), "id": "evt_connected", "account": account_id})


def thin_event(stand: Stand) -> str:
    stand.make_recipient()
    return json.dumps(stand.server.sandbox.state.all("v2.core.event")[0])


@pytest.fixture
def apart(settings: Settings, database: Database, outside: Outside, stand: Stand) -> FlaskClient:
    """A browser of a marketplace whose three endpoints have secrets of their own, each with one still to go."""
    gateway = stand.connect(
        webhook_secrets=("whsec_next", SECRET), connected_secrets=(CONNECTED_SECRET, "whsec_before"),
        thin_secrets=("whsec_next", THIN_SECRET),
    )  # fmt: skip
    made = create_app(
        settings, database, lambda job, ids: None, replace(outside, payment=gateway), later=lambda call: call()
    )
    made.config.update(WTF_CSRF_ENABLED=False, RATELIMIT_ENABLED=False)
    return made.test_client()


# case 5
def test_the_secret_of_another_endpoint_opens_none_of_the_addresses(
    apart: FlaskClient, stand: Stand, database: Database
) -> None:
    snapshot = charge_event(stand)
    bodies = {"own": snapshot, "connected": of_account(snapshot), "thin": thin_event(stand)}
    secrets = {"own": SECRET, "connected": CONNECTED_SECRET, "thin": THIN_SECRET}
    for address, body in bodies.items():
        for owner, secret in secrets.items():
            if owner != address:
                assert post(apart, body, sign(body, secret), PATHS[address]).status_code == 400
    assert stored(database) == 0
    for address, body in bodies.items():
        assert post(apart, body, sign(body, secrets[address]), PATHS[address]).status_code == 200
    assert stored(database) == 3


def test_a_secret_can_be_replaced_while_both_are_given(apart: FlaskClient, stand: Stand, database: Database) -> None:
    body = charge_event(stand)
    assert post(apart, body, sign(body, "whsec_next")).status_code == 200
    other = of_account(body)
    assert post(apart, other, sign(other, "whsec_before"), PATHS["connected"]).status_code == 200
    assert stored(database) == 2


def test_with_secrets_of_their_own_an_event_at_the_wrong_address_is_refused(
    apart: FlaskClient, stand: Stand, database: Database
) -> None:
    own = charge_event(stand)
    connected = of_account(own)
    assert post(apart, connected, sign(connected, SECRET), PATHS["own"]).status_code == 400
    assert post(apart, own, sign(own, CONNECTED_SECRET), PATHS["connected"]).status_code == 400
    assert stored(database) == 0


def test_one_endpoint_with_one_secret_may_send_everything_to_one_address(
    client: FlaskClient, stand: Stand, database: Database
) -> None:
    own = charge_event(stand)
    connected = of_account(own)
    assert post(client, connected, sign(connected, SECRET), PATHS["own"]).status_code == 200
    assert post(client, own, sign(own, SECRET), PATHS["connected"]).status_code == 200
    with database.reading() as db:
        accounts = db.scalars(select(StripeEvent.stripe_account_id).order_by(StripeEvent.id)).all()
    assert sorted(accounts, key=str) == [None, "acct_1"]


# case 6
def test_each_form_of_event_has_its_own_address(client: FlaskClient, stand: Stand, database: Database) -> None:
    thin = thin_event(stand)
    for address in ("own", "connected"):
        assert post(client, thin, sign(thin, SECRET), PATHS[address]).status_code == 400
    assert post(client, thin, sign(thin, SECRET), PATHS["thin"]).status_code == 200
    snapshot = charge_event(stand)
    assert post(client, snapshot, sign(snapshot, SECRET), PATHS["thin"]).status_code == 400
    assert stored(database) == 1


# case 32
def test_what_is_refused_is_counted_and_told_of_once_an_hour(
    client: FlaskClient, stand: Stand, database: Database, scene: Scene
) -> None:
    body = charge_event(stand)
    for _ in range(3):
        post(client, body, sign(body, "whsec_of_a_stranger"))
    post(client, body, sign(body, SECRET), PATHS["thin"])
    with database.reading() as db:
        assert count_refusals(db, since=NOW) == [("own", "signature", 3), ("thin", "form", 1)]
        told = db.scalars(select(Notice).where(Notice.kind == "stripe_event")).all()
    assert {notice.account_id for notice in told} == {scene.ada.id, scene.bo.id}
    assert {notice.title for notice in told} == {"A delivery to a webhook was refused"}
    assert len(told) == 2
    assert "secret or this machine's clock" in told[0].words


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
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
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


# case 1
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
