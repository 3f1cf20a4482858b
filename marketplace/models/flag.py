"""Flags: things an admin should look at. They ask for review; they never subtract or ban by themselves."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.models.base import Base, Id, State, belongs_to
from marketplace.models.column import JsonObject


class Flag(Base):
    """A named, contestable remark about an actor or a platform, with its evidence."""

    __tablename__ = "flag"
    __table_args__ = (Index("ix_flag_state", "state", "opened_at"),)

    id: Mapped[Id]
    kind: Mapped[str] = mapped_column(String(32))
    actor_id: Mapped[int | None] = mapped_column(belongs_to("actor"), index=True)
    platform_id: Mapped[int | None] = mapped_column(belongs_to("platform"), index=True)
    social_account_id: Mapped[int | None] = mapped_column(belongs_to("social_account"))
    state: Mapped[State] = mapped_column(default="open")  # open, appealed, cleared, kept
    words: Mapped[str] = mapped_column(Text)
    evidence: Mapped[JsonObject] = mapped_column(default=dict)
    appeal: Mapped[str] = mapped_column(Text, default="")
    decision: Mapped[str] = mapped_column(Text, default="")
    decided_by_id: Mapped[int | None] = mapped_column(belongs_to("account"))
    opened_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
