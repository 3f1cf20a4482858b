"""The ledger: double-entry books in minor units, append-only, balanced by the database itself.

`posting.imbalance` is kept by a trigger as the sum of the posting's entries and refers, deferred to the commit, to a
table whose only row is zero: a transaction that leaves a posting unbalanced cannot commit, on either engine.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from marketplace.models.base import Base, Currency, Id, Minor, belongs_to


class Balanced(Base):
    """Holds the single value an imbalance may have at commit: zero."""

    __tablename__ = "balanced"

    imbalance: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)


class LedgerAccount(Base):
    """A place money can be. `key` is `kind` or `kind:owner id`, unique per currency; debit is plus."""

    __tablename__ = "ledger_account"
    __table_args__ = (
        UniqueConstraint("key", "currency", name="uq_ledger_account_key"),
        UniqueConstraint("id", "currency", name="uq_ledger_account_currency"),
    )

    id: Mapped[Id]
    key: Mapped[str] = mapped_column(String(64))
    kind: Mapped[str] = mapped_column(String(24), index=True)
    owner_id: Mapped[int | None] = mapped_column(index=True)
    currency: Mapped[Currency]


class Posting(Base):
    """One thing that happened to money. `event_key` names it, so that it can only be booked once."""

    __tablename__ = "posting"
    __table_args__ = (UniqueConstraint("id", "currency", name="uq_posting_currency"),)

    id: Mapped[Id]
    event_key: Mapped[str] = mapped_column(String(120), unique=True)
    kind: Mapped[str] = mapped_column(String(32))
    currency: Mapped[Currency]
    booking_id: Mapped[int | None] = mapped_column(belongs_to("booking"), index=True)
    stripe_id: Mapped[str | None] = mapped_column(String(255), index=True)
    memo: Mapped[str] = mapped_column(String(200), default="")
    at: Mapped[datetime] = mapped_column(index=True)
    imbalance: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("balanced.imbalance", deferrable=True, initially="DEFERRED"), default=0
    )

    entries: Mapped[list[LedgerEntry]] = relationship(order_by="LedgerEntry.line")


class LedgerEntry(Base):
    """One line of a posting: debit is plus, credit is minus, never zero, in the currency of both sides."""

    __tablename__ = "ledger_entry"
    __table_args__ = (
        CheckConstraint("amount_minor <> 0", name="amount"),
        ForeignKeyConstraint(
            ["posting_id", "currency"], ["posting.id", "posting.currency"], name="fk_ledger_entry_posting"
        ),
        ForeignKeyConstraint(
            ["ledger_account_id", "currency"],
            ["ledger_account.id", "ledger_account.currency"],
            name="fk_ledger_entry_account",
        ),
        Index("ix_ledger_entry_account", "ledger_account_id", "posting_id"),
    )

    posting_id: Mapped[int] = mapped_column(primary_key=True)
    line: Mapped[int] = mapped_column(primary_key=True)
    ledger_account_id: Mapped[int]
    currency: Mapped[Currency]
    amount_minor: Mapped[Minor]
