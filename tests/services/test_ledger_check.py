"""Every invariant of the money finds the fault that is planted for it, and no other invariant calls it its own."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from marketplace.db import Database
from marketplace.domain import ledger as books
from marketplace.domain.ledger import AccountKind, Place, PostingDraft
from marketplace.domain.money import Money
from marketplace.services import ledger, reconciliation_run
from marketplace.services.ledger_check import run_checks
from marketplace.services.reconciliation_run import DAILY
from tests.services.money_stage import MoneyStage
from workers.tasks.comparison import carry_out

ONE = Money(100, "USD")
OLD = "'2026-01-01 00:00:00'"


def tamper(stage: MoneyStage, *statements: str) -> None:
    """Change rows as somebody with the database's own password would: past triggers and foreign keys."""
    url = stage.tools.settings.database
    (_tamper_sqlite if stage.database.is_sqlite else _tamper_postgresql)(url, statements)


def _tamper_sqlite(url: str, statements: tuple[str, ...]) -> None:
    connection = sqlite3.connect(url.removeprefix("sqlite:///"))
    triggers = connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
    for name, _ in triggers:
        connection.execute(f"DROP TRIGGER {name}")
    for statement in statements:
        connection.execute(statement)
    for _, made in triggers:
        connection.execute(made)
    connection.commit()
    connection.close()


def _tamper_postgresql(url: str, statements: tuple[str, ...]) -> None:
    with psycopg.connect(url, options="-c timezone=UTC -c session_replication_role=replica") as connection:
        for statement in statements:
            connection.execute(statement.encode())


def broken(stage: MoneyStage, *, limit_minor: int = 200_000) -> set[str]:
    with stage.tools.reading() as db:
        checks = run_checks(db, now=stage.now, limit_minor=limit_minor)
    return {check.name for check in checks if check.rows}


def post(stage: MoneyStage, *drafts: PostingDraft) -> None:
    with stage.tools.unit_of_work() as db:
        for each in drafts:
            ledger.post(db, each, now=stage.now)


def sent(stage: MoneyStage) -> int:
    booking_id, payout_id = stage.earned()
    stage.approve(payout_id, stage.add_admin())
    stage.send()
    return booking_id


def nothing(stage: MoneyStage) -> int:
    return 0


def review(stage: MoneyStage) -> int:
    return stage.earned()[0]


def two(stage: MoneyStage) -> int:
    stage.paid()
    return stage.paid()


def compared(stage: MoneyStage) -> int:
    booking_id = stage.paid()
    stage.later(timedelta(minutes=2))
    with stage.tools.unit_of_work() as db:
        run_id = reconciliation_run.begin_run(db, kind=DAILY, now=stage.now)
    carry_out(stage.tools, run_id)
    return booking_id


@dataclass(frozen=True)
class Fault:
    """What is planted where: SQL, with `{id}` for the booking, or postings that our own code would never write.

    `sqlite` and `postgresql` stand for `sql` where the engines do not understand the same.
    """

    name: str
    story: Callable[[MoneyStage], int]
    sql: tuple[str, ...] = ()
    postings: Callable[[int], tuple[PostingDraft, ...]] = lambda booking_id: ()
    sqlite: tuple[str, ...] = ()
    postgresql: tuple[str, ...] = ()

    def on(self, stage: MoneyStage) -> tuple[str, ...]:
        """The statements for this stage's engine."""
        return self.sql or (self.sqlite if stage.database.is_sqlite else self.postgresql)


