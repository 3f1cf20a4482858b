"""Social accounts for tests of stats and scores."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.gateways.network.base import Network
from marketplace.models import Actor, PostSeen, Score, SocialAccount, StatsSnapshot
from marketplace.services.stats import Fetched, fetch_accounts, load_orders, store_fetched

NOW = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
_numbers = itertools.count(1)


def add_actor(db: Session) -> Actor:
    number = next(_numbers)
    actor = Actor(slug=f"maya-{number}", name=f"Maya {number}", created_at=NOW, updated_at=NOW)
    db.add(actor)
    db.flush()
    return actor


def add_account(
    db: Session,
    actor: Actor | None = None,
    *,
    handle: str = "maya",
    network: str = "tiktok",
    source: str = "demo",
    proved: bool = True,
    opted_in: bool = True,
    due_at: datetime | None = NOW,
) -> SocialAccount:
    """An account that is due and was never read."""
    account = SocialAccount(
        actor_id=actor.id if actor else None,
        network=network,
        handle=handle,
        source=source,
        proved_at=NOW if proved else None,
        opted_in_at=NOW if opted_in else None,
        next_fetch_at=due_at,
        created_at=NOW,
    )
    db.add(account)
    db.flush()
    return account


def refresh(db: Session, network: Network, account: SocialAccount, now: datetime) -> list[Fetched]:
    """Load, fetch and store, as the task does, whether or not the account is due."""
    account.next_fetch_at = now
    db.flush()
    fetched = fetch_accounts({network.name: network}, load_orders(db, social_account_ids=[account.id], now=now))
    store_fetched(db, fetched, now=now)
    db.flush()
    return fetched


def snapshots_of(db: Session, account: SocialAccount) -> list[StatsSnapshot]:
    rows = select(StatsSnapshot).where(StatsSnapshot.social_account_id == account.id).order_by(StatsSnapshot.id)
    return list(db.scalars(rows))


def posts_of(db: Session, account: SocialAccount) -> dict[str, PostSeen]:
    rows = db.scalars(select(PostSeen).where(PostSeen.social_account_id == account.id))
    return {row.external_id: row for row in rows}


def scores_of(db: Session, actor: Actor) -> list[Score]:
    return list(db.scalars(select(Score).where(Score.actor_id == actor.id).order_by(Score.id)))


def days(count: float) -> timedelta:
    return timedelta(days=count)
