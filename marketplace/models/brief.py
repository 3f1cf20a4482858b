"""Briefs: what a platform wants performed, beat by beat."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from marketplace.models.base import Base, Id, belongs_to
from marketplace.models.column import JsonList


class Brief(Base):
    """A scene of one project (a title the platform makes)."""

    __tablename__ = "brief"

    id: Mapped[Id]
    platform_id: Mapped[int] = mapped_column(belongs_to("platform"), index=True)
    project: Mapped[str] = mapped_column(String(120))
    character: Mapped[str] = mapped_column(String(120), default="")
    synopsis: Mapped[str] = mapped_column(Text, default="")
    # what the scene holds that an actor may not want to play, by the names of the domain's topics
    topics: Mapped[JsonList] = mapped_column(default=list)
    created_at: Mapped[datetime]

    beats: Mapped[list[Beat]] = relationship(order_by="Beat.position", cascade="all, delete-orphan")


class Beat(Base):
    """One moment of a brief: from one flavour to another, or holding one."""

    __tablename__ = "beat"

    id: Mapped[Id]
    brief_id: Mapped[int] = mapped_column(belongs_to("brief", cascade=True), index=True)
    position: Mapped[int]
    from_flavour: Mapped[str] = mapped_column(String(40))
    to_flavour: Mapped[str | None] = mapped_column(String(40))
    intensity: Mapped[str] = mapped_column(String(8))
    display: Mapped[str] = mapped_column(String(10))
    seconds: Mapped[int] = mapped_column(default=8)
    framing: Mapped[str] = mapped_column(String(24), default="close-up")
    line: Mapped[str] = mapped_column(Text, default="")
