"""What a person may do about a call to Stripe: ask once more with a new key where that is safe, or look it up now."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.domain.errors import Conflict, Invalid
from marketplace.models import Audit, OutboxCommand
from marketplace.services import connect, refund
from marketplace.services.account import Decider
from marketplace.services.audit import read_trail, record_audit
from marketplace.services.outbox import (
    MOST_LEASES,
    Command,
    add_command,
    has_open_command,
    next_version,
    to_command,
)
from marketplace.services.outbox_read import get_command

NOUN: Final = "outbox_command"
OVER: Final = frozenset({"refused", "dead"})
SHORTEST_WORDS: Final = 10
Again = Callable[[Session, OutboxCommand, Decider, datetime], None]


def _open_account(db: Session, row: OutboxCommand, by: Decider, now: datetime) -> None:
    if connect.open_account(db, actor_id=row.about_id, now=now) is None:
        raise Conflict("The actor has an account by now, or one is being opened. Nothing was changed.")


def _refund(db: Session, row: OutboxCommand, by: Decider, now: datetime) -> None:
    refund.retry_refund(db, refund_id=row.about_id, by=by, now=now)


def _repeat(db: Session, row: OutboxCommand, by: Decider, now: datetime) -> None:
    """The same once more; only for what may happen twice without harm."""
    if has_open_command(db, about=row.about, about_id=row.about_id, kind=row.kind):
        raise Conflict("Such a call is on its way already. Nothing was changed.")
    key = next_version(db, row.idempotency_key.rpartition(":v")[0])
    params = {name: value for name, value in row.params.items() if name != "base_url"}
    add_command(db, kind=row.kind, about=row.about, about_id=row.about_id, key=key, params=params, now=now)


_AGAIN: Final[Mapping[str, Again]] = MappingProxyType(
    {"account.create": _open_account, "refund.create": _refund, "checkout.expire": _repeat}
)
"""Calls that the outbox may ask for again. Every other belongs to a decision elsewhere, which makes the new key."""

ELSEWHERE: Final[Mapping[str, str]] = MappingProxyType(
    {
        "transfer.create": "The payout is on hold. Approving it again sends it with a new key.",
        "transfer.reverse": "The refund went on without it; what the actor owes comes off their next payouts.",
        "checkout.create": "A new checkout is asked for by itself while the slot is held.",
        "dispute.submit": "The evidence can be sent again from the dispute.",
        "card.charge": "The platform is sent a link to pay with, and its time to do so runs.",
    }
)
"""Where a refused call of the other kinds goes on."""


def may_try_again(row: OutboxCommand) -> bool:
    """Whether a new key is allowed: the call is known not to have happened, and its kind is one that may."""
    return row.state in OVER and row.kind in _AGAIN


def try_again(db: Session, command_id: int, *, by: Decider, words: str, now: datetime) -> None:
    """Ask for a call once more, with a new key. Refuses one that may have happened: only a look-up may tell that."""
    row = get_command(db, command_id)
    if row.state not in OVER:
        raise Conflict("It may have happened, so it is only looked up. Nothing was asked of Stripe.")
    if row.kind not in _AGAIN:
        raise Conflict(f"{ELSEWHERE.get(row.kind, 'It is decided elsewhere.')} Nothing was changed.")
    if len(words.strip()) < SHORTEST_WORDS:
        raise Invalid("Say in a sentence why it is asked for again. Nothing was changed.", field="words")
    if _is_superseded(db, row):
        raise Conflict("It has been asked for again already. Nothing was changed.")
    _AGAIN[row.kind](db, row, by, now)
    _audit(db, row, "try_again", by, words.strip(), now)


def begin_look_up(db: Session, command_id: int, *, by: Decider, now: datetime) -> Command:
    """The lost call that a person wants looked up at Stripe now; refuses any other, and one made a moment ago."""
    row = get_command(db, command_id)
    if row.state != "unknown":
        raise Conflict("What became of this call is known, or it is still being made. Nothing was changed.")
    if row.attempts < MOST_LEASES and now < row.next_at:
        at = f"{row.next_at:%H:%M:%S} UTC"
        raise Conflict(f"It may still arrive at Stripe: it can be looked up from {at} on. Nothing was changed.")
    _audit(db, row, "look_up", by, "", now)
    return to_command(row)


def trail_of(db: Session, command_id: int) -> list[Audit]:
    """What people have done about a call, oldest first."""
    return read_trail(db, about=NOUN, about_id=command_id)


def _is_superseded(db: Session, row: OutboxCommand) -> bool:
    later = select(OutboxCommand.id).where(
        OutboxCommand.about == row.about,
        OutboxCommand.about_id == row.about_id,
        OutboxCommand.kind == row.kind,
        OutboxCommand.id > row.id,
    )
    return db.scalar(later.limit(1)) is not None


def _audit(db: Session, row: OutboxCommand, step: str, by: Decider, words: str, now: datetime) -> None:
    record_audit(
        db,
        about=NOUN,
        about_id=row.id,
        step=step,
        party="admin",
        principal_id=by.account_id,
        before={"state": row.state, "key": row.idempotency_key},
        after={},
        reason=words,
        ip=by.ip,
        now=now,
    )
