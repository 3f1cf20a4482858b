"""Boundaries: an actor's limits as a row keeps them, and what a request runs into."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from marketplace.domain.boundary import Limits, Verdict, judge
from marketplace.services.actor import get_actor


def get_limits(db: Session, actor_id: int) -> Limits:
    """What the actor never plays or wants to be asked about, and the cap of loud moments; refuses an unknown actor."""
    actor = get_actor(db, actor_id)
    return Limits.read(actor.no_go, actor.most_intense)


def save_limits(db: Session, *, actor_id: int, limits: Limits, now: datetime) -> None:
    """Replace the limits; requests made before keep what was asked of them."""
    actor = get_actor(db, actor_id)
    actor.no_go, actor.most_intense, actor.updated_at = limits.to_json(), limits.most_intense, now
    db.flush()


def foresee(db: Session, *, actor_id: int, topics: Iterable[str], beats: Sequence[tuple[str, str]]) -> Verdict:
    """What a request for a scene with these topics and beats (intensity, display) would run into; nothing is stored."""
    return judge(get_limits(db, actor_id), topics, beats)
