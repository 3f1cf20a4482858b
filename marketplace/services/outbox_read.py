"""What admins see of the outbox: the calls to Stripe by their state, those that need a person first."""

from __future__ import annotations

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from marketplace.domain.errors import NotFound
from marketplace.models import Actor, Dispute, OutboxCommand, Payment, Payout, Refund

PAGE: Final = 50
TABS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {"person": ("unknown", "dead"), "waiting": ("pending", "leased"), "refused": ("refused",), "done": ("done",)}
)
WORDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "checkout.create": "Open a checkout",
        "checkout.expire": "Close a checkout",
        "transfer.create": "Send a payout",
        "transfer.reverse": "Take a transfer back",
        "refund.create": "Refund a platform",
        "card.charge": "Charge a saved card",
        "charge.return": "Give a late charge back",
        "dispute.submit": "Send evidence to a bank",
        "account.create": "Open a payout account",
    }
)
"""What each kind of call does, as people say it."""


_BOOKING: Final = {
    "payment": (Payment.id, Payment.booking_id),
    "payout": (Payout.id, Payout.booking_id),
    "refund": (Refund.id, Refund.booking_id),
    "dispute": (Dispute.id, Dispute.booking_id),
}


def count_tabs(db: Session) -> dict[str, int]:
    """How many calls each tab holds, in one statement."""
    rows = db.execute(select(OutboxCommand.state, func.count()).group_by(OutboxCommand.state))
    counts = {state: int(count) for state, count in rows}
    return {name: sum(counts.get(state, 0) for state in states) for name, states in TABS.items()}


def list_commands(db: Session, *, tab: str, q: str = "", page: int = 1) -> tuple[list[OutboxCommand], bool]:
    """A page of a tab, newest first, and whether there are more. `q` is a key or the id of what a call made."""
    query = select(OutboxCommand)
    if q:
        query = query.where(or_(OutboxCommand.idempotency_key == q, OutboxCommand.stripe_id == q))
    else:
        query = query.where(OutboxCommand.state.in_(TABS[tab]))
    rows = db.scalars(query.order_by(OutboxCommand.id.desc()).offset((page - 1) * PAGE).limit(PAGE + 1)).all()
    return list(rows[:PAGE]), len(rows) > PAGE


def get_command(db: Session, command_id: int) -> OutboxCommand:
    """One call; refuses one that is not there."""
    row = db.get(OutboxCommand, command_id, populate_existing=True)
    if row is None:
        raise NotFound("There is no such call.")
    return row


def list_versions(db: Session, row: OutboxCommand) -> list[OutboxCommand]:
    """Every call of the same kind about the same thing, oldest first, this one among them."""
    same = select(OutboxCommand).where(
        OutboxCommand.about == row.about, OutboxCommand.about_id == row.about_id, OutboxCommand.kind == row.kind
    )
    return list(db.scalars(same.order_by(OutboxCommand.id).limit(PAGE)))


def booking_of(db: Session, row: OutboxCommand) -> int | None:
    """The booking behind what a call is about; None for an account's."""
    if row.about == "booking":
        return row.about_id
    column = _BOOKING.get(row.about)
    return None if column is None else db.scalar(select(column[1]).where(column[0] == row.about_id))


def actor_of(db: Session, row: OutboxCommand) -> Actor | None:
    """The actor that a call about an account is about."""
    return db.get(Actor, row.about_id) if row.about == "actor" else None


def show_json(value: object) -> str:
    """Parameters or an answer, laid out."""
    return json.dumps(value, indent=2, ensure_ascii=False)
