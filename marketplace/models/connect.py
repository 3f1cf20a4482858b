"""Connected accounts: where an actor's money goes at Stripe."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.models.base import Base, Currency, Id, Minor, State, belongs_to
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


class BankPayout(Base):
    """Stripe's own payout from an actor's account to their bank: not our money, remembered to show where it is."""

    __tablename__ = "bank_payout"
    __table_args__ = (Index("ix_bank_payout_actor_id", "actor_id", "created_at"),)

    id: Mapped[Id]
    actor_id: Mapped[int] = mapped_column(belongs_to("actor"))
    stripe_account_id: Mapped[str] = mapped_column(String(255))
    stripe_payout_id: Mapped[str] = mapped_column(String(255), unique=True)
    state: Mapped[State]  # pending, in_transit, paid, failed, canceled
    currency: Mapped[Currency]
    amount_minor: Mapped[Minor]
    arrives_on: Mapped[date | None]
    failure_code: Mapped[str] = mapped_column(String(64), default="")
    failure_words: Mapped[str] = mapped_column(Text, default="")
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
