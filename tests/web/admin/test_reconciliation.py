"""The page of our books beside Stripe's: what differs, the runs, asking for one, and settling a difference."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from marketplace.db import Database
from marketplace.jobs import Job
from marketplace.models import Account, Audit, Mismatch, ReconciliationRun
from tests.conftest import Jobs
from tests.web.page_check import faults
from tests.web.scene import Scene, no_jobs

ClientAs = Callable[[Account], FlaskClient]
PATH = "/admin/reconciliation"


@pytest.fixture
def mismatch_id(scene: Scene, database: Database) -> int:
    """A run has found that a refund differs by a dollar, and a rule that is broken."""
    seen = {
        "ours_minor": 900, "available_minor": 700, "pending_minor": 100, "moving_minor": -100, "posting_id": 1,
        "then_minor": 900, "unexplained_minor": 0,
    }  # fmt: skip
    at = scene.now - timedelta(hours=1)
    with database.unit_of_work(no_jobs) as db:
        row = Mismatch(
            key="refund:re_1", kind="amount_differs", state="open", booking_id=scene.booking_id,
            event_key="refund:re_1", source_id="re_1", currency="USD", ours_minor=-900, theirs_minor=-1000,
            says="Stripe has moved another amount than we have booked", first_seen_at=at, last_seen_at=at,
        )  # fmt: skip
        rule = Mismatch(
            key="invariant:I4", kind="invariant", state="open", event_key="invariant:I4", currency="USD",
            says="Broken: what a booking captured. payment_id 1", first_seen_at=at, last_seen_at=at,
        )  # fmt: skip
        run = ReconciliationRun(
            kind="daily", since=at - timedelta(days=35), started_at=at, finished_at=at + timedelta(seconds=4),
            looked_at=12, matched=15, mended=2, opened=1, balances={"USD": seen},
        )  # fmt: skip
        broke = ReconciliationRun(
            kind="hourly", since=at, started_at=at + timedelta(minutes=30), finished_at=at + timedelta(minutes=31),
            balances={}, error="PaymentUnknown: no answer",
        )  # fmt: skip
        db.add_all([row, rule, run, broke])
        db.flush()
        return row.id


def test_an_empty_page_is_sound(client_as: ClientAs, scene: Scene) -> None:
    page = client_as(scene.ada).get(PATH)
    assert faults(page.text) == []
    assert "Nothing has been compared with Stripe yet." in page.text
    assert "Not compared yet" in page.text


def test_the_page_shows_what_differs_with_both_amounts_the_balances_and_the_runs(
    client_as: ClientAs, scene: Scene, mismatch_id: int
) -> None:
    page = client_as(scene.ada).get(PATH)
    assert page.status_code == 200
    assert faults(page.text) == []
    for words in (
        f'id="mismatch-{mismatch_id}"', "Another amount", "-$9.00", "-$10.00", "-$1.00",
        "A rule of the books is broken", "Every day, in full", "Broke", "PaymentUnknown: no answer", "$7.00", "-$1.00",
    ):  # fmt: skip
        assert words in page.text


def test_asking_for_a_run_starts_it_in_the_worker_once_and_shows_how_far_it_is(
    client_as: ClientAs, scene: Scene, database: Database, jobs: Jobs
) -> None:
    browser = client_as(scene.ada)
    assert browser.post(PATH).status_code == 303
    with database.unit_of_work(no_jobs) as db:
        run = db.scalars(select(ReconciliationRun)).one()
        run.looked_at = 1234
        audited = db.scalars(select(Audit).where(Audit.about == "reconciliation")).one()
    assert (Job.RECONCILE, (run.id,)) in jobs
    assert (audited.principal_id, audited.ip) == (scene.ada.id, "127.0.0.1")
    page = browser.get(PATH)
    assert "1,234 movements looked at" in page.text
    assert "Run now" not in page.text
    assert faults(page.text) == []
    assert browser.post(PATH).status_code == 409


def test_settling_needs_words_and_keeps_what_was_typed(
    client_as: ClientAs, scene: Scene, database: Database, mismatch_id: int
) -> None:
    browser = client_as(scene.ada)
    answer = browser.post(f"{PATH}/{mismatch_id}", data={"words": "short"})
    assert answer.status_code == 422
    assert "Say in a sentence what you found out." in answer.text
    assert ">\nshort</textarea>" in answer.text
    assert faults(answer.text) == []
    assert browser.post(f"{PATH}/{mismatch_id}", data={"words": "The bank kept a dollar."}).status_code == 303
    assert browser.post(f"{PATH}/{mismatch_id}", data={"words": "The bank kept a dollar."}).status_code == 409
    with database.reading() as db:
        row = db.get_one(Mismatch, mismatch_id)
    assert (row.state, row.settled_by_id, row.words) == ("settled", scene.ada.id, "The bank kept a dollar.")
    assert "The bank kept a dollar." in browser.get(PATH).text


def test_only_admins_see_it(client_as: ClientAs, scene: Scene) -> None:
    assert client_as(scene.imani).get(PATH).status_code == 403
