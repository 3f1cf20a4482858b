"""The pace of calls to another company: every process takes its turn from one row, so that together they keep it."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import BigInteger, ColumnElement, case, cast, func, literal
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from marketplace.db import Database
from marketplace.gateways.payment.base import PaymentBusy
from marketplace.models import Pace

STRIPE: Final = "stripe"
JITTER_US: Final = 100_000
"""How far two calls may drift towards each other between their turns and the other company's door."""
LATEST_S: Final = 0.05
"""Who comes later than this after their turn takes another; the rest is for the way."""
ABSURD_US: Final = 120_000_000
"""No queue is that long: the row was written by a clock that was wrong, and starts anew."""
SECOND_US: Final = 1_000_000
REFUSED: Final = "Too many calls to Stripe are waiting. Try again in a minute."


def step_of(per_second: float) -> int:
    """Microseconds between two turns, so that no second sees more than `per_second` calls whatever their jitter."""
    return int((SECOND_US + JITTER_US) / per_second)


@dataclass(frozen=True, slots=True)
class Turn:
    """A taken instant: `wait_s` seconds after `asked_at`, which is by this process's own steady clock."""

    asked_at: float
    wait_s: float


def take_turn(db: Session, *, name: str, step_us: int, most_us: int) -> Turn | None:
    """Take the next free instant in one statement; None when it is not within `most_us`, and nothing is taken then.

    On PostgreSQL the instant is by the database's clock, which machines with different clocks share.
    """
    db.connection()  # on SQLite this waits for the lock, which is no part of the jitter
    asked_at = time.monotonic()
    instant = _instant(db)
    insert: Any = sqlite.insert if db.get_bind().dialect.name == "sqlite" else postgresql.insert
    row = insert(Pace).values(name=name, next_us=instant + step_us)
    is_absurd = Pace.next_us > instant + ABSURD_US
    base = case((is_absurd | (Pace.next_us < instant), instant), else_=Pace.next_us)
    taken = row.on_conflict_do_update(
        index_elements=[Pace.name],
        set_={"next_us": base + step_us},
        where=is_absurd | (Pace.next_us <= instant + most_us),
    ).returning(Pace.next_us - step_us - instant)
    wait_us: int | None = db.execute(taken).scalar()
    return None if wait_us is None else Turn(asked_at, max(0, wait_us) / SECOND_US)


def _instant(db: Session) -> ColumnElement[int]:
    if db.get_bind().dialect.name == "sqlite":
        return literal(time.time_ns() // 1000, BigInteger)
    return cast(func.extract("epoch", func.clock_timestamp()) * SECOND_US, BigInteger)


@dataclass(frozen=True, slots=True)
class Turns:
    """Called before every request to a company: returns when it may leave, after at most `longest_s` seconds.

    PaymentBusy when there is no turn within that time; then no turn is used up. Never called inside a transaction.
    """

    database: Database
    per_second: float
    longest_s: float
    name: str = STRIPE

    def __call__(self) -> None:
        """Wait for a turn; one that was slept past, on a machine that is too busy, is left for another."""
        end = time.monotonic() + self.longest_s
        while True:
            turn = self._take(end - time.monotonic())
            time.sleep(turn.wait_s)
            if time.monotonic() - turn.asked_at - turn.wait_s <= LATEST_S:
                return

    def _take(self, left_s: float) -> Turn:
        if left_s < 0:
            raise PaymentBusy(REFUSED, code="pace")
        most_us = int(left_s * SECOND_US)
        try:
            with self.database.writers.begin() as db:
                turn = take_turn(db, name=self.name, step_us=step_of(self.per_second), most_us=most_us)
        except OperationalError as error:
            raise PaymentBusy(REFUSED, code="pace") from error
        if turn is None:
            raise PaymentBusy(REFUSED, code="pace")
        return turn
