"""Scores: how many viewers an actor brings, with an interval, and everything needed to work it out again."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.models.base import Base, Id, belongs_to
from marketplace.models.column import JsonList, JsonObject


class Score(Base):
    """One computed score of an actor, or of an imported social account without one; append-only.

    `points`, `low` and `high` are 0-100; `reach*` are viewers of a typical post (80 % interval).
    """

    __tablename__ = "score"
    __table_args__ = (
        CheckConstraint("(actor_id IS NULL) <> (social_account_id IS NULL)", name="owner"),
        Index("ix_score_actor_id_at", "actor_id", "at"),
        Index("ix_score_social_account_id_at", "social_account_id", "at"),
    )

    id: Mapped[Id]
    actor_id: Mapped[int | None] = mapped_column(belongs_to("actor", cascade=True))
    social_account_id: Mapped[int | None] = mapped_column(belongs_to("social_account", cascade=True))
    at: Mapped[datetime]
    method: Mapped[str] = mapped_column(String(16))
    constants_sha256: Mapped[str] = mapped_column(String(64))
    points: Mapped[float]
    low: Mapped[float]
    high: Mapped[float]
    reach: Mapped[float]
    reach_low: Mapped[float]
    reach_high: Mapped[float]
    confidence: Mapped[str] = mapped_column(String(12))
    # one object per network: points share, followers, posts, credit, freshness, flags ...
    networks: Mapped[JsonList]
    snapshot_ids: Mapped[JsonList]
    components: Mapped[JsonObject]
    explanation: Mapped[str] = mapped_column(Text)
