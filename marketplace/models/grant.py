"""Grants: signed, specific consent to use a performance. Nothing else is consent."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.models.base import Base, Id, belongs_to
from marketplace.models.column import JsonObject


class Grant(Base):
    """What an actor allows for one booking. Training on the performance is denied unless `training` says yes."""

    __tablename__ = "performance_grant"

    id: Mapped[Id]
    booking_id: Mapped[int] = mapped_column(belongs_to("booking"), unique=True)
    actor_id: Mapped[int] = mapped_column(belongs_to("actor"), index=True)
    platform_id: Mapped[int] = mapped_column(belongs_to("platform"), index=True)
    terms: Mapped[JsonObject]
    terms_sha256: Mapped[str] = mapped_column(String(64))
    training: Mapped[bool] = mapped_column(default=False)
    signed_name: Mapped[str] = mapped_column(String(120))
    signed_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
