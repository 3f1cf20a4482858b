"""Cards: an actor as lists show them, read by columns and in bulk."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from babel import Locale
from sqlalchemy import Row, Subquery, case, literal, select, union_all
from sqlalchemy.orm import Session

from marketplace.domain.availability import Interval
from marketplace.domain.flavour import VOCABULARY, Display, Flavour, Intensity
from marketplace.models import Actor, ActorLanguage, Clip, ClipFlavour
from marketplace.models.column import sum_of
from marketplace.services.availability import LOOK_AHEAD, read_calendars
from marketplace.services.batch import among

SHORTEST: Final = timedelta(hours=1)
"""What "next free" on a card looks for."""

LANGUAGES: Final[Mapping[str, str]] = Locale.parse("en").languages
"""English names by ISO 639-1 code."""

_STRENGTH: Final = case((ClipFlavour.intensity == "high", 3), (ClipFlavour.intensity == "medium", 2), else_=1)
CARD: Final = (
    Actor.id,
    Actor.slug,
    Actor.name,
    Actor.headline,
    Actor.portrait_key,
    Actor.verified_at,
    Actor.city,
    Actor.country,
    Actor.zone,
    Actor.playing_age_from,
    Actor.playing_age_to,
    Actor.hourly_minor,
    Actor.currency,
    Actor.score_points,
    Actor.score_low,
    Actor.score_high,
    Actor.score_confidence,
)
"""The columns a card is made of."""


@dataclass(frozen=True)
class ActorRow:
    """One actor as a card shows them. `score*` are 0-100, None before the first; languages are English names."""

    id: int
    slug: str
    name: str
    headline: str
    portrait_key: str | None
    verified: bool
    place: str
    zone: str
    playing_age: str | None
    languages: tuple[str, ...]
    rate_minor: int | None
    currency: str | None
    score: float | None
    score_low: float | None
    score_high: float | None
    confidence: str | None
    flavours: tuple[Flavour, ...]
    next_free_at: datetime | None


def find_rows(db: Session, actor_ids: Sequence[int], now: datetime) -> list[ActorRow]:
    """The cards of given listed actors, in the order given; those not listed are left out."""
    rows = db.execute(select(*CARD).where(among(db, Actor.id, actor_ids), Actor.listed.is_(True))).all()
    by_id = {record.id: record for record in read_cards(db, rows, now)}
    return [by_id[actor_id] for actor_id in actor_ids if actor_id in by_id]


def read_cards(db: Session, rows: Sequence[Row[*tuple[Any, ...]]], now: datetime) -> tuple[ActorRow, ...]:
    """Records for rows of the `CARD` columns, in four statements however many rows."""
    ids = [row.id for row in rows]
    if not ids:
        return ()
    words = _words_of(db, ids)
    window = Interval(now, now + LOOK_AHEAD)
    calendars = read_calendars(db, ids, window)
    free = {actor_id: one.first_slot(SHORTEST, window, now) for actor_id, one in calendars.items()}
    return tuple(_record(row, words, free[row.id]) for row in rows)


def _words_of(db: Session, ids: Sequence[int]) -> Mapping[tuple[str, int], list[str]]:
    """The flavours shown (strongest first) and languages of many actors, in one statement."""
    shown = shown_flavours()
    flavours = (
        select(
            literal("flavour").label("kind"),
            shown.c.actor_id.label("actor_id"),
            shown.c.flavour.label("word"),
            (-sum_of(shown.c.strength)).label("position"),
        )
        .where(among(db, shown.c.actor_id, ids))
        .group_by(shown.c.actor_id, shown.c.flavour)
    )
    languages = select(
        literal("language"), ActorLanguage.actor_id, ActorLanguage.language, ActorLanguage.position
    ).where(among(db, ActorLanguage.actor_id, ids))
    both = union_all(flavours, languages).subquery()
    found: defaultdict[tuple[str, int], list[str]] = defaultdict(list)
    for row in db.execute(select(both).order_by(both.c.position, both.c.word)):
        found[row.kind, row.actor_id].append(row.word)
    return found


def _record(row: Row[*tuple[Any, ...]], words: Mapping[tuple[str, int], list[str]], free: Interval | None) -> ActorRow:
    flavours = (VOCABULARY.find(slug) for slug in words.get(("flavour", row.id), ()))
    return ActorRow(
        id=row.id,
        slug=row.slug,
        name=row.name,
        headline=row.headline,
        portrait_key=row.portrait_key,
        verified=row.verified_at is not None,
        place=row.city,
        zone=row.zone,
        playing_age=playing_age(row.playing_age_from, row.playing_age_to),
        languages=tuple(language_name(code) for code in words.get(("language", row.id), ())),
        rate_minor=row.hourly_minor,
        currency=row.currency,
        score=row.score_points,
        score_low=row.score_low,
        score_high=row.score_high,
        confidence=row.score_confidence,
        flavours=tuple(flavour for flavour in flavours if flavour is not None),
        next_free_at=free.starts_at if free else None,
    )


def playing_age(youngest: int, oldest: int) -> str:
    """A playing age as cards say it: "25–35", or "30" when it is one."""
    return str(youngest) if youngest == oldest else f"{youngest}–{oldest}"


def shown_flavours(least: Intensity = Intensity.LOW, display: Display | None = None) -> Subquery:
    """(actor_id, flavour, family, strength 1-3) of clips really shown, at least as strong and just as open as asked."""
    levels = [level.word for level in Intensity if level >= least]
    query = (
        select(ClipFlavour.actor_id, ClipFlavour.flavour, ClipFlavour.family, _STRENGTH.label("strength"))
        .join(Clip, Clip.id == ClipFlavour.clip_id)
        .where(Clip.state == "ready", Clip.display_consent_at.is_not(None))
    )
    if len(levels) < len(Intensity):
        query = query.where(ClipFlavour.intensity.in_(levels))
    if display is not None:
        query = query.where(ClipFlavour.display == display.word)
    return query.subquery("shown")


def language_name(code: str) -> str:
    """The English name of an ISO 639-1 language; an unknown code is its own name."""
    return LANGUAGES.get(code, code)
