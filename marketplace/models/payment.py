"""Payments of platforms, and what undoes them: refunds and disputes."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.models.base import Base, Currency, Id, Minor, State, belongs_to


class Payment(Base):
    """A platform's charge for one booking, held on the marketplace's balance until the work is accepted.

    Only the function that re-reads the object at Stripe moves `state`.
    """

    __tablename__ = "payment"
    __table_args__ = (
        CheckConstraint("amount_minor > 0", name="amount"),
        CheckConstraint("refunded_minor >= 0 AND refunded_minor <= amount_minor", name="refunded"),
        Index("ix_payment_state", "state", "expires_at"),
    )

    id: Mapped[Id]
    booking_id: Mapped[int] = mapped_column(belongs_to("booking"), unique=True)
    platform_id: Mapped[int] = mapped_column(belongs_to("platform"), index=True)
    state: Mapped[State]
    currency: Mapped[Currency]
    amount_minor: Mapped[Minor]
    refunded_minor: Mapped[Minor] = mapped_column(default=0)
    checkout_session_id: Mapped[str | None] = mapped_column(String(255), unique=True)
    checkout_url: Mapped[str | None] = mapped_column(Text)
    payment_intent_id: Mapped[str | None] = mapped_column(String(255), unique=True)
    charge_id: Mapped[str | None] = mapped_column(String(255), unique=True)
    expires_at: Mapped[datetime | None]
    captured_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class PaymentEvent(Base):
    """One step in the life of a payment; append-only."""

    __tablename__ = "payment_event"

    id: Mapped[Id]
    payment_id: Mapped[int] = mapped_column(belongs_to("payment"), index=True)
    at: Mapped[datetime]
    before: Mapped[str | None] = mapped_column(String(24))
    after: Mapped[str] = mapped_column(String(24))
    reason: Mapped[str] = mapped_column(Text, default="")
    stripe_event_id: Mapped[str | None] = mapped_column(String(255))


class Refund(Base):
    """Money on its way back to a platform."""

    __tablename__ = "refund"
    __table_args__ = (CheckConstraint("amount_minor > 0", name="amount"),)

    id: Mapped[Id]
    payment_id: Mapped[int] = mapped_column(belongs_to("payment"), index=True)
    booking_id: Mapped[int] = mapped_column(belongs_to("booking"), index=True)
    state: Mapped[State]
    currency: Mapped[Currency]
    amount_minor: Mapped[Minor]
    reason: Mapped[str] = mapped_column(Text, default="")
    stripe_refund_id: Mapped[str | None] = mapped_column(String(255), unique=True)
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class Dispute(Base):
    """A chargeback: the payer's bank takes money back until it is won or lost."""

    __tablename__ = "dispute"

    id: Mapped[Id]
    payment_id: Mapped[int] = mapped_column(belongs_to("payment"), index=True)
    booking_id: Mapped[int] = mapped_column(belongs_to("booking"), index=True)
    stripe_dispute_id: Mapped[str] = mapped_column(String(255), unique=True)
    state: Mapped[State]  # open, won, lost
    currency: Mapped[Currency]
    amount_minor: Mapped[Minor]
    fee_minor: Mapped[Minor] = mapped_column(default=0)
    reason: Mapped[str] = mapped_column(String(64), default="")
    evidence_due_at: Mapped[datetime | None]
    opened_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
