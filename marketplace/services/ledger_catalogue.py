"""Invariants that no plain question can tell: what the database refuses, how it keeps times, what Stripe held last."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from functools import cache
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlalchemy import Column, Integer, Select, String, Table, func, literal_column, or_, select, text
from sqlalchemy.orm import Session

from marketplace.domain import ledger as books
from marketplace.models import Base, Booking, LedgerAccount, LedgerEntry, ReconciliationRun
from marketplace.models.column import UTC, sum_of

HALF_HOUR: Final = timedelta(minutes=30)
KEPT: Final = ("ledger_entry", "posting", "document", "payment_event", "payout_event", "booking_event", "audit")
"""Tables whose rows nobody may change or delete."""
WORDS: Final = 30
"""Name at most so many rows of each column."""
# PostgreSQL's bits of a trigger: fires before, on deletes, on updates
BEFORE, BITS = 2, {"DELETE": 8, "UPDATE": 16}
DAY: Final = "[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]"
CLOCK: Final = "[0-9][0-9]:[0-9][0-9]:[0-9][0-9]"
STORED: Final = (f"{DAY} {CLOCK}", f"{DAY} {CLOCK}.[0-9][0-9][0-9][0-9][0-9][0-9]")
"""How SQLite keeps an instant: in UTC, without a zone."""

Answer = tuple[int, list[str], str]
"""How many were looked at, what breaks the rule, and why it could not be told."""


def check_append_only(db: Session) -> Answer:
    """I2: the database has a trigger for each change that it must refuse, and the one that keeps postings balanced."""
    is_sqlite = db.get_bind().dialect.name == "sqlite"
    there = set(_sqlite_triggers(db) if is_sqlite else _postgresql_triggers(db))
    wanted = [(table, verb) for table in KEPT for verb in ("UPDATE", "DELETE")]
    wanted.append(("ledger_entry", "BALANCE"))
    says = {"BALANCE": "nothing keeps its postings balanced"}
    missing = [f"table {table}, {says.get(verb, f'nothing refuses {verb}')}" for table, verb in wanted
               if (table, verb) not in there]  # fmt: skip
    return len(wanted), missing, ""


def _sqlite_triggers(db: Session) -> Iterator[tuple[str, str]]:
    rows = db.execute(text("SELECT tbl_name, sql FROM sqlite_master WHERE type = 'trigger'"))
    for table, statement in rows:
        words = " ".join(statement.split())
        for verb in BITS:
            if f" BEFORE {verb} " in words and "RAISE(ABORT" in words:
                yield table, verb
        if " AFTER INSERT " in words and "imbalance = imbalance + NEW.amount_minor" in words:
            yield table, "BALANCE"


def _postgresql_triggers(db: Session) -> Iterator[tuple[str, str]]:
    rows = db.execute(
        text("""
        SELECT c.relname, t.tgtype, p.prosrc FROM pg_trigger t
        JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_proc p ON p.oid = t.tgfoid
        WHERE NOT t.tgisinternal AND t.tgenabled IN ('O', 'A') AND c.relnamespace = current_schema()::regnamespace
        """)
    )
    for table, bits, body in rows:
        for verb, bit in BITS.items():
            if bits & BEFORE and bits & bit and "RAISE EXCEPTION" in body:
                yield table, verb
        if not bits & BEFORE and "imbalance = imbalance + NEW.amount_minor" in body:
            yield table, "BALANCE"


def check_times(db: Session) -> Answer:
    """I14: how every time is stored, every zone's name, and that sessions last whole half hours as they were priced."""
    is_sqlite = db.get_bind().dialect.name == "sqlite"
    instants = list(_columns(UTC))
    broken = _wrong_texts(db, instants) if is_sqlite else _wrong_types(db, instants)
    zones = [(table, column) for table, column in _columns(String) if column.name.endswith("zone")]
    broken += [words for table, column in zones for words in _unknown_zones(db, table, column)]
    return len(instants) + len(zones), broken + _wrong_lengths(db), ""


def _columns(kind: type[Any]) -> Iterator[tuple[Table, Column[Any]]]:
    for table in Base.metadata.sorted_tables:
        for column in table.columns:
            if isinstance(column.type, kind):
                yield table, column


