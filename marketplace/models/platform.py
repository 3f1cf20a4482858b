"""Platforms (customers), their members, and the actors they have short-listed."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from marketplace.models.account import Account
from marketplace.models.base import Base, Currency, Id, Zone, belongs_to


class Platform(Base):
    """A micro-drama app or AI-film studio that books. Limited until it has paid or an admin has vetted it."""

    __tablename__ = "platform"

    id: Mapped[Id]
    slug: Mapped[str] = mapped_column(String(80), unique=True)
    name: Mapped[str] = mapped_column(String(120))
    site_url: Mapped[str | None] = mapped_column(String(300))
    about: Mapped[str] = mapped_column(Text, default="")
    country: Mapped[str | None] = mapped_column(String(2))
    zone: Mapped[Zone] = mapped_column(default="UTC")
    currency: Mapped[Currency] = mapped_column(default="USD")
    stripe_customer_id: Mapped[str | None] = mapped_column(String(64), unique=True)
    vetted_at: Mapped[datetime | None]
    suspended_at: Mapped[datetime | None]
    created_at: Mapped[datetime]


class Member(Base):
    """A person who acts for a platform; one account belongs to at most one platform."""

    __tablename__ = "member"

    id: Mapped[Id]
    platform_id: Mapped[int] = mapped_column(belongs_to("platform"), index=True)
    account_id: Mapped[int] = mapped_column(belongs_to("account"), unique=True)
    duty: Mapped[str] = mapped_column(String(24), default="owner")
    created_at: Mapped[datetime]

    platform: Mapped[Platform] = relationship()
    account: Mapped[Account] = relationship()


class Shortlisted(Base):
    """An actor a platform wants to remember; the note is never visible to the actor."""

    __tablename__ = "shortlisted"

    platform_id: Mapped[int] = mapped_column(belongs_to("platform", cascade=True), primary_key=True)
    actor_id: Mapped[int] = mapped_column(belongs_to("actor", cascade=True), primary_key=True, index=True)
    note: Mapped[str] = mapped_column(Text, default="")
    created_at: Mapped[datetime]
