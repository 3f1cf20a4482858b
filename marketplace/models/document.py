"""Invoices, credit notes and payout statements: numbered without a gap, frozen when they are issued."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.models.base import Base, Currency, Id, Minor, belongs_to
from marketplace.models.column import JsonObject


class DocumentSeries(Base):
    """The last number given in a series; taken with its document in one transaction, so no number is lost."""

    __tablename__ = "document_series"

    name: Mapped[str] = mapped_column(String(16), primary_key=True)
    last_number: Mapped[int] = mapped_column(default=0)


class Document(Base):
    """One paper about one posting. `facts` is all that it says, as it was when it was issued; append-only."""

    __tablename__ = "document"
    __table_args__ = (
        UniqueConstraint("series", "number", name="uq_document_number"),
        CheckConstraint("number > 0", name="number"),
        Index("ix_document_platform_id", "platform_id", "issued_at"),
        Index("ix_document_actor_id", "actor_id", "issued_at"),
    )

    id: Mapped[Id]
    kind: Mapped[str] = mapped_column(String(16))  # invoice, credit_note, payout
    series: Mapped[str] = mapped_column(String(16))
    number: Mapped[int]
    posting_id: Mapped[int] = mapped_column(belongs_to("posting"), unique=True)
    booking_id: Mapped[int | None] = mapped_column(belongs_to("booking"), index=True)
    platform_id: Mapped[int | None] = mapped_column(belongs_to("platform"))
    actor_id: Mapped[int | None] = mapped_column(belongs_to("actor"))
    currency: Mapped[Currency]
    amount_minor: Mapped[Minor]
    facts: Mapped[JsonObject]
    issued_at: Mapped[datetime]
