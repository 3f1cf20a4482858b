"""The market: what actors with a similar offer ask for an hour, counted in SQL and never shown for a few."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sqlalchemy import ColumnElement, and_, exists, func, select
from sqlalchemy.orm import Session

from marketplace.domain.market import MarketRange, find_range
from marketplace.models import Actor, ActorLanguage

SCORE_BAND: Final = 10.0
"""Scores up to this far apart count as similar."""


@dataclass(frozen=True, slots=True)
class Alike:
    """What similar actors share with one: in SQL, and in words."""

    condition: ColumnElement[bool] | None
    words: str


def find_market_range(db: Session, *, actor_id: int, currency: str) -> MarketRange | None:
    """The middle half of hourly rates in `currency` among the most similar group of listed actors that is big enough.

    The actor is not counted. None when even all of them together are fewer than the domain allows to be shown.
    """
    for alike in _groups(db, actor_id):
        counts = select(Actor.hourly_minor, func.count()).where(
            Actor.listed.is_(True), Actor.currency == currency, Actor.hourly_minor.is_not(None), Actor.id != actor_id
        )
        if alike.condition is not None:
            counts = counts.where(alike.condition)
        rows = [(int(minor or 0), count) for minor, count in db.execute(counts.group_by(Actor.hourly_minor))]
        if (found := find_range(rows, currency, alike.words)) is not None:
            return found
    return None


def _groups(db: Session, actor_id: int) -> list[Alike]:
    """From the most similar to everyone."""
    columns = select(Actor.score_points, Actor.playing_age_from, Actor.playing_age_to).where(Actor.id == actor_id)
    me = db.execute(columns).one()
    mine = select(ActorLanguage.language).where(ActorLanguage.actor_id == actor_id)
    shares = exists().where(ActorLanguage.actor_id == Actor.id, ActorLanguage.language.in_(mine))
    ages = and_(Actor.playing_age_from <= me.playing_age_to, Actor.playing_age_to >= me.playing_age_from)
    kind, everyone = and_(ages, shares), Alike(None, "all actors with a rate in this currency")
    played = Alike(kind, "actors of the same playing age and language")
    if me.score_points is None:
        return [played, everyone]
    near = Actor.score_points.between(me.score_points - SCORE_BAND, me.score_points + SCORE_BAND)
    return [
        Alike(and_(near, kind), "actors of the same playing age and language with a similar social score"),
        Alike(near, "actors with a similar social score"),
        played,
        everyone,
    ]
