"""The browse page: actors by flavour, score, rate, language and free time; one page, with or without scripts."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from flask import make_response, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from marketplace.domain.flavour import VOCABULARY, Flavour
from marketplace.domain.money import Money, decimals
from marketplace.services.card import ActorRow, language_name
from marketplace.services.search import (
    RATE_BAND_MINOR,
    RATE_BANDS,
    SCORE_BAND,
    SCORE_BANDS,
    Facets,
    Sort,
    count_each,
    search_actors,
)
from marketplace.web import chart, show, terms
from marketplace.web.asset import asset_url
from marketplace.web.guard import public
from marketplace.web.public import blueprint
from marketplace.web.public.query import HIGHEST_RATE, WITHIN, BrowseQuery, Choice, choices_of
from marketplace.web.public.saved import saved_actors
from marketplace.web.transaction import now, reading

MOST_LANGUAGES: Final = 12
MOST_LIFTED: Final = 6
SORTS: Final = ((Sort.BEST, "Best match"), (Sort.SCORE, "Highest score"), (Sort.RATE, "Lowest rate"),
                (Sort.NEWEST, "Newest here"), (Sort.NAME, "Name"))  # fmt: skip


@dataclass(frozen=True, slots=True)
class Chip:
    """A filter that is on, as a link that takes it off."""

    label: str
    href: str
    family: str | None


@dataclass(frozen=True, slots=True)
class Loosening:
    """A filter whose lifting would find somebody, and how many."""

    label: str
    href: str
    found: int


@blueprint.get("/actor")
@public
def browse() -> ResponseReturnValue:
    """Listed actors that match the filters in the address."""
    query = BrowseQuery.read(request.args)
    currency, db, at = terms.currency(), reading(), now()
    found = search_actors(db, query.filter(currency, at), query.page, at)
    ceiling = Money((query.rate or 0) * 10 ** decimals(currency), currency)
    choices = choices_of(query, f"Up to {show.money_short(ceiling)} an hour")
    page = render_template(
        "public/browse.html",
        query=query,
        q=query.text,
        found=found,
        cards=[_asked_first(row, query) for row in found.rows],
        chips=[Chip(one.label, _address(one.without), one.family) for one in choices],
        loosenings=_loosenings(db, choices, currency, at) if not found.total else [],
        families=_families(query, found.facets),
        languages=_languages(query, found.facets),
        rates=chart.histogram(found.facets.rates, 0, RATE_BAND_MINOR * RATE_BANDS / 100),
        scores=chart.histogram(found.facets.scores, 0, SCORE_BAND * SCORE_BANDS),
        highest_rate=HIGHEST_RATE,
        currency=currency,
        within=WITHIN,
        sorts=SORTS,
        page_href=lambda number: _address(replace(query, page=number)),
        clear=url_for("public.browse"),
        saved=saved_actors(),
        back=_address(query),
        fee_bp=terms.fee_bp(),
    )
    response = make_response(page)
    # a card under the pointer is fetched ahead by browsers that know how
    response.headers["Speculation-Rules"] = f'"{asset_url("speculation.json")}"'
    response.headers["HX-Push-Url"] = _address(replace(query, page=found.page))
    return response


def _asked_first(row: ActorRow, query: BrowseQuery) -> ActorRow:
    """The card with the flavours that were asked for in front, for it has room for two."""

    def distance(flavour: Flavour) -> tuple[bool, bool]:
        return flavour.slug not in query.flavours, flavour.family not in query.families

    return replace(row, flavours=tuple(sorted(row.flavours, key=distance)))


def _address(query: BrowseQuery) -> str:
    return query.address(url_for("public.browse"))


def _loosenings(db: Session, choices: list[Choice], currency: str, at: datetime) -> list[Loosening]:
    """The two filters that block most, by how many would be found without them; none if no single one helps."""
    lifted = choices[:MOST_LIFTED]
    counts = count_each(db, [one.without.filter(currency, at) for one in lifted], at)
    found = [Loosening(one.label, _address(one.without), count) for one, count in zip(lifted, counts, strict=True)]
    return sorted((one for one in found if one.found), key=lambda one: -one.found)[:2]


@dataclass(frozen=True, slots=True)
class FlavourOption:
    """A flavour beneath its family: how many actors show it, and whether it is chosen."""

    slug: str
    label: str
    count: int
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class FamilyOption:
    """A family of the filter, with its flavours when it, or one of them, is chosen."""

    slug: str
    label: str
    count: int
    is_chosen: bool
    flavours: tuple[FlavourOption, ...]


def _families(query: BrowseQuery, facets: Facets) -> list[FamilyOption]:
    return [
        FamilyOption(
            family.slug,
            family.label,
            facets.families.get(family.slug, 0),
            family.slug in query.families,
            _flavours(family.slug, query, facets),
        )
        for family in VOCABULARY.families
    ]


def _flavours(family: str, query: BrowseQuery, facets: Facets) -> tuple[FlavourOption, ...]:
    flavours = VOCABULARY.of_family(family)
    if family not in query.families and not any(one.slug in query.flavours for one in flavours):
        return ()
    return tuple(
        FlavourOption(one.slug, one.label, facets.flavours.get(one.slug, 0), one.slug in query.flavours)
        for one in flavours
    )


def _languages(query: BrowseQuery, facets: Facets) -> list[tuple[str, str, int, bool]]:
    """(code, name, count, chosen): the most spoken, and those chosen, by name."""
    spoken = sorted(facets.languages, key=lambda code: -facets.languages[code])[:MOST_LANGUAGES]
    codes = dict.fromkeys([*spoken, *query.languages])
    rows = [(code, language_name(code), facets.languages.get(code, 0), code in query.languages) for code in codes]
    return sorted(rows, key=lambda row: row[1])
