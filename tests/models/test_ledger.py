"""The database itself keeps the books balanced and the histories as they were written."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlalchemy import Executable, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from marketplace.db import Database
from marketplace.models import Audit, LedgerAccount, LedgerEntry, Posting
from tests.models.rows import no_jobs

NOW = datetime(2026, 12, 1, tzinfo=UTC)


def post(db: Session, key: str, *amounts: int, currency: str = "USD", entry_currency: str = "USD") -> None:
    posting = Posting(event_key=key, kind="test", currency=currency, at=NOW)
    accounts = [LedgerAccount(key=f"{key}:{i}", kind="test", currency=entry_currency) for i in range(len(amounts))]
    db.add_all([posting, *accounts])
    db.flush()
    for line, (account, amount) in enumerate(zip(accounts, amounts, strict=True)):
        db.add(
            LedgerEntry(
                posting_id=posting.id,
                line=line,
                ledger_account_id=account.id,
                currency=entry_currency,
                amount_minor=amount,
            )
        )
    db.flush()


def test_a_balanced_posting_is_kept(database: Database) -> None:
    with database.unit_of_work(no_jobs) as db:
        post(db, "a", 500, -400, -100)
    with database.reading() as db:
        assert db.scalar(select(func.sum(LedgerEntry.amount_minor))) == 0
        assert db.scalar(select(func.count()).select_from(LedgerEntry)) == 3


@pytest.mark.parametrize("amounts", [(500, -499), (1,), (500, -400, -100, 1)])
def test_an_unbalanced_posting_cannot_be_committed(database: Database, amounts: tuple[int, ...]) -> None:
    with pytest.raises(IntegrityError), database.unit_of_work(no_jobs) as db:
        post(db, "a", *amounts)
    with database.reading() as db:
        assert db.scalar(select(func.count()).select_from(Posting)) == 0


@pytest.mark.parametrize(
    "change",
    [
        update(LedgerEntry).values(amount_minor=7),
        delete(LedgerEntry),
        update(Posting).values(memo="changed"),
        update(Posting).values(event_key="changed"),
        delete(Posting),
    ],
)
def test_what_is_posted_stays(database: Database, change: Executable) -> None:
    with database.unit_of_work(no_jobs) as db:
        post(db, "a", 500, -500)
    with pytest.raises(IntegrityError), database.unit_of_work(no_jobs) as db:
        db.execute(change)


def test_one_event_is_posted_once(database: Database) -> None:
    with database.unit_of_work(no_jobs) as db:
        post(db, "charge:ch_1", 500, -500)
    with pytest.raises(IntegrityError), database.unit_of_work(no_jobs) as db:
        post(db, "charge:ch_1", 500, -500)


def test_a_posting_has_one_currency(database: Database) -> None:
    with pytest.raises(IntegrityError), database.unit_of_work(no_jobs) as db:
        post(db, "a", 500, -500, currency="USD", entry_currency="EUR")


def test_the_audit_trail_is_append_only(database: Database) -> None:
    row = insert(Audit).values(
        at=NOW, party="admin", about="actor", about_id=1, step="verify", before={}, after={}, reason="",
        previous_sha256="0" * 64, sha256="1" * 64,
    )  # fmt: skip
    with database.unit_of_work(no_jobs) as db:
        db.execute(row)
    for change in (update(Audit).values(reason="other"), delete(Audit)):
        with pytest.raises(IntegrityError), database.unit_of_work(no_jobs) as db:
            db.execute(change)