def _wrong_texts(db: Session, instants: list[tuple[Table, Column[Any]]]) -> list[str]:
    return [
        f"{table.name} row {number}, {column.name} {value}"
        for table, column in instants
        for number, value in db.execute(_wrong_text(table, column))
    ]


@cache
def _wrong_text(table: Table, column: Column[Any]) -> Select[int, str]:
    """The rows and their texts; over a hundred columns, so each is put together once."""
    stored = literal_column(f'"{table.name}"."{column.name}"', String)
    row = literal_column(f'"{table.name}".rowid', Integer)
    is_right = or_(*(stored.op("GLOB", is_comparison=True)(form) for form in STORED))
    return select(row, stored).select_from(table).where(stored.is_not(None), ~is_right).limit(WORDS)


def _wrong_types(db: Session, instants: list[tuple[Table, Column[Any]]]) -> list[str]:
    rows = db.execute(
        text(
            "SELECT table_name, column_name, data_type FROM information_schema.columns"
            " WHERE table_schema = current_schema()"
        )
    )
    types = {(table, column): kind for table, column, kind in rows}
    there = {(table.name, column.name): types.get((table.name, column.name), "missing") for table, column in instants}
    return [
        f"{table}.{column} is {kind}" for (table, column), kind in there.items() if kind != "timestamp with time zone"
    ]


def _unknown_zones(db: Session, table: Table, column: Column[Any]) -> Iterator[str]:
    for name, count in db.execute(select(column, func.count()).where(column.is_not(None)).group_by(column)):
        if not _is_zone(name):
            yield f"{table.name}.{column.name} {name!r} is no zone ({count} rows)"


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ValueError, OSError, ZoneInfoNotFoundError):
        return False
    return True


def _wrong_lengths(db: Session) -> list[str]:
    """Sessions that do not last the hours their price was reckoned for, as its first line says them."""
    line = Booking.quote["lines"][0]
    priced = select(Booking.id, Booking.starts_at, Booking.ends_at, line["code"].as_string(), line["label"].as_string())
    rows = db.execute(priced.where(~Booking.is_extra).execution_options(yield_per=1000))
    return [
        f"booking_id {id}, lasts {ends_at - starts_at}, priced as {label or 'nothing'}"
        for id, starts_at, ends_at, code, label in rows
        if (ends_at - starts_at) % HALF_HOUR or (code == "session" and label != _of_capture(ends_at - starts_at))
    ]


def _of_capture(length: timedelta) -> str:
    count = f"{length / timedelta(hours=1):g}"
    return f"{count} hour of capture" if count == "1" else f"{count} hours of capture"


def check_balance(db: Session) -> Answer:
    """I15: our account of Stripe's balance at the last comparison, as it is told today, and what Stripe had then."""
    is_good = ReconciliationRun.finished_at.is_not(None) & ReconciliationRun.error.is_(None)
    runs = db.scalars(select(ReconciliationRun).where(is_good).order_by(ReconciliationRun.id.desc()).limit(20))
    run = next((run for run in runs if run.balances), None)
    if run is None:
        return 0, [], "not checked yet: nothing has been compared with Stripe"
    rows = [
        f"{currency}: Stripe had {seen['available_minor'] + seen['pending_minor']}, our books up to posting"
        f" {seen['posting_id']} have {then}, {seen['moving_minor']} was on its way, {left} has no explanation"
        for currency, seen in run.balances.items()
        if (left := _left(seen, then := _then(db, currency, seen["posting_id"])))
    ]
    return len(run.balances), rows, ""


def _left(seen: dict[str, int], then: int) -> int:
    newer = seen["ours_minor"] - seen["then_minor"]
    return seen["available_minor"] + seen["pending_minor"] - seen["moving_minor"] - newer - then


def _then(db: Session, currency: str, posting_id: int) -> int:
    query = (
        select(sum_of(LedgerEntry.amount_minor))
        .join(LedgerAccount, LedgerAccount.id == LedgerEntry.ledger_account_id)
        .where(LedgerAccount.key == books.STRIPE.key, LedgerAccount.currency == currency)
        .where(LedgerEntry.posting_id <= posting_id)
    )
    return db.scalar(query) or 0
