"""What a request costs: an actor's rate card applied to a session and a usage, as one pure calculation.

The marketplace fee comes on top and is the platform's to pay: an actor receives the whole subtotal, and no actor ever
pays to be found or booked.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final, TypeVar

from marketplace.domain.errors import Invalid
from marketplace.domain.line import lowered
from marketplace.domain.money import WHOLE_BP, Money, decimals, total, zero

QUOTE_VERSION: Final = 2
"""Raise it when the meaning of a stored quote changes; old quotes stay readable and are never recalculated.

2 added `list_minor`, lines for territory, exclusivity and pick-ups, and quotes that are an offer in one line.
"""

HOUR_MINUTES: Final = 60
LENGTH_STEP_MINUTES: Final = 30
LONGEST_MINUTES: Final = 12 * HOUR_MINUTES
MOST_TAKE_SETS: Final = 20
MOST_PICKUPS: Final = 5
USUAL_PICKUPS: Final = 1
"""Rounds of pick-ups in the price where nobody said another number."""
MOST_SURCHARGE_BP: Final = 100 * WHOLE_BP
PLACE_LONGEST: Final = 60


class UsageScope(StrEnum):
    """What the performance may be used in."""

    ONE_TITLE = "one_title"
    SERIES = "series"
    CATALOGUE = "catalogue"

    @property
    def label(self) -> str:
        """The scope as both sides read it."""
        return {"one_title": "One title", "series": "One series and its trailers", "catalogue": "All your titles"}[self]


class UsageTerm(StrEnum):
    """How long it may be used, from the day the takes are accepted."""

    MONTHS_6 = "6_months"
    MONTHS_12 = "12_months"
    MONTHS_24 = "24_months"
    MONTHS_60 = "60_months"

    @property
    def months(self) -> int:
        """Calendar months."""
        return int(self.split("_")[0])

    @property
    def label(self) -> str:
        """The term as both sides read it."""
        return f"{self.months} months"


class Territory(StrEnum):
    """Where it may be shown. Anything but the whole world is named in the request."""

    COUNTRY = "country"
    REGION = "region"
    WORLDWIDE = "worldwide"

    @property
    def label(self) -> str:
        """The territory as both sides read it."""
        return {"country": "One country", "region": "One region", "worldwide": "Worldwide"}[self]


class Exclusivity(StrEnum):
    """What the actor may not do for others while the usage runs."""

    NONE = "none"
    CATEGORY = "category"
    FULL = "full"

    @property
    def label(self) -> str:
        """The exclusivity as both sides read it."""
        return {"none": "Not exclusive", "category": "Exclusive in its category", "full": "Fully exclusive"}[self]

    @property
    def sentence(self) -> str:
        """What it keeps the actor from, in words that a consent can name."""
        return {
            "none": "The actor may perform for anyone else meanwhile.",
            "category": "Meanwhile the actor performs in no other title of the same category.",
            "full": "Meanwhile the actor gives no performance for any other platform’s titles.",
        }[self]


_Kind = TypeVar("_Kind", bound=StrEnum)


@dataclass(frozen=True, slots=True)
class Usage:
    """In what, how long, where and how exclusively a platform may use the performance; training is never part of it.

    `place` names the country or region; what was sold before territories had prices was worldwide and not exclusive.
    """

    scope: UsageScope
    term: UsageTerm
    territory: Territory = Territory.WORLDWIDE
    exclusivity: Exclusivity = Exclusivity.NONE
    place: str = ""

    @property
    def use(self) -> Usage:
        """Scope and term alone: what a price list is keyed by."""
        return Usage(self.scope, self.term)

    @property
    def use_label(self) -> str:
        """Scope and term in words."""
        return f"{self.scope.label}, {self.term.label}"

    @property
    def where(self) -> str:
        """The territory in words, by its name where it has one: "One country (Japan)"."""
        return f"{self.territory.label} ({self.place})" if self.place else self.territory.label

    @property
    def label(self) -> str:
        """All four in words: "One title, 12 months, worldwide, not exclusive"."""
        where = f"{lowered(self.territory.label)} ({self.place})" if self.place else lowered(self.territory.label)
        return f"{self.use_label}, {where}, {lowered(self.exclusivity.label)}"

    @classmethod
    def read(
        cls, scope: str, term: str, territory: str = "worldwide", exclusivity: str = "none", place: str = ""
    ) -> Usage:
        """From a form or a row; refuses what is not offered. A worldwide usage has no place."""
        named = " ".join(place.split())
        if len(named) > PLACE_LONGEST:
            raise Invalid(f"Name the place in {PLACE_LONGEST} characters at most.", field="place", code="place")
        try:
            where = Territory(territory)
            named = "" if where == Territory.WORLDWIDE else named
            return cls(UsageScope(scope), UsageTerm(term), where, Exclusivity(exclusivity), named)
        except ValueError:
            raise Invalid("Choose one of the usage rights listed.", field="usage", code="usage") from None

    def to_json(self) -> dict[str, Any]:
        """As a booking keeps it."""
        return {
            "scope": self.scope.value,
            "term": self.term.value,
            "territory": self.territory.value,
            "exclusivity": self.exclusivity.value,
            "place": self.place,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Usage:
        """As it was stored; rows from before territories were priced read as worldwide and not exclusive."""
        keys = ("scope", "term", "territory", "exclusivity", "place")
        return cls.read(**{key: str(data[key]) for key in keys if key in data})


_GRID_BP: Final[dict[UsageScope, tuple[int, int, int, int]]] = {
    UsageScope.ONE_TITLE: (0, 0, 1500, 4000),
    UsageScope.SERIES: (1500, 2500, 4000, 7500),
    UsageScope.CATALOGUE: (4000, 6000, 9000, 15000),
}

DEFAULT_USAGE_BP: Final[Mapping[Usage, int]] = MappingProxyType(
    {Usage(scope, term): bp for scope, row in _GRID_BP.items() for term, bp in zip(UsageTerm, row, strict=True)}
)
"""Usage fee in basis points of the session fee, for actors who set no prices of their own."""

DEFAULT_TERRITORY_BP: Final[Mapping[Territory, int]] = MappingProxyType(dict.fromkeys(Territory, 0))
"""Every territory is included for actors who never priced them: the whole world is what they sold."""

DEFAULT_EXCLUSIVITY_BP: Final[Mapping[Exclusivity, int]] = MappingProxyType({Exclusivity.NONE: 0})
"""Nothing exclusive is for sale until an actor says so."""


def usage_to_json(usage_bp: Mapping[Usage, int]) -> dict[str, int]:
    """A usage price list as a row keeps it: {"one_title/12_months": 0, ...}."""
    return {f"{usage.scope}/{usage.term}": bp for usage, bp in usage_bp.items()}


def usage_from_json(data: Mapping[str, Any]) -> Mapping[Usage, int]:
    """A usage price list from a row; none at all means the defaults."""
    priced = {Usage.read(*key.split("/")): int(bp) for key, bp in data.items()}
    return priced or DEFAULT_USAGE_BP


def territory_from_json(data: Mapping[str, Any]) -> Mapping[Territory, int]:
    """What each territory adds, from a row; none at all means the defaults."""
    return _priced(Territory, data) or DEFAULT_TERRITORY_BP


def exclusivity_from_json(data: Mapping[str, Any]) -> Mapping[Exclusivity, int]:
    """What each exclusivity adds, from a row; none at all means the defaults."""
    return _priced(Exclusivity, data) or DEFAULT_EXCLUSIVITY_BP


def _priced(kind: type[_Kind], data: Mapping[str, Any]) -> dict[_Kind, int]:
    return {one: int(data[one.value]) for one in kind if one.value in data}


@dataclass(frozen=True, slots=True)
class RateCard:
    """An actor's prices, all in the currency of `hour`.

    `usage_bp`: usage fee in basis points of the session fee, by scope and term; a usage missing from it is not for
    sale. `territory_bp` and `exclusivity_bp` come on top of it and are not for sale where missing.
    `take_set`: each take set beyond the first. `revision`: each round of pick-ups beyond the `pickups_included` that
    the price covers; for either, None is free. `rush_bp`: surcharge on the session fee when it starts less than
    `rush_within` after the request.
    """

    hour: Money
    minimum_minutes: int = 120
    usage_bp: Mapping[Usage, int] = field(default_factory=lambda: DEFAULT_USAGE_BP)
    take_set: Money | None = None
    revision: Money | None = None
    rush_bp: int = 0
    rush_within: timedelta = timedelta(hours=72)
    pickups_included: int = USUAL_PICKUPS
    territory_bp: Mapping[Territory, int] = field(default_factory=lambda: DEFAULT_TERRITORY_BP)
    exclusivity_bp: Mapping[Exclusivity, int] = field(default_factory=lambda: DEFAULT_EXCLUSIVITY_BP)

    def __post_init__(self) -> None:
        """Refuse prices below zero, mixed currencies, an impossible minimum and a card that sells nothing."""
        if self.hour.minor <= 0:
            raise Invalid("The hourly rate must be more than zero.", field="hour", code="rate")
        surcharges = (self.rush_bp, *self.usage_bp.values(), *self.territory_bp.values(), *self.exclusivity_bp.values())
        if self.pickups_included < 0 or any(not 0 <= bp <= MOST_SURCHARGE_BP for bp in surcharges):
            raise Invalid("A surcharge cannot be less than nothing, or beyond all reason.", code="rate")
        if any(extra < zero(self.currency) for extra in (self.take_set, self.revision) if extra is not None):
            raise Invalid("An extra cannot cost less than nothing.", field="take_set", code="rate")
        if not 0 < self.minimum_minutes <= LONGEST_MINUTES or self.minimum_minutes % LENGTH_STEP_MINUTES:
            raise Invalid("The shortest session is given in half hours.", field="minimum_minutes", code="rate")
        self._check_sells()

    def _check_sells(self) -> None:
        if not self.usage_bp:
            raise Invalid("Put at least one usage on sale.", field="usage", code="rate")
        if not self.territory_bp:
            raise Invalid("Put at least one territory on sale.", field="territory", code="rate")
        if not self.exclusivity_bp:
            raise Invalid("Put at least one kind of exclusivity on sale, or none of it.", code="rate")

    @property
    def currency(self) -> str:
        """ISO 4217 code of every price on the card."""
        return self.hour.currency

    @property
    def lengths(self) -> tuple[int, ...]:
        """Session lengths offered in minutes: the minimum, then by the hour, five in all at most."""
        lengths = range(self.minimum_minutes, LONGEST_MINUTES + 1, HOUR_MINUTES)
        return tuple(lengths[:5])

    def sells(self, usage: Usage) -> bool:
        """Whether all of the usage is for sale."""
        return (
            usage.use in self.usage_bp
            and usage.territory in self.territory_bp
            and usage.exclusivity in self.exclusivity_bp
        )


def most_per_hour(currency: str) -> Money:
    """The highest hourly rate that can be set: beyond it, a slip of the keyboard is likelier than a price."""
    places = decimals(currency)
    return Money(10_000 * 10**places if places else 10_000_000, currency)


def offer_bounds(currency: str) -> tuple[Money, Money]:
    """The least and the most that a platform may offer of its own accord."""
    places = decimals(currency)
    if not places:
        return Money(1_000, currency), Money(100_000_000, currency)
    return Money(10 * 10**places, currency), Money(250_000 * 10**places, currency)


@dataclass(frozen=True, slots=True)
class Ask:
    """What a platform asks a price for. `minutes` of session; `take_sets` counts the one included.

    `pickups`: rounds of pick-ups beyond those included. `offered`: the platform's own price for all of it, before the
    fee, instead of the list price.
    """

    minutes: int
    usage: Usage
    starts_at: datetime
    take_sets: int = 1
    pickups: int = 0
    offered: Money | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a quote; `code` is stable, `label` is for people.

    Codes: "session", "usage", "territory", "exclusivity", "take_set", "pickup", "rush", "offer".
    """

    code: str
    label: str
    amount: Money


