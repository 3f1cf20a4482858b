"""Payout accounts: where an actor's money goes at Stripe, and in words what is still missing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from marketplace.domain.errors import Invalid, NotFound
from marketplace.domain.payout import ON_HAND, State
from marketplace.domain.payout_risk import is_new_bank
from marketplace.gateways.payment.base import RecipientAccount
from marketplace.models import Account, Actor, ConnectAccount, Payout
from marketplace.services.audit import record_audit
from marketplace.services.connect_words import say_wanted
from marketplace.services.notice import accounts_of_actor, notify
from marketplace.services.once import insert_once
from marketplace.services.outbox import add_command, has_open_command, next_version
from marketplace.services.payout_risk import refresh_reasons
from marketplace.services.payout_step import find_account, get_payout, hold_by_clock

WORDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "none": "You have no payout account yet. Set one up at Stripe; it takes about five minutes.",
        "asked": "Your payout account is being opened at Stripe.",
        "onboarding": "Stripe still needs some details before it can pay you.",
        "active": "Your payout account is ready.",
        "restricted": "Stripe has paused your payout account and asks for more details. What you earn stays safe.",
        "closed": "Your payout account at Stripe is closed. What you earn stays safe until you open a new one.",
    }
)
"""What an actor reads of each state."""


@dataclass(frozen=True, slots=True)
class PayoutAccount:
    """An actor's payout account as they see it. `todo` is what Stripe still asks for."""

    state: str
    words: str
    todo: tuple[str, ...] = ()
    stripe_account_id: str | None = None
    refreshed_at: datetime | None = None

    @property
    def is_ready(self) -> bool:
        """Whether money can be sent."""
        return self.state == "active"


def payout_account_of(db: Session, actor_id: int) -> PayoutAccount:
    """What an actor, or an admin, sees of the payout account."""
    row = find_account(db, actor_id)
    if row is None:
        return PayoutAccount("none", WORDS["none"])
    todo = () if row.state == "closed" else say_wanted(row.requirements)
    return PayoutAccount(row.state, WORDS[row.state], todo, row.stripe_account_id, row.refreshed_at)


def open_account(db: Session, *, actor_id: int, now: datetime) -> int | None:
    """Ask Stripe for an account; the command's id, or None when there is one already, or it is being opened.

    One that was closed at Stripe is replaced by a new one. Refuses an actor without a country: Stripe opens none
    without.
    """
    actor = db.get(Actor, actor_id)
    if actor is None or actor.account_id is None:
        raise NotFound("There is no such actor.")
    if not actor.country:
        raise Invalid("Say in your profile in which country you live: Stripe needs it to pay you.", field="country")
    insert_once(
        db, ConnectAccount, actor_id=actor_id, state="asked", country=actor.country, requirements=[], created_at=now
    )
    row = db.scalars(select(ConnectAccount).where(ConnectAccount.actor_id == actor_id).with_for_update()).one()
    if row.state == "closed":
        _let_go(db, row, now)
    if row.stripe_account_id or has_open_command(db, about="actor", about_id=actor_id, kind="account.create"):
        return None
    account = db.get_one(Account, actor.account_id)
    key = next_version(db, f"account:{actor.slug}:{account.fs_uniquifier[:8]}")
    return add_command(
        db,
        kind="account.create",
        about="actor",
        about_id=actor_id,
        key=key,
        params={
            "email": account.email,
            "display_name": actor.name,
            "country": actor.country,
            "currency": actor.currency or "USD",
            "metadata": {"actor": str(actor_id), "command": key},
        },
        now=now,
    )


def _let_go(db: Session, row: ConnectAccount, now: datetime) -> None:
    """Forget an account that is closed for good; the audit trail keeps its name."""
    record_audit(
        db,
        about="connect_account",
        about_id=row.id,
        step="replace",
        party="actor",
        principal_id=None,
        before={"state": row.state, "stripe_account_id": row.stripe_account_id},
        after={"state": "asked"},
        now=now,
    )
    row.state, row.stripe_account_id, row.requirements = "asked", None, []
    row.refreshed_at = row.bank_changed_at = None
    db.flush()


def note_opened(db: Session, *, actor_id: int, stripe_account_id: str, now: datetime) -> None:
    """Stripe has made the account; the actor still has to tell it who they are."""
    row = db.scalars(select(ConnectAccount).where(ConnectAccount.actor_id == actor_id)).one()
    if row.stripe_account_id is None:
        row.stripe_account_id = stripe_account_id
        row.state = "onboarding"
        row.refreshed_at = now


