"""Capture sessions, their takes, and uploads that can be resumed."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from marketplace.models.base import Base, Id, State, belongs_to
from marketplace.models.column import JsonObject


class CaptureSession(Base):
    """The paid work of one booking. (The database session is called `db` everywhere.)"""

    __tablename__ = "capture_session"

    id: Mapped[Id]
    booking_id: Mapped[int] = mapped_column(belongs_to("booking"), unique=True)
    started_at: Mapped[datetime]
    delivered_at: Mapped[datetime | None]
    accepted_at: Mapped[datetime | None]
    changes_asked: Mapped[int] = mapped_column(default=0)

    takes: Mapped[list[Take]] = relationship(order_by="Take.number")


class Take(Base):
    """One recorded performance."""

    __tablename__ = "take"
    __table_args__ = (
        UniqueConstraint("capture_session_id", "number", name="uq_take_number"),
        Index("ix_take_state", "state", "created_at"),
    )

    id: Mapped[Id]
    capture_session_id: Mapped[int] = mapped_column(belongs_to("capture_session"))
    number: Mapped[int]
    beat_id: Mapped[int | None] = mapped_column(belongs_to("beat"))
    flavour: Mapped[str | None] = mapped_column(String(40))
    note: Mapped[str] = mapped_column(Text, default="")
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
    selected_at: Mapped[datetime | None]
    created_at: Mapped[datetime]


class TakeNote(Base):
    """A remark at one moment of a take (`at_ms` from its start)."""

    __tablename__ = "take_note"

    id: Mapped[Id]
    take_id: Mapped[int] = mapped_column(belongs_to("take", cascade=True), index=True)
    account_id: Mapped[int] = mapped_column(belongs_to("account"))
    at_ms: Mapped[int]
    words: Mapped[str] = mapped_column(Text)
    resolved_at: Mapped[datetime | None]
    created_at: Mapped[datetime]


class Upload(Base):
    """A file on its way in: `received` of `bytes` have arrived. `purpose` names what it becomes when whole."""

    __tablename__ = "upload"
    __table_args__ = (Index("ix_upload_account_id", "account_id", "created_at"),)

    token: Mapped[str] = mapped_column(String(43), primary_key=True)
    account_id: Mapped[int] = mapped_column(belongs_to("account"))
    purpose: Mapped[str] = mapped_column(String(12))  # clip, take
    capture_session_id: Mapped[int | None] = mapped_column(belongs_to("capture_session"))
    filename: Mapped[str] = mapped_column(String(200))
    content_type: Mapped[str] = mapped_column(String(80))
    bytes: Mapped[int] = mapped_column(BigInteger)
    # what its sender said about it, by the names of the form
    fields: Mapped[JsonObject] = mapped_column(default=dict)
    received: Mapped[int] = mapped_column(BigInteger, default=0)
    finished_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