@dataclass(frozen=True, slots=True)
class Quote:
    """A price both sides see alike: the lines, the marketplace fee on top, what is paid and what is received.

    `list_price` is what the lines would come to on the actor's rate card, where the platform offered its own price.
    """

    lines: tuple[Line, ...]
    fee_bp: int
    fee: Money
    pickups_included: int
    version: int = QUOTE_VERSION
    list_price: Money | None = None

    @property
    def currency(self) -> str:
        """ISO 4217 code of every amount."""
        return self.fee.currency

    @property
    def subtotal(self) -> Money:
        """The sum of the lines."""
        return total([line.amount for line in self.lines], self.currency)

    @property
    def total(self) -> Money:
        """What the platform pays."""
        return self.subtotal + self.fee

    @property
    def net(self) -> Money:
        """What the actor receives: all of the subtotal."""
        return self.subtotal

    @property
    def is_offer(self) -> bool:
        """Whether the price is the platform's own instead of the list's."""
        return any(line.code == "offer" for line in self.lines)

    def to_json(self) -> dict[str, Any]:
        """The quote as it is frozen into a booking. `net_minor` and `total_minor` are there for people and SQL."""
        data = {
            "version": self.version,
            "currency": self.currency,
            "lines": [{"code": li.code, "label": li.label, "amount_minor": li.amount.minor} for li in self.lines],
            "subtotal_minor": self.subtotal.minor,
            "fee_bp": self.fee_bp,
            "fee_minor": self.fee.minor,
            "total_minor": self.total.minor,
            "net_minor": self.net.minor,
            "pickups_included": self.pickups_included,
        }
        if self.version >= 2:
            data["list_minor"] = self.list_price.minor if self.list_price is not None else None
        return data

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Quote:
        """A frozen quote, read back as it was; refuses (ValueError) an unknown version or sums that do not agree."""
        if data["version"] not in range(1, QUOTE_VERSION + 1):
            raise ValueError(f"quote version {data['version']} is unknown")
        currency, listed = data["currency"], data.get("list_minor")
        quote = cls(
            lines=tuple(Line(x["code"], x["label"], Money(x["amount_minor"], currency)) for x in data["lines"]),
            fee_bp=data["fee_bp"],
            fee=Money(data["fee_minor"], currency),
            pickups_included=data["pickups_included"],
            version=data["version"],
            list_price=None if listed is None else Money(listed, currency),
        )
        if quote.to_json() != dict(data):
            raise ValueError("the stored quote does not add up")
        return quote


