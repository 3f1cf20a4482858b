"""Refreshing social accounts in three steps, so that no network is called inside a transaction: load, fetch, store."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, func, or_, select, update
from sqlalchemy.orm import Session

from marketplace.domain.stats import (
    GONE_AFTER,
    is_collapse,
    next_day_at,
    next_read_at,
    read_posts_since,
    retry_gone_at,
    retry_read_at,
    spent_minor,
)
from marketplace.gateways.network.base import (
    AccountFigures,
    AccountGone,
    AccountProtected,
    BudgetSpent,
    Network,
    NetworkError,
    NetworkUnavailable,
    PostFigures,
    RateLimited,
)
from marketplace.jobs import Job, enqueue
from marketplace.models import PostSeen, SocialAccount, StatsSnapshot

BATCH: Final = 50
CLAIM: Final = timedelta(minutes=15)
POST_LIMIT: Final = 30
DOWN_AFTER: Final = 3
FETCHED_STATES: Final = ("active", "protected", "gone")
FELL: Final = "followers_fell"


@dataclass(frozen=True, slots=True)
class FetchOrder:
    """One account to read: where, and how far back."""

    social_account_id: int
    network: str
    handle: str
    since: datetime


@dataclass(frozen=True, slots=True)
class Fetched:
    """What a network said about an account: its figures and posts, or why there are none of either."""

    order: FetchOrder
    figures: AccountFigures | None
    posts: Sequence[PostFigures] = ()
    error: NetworkError | None = None


def claim_due_accounts(
    db: Session, *, now: datetime, budget_minor: Mapping[str, int] | None = None, limit: int = 10 * BATCH
) -> int:
    """Enqueue a refresh for every account that is due, a batch of one network in each job; how many accounts.

    A claim lasts 15 minutes: an account whose job was lost is due again then. Imported accounts are never due.
    `budget_minor` is what each gateway may cost in a UTC day, in US cents; once it is spent its accounts wait for
    the next day.
    """
    _put_off(db, [source for source, most in (budget_minor or {}).items() if _spent(db, source, now) >= most], now)
    due = select(SocialAccount.id, SocialAccount.network).where(_is_due(now), _is_free(now))
    rows = db.execute(due.order_by(SocialAccount.next_fetch_at, SocialAccount.id).limit(limit)).all()
    by_network: dict[str, list[int]] = {}
    for account_id, network in rows:
        by_network.setdefault(network, []).append(account_id)
    for ids in by_network.values():
        for start in range(0, len(ids), BATCH):
            _claim(db, ids[start : start + BATCH], now)
    return len(rows)


def load_orders(db: Session, *, social_account_ids: Sequence[int], now: datetime) -> list[FetchOrder]:
    """What to read of these accounts; those that are not due (any more) are left out, so a job may come twice."""
    rows = db.scalars(select(SocialAccount).where(SocialAccount.id.in_(social_account_ids), _is_due(now)))
    return [FetchOrder(row.id, row.network, row.handle, read_posts_since(row.fetched_at, now=now)) for row in rows]


def fetch_accounts(networks: Mapping[str, Network], orders: Sequence[FetchOrder]) -> list[Fetched]:
    """Ask the networks, outside any transaction. A refusal that concerns all accounts ends that network's round."""
    answers: list[Fetched] = []
    for name in dict.fromkeys(order.network for order in orders):
        chosen = [order for order in orders if order.network == name]
        network = networks.get(name)
        if network is None:
            answers += [Fetched(order, None, error=NetworkUnavailable(f"no gateway reads {name}")) for order in chosen]
        else:
            answers += _fetch_from(network, chosen)
    return answers


def store_fetched(db: Session, fetched: Sequence[Fetched], *, now: datetime) -> None:
    """Write each answer down: a good one as a snapshot with its posts, a bad one as a reason beside the last good."""
    for one in fetched:
        account = db.get(SocialAccount, one.order.social_account_id)
        if account is None or account.state == "disconnected":
            continue
        account.claimed_until = None
        if one.figures is None:
            _store_failure(account, one.error or NetworkUnavailable("no answer"), now)
        else:
            _store_good(db, account, one.figures, one, now)


def store_posts(
    db: Session, *, social_account_id: int, posts: Sequence[PostFigures], fetched_at: datetime
) -> tuple[int, int]:
    """Insert posts and update those seen before, unless they were read later already; how many of each."""
    known = {row.external_id: row for row in _posts_among(db, social_account_id, [post.external_id for post in posts])}
    added = changed = 0
    for post in posts:
        row = known.get(post.external_id)
        if row is None:
            row = known[post.external_id] = PostSeen(social_account_id=social_account_id, external_id=post.external_id)
            db.add(row)
            added += 1
        elif row.fetched_at > fetched_at:
            continue
        else:
            changed += 1
        _write_post(row, post, fetched_at)
    return added, changed


def _fetch_from(network: Network, orders: Sequence[FetchOrder]) -> list[Fetched]:
    try:
        found = network.find_accounts([order.handle for order in orders])
    except NetworkError as error:
        if isinstance(error, NetworkUnavailable) and len(orders) > 1:
            return _fetch_singly(network, orders)
        return [Fetched(order, None, error=error) for order in orders]
    answers: list[Fetched] = []
    ended: NetworkError | None = None
    for order in orders:
        answer = Fetched(order, None, error=ended) if ended else _fetch_one(network, order, found[order.handle])
        ended = answer.error if isinstance(answer.error, RateLimited | BudgetSpent) else None
        answers.append(answer)
    return answers


