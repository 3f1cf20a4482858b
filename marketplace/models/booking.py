"""Bookings and what happened to them. The database itself refuses two that hold one actor at the same time."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from marketplace.models.actor import Actor
from marketplace.models.base import Base, Currency, Id, Minor, State, Zone, belongs_to
from marketplace.models.brief import Brief
from marketplace.models.column import JsonObject
from marketplace.models.platform import Platform


class Booking(Base):
    """A platform's claim on an actor's slot.

    `starts_at`/`ends_at` are the session, `busy_from`/`busy_until` the same with the actor's buffers (half-open):
    no two bookings in a slot-holding state may overlap in them for one actor (EXCLUDE on PostgreSQL, triggers on
    SQLite; see the migration). `quote` is frozen when the request is made and is what gets charged.
    """

    __tablename__ = "booking"
    __table_args__ = (
        CheckConstraint("starts_at < ends_at", name="session"),
        CheckConstraint("busy_from <= starts_at AND ends_at <= busy_until", name="busy"),
        CheckConstraint("total_minor = net_minor + fee_minor", name="total"),
        Index("ix_booking_actor_id_busy", "actor_id", "busy_from"),
        Index("ix_booking_actor_id_state", "actor_id", "state", "starts_at"),
        Index("ix_booking_platform_id_state", "platform_id", "state", "starts_at"),
        Index("ix_booking_state_deadline", "state", "deadline_at"),
    )

    id: Mapped[Id]
    platform_id: Mapped[int] = mapped_column(belongs_to("platform"))
    member_id: Mapped[int] = mapped_column(belongs_to("member"))
    actor_id: Mapped[int] = mapped_column(belongs_to("actor"))
    brief_id: Mapped[int] = mapped_column(belongs_to("brief"), index=True)
    state: Mapped[State]
    version: Mapped[int] = mapped_column(default=1)
    # when nothing happens until then, the clock takes the step of the transition table
    deadline_at: Mapped[datetime | None]
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    busy_from: Mapped[datetime]
    busy_until: Mapped[datetime]
    # the zones in which both sides agreed on the time
    actor_zone: Mapped[Zone]
    platform_zone: Mapped[Zone]
    currency: Mapped[Currency]
    total_minor: Mapped[Minor]
    fee_minor: Mapped[Minor]
    net_minor: Mapped[Minor]
    quote: Mapped[JsonObject]
    usage: Mapped[JsonObject] = mapped_column(default=dict)
    cancellation: Mapped[str] = mapped_column(String(12))
    message: Mapped[str] = mapped_column(Text, default="")
    # one per form: a double click or the back button finds the booking it made
    request_token: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]

    platform: Mapped[Platform] = relationship()
    actor: Mapped[Actor] = relationship()
    brief: Mapped[Brief] = relationship()


class BookingEvent(Base):
    """One step in the life of a booking; append-only."""

    __tablename__ = "booking_event"

    id: Mapped[Id]
    booking_id: Mapped[int] = mapped_column(belongs_to("booking"), index=True)
    at: Mapped[datetime]
    principal_id: Mapped[int | None] = mapped_column(belongs_to("account"))
    party: Mapped[str] = mapped_column(String(12))
    step: Mapped[str] = mapped_column(String(32))
    before: Mapped[str | None] = mapped_column(String(24))
    after: Mapped[str] = mapped_column(String(24))
    reason: Mapped[str] = mapped_column(Text, default="")
