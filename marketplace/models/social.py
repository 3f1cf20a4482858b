"""Social accounts of actors, and what their networks said about them; snapshots are append-only."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.models.base import Base, Id, State, belongs_to
from marketplace.models.column import JsonObject


class SocialAccount(Base):
    """A handle on a network. It counts for an actor only once proved and opted in.

    Without an actor it is an imported account that waits to be matched.
    """

    __tablename__ = "social_account"
    __table_args__ = (
        UniqueConstraint("network", "handle", name="uq_social_account_handle"),
        Index("ix_social_account_due", "state", "next_fetch_at"),
    )

    id: Mapped[Id]
    actor_id: Mapped[int | None] = mapped_column(belongs_to("actor", cascade=True), index=True)
    network: Mapped[str] = mapped_column(String(16))
    handle: Mapped[str] = mapped_column(String(80))
    external_id: Mapped[str | None] = mapped_column(String(80))
    source: Mapped[str] = mapped_column(String(12), default="demo")  # which gateway reads it: x, csv, demo
    state: Mapped[State] = mapped_column(default="active")  # active, gone, protected, disconnected
    proof_code: Mapped[str | None] = mapped_column(String(40))
    proved_at: Mapped[datetime | None]
    opted_in_at: Mapped[datetime | None]
    # the last good answer; a failed fetch changes none of it
    followers: Mapped[int | None] = mapped_column(BigInteger)
    fetched_at: Mapped[datetime | None]
    next_fetch_at: Mapped[datetime | None]
    claimed_until: Mapped[datetime | None]
    failures: Mapped[int] = mapped_column(default=0)
    last_error: Mapped[str | None] = mapped_column(String(200))
    last_error_at: Mapped[datetime | None]
    created_at: Mapped[datetime]


class StatsSnapshot(Base):
    """Followers and posts of a social account at one moment; append-only."""

    __tablename__ = "stats_snapshot"
    __table_args__ = (Index("ix_stats_snapshot_account", "social_account_id", "at"),)

    id: Mapped[Id]
    social_account_id: Mapped[int] = mapped_column(belongs_to("social_account", cascade=True))
    at: Mapped[datetime]
    source: Mapped[str] = mapped_column(String(12))
    followers: Mapped[int | None] = mapped_column(BigInteger)
    following: Mapped[int | None] = mapped_column(BigInteger)
    posts: Mapped[int | None] = mapped_column(BigInteger)
    detail: Mapped[JsonObject] = mapped_column(default=dict)


class PostSeen(Base):
    """A post as it was when last read; None for a figure the network does not show."""

    __tablename__ = "post_seen"
    __table_args__ = (
        UniqueConstraint("social_account_id", "external_id", name="uq_post_seen_external_id"),
        Index("ix_post_seen_account", "social_account_id", "posted_at"),
    )

    id: Mapped[Id]
    social_account_id: Mapped[int] = mapped_column(belongs_to("social_account", cascade=True))
    external_id: Mapped[str] = mapped_column(String(80))
    posted_at: Mapped[datetime]
    fetched_at: Mapped[datetime]
    views: Mapped[int | None] = mapped_column(BigInteger)
    likes: Mapped[int | None] = mapped_column(BigInteger)
    comments: Mapped[int | None] = mapped_column(BigInteger)
    shares: Mapped[int | None] = mapped_column(BigInteger)
    quotes: Mapped[int | None] = mapped_column(BigInteger)
    is_paid: Mapped[bool] = mapped_column(default=False)
