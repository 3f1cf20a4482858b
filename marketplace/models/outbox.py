"""The outbox: every call that moves money is a row first, with its key and its frozen parameters."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.models.base import Base, Id, State
from marketplace.models.column import JsonObject


class OutboxCommand(Base):
    """One call to Stripe that is to happen exactly once.

    Committed together with the state change that wants it; a worker leases it, calls outside any transaction with
    the stored idempotency key, and settles it. `unknown` means: only a look-up at Stripe may decide.
    """

    __tablename__ = "outbox_command"
    __table_args__ = (
        Index("ix_outbox_command_due", "state", "next_at"),
        Index("ix_outbox_command_about", "about", "about_id"),
        Index("ix_outbox_command_state", "state", "id"),
    )

    id: Mapped[Id]
    kind: Mapped[str] = mapped_column(String(40))
    about: Mapped[str] = mapped_column(String(24))  # the noun: booking, payout, actor ...
    about_id: Mapped[int]
    idempotency_key: Mapped[str] = mapped_column(String(120), unique=True)
    params: Mapped[JsonObject]
    state: Mapped[State] = mapped_column(default="pending")  # pending, leased, done, refused, unknown, dead
    attempts: Mapped[int] = mapped_column(default=0)
    next_at: Mapped[datetime]
    lease_until: Mapped[datetime | None]
    first_sent_at: Mapped[datetime | None]
    stripe_id: Mapped[str | None] = mapped_column(String(255), unique=True)
    answer: Mapped[JsonObject | None]
    error: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime]
    settled_at: Mapped[datetime | None]
