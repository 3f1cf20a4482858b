"""Clips: the public sample videos of an actor, with the flavours they show."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from marketplace.models.base import Base, Id, State, belongs_to


class Clip(Base):
    """A short video on an actor's page. Shown only while ready and with display consent given."""

    __tablename__ = "clip"
    __table_args__ = (
        Index("ix_clip_actor_id_position", "actor_id", "position"),
        Index("ix_clip_state", "state", "created_at"),
    )

    id: Mapped[Id]
    actor_id: Mapped[int] = mapped_column(belongs_to("actor", cascade=True))
    title: Mapped[str] = mapped_column(String(120))
    role: Mapped[str] = mapped_column(String(120), default="")
    state: Mapped[State] = mapped_column(default="probing")  # probing, ready, refused
    refusal: Mapped[str | None] = mapped_column(String(300))
    storage_key: Mapped[str] = mapped_column(String(200), unique=True)
    poster_key: Mapped[str | None] = mapped_column(String(200))
    content_type: Mapped[str] = mapped_column(String(80))
    bytes: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str] = mapped_column(String(64))
    duration_ms: Mapped[int | None]
    width: Mapped[int | None]
    height: Mapped[int | None]
    display_consent_at: Mapped[datetime | None]
    position: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime]

    flavours: Mapped[list[ClipFlavour]] = relationship(order_by="ClipFlavour.starts_ms", cascade="all, delete-orphan")


class ClipFlavour(Base):
    """One stretch of a clip in one flavour. `actor_id` and `family` repeat what follows from the keys, for search."""

    __tablename__ = "clip_flavour"
    __table_args__ = (
        CheckConstraint("ends_ms > starts_ms", name="stretch"),
        Index("ix_clip_flavour_flavour", "flavour", "actor_id"),
        Index("ix_clip_flavour_family", "family", "actor_id"),
        Index("ix_clip_flavour_actor_id", "actor_id"),
    )

    id: Mapped[Id]
    clip_id: Mapped[int] = mapped_column(belongs_to("clip", cascade=True), index=True)
    actor_id: Mapped[int] = mapped_column(belongs_to("actor", cascade=True))
    flavour: Mapped[str] = mapped_column(String(40))
    family: Mapped[str] = mapped_column(String(16))
    intensity: Mapped[str] = mapped_column(String(8))  # low, medium, high
    display: Mapped[str] = mapped_column(String(10))  # contained, natural, released
    starts_ms: Mapped[int] = mapped_column(default=0)
    ends_ms: Mapped[int]
