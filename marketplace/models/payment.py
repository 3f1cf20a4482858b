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
    # a card saved for a charge near the session: whose, which, when, and the last instant to pay by hand
    customer_id: Mapped[str | None] = mapped_column(String(255))
    payment_method_id: Mapped[str | None] = mapped_column(String(255))
    charge_at: Mapped[datetime | None] = mapped_column(index=True)
    pay_by: Mapped[datetime | None]
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
    # a refund that came back is made once more, or the platform is repaid by bank: then this says how
    retry_of_id: Mapped[int | None] = mapped_column(belongs_to("refund"), index=True)
    repaid_words: Mapped[str] = mapped_column(Text, default="")
    repaid_at: Mapped[datetime | None]
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
    # draft, sending, submitted or refused; empty before anything was written
    evidence_state: Mapped[State] = mapped_column(default="")
    evidence_words: Mapped[str] = mapped_column(Text, default="")
    submitted_at: Mapped[datetime | None]
    opened_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]


class DisputeEvidence(Base):
    """A file for the payer's bank, kept by us first and uploaded to Stripe when the evidence is sent."""

    __tablename__ = "dispute_evidence"

    id: Mapped[Id]
    dispute_id: Mapped[int] = mapped_column(belongs_to("dispute"), index=True)
    # the bank's own name of what it shows: service_documentation, customer_communication, receipt ...
    kind: Mapped[str] = mapped_column(String(40))
    file_key: Mapped[str] = mapped_column(String(200), unique=True)
    file_name: Mapped[str] = mapped_column(String(120))
    media_type: Mapped[str] = mapped_column(String(60))
    size: Mapped[int]
    stripe_file_id: Mapped[str | None] = mapped_column(String(255), unique=True)
    account_id: Mapped[int] = mapped_column(belongs_to("account"))
    created_at: Mapped[datetime]
