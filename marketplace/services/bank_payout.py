"""Payouts of Stripe from an actor's account to their bank: not our money, kept to say where it is and what failed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from marketplace.domain.money import Money
from marketplace.gateways.payment import base as stripe
from marketplace.models import Actor, BankPayout, ConnectAccount, Payout
from marketplace.services.notice import accounts_of_actor, notify, notify_admins
from marketplace.services.once import insert_once

OVER: Final = frozenset({"failed", "canceled"})
"""States that no later reading may leave: an answer that was read before them may be written after them."""
ON_ITS_WAY_FOR: Final = timedelta(days=10)
"""So long after a transfer its account's payouts to the bank are asked for: a bank may send one back days later."""

WHY: Final[Mapping[str, str]] = MappingProxyType(
    {
        "account_closed": "The bank account has been closed.",
        "account_frozen": "The bank account is frozen.",
        "bank_account_restricted": "The bank account does not take such payments.",
        "bank_ownership_changed": "The bank account belongs to another bank by now.",
        "could_not_process": "The bank could not process the payment.",
        "debit_not_authorized": "The bank account does not take such payments.",
        "declined": "The bank declined the payment.",
        "incorrect_account_holder_name": "The name of the account's holder is not the one that Stripe was given.",
        "incorrect_account_holder_details": "The details of the account's holder are not those that Stripe was given.",
        "invalid_account_number": "The number of the bank account is wrong.",
        "invalid_currency": "The bank account does not take this currency.",
        "no_account": "There is no such bank account.",
        "unsupported_card": "The card does not take payments.",
    }
)
"""Stripe's codes in words; Stripe's own sentence stands where there is none."""


def note_bank_payout(db: Session, account_id: str, seen: stripe.BankPayout, *, now: datetime) -> str | None:
    """Converge on what was read at Stripe; the state now, or None for an account that is not ours."""
    actor_id = _actor_of(db, account_id, seen.id)
    if actor_id is None:
        return None
    insert_once(
        db, BankPayout, actor_id=actor_id, stripe_account_id=account_id, stripe_payout_id=seen.id, state="pending",
        currency=seen.currency, amount_minor=seen.amount_minor, created_at=seen.created_at, updated_at=now,
    )  # fmt: skip
    ours = select(BankPayout).where(BankPayout.stripe_payout_id == seen.id).with_for_update()
    row = db.scalars(ours.execution_options(populate_existing=True)).one()
    if row.state in OVER:
        return row.state
    before, row.state = row.state, seen.state
    row.arrives_on, row.updated_at = seen.arrives_on, now
    row.failure_code, row.failure_words = seen.failure_code, seen.failure_words
    db.flush()
    if row.state == "failed" != before:
        _tell(db, row, now)
    return row.state


def _actor_of(db: Session, account_id: str, payout_id: str) -> int | None:
    """Whose account it is; of one that was replaced since, whose payout it was when it was first seen."""
    known = select(BankPayout.actor_id).where(
        BankPayout.stripe_payout_id == payout_id, BankPayout.stripe_account_id == account_id
    )
    now_has = select(ConnectAccount.actor_id).where(ConnectAccount.stripe_account_id == account_id)
    return db.scalar(known) or db.scalar(now_has)


def why_failed(row: BankPayout) -> str:
    """What the bank said, in a sentence."""
    return WHY.get(row.failure_code) or row.failure_words or "The bank gave no reason."


def _tell(db: Session, row: BankPayout, now: datetime) -> None:
    amount = Money(row.amount_minor, row.currency)
    why = why_failed(row)
    notify(
        db,
        account_ids=accounts_of_actor(db, row.actor_id),
        key=f"bank_payout:{row.id}:failed",
        kind="payout_account",
        title=f"{amount} did not reach your bank",
        words=f"{why} The money is safe on your account at Stripe. Stripe sends it again once the bank account there "
        "is right: put it in order from your earnings page.",
        path="/actor/earnings",
        now=now,
    )
    name = db.scalar(select(Actor.name).where(Actor.id == row.actor_id))
    notify_admins(
        db,
        key=f"bank_payout:{row.id}:failed:admin",
        kind="payout_account",
        title=f"A bank sent back {amount} of {name}",
        words=f"{why} Stripe holds it on the actor's account ({row.stripe_account_id}); the actor has been told.",
        path=f"/admin/actor/{row.actor_id}",
        now=now,
    )


def last_bank_payout(db: Session, actor_id: int) -> BankPayout | None:
    """The newest payout to the actor's bank, whatever became of it."""
    newest = select(BankPayout).where(BankPayout.actor_id == actor_id)
    return db.scalars(newest.order_by(BankPayout.created_at.desc(), BankPayout.id.desc()).limit(1)).first()


def list_paid_accounts(db: Session, *, now: datetime, limit: int = 100) -> list[str]:
    """Accounts that were sent money lately, in no order, so that one that cannot be read bars no other."""
    lately = (
        select(ConnectAccount.stripe_account_id)
        .join(Payout, Payout.actor_id == ConnectAccount.actor_id)
        .where(
            Payout.transferred_at >= now - ON_ITS_WAY_FOR,
            ConnectAccount.stripe_account_id.is_not(None),
            ConnectAccount.state != "closed",
        )
        .distinct()
        .subquery()
    )
    drawn = select(lately.c.stripe_account_id).order_by(func.random()).limit(limit)
    return [each for each in db.scalars(drawn) if each]