def make_quote(card: RateCard | None, ask: Ask, fee_bp: int, now: datetime) -> Quote:
    """The price of `ask` on `card`, or the price that the platform offers instead.

    Each line is rounded half up to what can be charged, then the fee of `fee_bp` basis points is taken of their sum
    and rounded alike. An offer changes the price and nothing else: lengths and usages that are not for sale are
    refused either way, and without a rate card an offer is the only way to ask.
    """
    if not 0 <= fee_bp <= WHOLE_BP:
        raise ValueError("the fee is a share between nothing and all")
    _check_work(ask)
    if card is not None:
        _check_for_sale(card, ask)
    if ask.offered is not None:
        return _quote_offer(card, ask, ask.offered, fee_bp, now)
    if card is None:
        raise Invalid("This actor has no list price, so make an offer.", field="offered", code="offer")
    return _add_fee(_lines(card, ask, now), fee_bp, card.pickups_included + ask.pickups)


def _quote_offer(card: RateCard | None, ask: Ask, offered: Money, fee_bp: int, now: datetime) -> Quote:
    _check_offer(card, offered)
    line = Line("offer", f"Offer for {_work(ask)}", offered)
    quote = _add_fee((line,), fee_bp, (card.pickups_included if card else USUAL_PICKUPS) + ask.pickups)
    if card is None:
        return quote
    return replace(quote, list_price=_add_fee(_lines(card, ask, now), fee_bp, 0).subtotal)