def note_account(db: Session, seen: RecipientAccount, *, now: datetime) -> str | None:
    """Converge on what was read at Stripe; the state now, or None for an account that is not ours."""
    row = db.scalar(select(ConnectAccount).where(ConnectAccount.stripe_account_id == seen.id).with_for_update())
    if row is None:
        return None
    before, after = row.state, _state(seen, row.state)
    row.requirements = list(seen.open_requirements)
    row.refreshed_at = now
    if after != before:
        row.state = after
        _record(db, row, before, after, now)
    return after


def note_account_gone(db: Session, stripe_account_id: str, *, now: datetime) -> str | None:
    """Stripe knows the account no more, or not for us: closed at once. What is due stays due, and no transfer goes."""
    gone = RecipientAccount(
        stripe_account_id, can_receive=False, can_pay_out=False, is_closed=True, open_requirements=(), is_past_due=False
    )
    return note_account(db, gone, now=now)


def _state(seen: RecipientAccount, before: str) -> str:
    if seen.is_closed:
        return "closed"
    if seen.can_receive:
        return "active"
    return "restricted" if before in ("active", "restricted") else "onboarding"


def _record(db: Session, row: ConnectAccount, before: str, after: str, now: datetime) -> None:
    if after == "active" and row.bank_changed_at is None:
        # the first time only: an account that Stripe paused for a while is no other account
        row.bank_changed_at = now
        db.flush()
        _look_again_at_all(db, row.actor_id, now)
    record_audit(
        db,
        about="connect_account",
        about_id=row.id,
        step="read_at_stripe",
        party="clock",
        principal_id=None,
        before={"state": before},
        after={"state": after},
        now=now,
    )
    notify(
        db,
        account_ids=accounts_of_actor(db, row.actor_id),
        key=f"connect:{row.id}:{after}:{now.isoformat()}",
        kind="payout_account",
        title="Your payout account",
        words=WORDS[after],
        path="/actor/earnings",
        now=now,
    )


def note_bank_changed(db: Session, *, stripe_account_id: str, changed_at: datetime, now: datetime) -> None:
    """The bank account behind an actor's account is another one now: every payout that has not left is looked at.

    What the event claims is believed here, for it moves nothing: it only makes people look.
    """
    row = db.scalar(select(ConnectAccount).where(ConnectAccount.stripe_account_id == stripe_account_id))
    if row is None or (row.bank_changed_at is not None and changed_at <= row.bank_changed_at):
        return
    before, row.bank_changed_at = row.bank_changed_at, changed_at
    record_audit(
        db,
        about="connect_account",
        about_id=row.id,
        step="change_bank",
        party="clock",
        principal_id=None,
        before={"bank_changed_at": before and before.isoformat()},
        after={"bank_changed_at": changed_at.isoformat()},
        now=now,
    )
    db.flush()
    if is_new_bank(changed_at, now):
        _look_again_at_all(db, row.actor_id, now)


def _look_again_at_all(db: Session, actor_id: int, now: datetime) -> None:
    """Every payout that has not left would go to another bank account than was looked at."""
    ours = select(Payout.id).where(Payout.actor_id == actor_id, Payout.state.in_(ON_HAND))
    for payout_id in db.scalars(ours.order_by(Payout.id)).all():
        _look_again(db, get_payout(db, payout_id, lock=True), now)


def _look_again(db: Session, payout: Payout, now: datetime) -> None:
    if payout.state not in ON_HAND:
        return
    refresh_reasons(db, payout, now)
    if payout.state == State.APPROVED or payout.approvals:
        words = "The bank account was changed after this was approved, so it is looked at again. Nothing was sent."
        hold_by_clock(db, payout, words, now)


def stripe_account_of(db: Session, actor_id: int) -> str | None:
    """The actor's account at Stripe, once it has been made."""
    return db.scalar(select(ConnectAccount.stripe_account_id).where(ConnectAccount.actor_id == actor_id))


def list_stale_accounts(db: Session, *, before: datetime, limit: int = 100, with_closed: bool = False) -> list[str]:
    """Accounts that have not been read at Stripe since; in no order, so that one that cannot be read bars no other.

    `with_closed` also those that we take for closed: Stripe may have said so for a while only, to a wrong key.
    """
    stale = select(ConnectAccount.stripe_account_id).where(
        ConnectAccount.stripe_account_id.is_not(None), ConnectAccount.refreshed_at < before
    )
    if not with_closed:
        stale = stale.where(ConnectAccount.state != "closed")
    return [each for each in db.scalars(stale.order_by(func.random()).limit(limit)) if each]
