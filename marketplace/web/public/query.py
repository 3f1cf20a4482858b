"""What a browse page's address asks for: read leniently into a filter, and written back in its shortest form."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final, Protocol
from urllib.parse import urlencode

from marketplace.domain.availability import Interval
from marketplace.domain.flavour import VOCABULARY
from marketplace.domain.money import decimals
from marketplace.services.card import LANGUAGES
from marketplace.services.search import RATE_BAND_MINOR, RATE_BANDS, ActorFilter, Sort
from marketplace.web.typed import page_number

HIGHEST_RATE: Final = RATE_BAND_MINOR * RATE_BANDS // 100
HIGHEST_SCORE: Final = 95
WITHIN: Final = {
    1: "Within 24 hours",
    3: "Within 3 days",
    7: "Within a week",
    14: "Within two weeks",
    28: "Within four weeks",
}


class Arguments(Protocol):
    """The part of Werkzeug's query arguments that is used."""

    def get(self, key: str, default: str, /) -> str: ...

    def getlist(self, key: str, /) -> list[str]: ...


@dataclass(frozen=True, slots=True)
class BrowseQuery:
    """The choices of a browse page. `score` and `rate` (major units an hour) are None for any, `within` is in days."""

    text: str = ""
    families: tuple[str, ...] = ()
    flavours: tuple[str, ...] = ()
    any_flavour: bool = False
    languages: tuple[str, ...] = ()
    score: int | None = None
    rate: int | None = None
    within: int | None = None
    verified: bool = False
    sort: Sort = Sort.BEST
    page: int = field(default=1, compare=False)

    @classmethod
    def read(cls, args: Arguments) -> BrowseQuery:
        """From an address. What makes no sense is left out rather than refused: an old link still finds something."""
        score = _number(args.get("score", ""), 1, HIGHEST_SCORE)
        rate = _number(args.get("rate", ""), 1, HIGHEST_RATE)
        within = _number(args.get("within", ""), 1, 365)
        sort = args.get("sort", "")
        return cls(
            text=" ".join(args.get("q", "").split())[:100],
            families=_known(args.getlist("family"), [family.slug for family in VOCABULARY.families]),
            flavours=_known(args.getlist("flavour"), [flavour.slug for flavour in VOCABULARY.flavours]),
            any_flavour=args.get("any", "") == "1",
            languages=_known(args.getlist("language"), LANGUAGES),
            score=score,
            rate=rate if rate is not None and rate < HIGHEST_RATE else None,
            within=within if within in WITHIN else None,
            verified=args.get("verified", "") == "1",
            sort=Sort(sort) if sort in set(Sort) else Sort.BEST,
            page=page_number(args.get("page", "")),
        )

    def filter(self, currency: str, now: datetime) -> ActorFilter:
        """The same for the search."""
        return ActorFilter(
            text=self.text,
            flavours=self.flavours,
            any_flavour=self.any_flavour,
            families=self.families,
            languages=self.languages,
            currency=currency,
            rate_to_minor=self.rate * 10 ** decimals(currency) if self.rate else None,
            score_from=self.score,
            verified=self.verified,
            available=Interval(now, now + timedelta(days=self.within)) if self.within else None,
            sort=self.sort,
        )

    def parameters(self) -> list[tuple[str, str]]:
        """What stands in the address: only what differs from an empty query."""
        pairs = [("q", self.text)] if self.text else []
        for name, values in (("family", self.families), ("flavour", self.flavours), ("language", self.languages)):
            pairs += [(name, value) for value in values]
        numbers = (("score", self.score), ("rate", self.rate), ("within", self.within))
        pairs += [(name, str(number)) for name, number in numbers if number is not None]
        pairs += [(name, "1") for name, on in (("any", self.any_flavour), ("verified", self.verified)) if on]
        pairs += [("sort", self.sort.value)] if self.sort is not Sort.BEST else []
        return pairs + ([("page", str(self.page))] if self.page > 1 else [])

    def address(self, base: str) -> str:
        """The page of this query."""
        pairs = self.parameters()
        return f"{base}?{urlencode(pairs)}" if pairs else base


@dataclass(frozen=True, slots=True)
class Choice:
    """One filter that is on: its words, its family for the colour, and the query without it."""

    label: str
    family: str | None
    without: BrowseQuery


def choices_of(query: BrowseQuery, rate_words: str) -> list[Choice]:
    """Every filter that is on, in the order of the page. `rate_words` says the rate with its currency."""
    plain = replace(query, page=1)
    found = [Choice(f"“{plain.text}”", None, replace(plain, text=""))] if plain.text else []
    found += [Choice(family.label, family.slug, _without(plain, "families", family.slug))
              for family in VOCABULARY.families if family.slug in plain.families]  # fmt: skip
    found += [Choice(flavour.label, flavour.family, _without(plain, "flavours", flavour.slug))
              for flavour in VOCABULARY.flavours if flavour.slug in plain.flavours]  # fmt: skip
    found += [Choice(LANGUAGES[code], None, _without(plain, "languages", code)) for code in plain.languages]
    return found + _single_choices(plain, rate_words)


def _single_choices(query: BrowseQuery, rate_words: str) -> list[Choice]:
    single = (
        (query.score, f"Score {query.score}+", replace(query, score=None)),
        (query.rate, rate_words, replace(query, rate=None)),
        (query.within, WITHIN.get(query.within or 0, ""), replace(query, within=None)),
        (query.verified, "Identity verified", replace(query, verified=False)),
    )
    return [Choice(words, None, without) for on, words, without in single if on]


def _without(query: BrowseQuery, name: str, value: str) -> BrowseQuery:
    left: tuple[str, ...] = tuple(one for one in getattr(query, name) if one != value)
    changes: Mapping[str, tuple[str, ...]] = {name: left}
    return replace(query, **changes)  # type: ignore[arg-type]  # the name is one of the three tuple fields


def _known(values: Sequence[str], allowed: Mapping[str, str] | Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(value for value in values if value in allowed))[:24]


def _number(text: str, low: int, high: int) -> int | None:
    if not text.isascii() or not text.isdecimal() or len(text) > 6:
        return None
    number = int(text)
    return min(number, high) if number >= low else None
