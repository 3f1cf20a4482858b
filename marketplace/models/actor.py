"""Actors: who they are, what they play, and what the browse page needs to find them."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import CheckConstraint, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from marketplace.models.account import Account
from marketplace.models.base import Base, Currency, Id, Minor, Zone, belongs_to
from marketplace.models.column import JsonList, JsonObject


class Actor(Base):
    """A performer offering paid capture.

    Published actors appear in search; being listed is never consent to any use. The `score_*` and `hourly_*`
    columns repeat the newest score and the rate, so that a list page reads one table.
    """

    __tablename__ = "actor"
    __table_args__ = (
        CheckConstraint("playing_age_from <= playing_age_to", name="playing_age"),
        Index("ix_actor_listed_score", "listed", "score_points", "id"),
        Index("ix_actor_listed_rate", "listed", "hourly_minor", "id"),
    )

    id: Mapped[Id]
    account_id: Mapped[int | None] = mapped_column(belongs_to("account"), unique=True)
    slug: Mapped[str] = mapped_column(String(80), unique=True)
    name: Mapped[str] = mapped_column(String(120), index=True)
    headline: Mapped[str] = mapped_column(String(160), default="")
    bio: Mapped[str] = mapped_column(Text, default="")
    city: Mapped[str] = mapped_column(String(80), default="")
    country: Mapped[str | None] = mapped_column(String(2))
    zone: Mapped[Zone] = mapped_column(default="UTC")
    born_on: Mapped[date | None]
    playing_age_from: Mapped[int] = mapped_column(default=18)
    playing_age_to: Mapped[int] = mapped_column(default=99)
    union_status: Mapped[str] = mapped_column(String(24), default="")
    skills: Mapped[JsonList] = mapped_column(default=list)
    credits: Mapped[JsonList] = mapped_column(default=list)
    # what they will not perform: shown before a request is sent
    boundaries: Mapped[JsonList] = mapped_column(default=list)
    # the same as topics a request can be checked against: {topic: "never" or "ask"}
    no_go: Mapped[JsonObject] = mapped_column(default=dict)
    # released beats of high intensity (screams, sobs) that one session may ask for without a separate yes
    most_intense: Mapped[int] = mapped_column(default=6)
    portrait_key: Mapped[str | None] = mapped_column(String(200))
    # how the calendar may be used
    buffer_minutes: Mapped[int] = mapped_column(default=30)
    notice_minutes: Mapped[int] = mapped_column(default=24 * 60)
    most_per_day: Mapped[int] = mapped_column(default=2)
    most_per_week: Mapped[int] = mapped_column(default=6)
    # derived: published, not suspended
    listed: Mapped[bool] = mapped_column(default=False)
    published_at: Mapped[datetime | None]
    verified_at: Mapped[datetime | None]
    suspended_at: Mapped[datetime | None]
    # derived from `rate`
    hourly_minor: Mapped[Minor | None]
    currency: Mapped[Currency | None]
    # derived from the newest `score`
    score_points: Mapped[float | None]
    score_low: Mapped[float | None]
    score_high: Mapped[float | None]
    score_confidence: Mapped[str | None] = mapped_column(String(12))
    scored_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]

    account: Mapped[Account | None] = relationship()
    languages: Mapped[list[ActorLanguage]] = relationship(
        order_by="ActorLanguage.position", cascade="all, delete-orphan"
    )


class ActorLanguage(Base):
    """A language an actor plays in (ISO 639-1), with the accents offered."""

    __tablename__ = "actor_language"
    __table_args__ = (Index("ix_actor_language_language", "language", "actor_id"),)

    actor_id: Mapped[int] = mapped_column(belongs_to("actor", cascade=True), primary_key=True)
    language: Mapped[str] = mapped_column(String(8), primary_key=True)
    accents: Mapped[str] = mapped_column(String(160), default="")
    position: Mapped[int] = mapped_column(default=0)