def _add_fee(lines: tuple[Line, ...], fee_bp: int, pickups: int) -> Quote:
    subtotal = total([line.amount for line in lines], lines[0].amount.currency)
    return Quote(lines, fee_bp, subtotal.share(fee_bp).chargeable(), pickups)


def _lines(card: RateCard, ask: Ask, now: datetime) -> tuple[Line, ...]:
    """The list price line by line; what costs nothing is left out, but for the usage, which everyone looks for."""
    session, usage = card.hour.per(ask.minutes, HOUR_MINUTES).chargeable(), ask.usage

    def share(code: str, label: str, bp: int) -> Line:
        return Line(code, label, session.share(bp).chargeable())

    lines = [
        Line("session", f"{_hours(ask.minutes)} of capture", session),
        share("usage", usage.use_label, card.usage_bp[usage.use]),
        share("territory", usage.where, card.territory_bp[usage.territory]),
        share("exclusivity", usage.exclusivity.label, card.exclusivity_bp[usage.exclusivity]),
        *_extras(card, ask),
    ]
    if card.rush_bp and ask.starts_at - now < card.rush_within:
        under = f"Short notice, under {card.rush_within // timedelta(hours=1)} hours"
        lines.append(share("rush", under, card.rush_bp))
    return tuple(line for line in lines if line.amount or line.code not in ("territory", "exclusivity"))


