"""Write-offs: what an actor owes and will not pay, given up by two admins."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, Index, Text
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.models.base import Base, Currency, Id, Minor, State, belongs_to


class WriteOff(Base):
    """One admin proposes it, another decides; the books change with the decision."""

    __tablename__ = "write_off"
    __table_args__ = (
        CheckConstraint("amount_minor > 0", name="amount"),
        CheckConstraint("decided_by_id IS NULL OR decided_by_id <> proposed_by_id", name="two_people"),
        Index("ix_write_off_state", "state", "proposed_at"),
    )

    id: Mapped[Id]
    actor_id: Mapped[int] = mapped_column(belongs_to("actor"), index=True)
    state: Mapped[State]  # proposed, made, refused
    currency: Mapped[Currency]
    amount_minor: Mapped[Minor]
    reason: Mapped[str] = mapped_column(Text)
    proposed_by_id: Mapped[int] = mapped_column(belongs_to("account"))
    proposed_at: Mapped[datetime]
    decided_by_id: Mapped[int | None] = mapped_column(belongs_to("account"))
    decided_at: Mapped[datetime | None]
    words: Mapped[str] = mapped_column(Text, default="")
