"""Offers: the terms on the table while two sides negotiate, and how one set of terms differs from another."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from marketplace.domain.errors import Invalid
from marketplace.domain.money import Money
from marketplace.domain.rate import Quote, Usage


@dataclass(frozen=True, slots=True)
class Terms:
    """What one side puts forward: the price with its lines, the usage, and how much work."""

    quote: Quote
    usage: Usage
    take_sets: int


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is not as it was: amounts as money, everything else in words."""

    label: str
    before: Money | str
    after: Money | str


def differences(before: Terms, after: Terms) -> tuple[Difference, ...]:
    """What the newer terms change, in the order people ask: money first. Empty when nothing does."""
    return tuple(Difference(label, old, new) for label, old, new in _compared(before, after) if old != new)


def _compared(before: Terms, after: Terms) -> Iterator[tuple[str, Money | str, Money | str]]:
    old, new = before.quote, after.quote
    yield "The actor receives", old.net, new.net
    yield "Marketplace fee", old.fee, new.fee
    yield "The platform pays", old.total, new.total
    yield "Used in and for", before.usage.use_label, after.usage.use_label
    yield "Where", before.usage.where, after.usage.where
    yield "Exclusivity", before.usage.exclusivity.label, after.usage.exclusivity.label
    yield "Take sets", str(before.take_sets), str(after.take_sets)
    yield "Rounds of pick-ups included", str(old.pickups_included), str(new.pickups_included)


def check_counter(before: Terms, after: Terms) -> None:
    """Refuse a counter-offer that changes nothing: the way to agree is to accept."""
    if not differences(before, after):
        raise Invalid("These are the terms already on the table. Change something, or accept them.", code="no_change")
