"""Finding actors: filters, order, pages and counts for the browse page, and the facts of one actor's page.

Rows are light records made of columns, and the number of statements does not grow with the number of rows.
Counts of a facet are made from all the other filters, so that a choice shows what it would find.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, Subquery, and_, case, func, literal, or_, select, union_all
from sqlalchemy.orm import InstrumentedAttribute, Session

from marketplace.domain.availability import Interval
from marketplace.domain.flavour import VOCABULARY, Display, Intensity
from marketplace.models import Actor, ActorLanguage
from marketplace.models.column import sum_of
from marketplace.services.availability import read_calendars
from marketplace.services.batch import among
from marketplace.services.card import CARD, LANGUAGES, SHORTEST, ActorRow, read_cards, shown_flavours

PAGE_SIZE: Final = 24
RATE_BAND_MINOR: Final = 2_500
RATE_BANDS: Final = 20
SCORE_BAND: Final = 5
SCORE_BANDS: Final = 20
MOST_FLAVOURS: Final = 12


class Sort(StrEnum):
    """The orders of the browse page. None of them can be bought."""

    BEST = "best"
    SCORE = "score"
    RATE = "rate"
    NEWEST = "newest"
    NAME = "name"

    @property
    def sentence(self) -> str:
        """What the order means, as the page says it."""
        return _MEANING[self]


_MEANING: Final = {
    Sort.BEST: "Actors whose clips show most of the flavours you chose, and show them strongest; then by social score.",
    Sort.SCORE: "Highest social score first; actors without one come last.",
    Sort.RATE: "Lowest hourly rate first.",
    Sort.NEWEST: "Newest on Marquee first.",
    Sort.NAME: "By name.",
}


@dataclass(frozen=True)
class ActorFilter:
    """What a browse page asks for. Choices within one field are alternatives, fields must all hold.

    `flavours` is the exception: an actor shows many, so all chosen ones are wanted unless `any_flavour`. `intensity`
    is the least strength in which each must be shown. Rates are per hour in minor units of `currency`.
    `available` keeps actors who are free for `length` somewhere inside it.
    """

    text: str = ""
    flavours: tuple[str, ...] = ()
    any_flavour: bool = False
    families: tuple[str, ...] = ()
    intensity: Intensity = Intensity.LOW
    display: Display | None = None
    languages: tuple[str, ...] = ()
    currency: str = "USD"
    rate_from_minor: int | None = None
    rate_to_minor: int | None = None
    score_from: int | None = None
    playing_age: int | None = None
    verified: bool = False
    available: Interval | None = None
    length: timedelta = timedelta(hours=2)
    sort: Sort = Sort.BEST


@dataclass(frozen=True)
class Facets:
    """How many actors each choice would find.

    `rates[i]` counts band i of RATE_BAND_MINOR minor units an hour, the last one all above it; `scores[i]` band i of
    SCORE_BAND points.
    """

    families: Mapping[str, int]
    flavours: Mapping[str, int]
    languages: Mapping[str, int]
    rates: tuple[int, ...]
    scores: tuple[int, ...]


@dataclass(frozen=True)
class ActorPage:
    """One page of a search. `total` counts all pages' actors; pages count from 1."""

    rows: tuple[ActorRow, ...]
    total: int
    page: int
    pages: int
    facets: Facets


