"""Notices: what a person is told, in the product and by mail; the row is the mail's outbox."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.models.base import Base, Id, belongs_to


class Notice(Base):
    """One message to one account. `key` keeps it from being sent twice for the same event."""

    __tablename__ = "notice"
    __table_args__ = (
        Index("ix_notice_account_id", "account_id", "read_at", "created_at"),
        Index("ix_notice_to_mail", "mailed_at", "created_at"),
    )

    id: Mapped[Id]
    account_id: Mapped[int] = mapped_column(belongs_to("account", cascade=True))
    key: Mapped[str] = mapped_column(String(120), unique=True)
    kind: Mapped[str] = mapped_column(String(32))
    title: Mapped[str] = mapped_column(String(200))
    words: Mapped[str] = mapped_column(Text, default="")
    path: Mapped[str] = mapped_column(String(200), default="")
    # the mail carries this booking as a calendar entry
    booking_id: Mapped[int | None] = mapped_column(belongs_to("booking"))
    created_at: Mapped[datetime]
    read_at: Mapped[datetime | None]
    mailed_at: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(default=0)


class NoticeSwitch(Base):
    """What one account wants to hear by mail on one topic; without a row, everything."""

    __tablename__ = "notice_switch"

    account_id: Mapped[int] = mapped_column(belongs_to("account", cascade=True), primary_key=True)
    topic: Mapped[str] = mapped_column(String(24), primary_key=True)
    by_mail: Mapped[bool] = mapped_column(default=True)
