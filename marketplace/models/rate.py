"""Rates: an actor's price list; bookings keep their own frozen quote."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, String
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.models.base import Base, Currency, Id, Minor, belongs_to
from marketplace.models.column import JsonObject


class Rate(Base):
    """The price list of one actor. `usage` maps scope and term to a share of the session fee in basis points."""

    __tablename__ = "rate"
    __table_args__ = (
        CheckConstraint("hourly_minor > 0", name="hourly"),
        CheckConstraint("minimum_minutes > 0", name="minimum"),
    )

    id: Mapped[Id]
    actor_id: Mapped[int] = mapped_column(belongs_to("actor", cascade=True), unique=True)
    version: Mapped[int] = mapped_column(default=1)
    currency: Mapped[Currency]
    hourly_minor: Mapped[Minor]
    minimum_minutes: Mapped[int] = mapped_column(default=120)
    take_set_minor: Mapped[Minor] = mapped_column(default=0)
    revision_minor: Mapped[Minor] = mapped_column(default=0)
    rush_bp: Mapped[int] = mapped_column(default=0)
    usage: Mapped[JsonObject] = mapped_column(default=dict)
    # what wider use adds to the usage fee, in basis points of the session fee
    territory: Mapped[JsonObject] = mapped_column(default=dict)
    exclusivity: Mapped[JsonObject] = mapped_column(default=dict)
    pickups_included: Mapped[int] = mapped_column(default=1)
    cancellation: Mapped[str] = mapped_column(String(12), default="standard")  # flexible, standard, firm
    updated_at: Mapped[datetime]