def search_actors(db: Session, filters: ActorFilter, page: int, now: datetime, *, size: int = PAGE_SIZE) -> ActorPage:
    """Listed actors that pass `filters`, one page of them, with the counts for every facet.

    A page beyond the last is the last. Flavours and families that do not exist find nobody.
    """
    query = _Query(db, _bounded(filters), _free_ids(db, filters, now))
    counts = _count(db, query)
    total = counts["total"].get("", 0)
    pages = max(1, -(-total // size))
    page = min(max(page, 1), pages)
    rows = db.execute(query.ordered().limit(size).offset((page - 1) * size)).all() if total else []
    return ActorPage(read_cards(db, rows, now), total, page, pages, _facets(counts))


def count_each(db: Session, several: Sequence[ActorFilter], now: datetime) -> list[int]:
    """How many actors each of a few searches would find, all in one statement; who is free is read once for them all.

    Cheaper by far than the searches themselves: no rows, no order, no facets.
    """
    if not several:
        return []
    free: dict[ActorFilter, list[int] | None] = {}
    counts = []
    for number, filters in enumerate(several):
        asked = _calendar_question(filters)
        if asked not in free:
            free[asked] = _free_ids(db, asked, now)
        where = _Query(db, _bounded(filters), free[asked]).where()
        counts.append(select(literal(number), func.count()).select_from(Actor).where(where))
    found = {row[0]: row[1] for row in db.execute(union_all(*counts))}
    return [found[number] for number in range(len(several))]


# filters -----------------------------------------------------------------------------------------


def _bounded(filters: ActorFilter) -> ActorFilter:
    return replace(filters, flavours=tuple(dict.fromkeys(filters.flavours))[:MOST_FLAVOURS], text=filters.text[:100])


class _Query:
    """The conditions of one search, each under the facet it belongs to, so that a facet can leave its own out."""

    def __init__(self, db: Session, filters: ActorFilter, free_ids: Sequence[int] | None) -> None:
        self.filters = filters
        self.shown = shown_flavours(filters.intensity, filters.display)
        self.parts: dict[str, list[ColumnElement[bool]]] = {
            "listed": [Actor.listed.is_(True)],
            "text": [_text_condition(word, self.shown) for word in _words(filters.text)],
            "flavours": self._flavour_conditions(),
            "families": [_has(self.shown, self.shown.c.family.in_(filters.families))] if filters.families else [],
            "languages": [_speaks(filters.languages)] if filters.languages else [],
            "rates": _rate_conditions(filters),
            "scores": [Actor.score_points >= filters.score_from] if filters.score_from else [],
            "others": _other_conditions(filters),
            "available": [] if free_ids is None else [among(db, Actor.id, free_ids)],
        }

    def where(self, without: str = "") -> ColumnElement[bool]:
        """All conditions but those of one facet."""
        kept = [one for name, several in self.parts.items() if name != without for one in several]
        return and_(*kept)

    def _flavour_conditions(self) -> list[ColumnElement[bool]]:
        wanted = [found.slug if (found := VOCABULARY.find(slug)) else slug for slug in self.filters.flavours]
        if not wanted:
            return []
        if self.filters.any_flavour:
            return [_has(self.shown, self.shown.c.flavour.in_(wanted))]
        return [_has(self.shown, self.shown.c.flavour == slug) for slug in wanted]

    def ordered(self) -> Select[*tuple[Any, ...]]:
        """The cards' columns in the order asked for; ties fall by id, so that pages never overlap."""
        columns = select(*CARD).where(self.where())
        score = Actor.score_points.desc().nulls_last()
        by: dict[Sort, tuple[Any, ...]] = {
            Sort.BEST: (score,),
            Sort.SCORE: (score,),
            Sort.RATE: (Actor.hourly_minor.asc().nulls_last(),),
            Sort.NEWEST: (Actor.published_at.desc().nulls_last(),),
            Sort.NAME: (func.lower(Actor.name),),
        }
        if self.filters.sort == Sort.BEST and (self.filters.flavours or self.filters.families):
            match = self._match()
            columns = columns.join(match, match.c.actor_id == Actor.id)
            return columns.order_by(match.c.strength.desc(), score, Actor.id)
        return columns.order_by(*by[self.filters.sort], Actor.id)

    def _match(self) -> Subquery:
        chosen = or_(self.shown.c.flavour.in_(self.filters.flavours), self.shown.c.family.in_(self.filters.families))
        best = (
            select(self.shown.c.actor_id, self.shown.c.flavour, func.max(self.shown.c.strength).label("strength"))
            .where(chosen)
            .group_by(self.shown.c.actor_id, self.shown.c.flavour)
            .subquery()
        )
        return select(best.c.actor_id, sum_of(best.c.strength).label("strength")).group_by(best.c.actor_id).subquery()


def _has(shown: Subquery, condition: ColumnElement[bool]) -> ColumnElement[bool]:
    return Actor.id.in_(select(shown.c.actor_id).where(condition))


def _speaks(languages: Iterable[str]) -> ColumnElement[bool]:
    return Actor.id.in_(select(ActorLanguage.actor_id).where(ActorLanguage.language.in_(languages)))


def _rate_conditions(filters: ActorFilter) -> list[ColumnElement[bool]]:
    bounds: list[ColumnElement[bool]] = []
    if filters.rate_from_minor is not None:
        bounds.append(Actor.hourly_minor >= filters.rate_from_minor)
    if filters.rate_to_minor is not None:
        bounds.append(Actor.hourly_minor <= filters.rate_to_minor)
    return [Actor.currency == filters.currency, *bounds] if bounds else []


def _other_conditions(filters: ActorFilter) -> list[ColumnElement[bool]]:
    others: list[ColumnElement[bool]] = []
    if filters.playing_age is not None:
        others += [Actor.playing_age_from <= filters.playing_age, Actor.playing_age_to >= filters.playing_age]
    if filters.verified:
        others.append(Actor.verified_at.is_not(None))
    return others


def _words(text: str) -> list[str]:
    """The words of a search, a flavour's or language's whole name counting as one word."""
    plain = " ".join(text.casefold().split())
    return [plain] if plain in _FLAVOUR_NAMES else plain.split()[:8]


_FLAVOUR_NAMES: Final = frozenset(flavour.label.casefold() for flavour in VOCABULARY.flavours)


def _text_condition(word: str, shown: Subquery) -> ColumnElement[bool]:
    """A word is found in the name, the headline, the town, a skill, a flavour or family shown, or a language."""
    like = [column.icontains(word, autoescape=True) for column in (Actor.name, Actor.headline, Actor.city)]
    flavours = [f.slug for f in VOCABULARY.flavours if word in f.label.casefold() or word == f.family]
    languages = [code for code, name in LANGUAGES.items() if name.casefold().startswith(word)]
    if flavours:
        like.append(_has(shown, shown.c.flavour.in_(flavours)))
    if languages and len(word) > 2:
        like.append(_speaks(languages))
    return or_(*like)


def _calendar_question(filters: ActorFilter) -> ActorFilter:
    """Whose calendars are read for a search: all who pass its filters but the facets' own, because each count leaves
    one of these out. Nobody's, and so alike for all searches, where no window is asked for."""
    if filters.available is None:
        return ActorFilter()
    return ActorFilter(
        text=filters.text,
        playing_age=filters.playing_age,
        verified=filters.verified,
        available=filters.available,
        length=filters.length,
    )


def _free_ids(db: Session, filters: ActorFilter, now: datetime) -> list[int] | None:
    """Who is really free for long enough inside the window asked for; None when no window is asked for."""
    window = filters.available
    if window is None:
        return None
    wider = replace(_calendar_question(filters), available=None)
    candidates = db.scalars(select(Actor.id).where(_Query(db, _bounded(wider), None).where())).all()
    length = max(filters.length, SHORTEST)
    calendars = read_calendars(db, candidates, window)
    return [actor_id for actor_id, one in calendars.items() if one.first_slot(length, window, now)]


# counts ------------------------------------------------------------------------------------------


def _count(db: Session, query: _Query) -> Mapping[str, Mapping[str, int]]:
    """Every count of the page in one statement: rows of (facet, choice, actors)."""
    counts: defaultdict[str, dict[str, int]] = defaultdict(dict)
    for facet, choice, actors in db.execute(union_all(*_count_queries(query))):
        counts[facet][str(choice)] = actors
    return counts


def _count_queries(query: _Query) -> list[Select[*tuple[Any, ...]]]:
    # with "all of these" a further flavour narrows what is there already; with "any" it widens it
    own = "flavours" if query.filters.any_flavour else ""
    return [
        select(literal("total"), literal(""), func.count()).select_from(Actor).where(query.where()),
        _by_shown("flavours", query.shown, query.shown.c.flavour, query.where(own)),
        _by_shown("families", query.shown, query.shown.c.family, query.where("families")),
        select(literal("languages"), ActorLanguage.language, func.count())
        .join(Actor, Actor.id == ActorLanguage.actor_id)
        .where(query.where("languages"))
        .group_by(ActorLanguage.language),
        _banded("rates", _RATE_BAND, query.where("rates"), Actor.currency == query.filters.currency),
        _banded("scores", _SCORE_BAND, query.where("scores"), Actor.score_points.is_not(None)),
    ]


def _by_shown(
    facet: str, shown: Subquery, choice: ColumnElement[str], where: ColumnElement[bool]
) -> Select[*tuple[Any, ...]]:
    counted = select(literal(facet), choice, func.count(Actor.id.distinct()))
    return counted.join_from(Actor, shown, shown.c.actor_id == Actor.id).where(where).group_by(choice)


def _band(column: ColumnElement[Any] | InstrumentedAttribute[Any], width: int, bands: int) -> ColumnElement[str]:
    # spelled out, because the engines disagree on how a fraction becomes a whole number
    return case(*((column < width * (i + 1), str(i)) for i in range(bands - 1)), else_=str(bands - 1))


_RATE_BAND: Final = _band(Actor.hourly_minor, RATE_BAND_MINOR, RATE_BANDS)
_SCORE_BAND: Final = _band(Actor.score_points, SCORE_BAND, SCORE_BANDS)


def _banded(facet: str, band: ColumnElement[str], *where: ColumnElement[bool]) -> Select[*tuple[Any, ...]]:
    banded = select(band.label("band")).where(*where).subquery()
    return select(literal(facet), banded.c.band, func.count()).group_by(banded.c.band)


def _facets(counts: Mapping[str, Mapping[str, int]]) -> Facets:
    return Facets(
        families=counts.get("families", {}),
        flavours=counts.get("flavours", {}),
        languages=counts.get("languages", {}),
        rates=tuple(counts.get("rates", {}).get(str(i), 0) for i in range(RATE_BANDS)),
        scores=tuple(counts.get("scores", {}).get(str(i), 0) for i in range(SCORE_BANDS)),
    )
