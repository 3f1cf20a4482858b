"""Events that cannot be worked on: given up after bounded tries, told of, and in nobody's way."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.event import listen

from marketplace.gateways.payment.base import PaymentRefused
from marketplace.models import Notice, StripeEvent
from marketplace.services.account import Decider
from marketplace.services.stripe_event import MOST_ATTEMPTS, RETRY_AFTER, begin_event, find_waiting
from marketplace.services.stripe_event_replay import replay_event
from tests.services.money_stage import MoneyStage
from workers.tasks.payment import poll_undelivered, process_stripe_event, sweep_events

CHECKOUTS = "^/v1/checkout/sessions/"
MALFORMED: list[dict[str, Any]] = [
    {},
    {"data": []},
    {"data": {"object": "nothing"}},
    {"data": {"object": {"object": "checkout.session"}}},
    {"data": {"object": {"object": "charge"}}},
    {"data": {"object": {"object": "transfer", "id": {"no": "text"}}}},
]


def store(stage: MoneyStage, event_id: str, payload: dict[str, Any], kind: str = "charge.succeeded") -> None:
    with stage.tools.unit_of_work() as db:
        db.add(
            StripeEvent(
                id=event_id, type=kind, payload=payload, created_at=stage.now, received_at=stage.now, attempts=0
            )
        )


def event(stage: MoneyStage, event_id: str) -> StripeEvent:
    with stage.tools.reading() as db:
        return db.get_one(StripeEvent, event_id)


# case 34
@pytest.mark.parametrize("payload", MALFORMED)
def test_a_malformed_event_is_in_nobodys_way_and_never_tried_for_ever(
    stage: MoneyStage, payload: dict[str, Any]
) -> None:
    nora = stage.add_admin()
    booking_id = stage.accepted()
    stage.pay(booking_id)
    store(stage, "evt_poison", payload)
    store(stage, "evt_bank", payload, "account.external_account.updated")
    store(stage, "evt_good", stage.stand.events("checkout.session.completed")[0], "checkout.session.completed")
    for tries in range(MOST_ATTEMPTS + 2):
        stage.offset += RETRY_AFTER * 2**tries + timedelta(seconds=1)
        sweep_events(stage.tools)
    assert stage.booking(booking_id).state == "confirmed"
    for poisoned in (event(stage, "evt_poison"), event(stage, "evt_bank")):
        assert poisoned.processed_at is not None or poisoned.attempts == MOST_ATTEMPTS
    with stage.tools.reading() as db:
        assert list(find_waiting(db, now=stage.now)) == []
        told = db.scalars(select(Notice.account_id).where(Notice.kind == "stripe_event")).all()
    given_up = [name for name in ("evt_poison", "evt_bank") if event(stage, name).processed_at is None]
    assert list(told) == [nora] * len(given_up)
    stage.assert_sound()


def test_an_event_asked_for_again_is_tried_as_if_it_had_just_come(stage: MoneyStage) -> None:
    by = Decider(stage.add_admin())
    store(stage, "evt_poison", {"data": {"object": {"object": "checkout.session"}}})
    with stage.tools.unit_of_work() as db:
        db.get_one(StripeEvent, "evt_poison").attempts = MOST_ATTEMPTS
    stage.offset += timedelta(days=3)
    with stage.tools.unit_of_work() as db:
        replay_event(db, "evt_poison", by=by, now=stage.now)
    with pytest.raises(KeyError):
        stage.work()
    row = event(stage, "evt_poison")
    assert (row.attempts, row.processed_at) == (1, None)
    assert "KeyError" in (row.error or "")
    with stage.tools.reading() as db:
        assert list(find_waiting(db, now=stage.now)) == []  # two minutes are waited for
        assert list(find_waiting(db, now=stage.now + 2 * RETRY_AFTER + timedelta(seconds=1))) == ["evt_poison"]


# case 34
def test_an_event_that_kills_every_worker_is_given_up_and_told_of_once(stage: MoneyStage) -> None:
    stage.add_admin()
    store(stage, "evt_deadly", {"data": {"object": {"object": "charge", "id": "ch_1"}}})
    for _ in range(MOST_ATTEMPTS):
        with stage.tools.unit_of_work() as db:
            assert begin_event(db, "evt_deadly")  # and here the worker dies
    with stage.tools.unit_of_work() as db:
        assert not begin_event(db, "evt_deadly")
    sweep_events(stage.tools)
    assert event(stage, "evt_deadly").error is None  # the last try may still be going on
    stage.offset += timedelta(days=1)
    for _ in range(2):
        sweep_events(stage.tools)
    row = event(stage, "evt_deadly")
    assert (row.attempts, row.processed_at, row.error) == (MOST_ATTEMPTS, None, "Every worker that took it has died.")
    with stage.tools.reading() as db:
        assert db.scalar(select(func.count()).where(Notice.kind == "stripe_event")) == 1


@pytest.mark.parametrize(("kind", "about"), [("account_person.updated", "person_1"), ("account_link.returned", None)])
def test_a_thin_event_that_is_about_no_account_is_nothing_to_work_on(
    stage: MoneyStage, kind: str, about: str | None
) -> None:
    with stage.tools.unit_of_work() as db:
        db.add(
            StripeEvent(
                id="evt_thin", type=f"v2.core.{kind}", object_id=about, payload={}, created_at=stage.now,
                received_at=stage.now, attempts=0,
            )
        )  # fmt: skip
    process_stripe_event(stage.tools, "evt_thin")
    done = event(stage, "evt_thin")
    assert (done.processed_at is not None, done.error) == (True, None)
    assert stage.stand.calls("GET", "^/v2/core/accounts") == []


def test_an_event_whose_object_stripe_will_not_show_waits_and_one_of_nobody_does_not(stage: MoneyStage) -> None:
    booking_id = stage.accepted()
    stage.pay(booking_id)
    store(stage, "evt_paid", stage.stand.events("checkout.session.completed")[0])
    stage.stand.fault("status", CHECKOUTS, verb="GET", status=400, code="parameter_unknown")
    with pytest.raises(PaymentRefused):
        process_stripe_event(stage.tools, "evt_paid")
    waiting = event(stage, "evt_paid")
    assert waiting.processed_at is None
    assert "PaymentRefused" in (waiting.error or "")
    store(stage, "evt_gone", {"data": {"object": {"object": "checkout.session", "id": "cs_of_nobody"}}})
    process_stripe_event(stage.tools, "evt_gone")
    assert event(stage, "evt_gone").processed_at is not None
    process_stripe_event(stage.tools, "evt_paid")
    stage.work()
    assert stage.booking(booking_id).state == "confirmed"


# case 3
def test_what_stripe_could_not_deliver_is_kept_once_and_not_written_again_each_time(
    stage: MoneyStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    booking_id = stage.accepted()
    stage.pay(booking_id)
    lost = [stage.stand.event(body) for body in stage.stand.events("checkout.session.completed")]
    monkeypatch.setattr(stage.stand.gateway, "list_undelivered_events", lambda *, since: iter(lost))
    poll_undelivered(stage.tools)
    stage.work()
    assert stage.booking(booking_id).state == "confirmed"
    written: list[str] = []
    listen(stage.database.engine, "before_cursor_execute", lambda *given: written.append(str(given[2])))
    poll_undelivered(stage.tools)
    assert [statement for statement in written if statement.startswith("INSERT")] == []
    assert any("stripe_event" in statement for statement in written)
