"""Negotiation: either side answers terms with other terms, a few times, until one accepts or lets go."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from marketplace.domain.booking import Party, Step
from marketplace.domain.money import Money
from marketplace.domain.offer import Difference, Terms, check_counter, differences
from marketplace.domain.rate import Ask, Quote, Usage, make_quote
from marketplace.models import Booking, Offer
from marketplace.services.booking_follow import take_booking_step
from marketplace.services.booking_step import Also, By, columns_of, quote_of, usage_of
from marketplace.services.rate import find_rate_card

WORDS_LONGEST = 1_000


@dataclass(frozen=True, slots=True)
class Counter:
    """What a counter-offer asks for. `offered` is what the actor would receive; None means the list price.

    `pickups` counts rounds beyond those the actor's price includes. `says_yes`: the actor agreed to what the request
    asks beyond their limits.
    """

    usage: Usage
    take_sets: int
    pickups: int = 0
    offered: Money | None = None
    words: str = ""
    says_yes: bool = False


@dataclass(frozen=True, slots=True)
class Round:
    """One offer as both sides read it, with what it changed against the one before."""

    number: int
    party: Party
    terms: Terms
    changes: tuple[Difference, ...]
    words: str
    at: datetime


def terms_of(booking: Booking) -> Terms:
    """The terms on the table."""
    return Terms(quote_of(booking), usage_of(booking), int(booking.usage.get("take_sets", 1)))


def price_counter(db: Session, booking: Booking, ask: Counter, now: datetime) -> Terms:
    """What `ask` comes to, with the fee share the booking began with; nothing is stored.

    Refuses usages that are not for sale, amounts out of bounds, and terms that change nothing.
    """
    priced = find_rate_card(db, booking.actor_id)
    minutes = int((booking.ends_at - booking.starts_at).total_seconds()) // 60
    wanted = Ask(minutes, ask.usage, booking.starts_at, ask.take_sets, ask.pickups, ask.offered)
    quote = make_quote(priced.card if priced else None, wanted, quote_of(booking).fee_bp, now)
    terms = Terms(quote, ask.usage, ask.take_sets)
    check_counter(terms_of(booking), terms)
    return terms


def counter_booking(db: Session, *, booking: Booking, by: By, ask: Counter, now: datetime) -> None:
    """Answer the terms on the table with other terms; the other side has its own time to answer.

    Refused after the last round, after the deadline and when nothing is changed; nothing is held or charged.
    """
    terms = price_counter(db, booking, ask, now)
    _keep_first(db, booking)
    columns = {
        "counters": booking.counters + 1,
        **columns_of(terms.quote),
        "usage": {**terms.usage.to_json(), "take_sets": terms.take_sets},
    }
    words = ask.words.strip()[:WORDS_LONGEST]
    if booking.asks_yes and ask.says_yes:
        words = f"{words} Yes to: {'; '.join(booking.asks_yes)}".strip()
    take_booking_step(db, booking, Step.COUNTER, by, now, words, Also(says_yes=ask.says_yes, columns=columns))
    _add(db, booking, booking.counters + 1, by, words, now)


def _keep_first(db: Session, booking: Booking) -> None:
    """The request itself becomes offer number 1 when it is first answered."""
    if db.scalar(select(func.count()).where(Offer.booking_id == booking.id)) == 0:
        _add(db, booking, 1, By(Party.PLATFORM), booking.message, booking.created_at)


def _add(db: Session, booking: Booking, number: int, by: By, words: str, now: datetime) -> None:
    db.add(
        Offer(
            booking_id=booking.id,
            number=number,
            party=by.party,
            principal_id=by.account_id,
            quote=booking.quote,
            usage=booking.usage,
            words=words,
            created_at=now,
        )
    )
    db.flush()


def read_rounds(db: Session, booking_id: int) -> Sequence[Round]:
    """The negotiation so far, oldest first; empty while nobody has made a counter-offer."""
    offers = db.scalars(select(Offer).where(Offer.booking_id == booking_id).order_by(Offer.number)).all()
    rounds: list[Round] = []
    for offer in offers:
        usage = Usage.from_json(offer.usage)
        terms = Terms(Quote.from_json(offer.quote), usage, int(offer.usage.get("take_sets", 1)))
        changes = differences(rounds[-1].terms, terms) if rounds else ()
        rounds.append(Round(offer.number, Party(offer.party), terms, changes, offer.words, offer.created_at))
    return rounds
