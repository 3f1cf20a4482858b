"""What a request costs: an actor's rate card applied to a session and a usage, as one pure calculation.

The marketplace fee comes on top and is the platform's to pay: an actor receives the whole subtotal, and no actor ever
pays to be found or booked.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final

from marketplace.domain.errors import Invalid
from marketplace.domain.money import WHOLE_BP, Money, total, zero

QUOTE_VERSION: Final = 1
"""Raise it when the meaning of a stored quote changes; old quotes stay readable and are never recalculated."""

HOUR_MINUTES: Final = 60
LENGTH_STEP_MINUTES: Final = 30
LONGEST_MINUTES: Final = 12 * HOUR_MINUTES
MOST_TAKE_SETS: Final = 20


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


@dataclass(frozen=True, slots=True)
class Usage:
    """Where and how long a platform may use the performance. Training a model is never part of it."""

    scope: UsageScope
    term: UsageTerm

    @property
    def label(self) -> str:
        """Scope and term in words."""
        return f"{self.scope.label}, {self.term.label}"

    @classmethod
    def read(cls, scope: str, term: str) -> Usage:
        """From a form or a row; refuses what is not offered."""
        try:
            return cls(UsageScope(scope), UsageTerm(term))
        except ValueError:
            raise Invalid("Choose one of the usage rights listed.", field="usage", code="usage") from None


_GRID_BP: Final[dict[UsageScope, tuple[int, int, int, int]]] = {
    UsageScope.ONE_TITLE: (0, 0, 1500, 4000),
    UsageScope.SERIES: (1500, 2500, 4000, 7500),
    UsageScope.CATALOGUE: (4000, 6000, 9000, 15000),
}

DEFAULT_USAGE_BP: Final[Mapping[Usage, int]] = MappingProxyType(
    {Usage(scope, term): bp for scope, row in _GRID_BP.items() for term, bp in zip(UsageTerm, row, strict=True)}
)
"""Usage fee in basis points of the session fee, for actors who set no prices of their own."""


def usage_to_json(usage_bp: Mapping[Usage, int]) -> dict[str, int]:
    """A usage price list as a row keeps it: {"one_title/12_months": 0, ...}."""
    return {f"{usage.scope}/{usage.term}": bp for usage, bp in usage_bp.items()}


def usage_from_json(data: Mapping[str, Any]) -> Mapping[Usage, int]:
    """A usage price list from a row; none at all means the defaults."""
    priced = {Usage.read(*key.split("/")): int(bp) for key, bp in data.items()}
    return priced or DEFAULT_USAGE_BP


@dataclass(frozen=True, slots=True)
class RateCard:
    """An actor's prices, all in the currency of `hour`.

    `usage_bp`: usage fee in basis points of the session fee; a usage missing from it is not for sale.
    `take_set`: each take set beyond the first. `revision`: each round of changes beyond the `pickups_included` that
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
    pickups_included: int = 1

    def __post_init__(self) -> None:
        """Refuse prices below zero, mixed currencies and an impossible minimum."""
        if self.hour.minor <= 0:
            raise Invalid("The hourly rate must be more than zero.", field="hour", code="rate")
        if self.rush_bp < 0 or self.pickups_included < 0 or any(bp < 0 for bp in self.usage_bp.values()):
            raise Invalid("A surcharge cannot be less than nothing.", code="rate")
        if any(extra < zero(self.currency) for extra in (self.take_set, self.revision) if extra is not None):
            raise Invalid("An extra cannot cost less than nothing.", field="take_set", code="rate")
        if not 0 < self.minimum_minutes <= LONGEST_MINUTES or self.minimum_minutes % LENGTH_STEP_MINUTES:
            raise Invalid("The shortest session is given in half hours.", field="minimum_minutes", code="rate")

    @property
    def currency(self) -> str:
        """ISO 4217 code of every price on the card."""
        return self.hour.currency

    @property
    def lengths(self) -> tuple[int, ...]:
        """Session lengths offered in minutes: the minimum, then by the hour, five in all at most."""
        lengths = range(self.minimum_minutes, LONGEST_MINUTES + 1, HOUR_MINUTES)
        return tuple(lengths[:5])


