"""Connected accounts: where an actor's money goes at Stripe."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.models.base import Base, Id, State, belongs_to
from marketplace.models.column import JsonList


class ConnectAccount(Base):
    """An actor's account at Stripe, as it was when last read there. Transfers need state `active`."""

    __tablename__ = "connect_account"

    id: Mapped[Id]
    actor_id: Mapped[int] = mapped_column(belongs_to("actor"), unique=True)
    stripe_account_id: Mapped[str | None] = mapped_column(String(255), unique=True)
    state: Mapped[State] = mapped_column(default="asked")  # asked, onboarding, active, restricted, closed
    country: Mapped[str | None] = mapped_column(String(2))
    requirements: Mapped[JsonList] = mapped_column(default=list)
    refreshed_at: Mapped[datetime | None]
    # a bank account that is new is a reason to look at the next payout
    bank_changed_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
