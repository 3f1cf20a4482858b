"""Runs that hold our books against Stripe's, and the differences they found."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.models.base import Base, Currency, Id, Minor, State, belongs_to
from marketplace.models.column import JsonObject


class ReconciliationRun(Base):
    """One comparison: what it looked at, since when, and how it ended. One without an end is running or has died."""

    __tablename__ = "reconciliation_run"
    __table_args__ = (Index("ix_reconciliation_run_kind", "kind", "started_at"),)

    id: Mapped[Id]
    kind: Mapped[str] = mapped_column(String(16))  # hourly, daily, by_hand
    since: Mapped[datetime]
    started_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    looked_at: Mapped[int] = mapped_column(default=0)
    matched: Mapped[int] = mapped_column(default=0)
    mended: Mapped[int] = mapped_column(default=0)
    opened: Mapped[int] = mapped_column(default=0)
    settled: Mapped[int] = mapped_column(default=0)
    # by currency: {"ours_minor": ..., "available_minor": ..., "pending_minor": ...}
    balances: Mapped[JsonObject] = mapped_column(default=dict)
    error: Mapped[str | None] = mapped_column(Text)


class Mismatch(Base):
    """One difference between our books and Stripe's; open until a later run matches it or an admin settles it.

    While one is open, no payout of its booking leaves.
    """

    __tablename__ = "mismatch"
    __table_args__ = (
        Index("ix_mismatch_state", "state", "first_seen_at"),
        Index("ix_mismatch_booking_id", "booking_id", "state"),
    )

    id: Mapped[Id]
    key: Mapped[str] = mapped_column(String(160), unique=True)
    kind: Mapped[str] = mapped_column(String(24))
    state: Mapped[State]  # open, settled
    booking_id: Mapped[int | None] = mapped_column(belongs_to("booking"))
    event_key: Mapped[str] = mapped_column(String(120))
    source_id: Mapped[str | None] = mapped_column(String(255))
    currency: Mapped[Currency]
    ours_minor: Mapped[Minor | None]
    theirs_minor: Mapped[Minor | None]
    says: Mapped[str] = mapped_column(Text)
    first_seen_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    settled_at: Mapped[datetime | None]
    settled_by_id: Mapped[int | None] = mapped_column(belongs_to("account"))
    words: Mapped[str] = mapped_column(Text, default="")
