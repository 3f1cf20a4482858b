"""How long it takes to check a million ledger entries, beside the time that writing them bare takes in the same run."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from time import perf_counter
from typing import Any, Final

import pytest
from sqlalchemy import Connection, Table, insert, select, text

from marketplace.db import Database
from marketplace.models import Base, Booking
from marketplace.services.ledger_check import run_checks
from tests.services.stage import Story, add_actor

ENTRIES: Final = 1_000_000
PER_BOOKING: Final = 9
ACTORS: Final = 100
TOGETHER: Final = 5_000
STARTS: Final = datetime(2020, 1, 1, 8, tzinfo=UTC)
PRICE, FEE, STRIPE_FEE = 36_000, 2_880, 1_158
Row = dict[str, Any]


def no_jobs(_job: object, _ids: object) -> None:
    """Nobody works here."""


def write(connection: Connection, table: str, rows: Iterator[Row]) -> int:
    """All rows in slices; how many there were."""
    target, count = Base.metadata.tables[table], 0
    while some := list(islice(rows, TOGETHER)):
        connection.execute(insert(target), some)
        count += len(some)
    return count


def copied(connection: Connection, table: Table, change: Callable[[int], Row], numbers: range) -> Iterator[Row]:
    """Rows like the first one of a table, each with changes of its own."""
    first = dict(connection.execute(select(table).limit(1)).mappings().one())
    return ({**first, **change(number)} for number in numbers)


class Trade:
    """A marketplace of `bookings` completed bookings whose money has come, been earned and gone."""

    def __init__(self, database: Database, bookings: int) -> None:
        self.database, self.numbers = database, range(1_000, 1_000 + bookings)
        with database.unit_of_work(no_jobs) as db:
            story = Story(db)
            self.template_id, self.platform_id = story.id, story.platform_id
            self.actors = [add_actor(db).id for _ in range(ACTORS)]
            self.admin_id = story.imani.account_id

    def actor(self, number: int) -> int:
        """Whose booking it is."""
        return self.actors[number % ACTORS]

    def booking(self, number: int) -> Row:
        """Two hours of one day of its actor's; the last come first, for the database looks at all that began before."""
        starts_at = STARTS - timedelta(days=number // ACTORS)
        ends_at = starts_at + timedelta(hours=2)
        return {
            "id": number, "actor_id": self.actor(number), "state": "completed", "deadline_at": None,
            "starts_at": starts_at, "ends_at": ends_at, "busy_from": starts_at, "busy_until": ends_at,
            "total_minor": PRICE + FEE, "net_minor": PRICE, "fee_minor": FEE, "request_token": f"t{number}",
        }  # fmt: skip

    def fill(self) -> None:
        """Everything but the books."""
        with self.database.engine.begin() as connection:
            table = Base.metadata.tables["booking"]
            rows = copied(connection, table, self.booking, self.numbers)
            write(connection, "booking", rows)
            for name, make in (
                ("payment", self._payment), ("payout", self._payout), ("outbox_command", self._command)
            ):  # fmt: skip
                write(connection, name, (make(number) for number in self.numbers))
            write(connection, "payout_event", (each for number in self.numbers for each in self._events(number)))
            write(connection, "ledger_account", self._accounts())

    def _payment(self, number: int) -> Row:
        return {
            "id": number, "booking_id": number, "platform_id": self.platform_id, "state": "captured", "currency": "USD",
            "amount_minor": PRICE + FEE, "refunded_minor": 0, "charge_id": f"ch_{number}", "created_at": STARTS,
            "updated_at": STARTS,
        }  # fmt: skip

    def _payout(self, number: int) -> Row:
        return {
            "id": number, "booking_id": number, "actor_id": self.actor(number), "state": "transferred",
            "currency": "USD", "amount_minor": PRICE, "fee_minor": FEE, "netted_minor": 0, "risk": 0, "reasons": [],
            "words": "", "review_due_at": STARTS, "approvals": 1, "stripe_transfer_id": f"tr_{number}",
            "reversed_minor": 0, "transferred_at": STARTS, "created_at": STARTS, "updated_at": STARTS,
        }  # fmt: skip

    def _command(self, number: int) -> Row:
        return {
            "id": number, "kind": "transfer.create", "about": "payout", "about_id": number,
            "idempotency_key": f"transfer:{number}:v1", "params": {}, "state": "done", "attempts": 1,
            "next_at": STARTS, "stripe_id": f"tr_{number}", "created_at": STARTS,
        }  # fmt: skip

    def _events(self, number: int) -> Iterator[Row]:
        steps = ("create", "clock"), ("approve", "admin"), ("send", "clock"), ("record_transfer", "clock")
        for step, party in steps:
            who = self.admin_id if party == "admin" else None
            yield {
                "payout_id": number, "at": STARTS, "principal_id": who, "party": party, "step": step,
                "before": "review", "after": "review", "reason": "",
            }  # fmt: skip

    def _accounts(self) -> Iterator[Row]:
        for id, kind in enumerate(("stripe_balance", "stripe_fees", "fee_income"), start=1):
            yield {"id": id, "key": kind, "kind": kind, "owner_id": None, "currency": "USD"}
        for index, actor_id in enumerate(self.actors):
            yield _owned(10 + index, "actor_payable", actor_id)
        for number in self.numbers:
            yield _owned(number, "booking_funds", number)

    def postings(self) -> Iterator[Row]:
        """Four for each booking."""
        for number in self.numbers:
            for place, kind in enumerate(("charge", "fee", "earn", "transfer")):
                stripe_id = {"charge": f"ch_{number}", "fee": f"txn_{number}", "transfer": f"tr_{number}"}.get(kind)
                yield {
                    "id": number * 4 + place, "event_key": f"{kind}:{stripe_id or number}", "kind": kind,
                    "currency": "USD", "booking_id": number, "stripe_id": stripe_id, "memo": "", "at": STARTS,
                    "imbalance": 0,
                }  # fmt: skip

    def entries(self) -> Iterator[Row]:
        """Nine for each booking."""
        for number in self.numbers:
            payable = 10 + number % ACTORS
            lines = (
                (0, 1, 1, PRICE + FEE), (0, 2, number, -PRICE - FEE), (1, 1, 2, STRIPE_FEE), (1, 2, 1, -STRIPE_FEE),
                (2, 1, number, PRICE + FEE), (2, 2, payable, -PRICE), (2, 3, 3, -FEE), (3, 1, payable, PRICE),
                (3, 2, 1, -PRICE),
            )  # fmt: skip
            for place, line, account, amount in lines:
                yield {
                    "posting_id": number * 4 + place, "line": line, "ledger_account_id": account, "currency": "USD",
                    "amount_minor": amount,
                }  # fmt: skip


def _owned(id: int, kind: str, owner_id: int) -> Row:
    return {"id": id, "key": f"{kind}:{owner_id}", "kind": kind, "owner_id": owner_id, "currency": "USD"}


def measure(database: Database, entries: int) -> str:
    """Write the books, check them, and say how long both took."""
    trade = Trade(database, entries // PER_BOOKING)
    trade.fill()
    began = perf_counter()
    with database.engine.begin() as connection:
        write(connection, "posting", trade.postings())
        count = write(connection, "ledger_entry", trade.entries())
    wrote = perf_counter() - began
    if not database.is_sqlite:
        with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("ANALYZE"))
    began = perf_counter()
    with database.reading() as db:
        checks = run_checks(db, now=datetime.now(UTC))
        db.execute(select(Booking.id).limit(1))
    checked = perf_counter() - began
    assert [check.name for check in checks if check.rows] == []
    return (
        f"{count:,} entries written bare in {wrote:.1f} s ({count / wrote:,.0f}/s),"
        f" {len(checks)} invariants checked in {checked:.1f} s: {checked / wrote:.2f} of the writing"
    )


@pytest.mark.benchmark
def test_a_million_entries_are_checked(database: Database, engine: str, capsys: pytest.CaptureFixture[str]) -> None:
    said = measure(database, ENTRIES)
    with capsys.disabled():
        sys.stdout.write(f"\n{engine:>10}: {said}\n")
