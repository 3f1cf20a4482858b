"""Periodic work on money, events and files: what cannot be worked on stops nothing else, and is given up in the end."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.config import Settings
from marketplace.db import Database
from marketplace.gateways.outside import Outside
from marketplace.gateways.payment import base as stripe
from marketplace.models import Clip, Notice, StripeEvent
from marketplace.services import connect, media, payment_sync, stripe_event
from marketplace.services.stripe_event import MOST_ATTEMPTS
from tests.services.money_stage import MoneyStage
from tests.services.stage import add_actor, add_clip
from tests.stripe_stand import Stand
from workers.sweep import one_by_one
from workers.tasks import media as media_task
from workers.tasks.media import sweep_media
from workers.tasks.payment import poll_accounts, poll_open_checkouts, poll_undelivered, sweep_events


@pytest.fixture
def stage(database: Database, settings: Settings, outside: Outside, stand: Stand) -> MoneyStage:
    return MoneyStage(database, settings, outside, stand)


def test_one_that_breaks_keeps_no_other_waiting() -> None:
    done: list[int] = []

    def work(number: int) -> None:
        if number == 2:
            raise RuntimeError("damaged")
        done.append(number)

    one_by_one("broken", [1, 2, 3], work)
    assert done == [1, 3]


def test_a_checkout_that_cannot_be_read_stops_no_other(stage: MoneyStage, monkeypatch: pytest.MonkeyPatch) -> None:
    broken, fine = stage.accepted(), stage.accepted()
    broken_id = stage.payment(broken).checkout_session_id
    stage.pay(broken)
    stage.pay(fine)
    read = payment_sync.read_checkout

    def read_all_but_one(gateway: stripe.PaymentGateway, checkout_id: str) -> payment_sync.Seen:
        if checkout_id == broken_id:
            raise RuntimeError("nobody expected this answer")
        return read(gateway, checkout_id)

    monkeypatch.setattr(payment_sync, "read_checkout", read_all_but_one)
    poll_open_checkouts(stage.tools)
    assert (stage.booking(broken).state, stage.booking(fine).state) == ("accepted", "confirmed")


def test_an_account_that_cannot_be_read_stops_no_other(stage: MoneyStage, monkeypatch: pytest.MonkeyPatch) -> None:
    actors = []
    for _ in range(2):
        with stage.tools.unit_of_work() as db:
            actors.append(add_actor(db).id)
    accounts = [stage.onboard(actor_id) for actor_id in actors]
    stage.later(timedelta(hours=13))
    note = connect.note_account

    def note_all_but_one(db: Session, seen: stripe.RecipientAccount, *, now: datetime) -> str | None:
        if seen.id == accounts[0]:
            raise RuntimeError("nobody expected this answer")
        return note(db, seen, now=now)

    monkeypatch.setattr(connect, "note_account", note_all_but_one)
    for account in accounts:
        stage.stand.control(f"account/{account}/restricted")
    poll_accounts(stage.tools)
    assert [stage.account(actor_id).state for actor_id in actors] == ["active", "restricted"]


def store_event(stage: MoneyStage, event_id: str, checkout_id: str) -> None:
    event = stripe.IncomingEvent(
        id=event_id,
        kind="checkout.session.completed",
        account_id=None,
        object_id=checkout_id,
        object_kind="checkout.session",
        api_version=None,
        created_at=stage.now,
        is_thin=False,
        payload={"data": {"object": {"object": "checkout.session", "id": checkout_id}}},
    )
    with stage.tools.unit_of_work() as db:
        assert stripe_event.store_event(db, event, now=stage.now)
    stage.queue.clear()


# case 34
def test_a_poisoned_event_stops_no_other_and_is_given_up_with_a_word_to_the_admins(
    stage: MoneyStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage.add_admin()
    booking_id = stage.accepted()
    store_event(stage, "evt_poisoned", "cs_poisoned")
    store_event(stage, "evt_fine", stage.pay(booking_id))
    read = payment_sync.read_checkout

    def read_all_but_one(gateway: stripe.PaymentGateway, checkout_id: str) -> payment_sync.Seen:
        if checkout_id == "cs_poisoned":
            raise ValueError("nobody expected this answer")
        return read(gateway, checkout_id)

    monkeypatch.setattr(payment_sync, "read_checkout", read_all_but_one)
    stage.later(timedelta(seconds=70))
    sweep_events(stage.tools)
    assert stage.booking(booking_id).state == "confirmed"
    for tried in range(1, MOST_ATTEMPTS):
        assert attempts(stage, "evt_poisoned") == tried
        sweep_events(stage.tools)  # not before its time
        assert attempts(stage, "evt_poisoned") == tried
        stage.offset += timedelta(minutes=2**tried)
        sweep_events(stage.tools)
    assert attempts(stage, "evt_poisoned") == MOST_ATTEMPTS
    stage.offset += timedelta(days=2)
    sweep_events(stage.tools)
    assert attempts(stage, "evt_poisoned") == MOST_ATTEMPTS
    with stage.tools.reading() as db:
        told = db.scalars(select(Notice).where(Notice.kind == "stripe_event")).one()
    assert "evt_poisoned" in told.words


def attempts(stage: MoneyStage, event_id: str) -> int:
    with stage.tools.reading() as db:
        return db.get_one(StripeEvent, event_id).attempts


# case 34
def test_an_event_that_kills_its_worker_is_counted_all_the_same(
    stage: MoneyStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    store_event(stage, "evt_deadly", "cs_deadly")

    def die(gateway: object, checkout_id: str) -> None:
        raise SystemExit

    monkeypatch.setattr(payment_sync, "read_checkout", die)
    stage.later(timedelta(minutes=2))
    with pytest.raises(SystemExit):
        sweep_events(stage.tools)
    assert attempts(stage, "evt_deadly") == 1


def test_an_undelivered_event_that_cannot_be_stored_stops_no_other(
    stage: MoneyStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    bodies = [stage.stand.event(body) for body in _events(stage)]
    monkeypatch.setattr(type(stage.stand.gateway), "list_undelivered_events", lambda self, *, since: iter(bodies))
    store = stripe_event.store_event

    def store_all_but_one(db: Session, event: stripe.IncomingEvent, *, now: datetime) -> bool:
        if event.id == bodies[-1].id:
            raise ValueError("a payload nobody can read")
        return store(db, event, now=now)

    monkeypatch.setattr(stripe_event, "store_event", store_all_but_one)
    poll_undelivered(stage.tools)
    with stage.tools.reading() as db:
        stored = set(db.scalars(select(StripeEvent.id)))
    assert stored == {body.id for body in bodies[:-1]}


def _events(stage: MoneyStage) -> list[dict[str, object]]:
    stage.paid()
    return stage.stand.events()


def test_a_file_that_breaks_the_probe_stops_no_other_and_is_refused_after_a_day(
    stage: MoneyStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    with stage.tools.unit_of_work() as db:
        clips = [add_clip(db, add_actor(db), "cold-fury") for _ in range(2)]
        for clip in clips:
            clip.state, clip.created_at = "probing", stage.now - timedelta(hours=1)
        broken, fine = (clip.id for clip in clips)

    def probe(tools: object, purpose: str, id: int) -> None:
        if id == broken:
            raise RuntimeError("no codec expected this")
        with stage.tools.unit_of_work() as db:
            media.note_refusal(db, purpose=purpose, id=id, sentence="Too dark.")

    monkeypatch.setattr(media_task, "probe_media", probe)
    tools = replace(stage.tools, now=lambda: stage.now)
    sweep_media(tools)
    assert [clip_state(stage, id) for id in (broken, fine)] == [("probing", None), ("refused", "Too dark.")]
    stage.offset += timedelta(days=1)
    sweep_media(tools)
    assert clip_state(stage, broken) == ("refused", "We could not look into this file. Please send it again.")


def clip_state(stage: MoneyStage, clip_id: int) -> tuple[str, str | None]:
    with stage.tools.reading() as db:
        clip = db.get_one(Clip, clip_id)
        return clip.state, clip.refusal
