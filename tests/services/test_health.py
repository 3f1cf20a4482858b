"""Health: what waits too long is said, what is in time or given up is not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy.orm import Session

from marketplace.models import JobRun, Mismatch, Notice, OutboxCommand, ReconciliationRun, StripeEvent
from marketplace.services.health import newest_runs, queues, stuck_commands, troubles
from marketplace.services.notice import MOST_TRIES
from tests.services.stage import add_account

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def tick(db: Session, at: datetime) -> None:
    db.add(JobRun(job="outbox.sweep", period=at.isoformat(), started_at=at))
    db.flush()


def test_a_silent_clock_is_trouble_and_a_ticking_one_is_not(db: Session) -> None:
    assert troubles(db, now=NOW) == ["The timetable is silent: no worker or no clock is running"]
    tick(db, NOW - MINUTE)
    assert troubles(db, now=NOW) == []
    assert troubles(db, now=NOW + 10 * MINUTE) != []


def test_an_event_that_nobody_works_on_is_trouble_after_two_hours(db: Session) -> None:
    tick(db, NOW)
    db.add(StripeEvent(id="evt_1", type="x", payload={}, created_at=NOW, received_at=NOW - 119 * MINUTE))
    db.flush()
    assert troubles(db, now=NOW) == []
    tick(db, NOW + 2 * MINUTE)
    assert troubles(db, now=NOW + 2 * MINUTE) == ["Events from Stripe: the oldest of 1 waits too long"]


def test_a_mail_that_was_given_up_no_longer_waits(db: Session) -> None:
    account = add_account(db, "Mira")
    for number, attempts in enumerate((0, MOST_TRIES)):
        db.add(Notice(account_id=account.id, key=f"k{number}", kind="x", title="x", created_at=NOW, attempts=attempts))
    db.flush()
    assert [(queue.name, queue.waiting) for queue in queues(db)][-1] == ("Mails", 1)


def test_calls_that_no_worker_may_decide_are_named(db: Session) -> None:
    for number, state in enumerate(("done", "pending", "unknown", "dead")):
        db.add(
            OutboxCommand(
                kind="transfer.create", about="payout", about_id=1, idempotency_key=f"k{number}", params={},
                state=state, next_at=NOW, created_at=NOW,
            )
        )  # fmt: skip
    db.flush()
    assert [command.state for command in stuck_commands(db)] == ["unknown", "dead"]


def test_only_the_newest_run_of_a_job_is_shown(db: Session) -> None:
    for minutes in (3, 1, 2):
        tick(db, NOW - minutes * MINUTE)
    assert [(run.job, run.started_at) for run in newest_runs(db)] == [("outbox.sweep", NOW - MINUTE)]


def compare(db: Session, at: datetime, *, error: str | None = None) -> None:
    run = ReconciliationRun(kind="hourly", since=at, started_at=at, finished_at=at + MINUTE, balances={}, error=error)
    db.add(run)
    db.flush()


def test_books_that_were_not_compared_for_two_hours_are_trouble_but_not_just_after_the_first_start(
    db: Session,
) -> None:
    tick(db, NOW)
    tick(db, NOW + 119 * MINUTE)
    assert troubles(db, now=NOW + 119 * MINUTE) == []
    tick(db, NOW + 121 * MINUTE)
    late = ["Our books have not been compared with Stripe's for more than two hours"]
    assert troubles(db, now=NOW + 121 * MINUTE) == late
    compare(db, NOW + 120 * MINUTE, error="Stripe is away")
    assert troubles(db, now=NOW + 121 * MINUTE) == late
    compare(db, NOW + 120 * MINUTE)
    assert troubles(db, now=NOW + 121 * MINUTE) == []
    tick(db, NOW + 241 * MINUTE)
    assert troubles(db, now=NOW + 241 * MINUTE) == late


def test_calls_that_nobody_has_decided_for_too_long_are_trouble(db: Session) -> None:
    tick(db, NOW)
    for number, (state, hours) in enumerate((("unknown", 25), ("unknown", 27), ("dead", 0), ("dead", 2))):
        at = NOW - hours * 60 * MINUTE
        db.add(
            OutboxCommand(
                kind="transfer.create", about="payout", about_id=1, idempotency_key=f"k{number}", params={},
                state=state, next_at=NOW, created_at=at, settled_at=at if state == "dead" else None,
            )
        )  # fmt: skip
    db.flush()
    assert troubles(db, now=NOW) == ["Calls to Stripe: 2 have waited too long for a person or a look-up"]


def test_a_broken_rule_of_the_books_is_trouble_until_it_is_settled(db: Session) -> None:
    tick(db, NOW)
    row = Mismatch(
        key="invariant:I4", kind="invariant", state="open", event_key="invariant:I4", currency="USD", says="x",
        first_seen_at=NOW, last_seen_at=NOW,
    )  # fmt: skip
    db.add(row)
    db.flush()
    assert troubles(db, now=NOW) == ["The books break a rule of theirs: I4"]
    row.state = "settled"
    db.flush()
    assert troubles(db, now=NOW) == []
