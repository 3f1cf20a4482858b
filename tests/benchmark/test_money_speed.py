"""How fast money's paperwork is done: webhooks from the socket to the books, payouts from review to the transfer.

Each beside bare inserts of the same rows in the same run, for the machine decides the rest.
"""

from __future__ import annotations

import json
import random
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from time import perf_counter
from typing import Any, Final

import pytest
import requests
from sqlalchemy import func, insert, select
from werkzeug.serving import make_server

from marketplace.config import Settings
from marketplace.db import Database
from marketplace.gateways.outside import Outside
from marketplace.models import Base, LedgerEntry, OutboxCommand, PayoutEvent, Posting, StripeEvent
from marketplace.sandbox.stripe.delivery import sign
from marketplace.sandbox.stripe.server import QuietHandler
from marketplace.web import create_app
from tests.services.money_stage import MoneyStage
from tests.stripe_stand import SECRET, Stand

PAYMENTS: Final = 40
PAYOUTS: Final = 40
CLIENTS: Final = 8
TWICE: Final = 0.3
"""So many of the events are delivered a second time."""


@pytest.fixture
def stage(database: Database, settings: Settings, outside: Outside, stand: Stand) -> MoneyStage:
    """Everyone whose money moves."""
    return MoneyStage(database, settings, outside, stand)


@pytest.fixture
def address(stage: MoneyStage, settings: Settings, database: Database, outside: Outside) -> Iterator[str]:
    """The application behind a real socket, one thread a request."""
    paid_outside = replace(outside, payment=stage.stand.gateway)
    app = create_app(settings, database, stage.take, paid_outside, later=lambda call: call())
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=QuietHandler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/webhook/stripe"
    server.shutdown()
    server.server_close()


def rows(stage: MoneyStage, model: type[Base], after: int | str = "") -> list[dict[str, Any]]:
    """What a table holds, as it would be inserted; numbered rows from a number on."""
    table = model.__table__
    query = select(table)
    if isinstance(after, int):
        query = query.where(table.c.id > after)
    with stage.tools.reading() as db:
        return [dict(row) for row in db.execute(query).mappings()]


def last(stage: MoneyStage, model: type[Base]) -> int:
    """The highest number in a table."""
    with stage.tools.reading() as db:
        return int(db.scalar(select(func.max(model.__table__.c.id))) or 0)


def timed(work: Callable[[], object]) -> float:
    """Seconds that it took."""
    started = perf_counter()
    work()
    return perf_counter() - started


def insert_bare(stage: MoneyStage, batches: list[list[tuple[type[Base], dict[str, Any]]]]) -> float:
    """Seconds to insert rows like those, one transaction for each batch, with nothing looked at."""

    def work() -> None:
        for batch in batches:
            with stage.database.writers() as db, db.begin():
                for model, row in batch:
                    db.execute(insert(model), row)

    return timed(work)


def copies_of_postings(stage: MoneyStage, after: int) -> list[list[tuple[type[Base], dict[str, Any]]]]:
    """Every posting since then with its lines under a new number, each a batch of its own."""
    first = last(stage, Posting) + 1
    batches = []
    entries = rows(stage, LedgerEntry)
    for number, row in enumerate(rows(stage, Posting, after), start=first):
        lines = [each for each in entries if each["posting_id"] == row["id"]]
        copy = {**row, "id": number, "event_key": f"bare:{number}", "stripe_id": None, "imbalance": 0}
        batches.append([(Posting, copy), *((LedgerEntry, {**line, "posting_id": number}) for line in lines)])
    return batches


def report(engine: str, what: str, count: int, seconds: float, bare_rows: int, bare: float) -> None:
    """One line of figures; never a threshold."""
    per, alone = count / seconds, count / bare
    sys.stdout.write(
        f"\n{engine:>10}: {count} {what} in {seconds:.2f} s, {per:.0f} a second; bare inserts of the same {bare_rows}"
        f" rows {bare:.2f} s, {alone:.0f} a second; {alone / per:.1f} times faster\n"
    )


@pytest.mark.benchmark
def test_webhooks_from_the_socket_to_the_books(
    stage: MoneyStage, address: str, engine: str, capsys: pytest.CaptureFixture[str]
) -> None:
    bookings = [stage.accepted() for _ in range(PAYMENTS)]
    for booking_id in bookings:
        stage.pay(booking_id)
    bodies = [json.dumps(event) for event in stage.stand.events() if not event.get("account")]
    bodies += random.Random(1).sample(bodies, int(len(bodies) * TWICE))
    random.Random(2).shuffle(bodies)

    def post(body: str) -> int:
        return requests.post(
            address, data=body, headers={"Stripe-Signature": sign(body, SECRET)}, timeout=60
        ).status_code

    def deliver_and_work() -> None:
        with ThreadPoolExecutor(CLIENTS) as pool:
            assert set(pool.map(post, bodies)) == {200}
        stage.work()

    seconds = timed(deliver_and_work)
    assert {stage.booking(each).state for each in bookings} == {"confirmed"}
    stage.assert_sound()
    events = rows(stage, StripeEvent)
    batches: list[list[tuple[type[Base], dict[str, Any]]]] = [
        [(StripeEvent, {**row, "id": f"bare_{row['id']}"})] for row in events
    ]
    batches += copies_of_postings(stage, 0)
    bare = insert_bare(stage, batches)
    with capsys.disabled():
        report(engine, "webhooks", len(bodies), seconds, sum(map(len, batches)), bare)


@pytest.mark.benchmark
def test_payouts_from_review_to_the_transfer(
    stage: MoneyStage, engine: str, capsys: pytest.CaptureFixture[str]
) -> None:
    admin = stage.add_admin()
    payouts = [stage.earned()[1] for _ in range(PAYOUTS)]
    postings, events, commands = (last(stage, model) for model in (Posting, PayoutEvent, OutboxCommand))

    def review_and_send() -> None:
        for payout_id in payouts:
            stage.approve(payout_id, admin)
        stage.send()

    seconds = timed(review_and_send)
    assert {stage.payout(each).state for each in payouts} == {"transferred"}
    stage.assert_sound()
    batches = copies_of_postings(stage, postings)
    for model, after in ((PayoutEvent, events), (OutboxCommand, commands)):
        first = last(stage, model) + 1
        for number, row in enumerate(rows(stage, model, after), start=first):
            copy = {**row, "id": number}
            if model is OutboxCommand:
                copy |= {"idempotency_key": f"bare:{number}", "stripe_id": None}
            batches.append([(model, copy)])
    bare = insert_bare(stage, batches)
    with capsys.disabled():
        report(engine, "payouts", len(payouts), seconds, sum(map(len, batches)), bare)
