"""The audit trail: who changed what, when and why; append-only and linked by hashes.

Each thing has a chain of its own: one global chain would make every writer wait for every other.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.models.base import Base, Id, belongs_to
from marketplace.models.column import JsonObject


class Audit(Base):
    """One change. `sha256` covers this row and `previous_sha256` (64 zeros for the first), so a changed row shows."""

    __tablename__ = "audit"
    __table_args__ = (
        UniqueConstraint("about", "about_id", "previous_sha256", name="uq_audit_chain"),
        Index("ix_audit_about", "about", "about_id", "id"),
    )

    id: Mapped[Id]
    at: Mapped[datetime] = mapped_column(index=True)
    principal_id: Mapped[int | None] = mapped_column(belongs_to("account"), index=True)
    party: Mapped[str] = mapped_column(String(12))
    about: Mapped[str] = mapped_column(String(24))
    about_id: Mapped[int]
    step: Mapped[str] = mapped_column(String(40))
    before: Mapped[JsonObject]
    after: Mapped[JsonObject]
    reason: Mapped[str] = mapped_column(Text, default="")
    ip: Mapped[str | None] = mapped_column(String(64))
    previous_sha256: Mapped[str] = mapped_column(String(64))
    sha256: Mapped[str] = mapped_column(String(64), unique=True)
