"""Bookings and what happened to them. The database itself refuses two that hold one actor at the same time."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from marketplace.models.actor import Actor
from marketplace.models.base import Base, Currency, Id, Minor, State, Zone, belongs_to
from marketplace.models.brief import Brief
from marketplace.models.column import JsonList, JsonObject
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
        Index("ix_booking_deadline_at", "deadline_at"),
        Index("ix_booking_starts_at", "starts_at"),
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
    # "pencil" asks for a ranked hold that costs nothing; "booking" for the time itself
    asked_as: Mapped[str] = mapped_column(String(12), default="booking")
    # a change order: paid and paid out like a booking of its own, but in the time of the one it extends
    is_extra: Mapped[bool] = mapped_column(default=False)
    # counter-offers made so far, by both sides together
    counters: Mapped[int] = mapped_column(default=0)
    extended_at: Mapped[datetime | None]
    # pencils are ranked by the first; the others say who has been asked to confirm, and who asked
    pencilled_at: Mapped[datetime | None]
    challenged_at: Mapped[datetime | None]
    challenge_made_at: Mapped[datetime | None]
    # whose proposal or claim the other side has to answer
    claimed_by: Mapped[str | None] = mapped_column(String(12))
    # what the actor must say yes to in so many words before accepting
    asks_yes: Mapped[JsonList] = mapped_column(default=list)
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


class Offer(Base):
    """The terms one side put on the table: number 1 is the request, each later one a counter-offer; append-only."""

    __tablename__ = "offer"
    __table_args__ = (UniqueConstraint("booking_id", "number", name="uq_offer_number"),)

    id: Mapped[Id]
    booking_id: Mapped[int] = mapped_column(belongs_to("booking"))
    number: Mapped[int]
    party: Mapped[str] = mapped_column(String(12))
    principal_id: Mapped[int | None] = mapped_column(belongs_to("account"))
    quote: Mapped[JsonObject]
    usage: Mapped[JsonObject]
    words: Mapped[str] = mapped_column(Text, default="")
    created_at: Mapped[datetime]


class TimeProposal(Base):
    """Another time for a booking that is held: open until the other side answers or it lapses."""

    __tablename__ = "time_proposal"
    __table_args__ = (
        CheckConstraint("starts_at < ends_at", name="order"),
        Index("ix_time_proposal_booking_id", "booking_id", "state"),
    )

    id: Mapped[Id]
    booking_id: Mapped[int] = mapped_column(belongs_to("booking"))
    party: Mapped[str] = mapped_column(String(12))
    principal_id: Mapped[int | None] = mapped_column(belongs_to("account"))
    state: Mapped[State]  # open, agreed, refused, withdrawn, lapsed
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    words: Mapped[str] = mapped_column(Text, default="")
    created_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class ChangeOrder(Base):
    """Something more that both sides agreed on during a booking. `extra_id` is the booking that carries its money."""

    __tablename__ = "change_order"
    __table_args__ = (UniqueConstraint("booking_id", "number", name="uq_change_order_number"),)

    id: Mapped[Id]
    booking_id: Mapped[int] = mapped_column(belongs_to("booking"))
    extra_id: Mapped[int] = mapped_column(belongs_to("booking"), unique=True)
    number: Mapped[int]
    party: Mapped[str] = mapped_column(String(12))
    words: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime]
