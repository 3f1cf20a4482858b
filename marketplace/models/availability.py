"""Availability: weekly hours in the actor's zone, and the times taken out of them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.models.base import Base, Id, belongs_to


class WeeklyHours(Base):
    """A stretch of one weekday (0 = Monday) in minutes of the local day; `ends_minute` may be 1440."""

    __tablename__ = "weekly_hours"
    __table_args__ = (
        CheckConstraint("weekday BETWEEN 0 AND 6", name="weekday"),
        CheckConstraint("starts_minute >= 0 AND starts_minute < ends_minute AND ends_minute <= 1440", name="minutes"),
        Index("ix_weekly_hours_actor_id", "actor_id", "weekday"),
    )

    id: Mapped[Id]
    actor_id: Mapped[int] = mapped_column(belongs_to("actor", cascade=True))
    weekday: Mapped[int]
    starts_minute: Mapped[int]
    ends_minute: Mapped[int]


class BookOut(Base):
    """A time the actor is not available, whatever the weekly hours say."""

    __tablename__ = "book_out"
    __table_args__ = (
        CheckConstraint("starts_at < ends_at", name="order"),
        Index("ix_book_out_actor_id", "actor_id", "ends_at"),
    )

    id: Mapped[Id]
    actor_id: Mapped[int] = mapped_column(belongs_to("actor", cascade=True))
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    reason: Mapped[str] = mapped_column(String(120), default="")
    created_at: Mapped[datetime]


class ExtraHours(Base):
    """A time the actor is available beyond the weekly hours."""

    __tablename__ = "extra_hours"
    __table_args__ = (
        CheckConstraint("starts_at < ends_at", name="order"),
        Index("ix_extra_hours_actor_id", "actor_id", "ends_at"),
    )

    id: Mapped[Id]
    actor_id: Mapped[int] = mapped_column(belongs_to("actor", cascade=True))
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    created_at: Mapped[datetime]
