"""The outbox: a call that moves money is a row first, with its key and frozen parameters; a worker carries it out.

pending -> leased -> done | refused | pending again | unknown -> done | refused. What may have moved money is never
given up: it stays unknown until a look-up at Stripe has told. Dead is a fault of ours in a call that moves nothing.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import func, or_, select, update
from sqlalchemy.orm import Session

from marketplace.jobs import Job, enqueue
from marketplace.models import OutboxCommand
from marketplace.services.notice import notify_admins
from marketplace.services.once import insert_once

NO_WAIT: Final = timedelta(0)
LEASE: Final = timedelta(minutes=3)
"""Longer than one call with all its tries can take."""
KEY_LIVES: Final = timedelta(hours=23)
"""Stripe forgets a key after 24 h: a later call with it would happen a second time."""
MOST_ATTEMPTS: Final = 12
MOST_LEASES: Final = 2 * MOST_ATTEMPTS
MOST_LOOK_UPS: Final = 12
"""After so many look-ups without an answer people are told, and it is looked up now and then only."""
FIRST_WAIT_S: Final = 5
LONGEST_WAIT_S: Final = 900
LOOK_UP_AFTER: Final = timedelta(minutes=10)
"""A call whose answer was lost may still be running at Stripe for a moment."""
LOOK_UP_SELDOM: Final = timedelta(hours=6)
VERSIONS_AT_ONCE: Final = 8


@dataclass(frozen=True, slots=True)
class Command:
    """A leased command, as it is carried out. `params` and `key` never change once it has been sent."""

    id: int
    kind: str
    about: str
    about_id: int
    key: str
    params: dict[str, Any]
    attempts: int
    first_sent_at: datetime


def add_command(
    db: Session,
    *,
    kind: str,
    about: str,
    about_id: int,
    key: str,
    params: dict[str, Any],
    now: datetime,
    wait: timedelta = NO_WAIT,
) -> int | None:
    """Ask for a call, with the state change that wants it; its id, or None when this key was asked for before.

    It is made at once, or by the sweep after `wait`.
    """
    made = insert_once(
        db,
        OutboxCommand,
        kind=kind,
        about=about,
        about_id=about_id,
        idempotency_key=key,
        params=params,
        state="pending",
        attempts=0,
        next_at=now + wait,
        created_at=now,
    )
    if made is None:
        return None
    if not wait:
        enqueue(db, Job.RUN_OUTBOX, made)
    return int(made)


def claim_command(db: Session, command_id: int, *, base_url: str, now: datetime) -> Command | None:
    """Lease a command that is due, for this worker alone; None when it is not, or when its key has grown too old.

    Our own address is frozen into the parameters when the command is first sent.
    """
    row = db.get(OutboxCommand, command_id, populate_existing=True)
    if row is None or not _is_due(row, now):
        return None
    if row.first_sent_at is not None and now - row.first_sent_at > KEY_LIVES:
        _write(db, row, state="unknown", next_at=now, lease_until=None, error="The key has grown too old to be sent.")
        return None
    if row.attempts >= MOST_LEASES:
        _give_up_sending(db, row, now)
        return None
    params = row.params if row.first_sent_at else {**row.params, "base_url": base_url}
    first_sent_at = row.first_sent_at or now
    leased = _write(
        db,
        row,
        state="leased",
        lease_until=now + LEASE,
        attempts=row.attempts + 1,
        first_sent_at=first_sent_at,
        params=params,
    )
    if not leased:
        return None
    return Command(
        row.id, row.kind, row.about, row.about_id, row.idempotency_key, params, row.attempts + 1, first_sent_at
    )


def _give_up_sending(db: Session, row: OutboxCommand, now: datetime) -> None:
    """No worker comes to an end with it: it is called no more, and looked up."""
    words = "Every worker that took it has died. It is looked up at Stripe."
    if _write(db, row, state="unknown", next_at=now + LOOK_UP_AFTER, lease_until=None, error=words):
        tell_admins(db, command_id=row.id, call=f"{row.kind} ({row.idempotency_key})", words=words, now=now)


def tell_admins(db: Session, *, command_id: int, call: str, words: str, now: datetime) -> None:
    """A call that needs a person: once for each command."""
    notify_admins(
        db,
        key=f"outbox:{command_id}:dead",
        kind="outbox",
        title="A call to Stripe needs a person",
        words=f"{call}: {words}",
        path=f"/admin/outbox/{command_id}",
        now=now,
    )


def _is_due(row: OutboxCommand, now: datetime) -> bool:
    if row.state == "leased":
        return row.lease_until is not None and row.lease_until <= now
    return row.state == "pending" and row.next_at <= now


def _write(db: Session, row: OutboxCommand, **values: Any) -> bool:
    """Change a row that is still as it was read: `attempts` counts the leases, so it tells two apart."""
    guarded = (
        update(OutboxCommand)
        .where(OutboxCommand.id == row.id, OutboxCommand.state == row.state, OutboxCommand.attempts == row.attempts)
        .values(**values)
        .returning(OutboxCommand.id)
        .execution_options(synchronize_session=False)
    )
    return db.execute(guarded).first() is not None


def find_due(db: Session, *, now: datetime, limit: int = 100) -> Sequence[int]:
    """Commands to carry out now, oldest first: new ones, ones to try again, and those whose worker has died."""
    due = or_(
        (OutboxCommand.state == "pending") & (OutboxCommand.next_at <= now),
        (OutboxCommand.state == "leased") & (OutboxCommand.lease_until <= now),
    )
    return db.scalars(
        select(OutboxCommand.id).where(due).order_by(OutboxCommand.next_at, OutboxCommand.id).limit(limit)
    ).all()


def find_lost(db: Session, *, now: datetime, limit: int = 100) -> list[Command]:
    """Commands whose outcome only a look-up at Stripe can tell."""
    rows = db.scalars(
        select(OutboxCommand)
        .where(OutboxCommand.state == "unknown", OutboxCommand.next_at <= now)
        .order_by(OutboxCommand.next_at, OutboxCommand.id)
        .limit(limit)
    )
    return [to_command(row) for row in rows]


def to_command(row: OutboxCommand) -> Command:
    """A row as it is carried out or looked up."""
    begun = row.first_sent_at or row.created_at
    return Command(row.id, row.kind, row.about, row.about_id, row.idempotency_key, row.params, row.attempts, begun)


def settle_done(db: Session, command: Command, *, stripe_id: str | None, answer: dict[str, Any], now: datetime) -> bool:
    """It happened, and made the object `stripe_id` if it makes one. False when another worker has said so already."""
    return _settle(
        db, command, state="done", stripe_id=stripe_id, answer=answer, error=None, lease_until=None, settled_at=now
    )


def settle_refused(db: Session, command: Command, *, error: str, code: str, now: datetime) -> bool:
    """It will not happen. A new try is a new command with a new key, by rule or by a person."""
    return _settle(db, command, state="refused", error=error, answer={"code": code}, lease_until=None, settled_at=now)


def settle_dead(db: Session, command: Command, *, error: str, now: datetime) -> bool:
    """A fault of ours: a person must look at it."""
    return _settle(db, command, state="dead", error=error, lease_until=None, settled_at=now)


def settle_later(db: Session, command: Command, *, error: str, now: datetime) -> str:
    """Try again with the same key, later each time; `unknown` once it has been tried too often or for too long."""
    tried_enough = command.attempts >= MOST_ATTEMPTS or now - command.first_sent_at > KEY_LIVES
    if tried_enough:
        _settle(db, command, state="unknown", error=error, lease_until=None, next_at=now + LOOK_UP_AFTER)
        return "unknown"
    wait = min(FIRST_WAIT_S * 2 ** (command.attempts - 1), LONGEST_WAIT_S)
    next_at = now + timedelta(seconds=wait * random.uniform(0.5, 1.5))
    _settle(db, command, state="pending", error=error, lease_until=None, next_at=next_at)
    return "pending"


def settle_lost(db: Session, command: Command, *, error: str, now: datetime) -> bool:
    """Only a look-up can tell what became of it; it is never called again."""
    return _settle(db, command, state="unknown", error=error, lease_until=None, next_at=now + LOOK_UP_AFTER)


def postpone(db: Session, command: Command, *, error: str, now: datetime) -> bool:
    """Look a lost command up again later, behind the others; True once it was tried so often that people must know.

    Look-ups are counted on from `MOST_LEASES`, however many calls there were before.
    """
    tries = command.attempts + 1
    is_hopeless = tries >= MOST_LEASES + MOST_LOOK_UPS
    wait = LOOK_UP_SELDOM if is_hopeless else LOOK_UP_AFTER
    _settle(db, command, state="unknown", attempts=max(tries, MOST_LEASES), error=error, next_at=now + wait)
    return is_hopeless


def _settle(db: Session, command: Command, **values: Any) -> bool:
    """Change a command that is still open; what has been settled stays."""
    guarded = (
        update(OutboxCommand)
        .where(OutboxCommand.id == command.id, OutboxCommand.state.in_(("pending", "leased", "unknown")))
        .values(**values)
        .returning(OutboxCommand.id)
        .execution_options(synchronize_session=False)
    )
    return db.execute(guarded).first() is not None


def next_version(db: Session, stem: str) -> str:
    """The next key of a call that may be asked for again: `stem:v1`, `stem:v2` ..., none of them left out.

    Whole keys are looked for: a search for how they begin would read every command there ever was.
    """
    last = 0
    while True:
        keys = [f"{stem}:v{last + step}" for step in range(1, VERSIONS_AT_ONCE + 1)]
        used = select(func.count()).where(OutboxCommand.idempotency_key.in_(keys))
        found = int(db.scalar(used) or 0)
        last += found
        if found < VERSIONS_AT_ONCE:
            return f"{stem}:v{last + 1}"


def withdraw_command(db: Session, *, about: str, about_id: int, kind: str, words: str, now: datetime) -> bool:
    """Nobody wants these calls any more: those that were never sent are not made, and whether there were any.

    What was sent runs its course. `words` say why.
    """
    unsent = (
        OutboxCommand.about == about,
        OutboxCommand.about_id == about_id,
        OutboxCommand.kind == kind,
        OutboxCommand.state == "pending",
        OutboxCommand.first_sent_at.is_(None),
    )
    withdrawn = (
        update(OutboxCommand)
        .where(*unsent)
        .values(state="refused", error=words, answer={"code": "withdrawn"}, settled_at=now)
        .returning(OutboxCommand.id)
        .execution_options(synchronize_session=False)
    )
    return db.execute(withdrawn).first() is not None


def has_open_command(db: Session, *, about: str, about_id: int, kind: str) -> bool:
    """Whether such a call is still to be carried out or looked up."""
    query = select(OutboxCommand.id).where(
        OutboxCommand.about == about,
        OutboxCommand.about_id == about_id,
        OutboxCommand.kind == kind,
        OutboxCommand.state.in_(("pending", "leased", "unknown")),
    )
    return db.scalar(query.limit(1)) is not None
