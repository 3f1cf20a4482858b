"""Payouts: our reviewable record of money due to an actor. Executing one makes a transfer."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import CheckConstraint, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.models.base import Base, Currency, Id, Minor, State, belongs_to
from marketplace.models.column import JsonList


class Payout(Base):
    """Money one booking owes its actor.

    `reasons` are the reasons to look closer with their evidence, as found when it was made and at each look since.
    """

    __tablename__ = "payout"
    __table_args__ = (
        CheckConstraint("amount_minor >= 0 AND netted_minor >= 0 AND netted_minor <= amount_minor", name="amount"),
        Index("ix_payout_state_risk", "state", "risk", "created_at"),
        Index("ix_payout_actor_id", "actor_id", "created_at"),
    )

    id: Mapped[Id]
    booking_id: Mapped[int] = mapped_column(belongs_to("booking"), unique=True)
    actor_id: Mapped[int] = mapped_column(belongs_to("actor"))
    state: Mapped[State]
    currency: Mapped[Currency]
    amount_minor: Mapped[Minor]
    # the marketplace's part of what was agreed when this payout was made; the rest of the funds is not ours to take
    fee_minor: Mapped[Minor | None]
    # what an earlier debt of the actor takes off this payout
    netted_minor: Mapped[Minor] = mapped_column(default=0)
    risk: Mapped[int] = mapped_column(default=0)  # 0 low, 1 medium, 2 high
    reasons: Mapped[JsonList] = mapped_column(default=list)
    # what the actor reads while it is held or rejected
    words: Mapped[str] = mapped_column(Text, default="")
    expected_on: Mapped[date | None]
    # a hold is looked at again by then
    held_until: Mapped[datetime | None]
    # the actor has been asked something, or asks that a decision be looked at again
    asked_at: Mapped[datetime | None]
    appealed_at: Mapped[datetime | None]
    review_due_at: Mapped[datetime]
    # an approval can be undone until then; nothing moves before
    undo_until: Mapped[datetime | None]
    approvals: Mapped[int] = mapped_column(default=0)
    stripe_transfer_id: Mapped[str | None] = mapped_column(String(255), unique=True)
    reversed_minor: Mapped[Minor] = mapped_column(default=0)
    transferred_at: Mapped[datetime | None] = mapped_column(index=True)
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class PayoutEvent(Base):
    """One step in the life of a payout; append-only."""

    __tablename__ = "payout_event"
    # how long payouts are reviewed and held is reckoned from the ends of their stays
    __table_args__ = (Index("ix_payout_event_before", "before", "at"),)

    id: Mapped[Id]
    payout_id: Mapped[int] = mapped_column(belongs_to("payout"), index=True)
    at: Mapped[datetime]
    principal_id: Mapped[int | None] = mapped_column(belongs_to("account"))
    party: Mapped[str] = mapped_column(String(12))
    step: Mapped[str] = mapped_column(String(32))
    before: Mapped[str | None] = mapped_column(String(24))
    after: Mapped[str] = mapped_column(String(24))
    reason: Mapped[str] = mapped_column(Text, default="")
