"""The picture of where each cent of a booking is: the parts with their words, and the geometry of the bar."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from marketplace.domain.whereabouts import Part as Place
from marketplace.domain.whereabouts import Whereabouts
from marketplace.web.chart import Part, stack

WORDS: Final = {
    Place.HELD: "Held until accepted",
    Place.TO_SEND: "Earned by the actor, not sent",
    Place.SENT: "Sent to the actor",
    Place.NETTED: "Kept for an earlier debt of the actor",
    Place.FEE: "Marketplace fee",
    Place.REFUNDED: "Refunded to the platform",
    Place.OWED_BACK: "Owed to the platform: a refund or a second charge",
    Place.AT_BANK: "Taken by the payer’s bank, dispute open",
    Place.LOST: "Lost to the payer’s bank",
    Place.ELSEWHERE: "Elsewhere: see the postings",
}


@dataclass(frozen=True, slots=True)
class Picture:
    """What the template draws: the sums, each part as (words, minor units), and the bar."""

    where: Whereabouts
    parts: tuple[tuple[str, int], ...]
    bar: tuple[Part, ...]
    currency: str


def picture_of(where: Whereabouts, currency: str) -> Picture:
    """The parts that hold something, in the order money takes them."""
    shown = where.shown
    return Picture(
        where=where,
        parts=tuple((WORDS[part], minor) for part, minor in shown),
        bar=stack([max(0, minor) for _, minor in shown]),
        currency=currency,
    )
