"""One actor's public page: everything it shows, read by columns in a fixed number of statements."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.domain.boundary import Limits
from marketplace.domain.cancellation import Tier
from marketplace.domain.errors import NotFound
from marketplace.domain.flavour import VOCABULARY, Flavour
from marketplace.domain.rate import RateCard
from marketplace.models import Actor, Clip, ClipFlavour, Score
from marketplace.services.card import ActorRow, find_rows
from marketplace.services.rate import find_rate_card

HISTORY: Final = timedelta(days=183)
"""How far back the page's score chart goes."""


@dataclass(frozen=True)
class Stretch:
    """A part of a clip in one flavour, in milliseconds from its start."""

    flavour: Flavour
    intensity: str
    display: str
    starts_ms: int
    ends_ms: int


@dataclass(frozen=True)
class ClipRow:
    """A clip as the reel plays it; the keys are of the storage."""

    id: int
    title: str
    role: str
    storage_key: str
    poster_key: str | None
    content_type: str
    duration_ms: int
    stretches: tuple[Stretch, ...]


@dataclass(frozen=True)
class ScorePoint:
    """A score of the past, 0-100."""

    at: datetime
    points: float
    low: float
    high: float
    method: str


@dataclass(frozen=True)
class ScoreDetail:
    """The newest score with what it is made of; `networks` as the method recorded them."""

    at: datetime
    points: float
    low: float
    high: float
    reach: float
    reach_low: float
    reach_high: float
    confidence: str
    method: str
    networks: Sequence[Mapping[str, Any]]
    explanation: str


@dataclass(frozen=True)
class ActorDetail:
    """All an actor's page shows. `card` is None while the actor has no rate: then a platform has to make an offer."""

    row: ActorRow
    bio: str
    skills: tuple[str, ...]
    credits: Sequence[Any]
    boundaries: tuple[str, ...]
    limits: Limits
    union_status: str
    clips: tuple[ClipRow, ...]
    card: RateCard | None
    cancellation: Tier
    score: ScoreDetail | None
    history: tuple[ScorePoint, ...]

    @property
    def first_name(self) -> str:
        """What the page calls the actor."""
        return self.row.name.split()[0]


def find_actor_page(db: Session, slug: str, now: datetime) -> ActorDetail | None:
    """The page of a listed actor; None for anyone else, listed no longer or never there."""
    columns = select(
        Actor.id, Actor.bio, Actor.skills, Actor.credits, Actor.boundaries, Actor.union_status, Actor.no_go,
        Actor.most_intense,
    )  # fmt: skip
    found = db.execute(columns.where(Actor.slug == slug, Actor.listed.is_(True))).first()
    if found is None:
        return None
    priced = find_rate_card(db, found.id)
    return ActorDetail(
        row=find_rows(db, [found.id], now)[0],
        bio=found.bio,
        skills=tuple(found.skills),
        credits=found.credits,
        boundaries=tuple(found.boundaries),
        limits=Limits.read(found.no_go, found.most_intense),
        union_status=found.union_status,
        clips=_clips(db, found.id),
        card=priced.card if priced else None,
        cancellation=priced.cancellation if priced else Tier.STANDARD,
        score=_newest_score(db, found.id),
        history=_history(db, found.id, now - HISTORY),
    )


def get_actor_page(db: Session, slug: str, now: datetime) -> ActorDetail:
    """As `find_actor_page`, but refused when there is none."""
    page = find_actor_page(db, slug, now)
    if page is None:
        raise NotFound("There is no such actor here.")
    return page


def _clips(db: Session, actor_id: int) -> tuple[ClipRow, ...]:
    shown = (Clip.actor_id == actor_id, Clip.state == "ready", Clip.display_consent_at.is_not(None))
    stretches: dict[int, list[Stretch]] = {}
    parts = select(ClipFlavour).join(Clip, Clip.id == ClipFlavour.clip_id).where(*shown)
    for one in db.scalars(parts.order_by(ClipFlavour.starts_ms, ClipFlavour.id)):
        flavour = VOCABULARY.get(one.flavour)
        stretches.setdefault(one.clip_id, []).append(
            Stretch(flavour, one.intensity, one.display, one.starts_ms, one.ends_ms)
        )
    columns = select(
        Clip.id, Clip.title, Clip.role, Clip.storage_key, Clip.poster_key, Clip.content_type, Clip.duration_ms
    )
    rows = db.execute(columns.where(*shown).order_by(Clip.position, Clip.id))
    return tuple(
        ClipRow(*row[:6], duration_ms=row.duration_ms or 0, stretches=tuple(stretches.get(row.id, ()))) for row in rows
    )


def _newest_score(db: Session, actor_id: int) -> ScoreDetail | None:
    newest = select(
        Score.at, Score.points, Score.low, Score.high, Score.reach, Score.reach_low, Score.reach_high,
        Score.confidence, Score.method, Score.networks, Score.explanation,
    )  # fmt: skip
    row = db.execute(newest.where(Score.actor_id == actor_id).order_by(Score.at.desc(), Score.id.desc()).limit(1))
    found = row.first()
    return ScoreDetail(*found) if found else None


def _history(db: Session, actor_id: int, since: datetime) -> tuple[ScorePoint, ...]:
    points = select(Score.at, Score.points, Score.low, Score.high, Score.method)
    rows = db.execute(points.where(Score.actor_id == actor_id, Score.at >= since).order_by(Score.at, Score.id))
    return tuple(ScorePoint(*row) for row in rows)