def _extras(card: RateCard, ask: Ask) -> list[Line]:
    sets, rounds = ask.take_sets - 1, ask.pickups
    each_set, each_round = card.take_set or zero(card.currency), card.revision or zero(card.currency)
    lines = []
    if sets:
        lines.append(Line("take_set", _more(sets, "take set", "take sets"), (each_set * sets).chargeable()))
    if rounds:
        words = _more(rounds, "round of pick-ups", "rounds of pick-ups")
        lines.append(Line("pickup", words, (each_round * rounds).chargeable()))
    return lines


def _check_work(ask: Ask) -> None:
    if ask.minutes <= 0 or ask.minutes > LONGEST_MINUTES or ask.minutes % LENGTH_STEP_MINUTES:
        raise Invalid("Sessions are booked in half hours, up to 12 hours.", field="minutes", code="length")
    if not 1 <= ask.take_sets <= MOST_TAKE_SETS:
        raise Invalid(f"Ask for 1 to {MOST_TAKE_SETS} take sets.", field="take_sets", code="take_sets")
    if not 0 <= ask.pickups <= MOST_PICKUPS:
        raise Invalid(f"Ask for up to {MOST_PICKUPS} more rounds of pick-ups.", field="pickups", code="pickups")


def _check_for_sale(card: RateCard, ask: Ask) -> None:
    if ask.minutes < card.minimum_minutes:
        raise Invalid(f"The shortest session is {_hours(card.minimum_minutes)}.", field="minutes", code="length")
    if not card.sells(ask.usage):
        raise Invalid("This actor does not offer that usage.", field="usage", code="usage")


def _check_offer(card: RateCard | None, offered: Money) -> None:
    least, most = offer_bounds(offered.currency)
    if card is not None and card.currency != offered.currency:
        raise Invalid(f"This actor is paid in {card.currency}.", field="offered", code="offer")
    if not least <= offered <= most:
        raise Invalid(f"An offer is between {least} and {most}.", field="offered", code="offer")
    if offered != offered.chargeable():
        near = offered.chargeable()
        raise Invalid(f"Cards cannot be charged that exactly: offer {near}.", field="offered", code="offer")


def check_place(usage: Usage) -> None:
    """Refuse a country or a region without its name: a consent has to say which."""
    if usage.territory != Territory.WORLDWIDE and not usage.place:
        which = "country" if usage.territory == Territory.COUNTRY else "region"
        raise Invalid(f"Name the {which} the usage is for.", field="place", code="place")


def _work(ask: Ask) -> str:
    parts = [f"{_hours(ask.minutes)} of capture"]
    if ask.take_sets > 1:
        parts.append(f"{ask.take_sets} take sets")
    if ask.pickups:
        parts.append(_more(ask.pickups, "round of pick-ups", "rounds of pick-ups"))
    return f"{', '.join(parts)} and usage"


def _more(count: int, one: str, many: str) -> str:
    return f"{count} more {one if count == 1 else many}"


def _hours(minutes: int) -> str:
    whole, half = divmod(minutes, HOUR_MINUTES)
    count = f"{whole}.5" if half else f"{whole}"
    return f"{count} hour" if count == "1" else f"{count} hours"
