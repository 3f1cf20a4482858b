"""Imported figures: rows of a file become social accounts with posts and a snapshot, and are scored.

A file is read to its end before anything is written, so that a bad one changes nothing.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from marketplace.gateways.network.base import PostFigures
from marketplace.gateways.network.csv import BadRow, PostRow
from marketplace.jobs import Job, enqueue
from marketplace.models import PostSeen, SocialAccount, StatsSnapshot
from marketplace.services.batch import among
from marketplace.services.score import score_imported

BATCH: Final = 100
SOURCE: Final = "csv"


@dataclass(frozen=True, slots=True)
class ReadPost:
    """A post with the moment its figures were read."""

    figures: PostFigures
    fetched_at: datetime


@dataclass(frozen=True, slots=True)
class ImportedAccount:
    """One account of a file: its newest figures, and its posts, oldest first."""

    handle: str
    followers: int | None
    fetched_at: datetime
    posts: tuple[ReadPost, ...]


@dataclass(frozen=True, slots=True)
class ImportedFile:
    """What a file holds, with the rows that were skipped."""

    accounts: tuple[ImportedAccount, ...]
    bad_rows: tuple[BadRow, ...]


@dataclass(frozen=True, slots=True)
class ImportCount:
    """What an import did. `skipped` are handles that a live network reads: their rows were passed over."""

    created: int = 0
    matched: int = 0
    posts_added: int = 0
    posts_changed: int = 0
    scored: int = 0
    skipped: tuple[str, ...] = ()

    def __add__(self, other: "ImportCount") -> "ImportCount":
        """The count of two batches."""
        return ImportCount(
            self.created + other.created,
            self.matched + other.matched,
            self.posts_added + other.posts_added,
            self.posts_changed + other.posts_changed,
            self.scored + other.scored,
            self.skipped + other.skipped,
        )


@dataclass
class _Gathering:
    """One account while its rows come in."""

    followers: int | None = None
    fetched_at: datetime | None = None
    lines: dict[tuple[str, str], int] = field(default_factory=dict)
    ids: Counter[str] = field(default_factory=Counter)
    posts: list[ReadPost] = field(default_factory=list)


def collect_file(rows: Iterable[PostRow | BadRow], *, progress: Callable[[int], None] | None = None) -> ImportedFile:
    """Gather rows by account, in memory; `progress` is told the number of rows read so far.

    A post that the file holds twice is a bad row the second time.
    """
    gathered: dict[str, _Gathering] = {}
    bad: list[BadRow] = []
    for count, row in enumerate(rows, start=1):
        if isinstance(row, BadRow):
            bad.append(row)
        elif (problem := _add(gathered.setdefault(row.account, _Gathering()), row)) is not None:
            bad.append(problem)
        if progress is not None:
            progress(count)
    return ImportedFile(tuple(_account(handle, one) for handle, one in gathered.items()), tuple(bad))


def moved_to(accounts: Sequence[ImportedAccount], now: datetime) -> list[ImportedAccount]:
    """The same accounts as if the newest of them had been read now: for showing old files, never for real ones."""
    distance = now - max((one.fetched_at for one in accounts), default=now)
    return [
        replace(
            account,
            fetched_at=account.fetched_at + distance,
            posts=tuple(
                ReadPost(replace(post.figures, posted_at=post.figures.posted_at + distance), post.fetched_at + distance)
                for post in account.posts
            ),
        )
        for account in accounts
    ]


def batches_of(accounts: Sequence[ImportedAccount]) -> Iterator[Sequence[ImportedAccount]]:
    """A hundred accounts at a time, each for a transaction of its own."""
    return (accounts[start : start + BATCH] for start in range(0, len(accounts), BATCH))


def import_accounts(db: Session, accounts: Sequence[ImportedAccount], *, network: str, now: datetime) -> ImportCount:
    """Create or match these accounts by handle, write their posts and a snapshot, and score them.

    Posts and figures that were read later already stand. Accounts of actors are scored by a job of theirs; those that
    nobody owns at once, as of their last reading. The same file again changes nothing.
    """
    known = _known(db, network, [one.handle for one in accounts])
    live = [one for one in accounts if one.handle in known and _is_read_live(known[one.handle])]
    ours = [one for one in accounts if one not in live]
    rows = {one.handle: known.get(one.handle) or _create(db, network, one.handle, now) for one in ours}
    for row in rows.values():
        _come_from_file(row)
    db.flush()
    added, changed = _write_posts(db, [(rows[one.handle].id, one) for one in ours])
    for one in ours:
        _write_reading(db, rows[one.handle], one)
    db.flush()
    for row in rows.values():
        if row.actor_id is not None:
            enqueue(db, Job.COMPUTE_SCORE, row.actor_id)
    nobodys = [row.id for row in rows.values() if row.actor_id is None]
    return ImportCount(
        created=len([handle for handle in rows if handle not in known]),
        matched=len([handle for handle in rows if handle in known]),
        posts_added=added,
        posts_changed=changed,
        scored=score_imported(db, social_account_ids=nobodys, now=now),
        skipped=tuple(one.handle for one in live),
    )


def _add(gathering: _Gathering, row: PostRow) -> BadRow | None:
    name = row.post.external_id
    earlier = gathering.lines.setdefault((name, row.number), row.line)
    if earlier != row.line:
        return BadRow(row.line, f"post {row.number or name} of {row.account} was on line {earlier} already")
    gathering.ids[name] += 1
    if gathering.ids[name] > 1:  # another post of the same second
        row = replace(row, post=replace(row.post, external_id=f"{name}#{gathering.ids[name]}"[-80:]))
    gathering.posts.append(ReadPost(row.post, row.fetched_at))
    if gathering.fetched_at is None or row.fetched_at >= gathering.fetched_at:
        gathering.fetched_at = row.fetched_at
        gathering.followers = gathering.followers if row.followers is None else row.followers
    return None


def _account(handle: str, gathering: _Gathering) -> ImportedAccount:
    posts = sorted(gathering.posts, key=lambda post: (post.figures.posted_at, post.figures.external_id))
    fetched_at = gathering.fetched_at or posts[-1].fetched_at
    return ImportedAccount(handle, gathering.followers, fetched_at, tuple(posts))


def _known(db: Session, network: str, handles: Sequence[str]) -> dict[str, SocialAccount]:
    chosen = select(SocialAccount).where(SocialAccount.network == network, SocialAccount.handle.in_(handles))
    return {row.handle: row for row in db.scalars(chosen)}


def _is_read_live(row: SocialAccount) -> bool:
    """Whether its owner has proved it, so that a network reads it; what nobody owns may come from a file again."""
    return row.source != SOURCE and row.proved_at is not None


def _come_from_file(row: SocialAccount) -> None:
    if row.source != SOURCE or row.state == "disconnected":
        row.actor_id, row.source, row.state, row.next_fetch_at = None, SOURCE, "active", None


def _create(db: Session, network: str, handle: str, now: datetime) -> SocialAccount:
    row = SocialAccount(network=network, handle=handle, source=SOURCE, created_at=now)
    db.add(row)
    return row


def _write_posts(db: Session, accounts: Sequence[tuple[int, ImportedAccount]]) -> tuple[int, int]:
    columns = select(PostSeen.social_account_id, PostSeen.external_id, PostSeen.id, PostSeen.fetched_at)
    rows = db.execute(columns.where(among(db, PostSeen.social_account_id, [key for key, _ in accounts])))
    known = {(row.social_account_id, row.external_id): row for row in rows}
    fresh: list[dict[str, Any]] = []
    newer: list[dict[str, Any]] = []
    for account_id, account in accounts:
        for post in account.posts:
            row = known.get((account_id, post.figures.external_id))
            if row is None:
                fresh.append({"social_account_id": account_id, **_values(post)})
            elif post.fetched_at > row.fetched_at:
                newer.append({"id": row.id, **_values(post)})
    if fresh:
        db.execute(insert(PostSeen), fresh)
    if newer:
        db.execute(update(PostSeen), newer)
    return len(fresh), len(newer)


def _values(post: ReadPost) -> dict[str, Any]:
    figures = post.figures
    return {
        "external_id": figures.external_id,
        "posted_at": figures.posted_at,
        "fetched_at": post.fetched_at,
        "views": figures.views,
        "likes": figures.likes,
        "comments": figures.comments,
        "shares": figures.shares,
        "quotes": figures.quotes,
        "is_paid": figures.is_paid,
    }


def _write_reading(db: Session, row: SocialAccount, account: ImportedAccount) -> None:
    """A snapshot and the newest figures, unless the account was read at this moment or later before."""
    if row.fetched_at is not None and row.fetched_at >= account.fetched_at:
        return
    row.fetched_at = account.fetched_at
    if account.followers is not None:
        row.followers = account.followers
    db.add(
        StatsSnapshot(
            social_account_id=row.id,
            at=account.fetched_at,
            source=SOURCE,
            followers=account.followers,
            detail={"posts_read": len(account.posts)},
        )
    )