@dataclass(frozen=True, slots=True)
class Ask:
    """What a platform asks a price for. `minutes` of session; `take_sets` counts the one included."""

    minutes: int
    usage: Usage
    starts_at: datetime
    take_sets: int = 1


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a quote. `code` is stable ("session", "usage", "take_set", "rush"); `label` is for people."""

    code: str
    label: str
    amount: Money


@dataclass(frozen=True, slots=True)
class Quote:
    """A price both sides see alike: the lines, the marketplace fee on top, what is paid and what is received."""

    lines: tuple[Line, ...]
    fee_bp: int
    fee: Money
    pickups_included: int
    version: int = QUOTE_VERSION

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

    def to_json(self) -> dict[str, Any]:
        """The quote as it is frozen into a booking. `net_minor` and `total_minor` are there for people and SQL."""
        return {
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

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Quote:
        """A frozen quote, read back as it was; refuses (ValueError) an unknown version or sums that do not agree."""
        if data["version"] != QUOTE_VERSION:
            raise ValueError(f"quote version {data['version']} is unknown")
        currency = data["currency"]
        quote = cls(
            lines=tuple(Line(x["code"], x["label"], Money(x["amount_minor"], currency)) for x in data["lines"]),
            fee_bp=data["fee_bp"],
            fee=Money(data["fee_minor"], currency),
            pickups_included=data["pickups_included"],
        )
        if quote.to_json() != dict(data):
            raise ValueError("the stored quote does not add up")
        return quote


def make_quote(card: RateCard, ask: Ask, fee_bp: int, now: datetime) -> Quote:
    """The price of `ask` on `card`.

    Each line is rounded half up to a minor unit, then the fee of `fee_bp` basis points is taken of their sum, half up.
    Refuses lengths and usages that are not offered.
    """
    _check(card, ask, fee_bp)
    session = card.hour.per(ask.minutes, HOUR_MINUTES)
    lines = [Line("session", f"{_hours(ask.minutes)} of capture", session)]
    lines.append(Line("usage", ask.usage.label, session.share(card.usage_bp[ask.usage])))
    if ask.take_sets > 1:
        extra, each = ask.take_sets - 1, card.take_set or zero(card.currency)
        lines.append(Line("take_set", f"{extra} more take {'set' if extra == 1 else 'sets'}", each * extra))
    if card.rush_bp and ask.starts_at - now < card.rush_within:
        under = f"Short notice, under {card.rush_within // timedelta(hours=1)} hours"
        lines.append(Line("rush", under, session.share(card.rush_bp)))
    subtotal = total([line.amount for line in lines], card.currency)
    return Quote(tuple(lines), fee_bp, subtotal.share(fee_bp), card.pickups_included)


def _check(card: RateCard, ask: Ask, fee_bp: int) -> None:
    if not 0 <= fee_bp <= WHOLE_BP:
        raise ValueError("the fee is a share between nothing and all")
    if ask.minutes < card.minimum_minutes:
        raise Invalid(f"The shortest session is {_hours(card.minimum_minutes)}.", field="minutes", code="length")
    if ask.minutes > LONGEST_MINUTES or ask.minutes % LENGTH_STEP_MINUTES:
        raise Invalid("Sessions are booked in half hours, up to 12 hours.", field="minutes", code="length")
    if ask.usage not in card.usage_bp:
        raise Invalid("This actor does not offer that usage.", field="usage", code="usage")
    if not 1 <= ask.take_sets <= MOST_TAKE_SETS:
        raise Invalid(f"Ask for 1 to {MOST_TAKE_SETS} take sets.", field="take_sets", code="take_sets")


def _hours(minutes: int) -> str:
    whole, half = divmod(minutes, HOUR_MINUTES)
    count = f"{whole}.5" if half else f"{whole}"
    return f"{count} hour" if count == "1" else f"{count} hours"