FAULTS = (
    Fault(
        "I1",
        nothing,
        (
            (
                "INSERT INTO posting (event_key, kind, currency, memo, at, imbalance)"
                f" VALUES ('hollow', 'hollow', 'USD', '', {OLD}, 0)"
            ),
        ),
    ),
    Fault(
        "I2",
        nothing,
        sqlite=("DROP TRIGGER ledger_entry_no_delete",),
        postgresql=("ALTER TABLE posting DISABLE TRIGGER posting_undeleted",),
    ),
    Fault(
        "I2",
        nothing,
        sqlite=("DROP TRIGGER ledger_entry_balance",),
        postgresql=("ALTER TABLE ledger_entry DISABLE TRIGGER ledger_entry_balance",),
    ),
    Fault(
        "I3",
        nothing,
        postings=lambda _: tuple(
            books.draft(key, "bank_payout", [(books.BANK, ONE)], [(books.STRIPE, ONE)], stripe_id="po_1")
            for key in ("bank_payout:po_1", "bank_payout:po_1_again")
        ),
    ),
    Fault("I4", two, ("UPDATE payment SET refunded_minor = 1 WHERE booking_id = {id}",)),
    Fault(
        "I4",
        two,
        postings=lambda id: (
            books.draft("gift", "gift", [(books.funds_of(id), ONE)], [(books.payable_to(1), ONE)], booking_id=id),
        ),
    ),
    Fault(
        "I5",
        sent,
        postings=lambda id: (
            books.draft("reversal:back", "reversal", [(books.STRIPE_FEES, ONE)], [(books.STRIPE, ONE)], booking_id=id),
        ),
    ),
    Fault(
        "I6",
        nothing,
        postings=lambda _: (
            books.draft("net:1", "net", [(books.payable_to(1), ONE)], [(books.receivable_from(1), ONE)]),
        ),
    ),
    Fault(
        "I7",
        sent,
        (
            (
                "UPDATE payout_event SET principal_id = (SELECT a.account_id FROM actor a JOIN payout o ON"
                " o.actor_id = a.id WHERE o.booking_id = {id}) WHERE step = 'approve'"
            ),
        ),
    ),
    Fault("I7", sent, ("UPDATE payout_event SET at = '2027-12-01 00:00:00' WHERE step = 'approve'",)),
    Fault("I7", sent, ("UPDATE payout_event SET step = 'hold' WHERE step = 'approve'",)),
    Fault(
        "I8",
        sent,
        (
            (
                "INSERT INTO mismatch (key, kind, state, booking_id, event_key, currency, says, first_seen_at,"
                " last_seen_at, words)"
                f" VALUES ('k', 'amount_differs', 'open', {{id}}, 'k', 'USD', '', {OLD}, {OLD}, '')"
            ),
        ),
    ),
    Fault(
        "I8",
        sent,
        (
            (
                "UPDATE payment_event SET after = 'disputed' WHERE payment_id = (SELECT id FROM payment"
                " WHERE booking_id = {id}) AND after = 'captured'"
            ),
        ),
    ),
    Fault("I9", sent, ("UPDATE outbox_command SET stripe_id = NULL WHERE kind = 'transfer.create'",)),
    Fault("I10", two, ("UPDATE payment SET currency = 'EUR' WHERE booking_id = {id}",)),
    Fault(
        "I10",
        two,
        ("UPDATE booking SET fee_minor = fee_minor + 1, net_minor = net_minor - 1 WHERE id = {id}",),
    ),
    Fault("I11", two, ("UPDATE booking SET state = 'requested', deadline_at = NULL WHERE id = {id}",)),
    Fault("I11", two, ("UPDATE payment SET state = 'disputed' WHERE booking_id = {id}",)),
    Fault("I11", sent, ("UPDATE payout SET stripe_transfer_id = 'tr_other' WHERE booking_id = {id}",)),
    Fault(
        "I12",
        two,
        sqlite=("UPDATE booking SET actor_id = (SELECT min(actor_id) FROM booking)",),
        postgresql=(
            "ALTER TABLE booking DROP CONSTRAINT booking_slot",
            "UPDATE booking SET actor_id = (SELECT min(actor_id) FROM booking)",
        ),
    ),
    Fault(
        "I13",
        nothing,
        (
            (
                "INSERT INTO outbox_command (kind, about, about_id, idempotency_key, params, state, attempts, next_at,"
                f" created_at) VALUES ('x', 'x', 1, 'k', '{{{{}}}}', 'pending', 0, {OLD}, {OLD})"
            ),
        ),
    ),
    Fault("I14", two, ("UPDATE account SET zone = 'Mars/Olympus'",)),
    Fault(
        "I14",
        two,
        sqlite=("UPDATE booking SET created_at = '2026-11-01T10:00:00+01:00'",),
        postgresql=("ALTER TABLE booking ALTER COLUMN created_at TYPE timestamp without time zone",),
    ),
    Fault("I14", two, ("UPDATE booking SET starts_at = '2026-01-01 10:00:00', busy_from = '2026-01-01 10:00:00'",)),
    Fault(
        "I15",
        compared,
        (
            (
                "UPDATE ledger_entry SET amount_minor = amount_minor * 2 WHERE posting_id ="
                " (SELECT min(id) FROM posting WHERE kind = 'fee')"
            ),
        ),
    ),
    Fault(
        "I16",
        two,
        (
            (
                "INSERT INTO ledger_entry (posting_id, line, ledger_account_id, currency, amount_minor)"
                " SELECT 999999, 1, id, currency, 5 FROM ledger_account WHERE key = 'stripe_fees'"
            ),
        ),
    ),
    Fault(
        "I17",
        review,
        postings=lambda id: (
            books.draft(
                "gift",
                "gift",
                [(Place(AccountKind.STRIPE_FEES), Money(10**6, "USD"))],
                [(books.FEES, Money(10**6, "USD"))],
                booking_id=id,
            ),
        ),
    ),
    Fault("I18", two, ("UPDATE booking SET state = 'cancelled', deadline_at = NULL WHERE id = {id}",)),
)


@pytest.mark.parametrize("fault", FAULTS, ids=[f"{fault.name}-{number}" for number, fault in enumerate(FAULTS)])
def test_a_planted_fault_is_found_by_its_own_invariant_and_by_no_other(stage: MoneyStage, fault: Fault) -> None:
    booking_id = fault.story(stage)
    assert broken(stage) == set()
    post(stage, *fault.postings(booking_id))
    if fault.name == "I2":
        with stage.database.engine.begin() as connection:
            connection.exec_driver_sql(fault.on(stage)[0])
    elif fault.on(stage):
        tamper(stage, *(statement.format(id=booking_id) for statement in fault.on(stage)))
    assert broken(stage) == {fault.name}


def test_two_admins_have_to_have_approved_what_is_above_the_limit(stage: MoneyStage) -> None:
    sent(stage)
    assert broken(stage, limit_minor=1) == {"I7"}


def test_an_empty_database_breaks_nothing_and_says_what_it_could_not_tell(database: Database) -> None:
    with database.reading() as db:
        checks = run_checks(db, now=datetime.now(UTC))
    assert [check.name for check in checks] == [f"I{number}" for number in range(1, 19)]
    assert [check.name for check in checks if check.rows] == []
    assert [check.name for check in checks if check.unchecked] == ["I15"]
