"""The books on both engines: once, balanced at commit, never changed, and checked by questions."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlalchemy import text, update
from sqlalchemy.exc import DatabaseError, IntegrityError

from marketplace.db import Database
from marketplace.domain import ledger as books
from marketplace.domain.money import Money
from marketplace.models import LedgerEntry, Posting
from marketplace.services import ledger
from marketplace.services.ledger_check import run_checks

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
PAYOUT = books.bank_payout_sent(bank_payout_id="po_1", amount=Money(500, "USD"))


def nothing(*_: object) -> None:
    pass


def test_an_event_is_booked_once(database: Database) -> None:
    with database.unit_of_work(nothing) as db:
        assert ledger.post(db, PAYOUT, now=NOW)
        assert not ledger.post(db, PAYOUT, now=NOW)
    with database.unit_of_work(nothing) as db:
        assert not ledger.post(db, PAYOUT, now=NOW)
        assert ledger.is_posted(db, "bank_payout:po_1")
        assert ledger.list_balances(db) == [("bank", "USD", 500), ("stripe_balance", "USD", -500)]
        assert ledger.balance_of(db, books.BANK, "USD") == 500
        assert ledger.balance_of(db, books.BANK, "EUR") == 0


def test_currencies_are_kept_apart(database: Database) -> None:
    euros = books.bank_payout_sent(bank_payout_id="po_2", amount=Money(300, "EUR"))
    with database.unit_of_work(nothing) as db:
        ledger.post(db, PAYOUT, now=NOW)
        ledger.post(db, euros, now=NOW)
        assert ledger.balance_of(db, books.BANK, "EUR") == 300
        assert ledger.balance_of(db, books.BANK, "USD") == 500


def post_too_much(database: Database) -> None:
    with database.unit_of_work(nothing) as db:
        ledger.post(db, PAYOUT, now=NOW)
        bank = ledger.account_id(db, books.BANK, "USD")
        db.add(LedgerEntry(posting_id=1, line=3, ledger_account_id=bank, currency="USD", amount_minor=1))


def test_a_posting_that_does_not_sum_to_zero_cannot_be_committed(database: Database) -> None:
    with pytest.raises(IntegrityError):
        post_too_much(database)
    with database.reading() as db:
        assert ledger.list_balances(db) == []


def test_what_is_booked_cannot_be_changed(database: Database) -> None:
    with database.unit_of_work(nothing) as db:
        ledger.post(db, PAYOUT, now=NOW)
    for change in (update(LedgerEntry).values(amount_minor=1), update(Posting).values(event_key="other")):
        with pytest.raises(DatabaseError), database.unit_of_work(nothing) as db:
            db.execute(change)


def test_sound_books_pass_every_check(database: Database) -> None:
    with database.unit_of_work(nothing) as db:
        ledger.post(db, PAYOUT, now=NOW)
    with database.reading() as db:
        checks = run_checks(db, now=NOW)
    assert [check.name for check in checks if check.rows] == []
    assert next(check for check in checks if check.name == "I1").looked_at == 1


def test_a_check_names_the_rows_that_break_it(database: Database) -> None:
    with database.unit_of_work(nothing) as db:
        db.execute(
            text(
                "INSERT INTO outbox_command (kind, about, about_id, idempotency_key, params, state, attempts, next_at,"
                " created_at) VALUES ('transfer.create', 'x', 1, 'k', '{}', 'done', 1, :at, :at)"
            ),
            {"at": "2026-11-23 08:00:00"},
        )
    with database.reading() as db:
        broken = {check.name: check.rows for check in run_checks(db, now=NOW) if check.rows}
    assert broken == {"I9": ["id 1, named k"]}
