"""What a score is made of: accounts with their posts and follower readings as the networks last gave them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from statistics import median
from typing import Any, Final

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from marketplace.domain.score import AccountScore, Post, Unrated, as_read, score_account
from marketplace.domain.score_flag import FollowerReading, Peer, resonance_of
from marketplace.domain.score_method import MAX_AGE_DAYS
from marketplace.models import PostSeen, SocialAccount, StatsSnapshot
from marketplace.services.batch import among

DAY: Final = timedelta(days=1)
PEERS_EACH_WAY: Final = 200
READINGS_KEPT: Final = timedelta(days=60)


@dataclass(frozen=True, slots=True)
class AccountRead:
    """One account's figures as stored: what the domain scores, and the snapshots it came from."""

    account: SocialAccount
    posts: tuple[Post, ...]
    readings: tuple[FollowerReading, ...]
    snapshot_ids: tuple[int, ...]


def counts() -> ColumnElement[bool]:
    """An account counts once its handle is proved and its owner opted in; a failing network does not change that."""
    return (
        SocialAccount.actor_id.is_not(None)
        & SocialAccount.proved_at.is_not(None)
        & SocialAccount.opted_in_at.is_not(None)
        & SocialAccount.fetched_at.is_not(None)
        & (SocialAccount.state != "disconnected")
    )


def owned_by(actor_id: int) -> ColumnElement[bool]:
    """An actor's accounts that count."""
    return (SocialAccount.actor_id == actor_id) & counts()


def read_accounts(db: Session, chosen: ColumnElement[bool], *, as_of: datetime | None) -> list[AccountRead]:
    """The chosen accounts with their posts and follower readings as they were when each account was last read."""
    accounts = db.scalars(select(SocialAccount).where(chosen).order_by(SocialAccount.id)).all()
    ids = [account.id for account in accounts]
    posts = _posts_by_account(db, {account.id: account.fetched_at or as_of for account in accounts})
    snapshots = _snapshots_by_account(db, ids)
    return [_account_read(account, posts.get(account.id, ()), snapshots.get(account.id, ())) for account in accounts]


def _account_read(account: SocialAccount, posts: Sequence[Post], snapshots: Sequence[Any]) -> AccountRead:
    read_at = account.fetched_at or account.created_at
    recent = [one for one in snapshots if one.followers is not None and read_at - READINGS_KEPT <= one.at <= read_at]
    return AccountRead(
        account=account,
        posts=tuple(posts),
        readings=tuple(FollowerReading((read_at - one.at) / DAY, one.followers) for one in recent),
        snapshot_ids=tuple(one.id for one in snapshots[-1:]),
    )


def _posts_by_account(db: Session, read_at: dict[int, datetime | None]) -> dict[int, list[Post]]:
    columns = select(
        PostSeen.social_account_id, PostSeen.posted_at, PostSeen.fetched_at, PostSeen.views,
        PostSeen.likes, PostSeen.comments, PostSeen.shares, PostSeen.quotes,
    )  # fmt: skip
    earliest = min((moment for moment in read_at.values() if moment), default=None)
    if earliest is None:
        return {}
    recent = PostSeen.posted_at >= earliest - timedelta(days=MAX_AGE_DAYS)
    rows = db.execute(
        columns.where(among(db, PostSeen.social_account_id, list(read_at)), recent).order_by(
            PostSeen.social_account_id, PostSeen.id
        )
    )
    return {
        account_id: [_post(row, read_at[account_id] or row.fetched_at) for row in group]
        for account_id, group in groupby(rows, key=lambda row: row.social_account_id)
    }


def _post(row: Any, read_at: datetime) -> Post:
    engagements = sum(count or 0 for count in (row.likes, row.comments, row.shares, row.quotes))
    age, when_read = (read_at - row.posted_at) / DAY, (row.fetched_at - row.posted_at) / DAY
    return as_read(age, when_read, row.views, engagements)


def _snapshots_by_account(db: Session, ids: Sequence[int]) -> dict[int, list[Any]]:
    columns = select(
        StatsSnapshot.social_account_id, StatsSnapshot.id, StatsSnapshot.at, StatsSnapshot.followers
    ).where(among(db, StatsSnapshot.social_account_id, ids))
    rows = db.execute(columns.order_by(StatsSnapshot.social_account_id, StatsSnapshot.at, StatsSnapshot.id))
    return {key: list(group) for key, group in groupby(rows, key=lambda row: row.social_account_id)}


def rate(one: AccountRead, now: datetime) -> AccountScore | Unrated:
    """The account's own score; its interval widens with the days since it was read."""
    account = one.account
    days = (now - (account.fetched_at or now)) / DAY
    return score_account(account.network, account.followers, one.posts, days_since_fetch=max(0.0, days))


def resonance(db: Session, account: SocialAccount, score: AccountScore) -> float | None:
    """The percentile of engagement per view among the accounts of the network nearest in followers."""
    if score.engagement_rate is None or account.followers is None:
        return None
    nearest = _nearest(db, account, account.followers)
    columns = select(
        PostSeen.social_account_id, PostSeen.views, PostSeen.likes, PostSeen.comments, PostSeen.shares, PostSeen.quotes
    ).where(among(db, PostSeen.social_account_id, list(nearest)), PostSeen.views > 0)
    rows = db.execute(columns.order_by(PostSeen.social_account_id))
    peers = [
        Peer(nearest[key], median(_rate_of(row) for row in group))
        for key, group in groupby(rows, key=lambda row: row.social_account_id)
    ]
    return resonance_of(account.followers, score.engagement_rate, peers)


def _nearest(db: Session, account: SocialAccount, followers: int) -> dict[int, int]:
    same = select(SocialAccount.id, SocialAccount.followers).where(
        SocialAccount.network == account.network,
        SocialAccount.id != account.id,
        SocialAccount.state != "disconnected",
    )
    above = same.where(SocialAccount.followers >= followers).order_by(SocialAccount.followers, SocialAccount.id)
    below = same.where(SocialAccount.followers < followers).order_by(SocialAccount.followers.desc(), SocialAccount.id)
    rows = [*db.execute(above.limit(PEERS_EACH_WAY)), *db.execute(below.limit(PEERS_EACH_WAY))]
    return {row.id: row.followers for row in rows}


def _rate_of(row: Any) -> float:
    return sum(count or 0 for count in (row.likes, row.comments, row.shares, row.quotes)) / float(row.views)
