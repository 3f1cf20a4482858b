"""Messages: what the two sides of a booking write to each other."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.models.base import Base, Id, belongs_to


class Message(Base):
    """One message in the thread of a booking. `token` is the form's: sent twice, it is there once."""

    __tablename__ = "message"
    __table_args__ = (Index("ix_message_booking_id", "booking_id", "created_at"),)

    id: Mapped[Id]
    booking_id: Mapped[int] = mapped_column(belongs_to("booking"))
    account_id: Mapped[int] = mapped_column(belongs_to("account"))
    party: Mapped[str] = mapped_column(String(12))
    words: Mapped[str] = mapped_column(Text)
    token: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime]
