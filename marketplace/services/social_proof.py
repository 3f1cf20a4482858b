"""Proving a handle: an actor names it, puts a code where only its owner can, and says that it may count."""

from __future__ import annotations

import re
import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.domain.errors import Conflict, Invalid, NotFound, Refused
from marketplace.domain.network import NAMES
from marketplace.jobs import Job, enqueue
from marketplace.models import SocialAccount

NETWORKS: Final = {network: NAMES[network] for network in ("tiktok", "instagram", "youtube", "x")}
MOST_ACCOUNTS: Final = 8
_HANDLE: Final = re.compile(r"[a-z0-9._-]{1,30}")


def list_accounts(db: Session, actor_id: int) -> Sequence[SocialAccount]:
    """The actor's handles, those that count and those still to be proved; not the ones taken away."""
    mine = select(SocialAccount).where(SocialAccount.actor_id == actor_id, SocialAccount.state != "disconnected")
    return db.scalars(mine.order_by(SocialAccount.network, SocialAccount.handle)).all()


def begin_proof(db: Session, *, actor_id: int, network: str, handle: str, now: datetime) -> SocialAccount:
    """Note a handle and make the code that proves it. Refuses handles that belong to another actor already."""
    wanted = handle.strip().lstrip("@").lower()
    if network not in NETWORKS:
        raise Invalid("Choose a network from the list. Nothing was connected.", field="network")
    if not _HANDLE.fullmatch(wanted):
        raise Invalid("A handle has letters, digits, dots and dashes only. Nothing was connected.", field="handle")
    row = db.scalar(select(SocialAccount).where(SocialAccount.network == network, SocialAccount.handle == wanted))
    if row is not None and row.actor_id not in (None, actor_id):
        raise Conflict("Another actor has connected this account. Nothing was connected. Tell us if it is yours.")
    if row is None:
        _check_count(db, actor_id)
        row = SocialAccount(network=network, handle=wanted, source="x" if network == "x" else "demo", created_at=now)
        db.add(row)
    row.actor_id, row.state = actor_id, "active"
    row.proof_code = row.proof_code or f"marquee-{secrets.token_hex(4)}"
    db.flush()
    return row


def _check_count(db: Session, actor_id: int) -> None:
    if len(list_accounts(db, actor_id)) >= MOST_ACCOUNTS:
        raise Refused(f"At most {MOST_ACCOUNTS} accounts can be connected. Nothing was connected.", code="too_many")


def get_account(db: Session, *, actor_id: int, social_account_id: int) -> SocialAccount:
    """The actor's own handle; anyone else's is not found."""
    row = db.scalar(
        select(SocialAccount).where(SocialAccount.id == social_account_id, SocialAccount.actor_id == actor_id)
    )
    if row is None:
        raise NotFound("There is no such account. Nothing was changed.")
    return row


def confirm_proof(db: Session, *, actor_id: int, social_account_id: int, bio: str, now: datetime) -> None:
    """The network shows `bio` on the profile: with the code in it, the handle is proved, counts and is read."""
    row = get_account(db, actor_id=actor_id, social_account_id=social_account_id)
    if not row.proof_code or row.proof_code not in bio:
        raise Refused(
            "The code is not in the profile yet. It can take a minute to appear. Nothing was changed.", code="no_code"
        )
    row.proved_at = row.proved_at or now
    set_opt_in(db, actor_id=actor_id, social_account_id=row.id, is_in=True, now=now)
    row.next_fetch_at = now
    enqueue(db, Job.REFRESH_SOCIAL_ACCOUNT, row.id)


def set_opt_in(db: Session, *, actor_id: int, social_account_id: int, is_in: bool, now: datetime) -> None:
    """Let a proved account count, or no longer; the score follows at once."""
    row = get_account(db, actor_id=actor_id, social_account_id=social_account_id)
    if is_in and row.proved_at is None:
        raise Conflict("An account counts once it is proved. Nothing was changed.")
    row.opted_in_at = (row.opted_in_at or now) if is_in else None
    db.flush()
    enqueue(db, Job.COMPUTE_SCORE, actor_id)


def disconnect(db: Session, *, actor_id: int, social_account_id: int, now: datetime) -> None:
    """Take a handle away: it is read no more and its part of the score is gone."""
    row = get_account(db, actor_id=actor_id, social_account_id=social_account_id)
    row.state, row.opted_in_at, row.proved_at, row.proof_code = "disconnected", None, None, None
    db.flush()
    enqueue(db, Job.COMPUTE_SCORE, actor_id)
