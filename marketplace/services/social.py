"""Social accounts and whom they belong to."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.domain.errors import Conflict, NotFound
from marketplace.domain.network import spell_handle
from marketplace.jobs import Job, enqueue
from marketplace.models import Actor, SocialAccount


def attach_account(db: Session, *, network: str, handle: str, actor_slug: str, now: datetime) -> SocialAccount:
    """Give an imported account to an actor who proved it and opted in elsewhere, and score them.

    Refused when there is no such account or actor, and when the account is someone else's.
    """
    handle = spell_handle(handle)
    account = db.scalar(select(SocialAccount).where(SocialAccount.network == network, SocialAccount.handle == handle))
    actor = db.scalar(select(Actor).where(Actor.slug == actor_slug))
    if account is None:
        raise NotFound(f"There is no account called {handle} on {network}. Nothing was changed.")
    if actor is None:
        raise NotFound(f"There is no actor called {actor_slug}. Nothing was changed.")
    if account.proved_at is not None and account.actor_id not in (None, actor.id):
        raise Conflict(f"{handle} on {network} belongs to another actor. Nothing was changed.")
    account.actor_id = actor.id
    account.proved_at = account.proved_at or now
    account.opted_in_at = account.opted_in_at or now
    enqueue(db, Job.COMPUTE_SCORE, actor.id)
    return account
