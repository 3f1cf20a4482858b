"""What the demo's actors ask for, and what they will not play."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Final

from marketplace.domain.boundary import Limits
from marketplace.domain.money import Money
from marketplace.domain.rate import (
    DEFAULT_EXCLUSIVITY_BP,
    DEFAULT_TERRITORY_BP,
    DEFAULT_USAGE_BP,
    Exclusivity,
    RateCard,
    Territory,
    Usage,
    UsageScope,
)
from marketplace.sandbox.demo.world import Person

CURRENCY: Final = "USD"
ABROAD: Final[Mapping[int, str]] = {13: "JPY", 38: "EUR", 39: "EUR", 40: "EUR", 45: "EUR", 48: "EUR", 50: "EUR"}
"""Actors paid in their own currency, by number; nobody has booked them yet, so the demo's books stay in one."""

_ROUND_HOUR: Final = {"JPY": (150, 500), "EUR": (92, 500)}
"""Minor units for a dollar, and what hourly rates are rounded to."""

_TOPICS: Final[Mapping[str, Mapping[str, str]]] = {
    "No nudity or implied nudity": {"nudity": "never", "intimacy": "ask"},
    "No scenes of self-harm": {"self-harm": "never"},
    "No real-world politics": {"politics": "never", "real-persons": "ask"},
    "No tobacco or gambling products": {"smoking": "never", "gambling": "never"},
    "No violence against children in the story": {"child-in-peril": "never", "death-of-a-child": "ask"},
    "At most ten minutes of screaming a session": {"screaming": "ask"},
    "No religious mockery": {"religion": "ask"},
}
"""The topics behind each of the demo's lines."""


def card_of(person: Person) -> RateCard:
    """An actor's prices: a grid of their own for every third one, more for wider use where nobody has booked yet."""
    hour = _hour(person)
    return RateCard(
        hour=hour,
        minimum_minutes=person.minimum_minutes,
        usage_bp=_usage(person),
        take_set=hour.share(2_500),
        revision=hour.share(3_000),
        rush_bp=person.rush_bp,
        pickups_included=2 if person.number % 4 == 1 else 1,
        territory_bp=_territory(person),
        exclusivity_bp=_exclusivity(person),
    )


def _hour(person: Person) -> Money:
    currency = ABROAD.get(person.number, CURRENCY)
    per_dollar, step = _ROUND_HOUR.get(currency, (100, 1))
    return Money(-(-person.hourly * per_dollar // step) * step, currency)


def _usage(person: Person) -> Mapping[Usage, int]:
    """Everything at the usual prices, or without the widest use, which is off sale."""
    if person.number % 3:
        return DEFAULT_USAGE_BP
    return {usage: bp for usage, bp in DEFAULT_USAGE_BP.items() if usage.scope != UsageScope.CATALOGUE}


def _territory(person: Person) -> Mapping[Territory, int]:
    if person.number in ABROAD:
        return {Territory.COUNTRY: 0, Territory.REGION: 1_000, Territory.WORLDWIDE: 2_500}
    return DEFAULT_TERRITORY_BP


def _exclusivity(person: Person) -> Mapping[Exclusivity, int]:
    if person.number % 2:
        return DEFAULT_EXCLUSIVITY_BP
    return {Exclusivity.NONE: 0, Exclusivity.CATEGORY: 5_000, Exclusivity.FULL: 15_000}


def limits_of(person: Person) -> Limits:
    """The topics behind an actor's own lines, one more to be asked about for some, and how loud a session may be."""
    chance = random.Random(f"limits {person.number}")
    topics: dict[str, str] = {}
    if person.number == 0:
        topics |= {"slurs": "never", "kissing": "ask", "weapons": "ask"}
    elif chance.random() < 0.4:
        topics |= {chance.choice(("kissing", "weapons", "blood", "animals", "underwear")): "ask"}
    for line in person.boundaries:
        topics |= _TOPICS.get(line, {})
    strained = "At most ten minutes of screaming a session" in person.boundaries
    return Limits.read(topics, 2 if strained else chance.choice((4, 6, 6, 8)))
