"""Social accounts with half a year of figures, and the scores that follow from them, week by week."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from marketplace.domain.score import AccountScore, Post, combine
from marketplace.domain.stats import next_read_at
from marketplace.models import PostSeen, Score, SocialAccount, StatsSnapshot
from marketplace.sandbox.demo.world import Person, audience
from marketplace.sandbox.network.figures import HIDES_VIEWS, MadeUpAccount, MadeUpPost
from marketplace.sandbox.network.name import id_of
from marketplace.sandbox.network.x_shape import post as x_post
from marketplace.services.score import compute_score
from marketplace.services.score_input import DAY, AccountRead, rate
from marketplace.services.score_record import network_object, score_row

WEEKS: Final = 28
WEEK: Final = timedelta(weeks=1)
HALF_A_YEAR: Final = timedelta(days=180)
NEWEST_POSTS: Final = 30


def add_audiences(db: Session, actors: Mapping[int, Person], now: datetime) -> None:
    """Accounts, snapshots and posts for everyone; `actors` maps actor ids to people."""
    rows = [row for actor_id, person in actors.items() for row in _accounts(actor_id, person, now)]
    db.add_all(rows)
    db.flush()
    # the last reading was a few hours ago; one network in twenty has not answered since
    snapshots = [one for row in rows for one in _snapshots(row, now)]
    db.execute(insert(StatsSnapshot), snapshots)
    db.execute(insert(PostSeen), [one for row in rows for one in _posts(row)])


def _accounts(actor_id: int, person: Person, now: datetime) -> Iterator[SocialAccount]:
    for place, (network, handle) in enumerate(person.handles):
        behind = audience(network, handle)
        is_stale = (actor_id + place) % 19 == 7
        read_at = now - (timedelta(days=9) if is_stale else timedelta(hours=1 + (actor_id * 7 + place * 5) % 30))
        source = "x" if network == "x" else "demo"
        yield SocialAccount(
            actor_id=actor_id,
            network=network,
            handle=handle,
            external_id=id_of(handle),
            source=source,
            state="active",
            proved_at=now - WEEKS * WEEK,
            opted_in_at=now - WEEKS * WEEK,
            followers=behind.followers(read_at),
            fetched_at=read_at,
            next_fetch_at=next_read_at(source, last_post_at=_last_post_at(behind, read_at), now=now),
            failures=3 if is_stale else 0,
            last_error="unavailable" if is_stale else None,
            last_error_at=now - timedelta(hours=5) if is_stale else None,
            created_at=now - WEEKS * WEEK,
        )


def _last_post_at(behind: MadeUpAccount, at: datetime) -> datetime | None:
    posts = behind.posts(at - timedelta(days=60), at)
    return posts[0].posted_at if posts else None


def _moments(now: datetime) -> list[datetime]:
    """The weekly readings, oldest first; the last one a week ago."""
    return [now - weeks * WEEK for weeks in range(WEEKS - 1, 0, -1)]


def _snapshots(row: SocialAccount, now: datetime) -> Iterator[dict[str, Any]]:
    behind = audience(row.network, row.handle)
    read_at = row.fetched_at or now
    for at in [*(moment for moment in _moments(now) if moment < read_at - DAY), read_at]:
        yield {
            "social_account_id": row.id,
            "at": at,
            "source": row.source,
            "followers": behind.followers(at),
            "following": behind.following,
            "posts": behind.post_count(at),
            "detail": {"posts_read": NEWEST_POSTS},
        }


def _posts(row: SocialAccount) -> Iterator[dict[str, Any]]:
    read_at = row.fetched_at or row.created_at
    behind = audience(row.network, row.handle)
    for made in _newest(behind, read_at):
        yield {
            "social_account_id": row.id,
            "external_id": _external_id(row, behind, made),
            "posted_at": made.posted_at,
            "fetched_at": read_at,
            "views": None if row.network in HIDES_VIEWS else made.views,
            "likes": made.likes,
            "comments": made.comments,
            "shares": made.shares,
            "quotes": made.quotes if row.network == "x" else None,
            "is_paid": made.is_paid,
        }


def _newest(behind: MadeUpAccount, at: datetime) -> list[MadeUpPost]:
    """The newest posts of the half year before `at`; no more are made up than are wanted."""
    reach = min(HALF_A_YEAR, (NEWEST_POSTS + 2) * behind.days_between * DAY)
    return behind.posts(at - reach, at)[:NEWEST_POSTS]


def _external_id(row: SocialAccount, behind: MadeUpAccount, made: MadeUpPost) -> str:
    """As the stand-in for the network names it, so that the next reading finds the same post."""
    return str(x_post(behind, made, set())["id"]) if row.network == "x" else f"{row.network}-{made.number}"


# scores ---------------------------------------------------------------------------------------------


def add_scores(db: Session, actor_ids: Sequence[int], now: datetime) -> Iterator[int]:
    """The score of every past week from what could be seen then, and today's by the service; yields each actor's id."""
    accounts: dict[int, list[SocialAccount]] = {actor_id: [] for actor_id in actor_ids}
    for account in db.scalars(select(SocialAccount).where(SocialAccount.actor_id.in_(actor_ids))):
        accounts[account.actor_id or 0].append(account)
    snapshot_ids = _snapshot_ids(db)
    for actor_id, own in accounts.items():
        past = (_score_then(actor_id, own, snapshot_ids, at) for at in _moments(now))
        db.add_all(row for row in past if row is not None)
        db.flush()
        compute_score(db, actor_id=actor_id, now=now)
        yield actor_id


def _snapshot_ids(db: Session) -> dict[tuple[int, datetime], int]:
    columns = select(StatsSnapshot.social_account_id, StatsSnapshot.at, StatsSnapshot.id)
    return {(account_id, at): id for account_id, at, id in db.execute(columns)}


def _score_then(
    actor_id: int, accounts: Sequence[SocialAccount], snapshot_ids: Mapping[tuple[int, datetime], int], at: datetime
) -> Score | None:
    reads = [_read_then(account, snapshot_ids, at) for account in accounts]
    rated = [rate(one, at) for one in reads]
    together = combine([score for score in rated if isinstance(score, AccountScore)])
    if together is None:
        return None
    networks = [network_object(one, score, together, now=at) for one, score in zip(reads, rated, strict=True)]
    return score_row(together, networks, reads, at=at, actor_id=actor_id)


def _read_then(account: SocialAccount, snapshot_ids: Mapping[tuple[int, datetime], int], at: datetime) -> AccountRead:
    """The account as it was read at `at`; the row is a likeness that is never stored."""
    behind = audience(account.network, account.handle)
    likeness = SocialAccount(
        network=account.network,
        handle=account.handle,
        source=account.source,
        state="active",
        followers=behind.followers(at),
        fetched_at=at,
    )
    known = snapshot_ids.get((account.id, at))
    return AccountRead(
        account=likeness,
        posts=tuple(_post_then(account.network, made, at) for made in _newest(behind, at)),
        readings=(),
        snapshot_ids=(known,) if known is not None else (),
    )


def _post_then(network: str, made: MadeUpPost, at: datetime) -> Post:
    quotes = made.quotes if network == "x" else 0
    engagements = made.likes + made.comments + made.shares + quotes
    return Post((at - made.posted_at) / DAY, None if network in HIDES_VIEWS else made.views, engagements)
