"""Proving a handle: an actor names it, puts a code where only its owner can, and says that it may count.

Nothing is written down before it is proved, so that naming a handle keeps nobody else from it. The code follows from
who claims what: whoever names the same handle again is given the same code, and nobody else ever is.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from marketplace.domain.errors import Conflict, Invalid, NotFound, Refused
from marketplace.domain.network import spell_handle
from marketplace.jobs import Job, enqueue
from marketplace.models import SocialAccount

MOST_ACCOUNTS: Final = 8
_HANDLE: Final = re.compile(r"[a-z0-9._-]{1,30}")
_CODE_DIGITS: Final = 12


@dataclass(frozen=True, slots=True)
class Claim:
    """A handle that an actor says is theirs, with the code that proves it."""

    actor_id: int
    network: str
    handle: str
    code: str


def make_claim(*, secret: str, actor_id: int, network: str, handle: str, networks: Collection[str]) -> Claim:
    """The claim and its code; `networks` are those that can be asked here. Refuses others, and what is no handle."""
    wanted = spell_handle(handle)
    if network not in networks:
        raise Invalid("Choose a network from the list. Nothing was connected.", field="network")
    if not _HANDLE.fullmatch(wanted):
        raise Invalid("A handle has letters, digits, dots and dashes only. Nothing was connected.", field="handle")
    made = hmac.new(secret.encode(), f"handle:{actor_id}:{network}:{wanted}".encode(), hashlib.sha256)
    return Claim(actor_id, network, wanted, f"marquee-{made.hexdigest()[:_CODE_DIGITS]}")


def check_claim(db: Session, claim: Claim) -> None:
    """Refuse a handle that another actor has proved, and one more than an actor may have."""
    row = _row_of(db, claim)
    if row is not None and row.proved_at is not None and row.actor_id not in (None, claim.actor_id):
        raise Conflict("Another actor has proved this account. Nothing was connected. Tell us if it is yours.")
    if len(list_accounts(db, claim.actor_id)) >= MOST_ACCOUNTS:
        raise Refused(f"At most {MOST_ACCOUNTS} accounts can be connected. Nothing was connected.", code="too_many")


def confirm_proof(db: Session, claim: Claim, *, bio: str, source: str, now: datetime) -> SocialAccount:
    """The network shows `bio` on the profile: with the code in it, the handle is the actor's, counts and is read.

    `source` is the gateway that reads it from now on, also where its figures came from a file until now.
    """
    check_claim(db, claim)
    if claim.code not in bio:
        raise Refused(
            "The code is not in the profile yet. It can take a minute to appear. Nothing was changed.", code="no_code"
        )
    row = _row_of(db, claim) or _add_row(db, claim, now)
    row.actor_id, row.state, row.source, row.proof_code = claim.actor_id, "active", source, claim.code
    row.proved_at = row.next_fetch_at = now
    row.failures, row.last_error = 0, None
    db.flush()
    set_opt_in(db, actor_id=claim.actor_id, social_account_id=row.id, is_in=True, now=now)
    enqueue(db, Job.REFRESH_SOCIAL_ACCOUNT, row.id)
    return row


def list_accounts(db: Session, actor_id: int) -> Sequence[SocialAccount]:
    """The handles that the actor has proved."""
    mine = select(SocialAccount).where(SocialAccount.actor_id == actor_id, SocialAccount.proved_at.is_not(None))
    return db.scalars(mine.order_by(SocialAccount.network, SocialAccount.handle)).all()


def get_account(db: Session, *, actor_id: int, social_account_id: int) -> SocialAccount:
    """The actor's own handle; anyone else's is not found."""
    row = db.scalar(
        select(SocialAccount).where(SocialAccount.id == social_account_id, SocialAccount.actor_id == actor_id)
    )
    if row is None:
        raise NotFound("There is no such account. Nothing was changed.")
    return row


def set_opt_in(db: Session, *, actor_id: int, social_account_id: int, is_in: bool, now: datetime) -> None:
    """Let a proved account count, or no longer; the score follows at once."""
    row = get_account(db, actor_id=actor_id, social_account_id=social_account_id)
    if is_in and row.proved_at is None:
        raise Conflict("An account counts once it is proved. Nothing was changed.")
    row.opted_in_at = (row.opted_in_at or now) if is_in else None
    db.flush()
    enqueue(db, Job.COMPUTE_SCORE, actor_id)


def disconnect(db: Session, *, actor_id: int, social_account_id: int) -> None:
    """Let a handle go: it is nobody's, is read no more, and its part of the score is gone."""
    row = get_account(db, actor_id=actor_id, social_account_id=social_account_id)
    row.actor_id, row.state = None, "disconnected"
    row.opted_in_at = row.proved_at = row.proof_code = row.next_fetch_at = None
    db.flush()
    enqueue(db, Job.COMPUTE_SCORE, actor_id)


def _row_of(db: Session, claim: Claim) -> SocialAccount | None:
    there = select(SocialAccount).where(SocialAccount.network == claim.network, SocialAccount.handle == claim.handle)
    return db.scalar(there)


def _add_row(db: Session, claim: Claim, now: datetime) -> SocialAccount:
    row = SocialAccount(network=claim.network, handle=claim.handle, created_at=now)
    try:
        with db.begin_nested():
            db.add(row)
    except IntegrityError:  # an import brought it in at this very moment
        raise Conflict("This account has just come in from elsewhere. Nothing was changed. Try again.") from None
    return row
