"""Scores of actors, from the accounts that they proved and opted in; and of imported accounts that nobody owns yet."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import func, or_, select, update
from sqlalchemy.orm import Session

from marketplace.domain.score import AccountScore, ActorScore, Unrated, combine
from marketplace.domain.score_method import CONSTANTS_HASH
from marketplace.jobs import Job, enqueue
from marketplace.models import Actor, Score, SocialAccount
from marketplace.services.batch import among
from marketplace.services.score_input import AccountRead, counts, owned_by, rate, read_accounts, resonance
from marketplace.services.score_record import network_object, raise_flags, raise_jump, score_row

AGAIN_AFTER: Final = timedelta(hours=20)


@dataclass(frozen=True, slots=True)
class ScorePoint:
    """A score of the past with its interval, 0-100."""

    at: datetime
    points: float
    low: float
    high: float
    method: str


def compute_score(db: Session, *, actor_id: int, now: datetime) -> Score | None:
    """Compute and store an actor's score as of now; None, and no score on their page, where nothing can be rated.

    Only accounts count that are theirs by proof and that they opted in. The row holds the method, the hash of its
    constants, every component and the snapshots used. With the same input within 20 hours the last row stands.
    """
    reads = read_accounts(db, owned_by(actor_id), as_of=now)
    rated = [rate(one, now) for one in reads]
    together = combine([score for score in rated if isinstance(score, AccountScore)])
    if together is None:
        _clear(db, actor_id, now)
        return None
    newest = find_newest_score(db, actor_id=actor_id)
    if newest is not None and _still_stands(newest, reads, together, now):
        _show(db, actor_id, newest, now)
        return newest
    row = score_row(together, _objects(db, reads, rated, now), reads, at=now, actor_id=actor_id)
    db.add(row)
    db.flush()
    _show(db, actor_id, row, now)
    if newest is not None:
        raise_jump(db, actor_id=actor_id, before=newest, after=row, now=now)
    raise_flags(db, actor_id=actor_id, reads=reads, now=now)
    return row


def score_imported(db: Session, *, social_account_ids: Sequence[int], now: datetime) -> int:
    """Score accounts that belong to no actor, each as of its last reading; how many could be rated.

    An account whose newest score is of that reading already is left alone.
    """
    chosen = among(db, SocialAccount.id, social_account_ids) & SocialAccount.fetched_at.is_not(None)
    reads = read_accounts(db, chosen, as_of=None)
    done = _scored_moments(db, social_account_ids)
    count = 0
    for one in reads:
        moment = one.account.fetched_at or now
        rated = rate(one, moment)
        together = combine([rated]) if isinstance(rated, AccountScore) else None
        if together is None:
            continue
        count += 1
        if done.get(one.account.id) == (moment, CONSTANTS_HASH):
            continue
        networks = [network_object(one, rated, together, now=moment)]
        db.add(score_row(together, networks, [one], at=moment, social_account_id=one.account.id))
    db.flush()
    return count


def enqueue_due_scores(db: Session, *, now: datetime) -> int:
    """Enqueue a score for every actor with an opted-in account and no score of the last 20 hours; how many.

    Without this a score whose network stopped answering would keep the narrow interval of its last day.
    """
    old = or_(Actor.scored_at.is_(None), Actor.scored_at <= now - AGAIN_AFTER)
    owned = select(SocialAccount.actor_id).where(counts())
    due = db.scalars(select(Actor.id).where(Actor.id.in_(owned), old)).all()
    for actor_id in due:
        enqueue(db, Job.COMPUTE_SCORE, actor_id)
    return len(due)


def find_newest_score(db: Session, *, actor_id: int) -> Score | None:
    """The newest score row of an actor."""
    rows = select(Score).where(Score.actor_id == actor_id).order_by(Score.at.desc(), Score.id.desc())
    return db.scalars(rows.limit(1)).first()


def score_history(db: Session, *, actor_id: int, since: datetime) -> list[ScorePoint]:
    """An actor's scores since then, oldest first."""
    columns = select(Score.at, Score.points, Score.low, Score.high, Score.method)
    rows = db.execute(columns.where(Score.actor_id == actor_id, Score.at >= since).order_by(Score.at, Score.id))
    return [ScorePoint(*row) for row in rows]


def network_table(db: Session, *, actor_id: int, now: datetime) -> list[dict[str, Any]]:
    """One object for each opted-in account as it stands now, strongest first; keys as in `Score.networks`."""
    reads = read_accounts(db, owned_by(actor_id), as_of=now)
    rated = [rate(one, now) for one in reads]
    return sorted(_objects(db, reads, rated, now), key=lambda row: -(row["points"] or 0.0))


def _objects(
    db: Session, reads: Sequence[AccountRead], rated: Sequence[AccountScore | Unrated], now: datetime
) -> list[dict[str, Any]]:
    together = combine([score for score in rated if isinstance(score, AccountScore)])
    return [
        network_object(one, score, together, now=now, resonance=_resonance(db, one, score))
        for one, score in zip(reads, rated, strict=True)
    ]


def _resonance(db: Session, one: AccountRead, score: AccountScore | Unrated) -> float | None:
    return resonance(db, one.account, score) if isinstance(score, AccountScore) else None


def _still_stands(newest: Score, reads: Sequence[AccountRead], together: ActorScore, now: datetime) -> bool:
    snapshots = [key for one in reads for key in one.snapshot_ids]
    same_input = newest.snapshot_ids == snapshots and newest.constants_sha256 == CONSTANTS_HASH
    same_width = newest.reach_low == together.typical_low
    return same_input and (same_width or now - newest.at < AGAIN_AFTER)


def _show(db: Session, actor_id: int, row: Score, now: datetime) -> None:
    db.execute(
        update(Actor)
        .where(Actor.id == actor_id)
        .values(
            score_points=row.points,
            score_low=row.low,
            score_high=row.high,
            score_confidence=row.confidence,
            scored_at=now,
        )
    )


def _clear(db: Session, actor_id: int, now: datetime) -> None:
    """Take an outdated score off the actor's card; the history keeps it."""
    nothing = {"score_points": None, "score_low": None, "score_high": None, "score_confidence": None}
    db.execute(update(Actor).where(Actor.id == actor_id).values(**nothing, scored_at=now))


def _scored_moments(db: Session, social_account_ids: Sequence[int]) -> dict[int, tuple[datetime, str]]:
    """The newest score's moment and constants, by account."""
    newest = (
        select(func.max(Score.id))
        .where(among(db, Score.social_account_id, social_account_ids))
        .group_by(Score.social_account_id)
    )
    rows = db.execute(select(Score.social_account_id, Score.at, Score.constants_sha256).where(Score.id.in_(newest)))
    return {row.social_account_id: (row.at, row.constants_sha256) for row in rows}