def _fetch_singly(network: Network, orders: Sequence[FetchOrder]) -> list[Fetched]:
    """One account can spoil the answer for a batch; a network that is down must not hold a worker for long."""
    answers: list[Fetched] = []
    in_a_row = 0
    for order in orders:
        if in_a_row >= DOWN_AFTER:
            answers.append(Fetched(order, None, error=answers[-1].error))
            continue
        [answer] = _fetch_from(network, [order])
        in_a_row = in_a_row + 1 if isinstance(answer.error, NetworkUnavailable) else 0
        answers.append(answer)
    return answers


def _fetch_one(network: Network, order: FetchOrder, found: AccountFigures | NetworkError) -> Fetched:
    if isinstance(found, NetworkError):
        return Fetched(order, None, error=found)
    if found.is_protected:
        return Fetched(order, found, error=AccountProtected("the account shows its posts to followers only"))
    try:
        return Fetched(order, found, network.read_posts(found.external_id, since=order.since, limit=POST_LIMIT))
    except AccountProtected as error:
        return Fetched(order, found, error=error)
    except NetworkError as error:
        return Fetched(order, None, error=error)


def _store_good(db: Session, account: SocialAccount, figures: AccountFigures, fetched: Fetched, now: datetime) -> None:
    doubted = is_collapse(account.followers, figures.followers) and account.last_error != FELL
    db.add(
        StatsSnapshot(
            social_account_id=account.id,
            at=now,
            source=account.source,
            followers=figures.followers,
            following=figures.following,
            posts=figures.posts,
            detail={"posts_read": len(fetched.posts)} | ({"doubted": FELL} if doubted else {}),
        )
    )
    store_posts(db, social_account_id=account.id, posts=fetched.posts, fetched_at=now)
    if figures.followers is not None and not doubted:
        account.followers = figures.followers
    account.external_id = figures.external_id
    account.fetched_at = now
    account.failures = 0
    account.state = "protected" if fetched.error else "active"
    account.last_error = FELL if doubted else fetched.error.code if fetched.error else None
    account.last_error_at = now if account.last_error else None
    account.next_fetch_at = next_read_at(account.source, last_post_at=_last_post_at(db, account.id), now=now)
    if account.actor_id is not None:
        enqueue(db, Job.COMPUTE_SCORE, account.actor_id)


def _store_failure(account: SocialAccount, error: NetworkError, now: datetime) -> None:
    account.failures += 1
    account.last_error = error.code
    account.last_error_at = now
    match error:
        case AccountGone():
            account.state = "gone" if account.failures >= GONE_AFTER else account.state
            account.next_fetch_at = retry_gone_at(account.failures, now=now)
        case BudgetSpent():
            account.next_fetch_at = next_day_at(now)
        case RateLimited(retry_at=moment):
            account.next_fetch_at = retry_read_at(1, not_before=moment, now=now)
        case _:
            account.next_fetch_at = retry_read_at(account.failures, now=now)


def _write_post(row: PostSeen, post: PostFigures, fetched_at: datetime) -> None:
    row.posted_at = post.posted_at
    row.fetched_at = fetched_at
    row.views = post.views
    row.likes = post.likes
    row.comments = post.comments
    row.shares = post.shares
    row.quotes = post.quotes
    row.is_paid = post.is_paid


def _spent(db: Session, source: str, now: datetime) -> int:
    """US cents that this gateway's readings have cost since midnight UTC."""
    today = next_day_at(now) - timedelta(days=1)
    accounts = select(SocialAccount.id).where(SocialAccount.source == source)
    profiles = select(func.count(StatsSnapshot.social_account_id.distinct())).where(
        StatsSnapshot.source == source, StatsSnapshot.at >= today
    )
    posts = select(func.count(PostSeen.id)).where(
        PostSeen.social_account_id.in_(accounts), PostSeen.fetched_at >= today
    )
    return spent_minor(source, profiles=db.scalar(profiles) or 0, posts=db.scalar(posts) or 0)


def _put_off(db: Session, sources: Sequence[str], now: datetime) -> None:
    if sources:
        waiting = update(SocialAccount).where(SocialAccount.source.in_(sources), _is_due(now))
        db.execute(waiting.values(next_fetch_at=next_day_at(now), last_error=BudgetSpent.code, last_error_at=now))


def _claim(db: Session, ids: Sequence[int], now: datetime) -> None:
    db.execute(update(SocialAccount).where(SocialAccount.id.in_(ids)).values(claimed_until=now + CLAIM))
    enqueue(db, Job.REFRESH_SOCIAL_ACCOUNT, *ids)


def _is_due(now: datetime) -> ColumnElement[bool]:
    return (
        SocialAccount.state.in_(FETCHED_STATES) & (SocialAccount.source != "csv") & (SocialAccount.next_fetch_at <= now)
    )


def _is_free(now: datetime) -> ColumnElement[bool]:
    return or_(SocialAccount.claimed_until.is_(None), SocialAccount.claimed_until <= now)


def _posts_among(db: Session, social_account_id: int, external_ids: Sequence[str]) -> Sequence[PostSeen]:
    chosen = select(PostSeen).where(
        PostSeen.social_account_id == social_account_id, PostSeen.external_id.in_(external_ids)
    )
    return db.scalars(chosen).all()


def _last_post_at(db: Session, social_account_id: int) -> datetime | None:
    newest = select(func.max(PostSeen.posted_at)).where(PostSeen.social_account_id == social_account_id)
    return db.scalar(newest)
