"""Calendars: bookings out to people's own calendars, and their busy times in."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.models.base import Base, Id, belongs_to


class CalendarFeed(Base):
    """A secret address that shows one account's bookings; only its digest is kept, so it can be read once."""

    __tablename__ = "calendar_feed"

    id: Mapped[Id]
    account_id: Mapped[int] = mapped_column(belongs_to("account", cascade=True), index=True)
    token_sha256: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    read_at: Mapped[datetime | None]


class CalendarSource(Base):
    """An iCal address that an actor keeps elsewhere. `fetched_at` is the age of the busy times that are used."""

    __tablename__ = "calendar_source"
    __table_args__ = (Index("ix_calendar_source_next_fetch_at", "next_fetch_at"),)

    id: Mapped[Id]
    actor_id: Mapped[int] = mapped_column(belongs_to("actor", cascade=True), index=True)
    label: Mapped[str] = mapped_column(String(80), default="")
    address: Mapped[str] = mapped_column(Text)
    next_fetch_at: Mapped[datetime]
    fetched_at: Mapped[datetime | None]
    failed_at: Mapped[datetime | None]
    failure: Mapped[str] = mapped_column(String(300), default="")
    failures: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime]


class BusyTime(Base):
    """A time that one of an actor's other calendars is busy. What it is about is not kept."""

    __tablename__ = "busy_time"
    __table_args__ = (
        CheckConstraint("starts_at < ends_at", name="order"),
        Index("ix_busy_time_actor_id", "actor_id", "ends_at"),
    )

    id: Mapped[Id]
    calendar_source_id: Mapped[int] = mapped_column(belongs_to("calendar_source", cascade=True), index=True)
    actor_id: Mapped[int] = mapped_column(belongs_to("actor", cascade=True))
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
