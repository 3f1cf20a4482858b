"""Events that Stripe has sent: stored once, answered at once, worked on later."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.models.base import Base
from marketplace.models.column import JsonObject


class StripeEvent(Base):
    """A verified event. Its payload only says where to look: the object is read again before anything moves."""

    __tablename__ = "stripe_event"
    __table_args__ = (
        Index("ix_stripe_event_waiting", "processed_at", "received_at"),
        Index("ix_stripe_event_received_at", "received_at"),
    )

    id: Mapped[str] = mapped_column(String(255), primary_key=True)
    stripe_account_id: Mapped[str | None] = mapped_column(String(255))
    type: Mapped[str] = mapped_column(String(120))
    object_id: Mapped[str | None] = mapped_column(String(255), index=True)
    payload: Mapped[JsonObject]
    created_at: Mapped[datetime]
    received_at: Mapped[datetime]
    processed_at: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(default=0)
    error: Mapped[str | None] = mapped_column(Text)
    # when a person last asked for it to be worked on again; tries and waiting are counted from then
    replayed_at: Mapped[datetime | None]


class WebhookRefusal(Base):
    """How many deliveries one of our webhook addresses refused in one hour: none of them is stored."""

    __tablename__ = "webhook_refusal"

    address: Mapped[str] = mapped_column(String(16), primary_key=True)  # own, connected, thin
    reason: Mapped[str] = mapped_column(String(16), primary_key=True)  # signature, form
    hour: Mapped[datetime] = mapped_column(primary_key=True)
    count: Mapped[int] = mapped_column(default=0)
