"""Rates: an actor's stored price list as the domain's rate card, and quotes made from it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.domain.cancellation import Tier
from marketplace.domain.errors import Refused
from marketplace.domain.money import Money
from marketplace.domain.rate import (
    Ask,
    Quote,
    RateCard,
    exclusivity_from_json,
    make_quote,
    territory_from_json,
    usage_from_json,
)
from marketplace.models import Rate


@dataclass(frozen=True)
class Priced:
    """An actor's prices and cancellation terms."""

    card: RateCard
    cancellation: Tier


def find_rate_card(db: Session, actor_id: int) -> Priced | None:
    """The actor's prices, or None when there are none yet."""
    row = db.scalar(select(Rate).where(Rate.actor_id == actor_id))
    return None if row is None else Priced(card_of(row), Tier(row.cancellation))


def get_rate_card(db: Session, actor_id: int) -> Priced:
    """The actor's prices; refuses to go on without."""
    priced = find_rate_card(db, actor_id)
    if priced is None:
        raise Refused(
            "This actor has not set a rate yet, so there is nothing to book. Nothing was requested.", code="no_rate"
        )
    return priced


def card_of(row: Rate) -> RateCard:
    """A stored price list as the domain reckons with it."""
    return RateCard(
        hour=Money(row.hourly_minor, row.currency),
        minimum_minutes=row.minimum_minutes,
        usage_bp=usage_from_json(row.usage),
        take_set=Money(row.take_set_minor, row.currency),
        revision=Money(row.revision_minor, row.currency),
        rush_bp=row.rush_bp,
        pickups_included=row.pickups_included,
        territory_bp=territory_from_json(row.territory),
        exclusivity_bp=exclusivity_from_json(row.exclusivity),
    )


def quote_actor(db: Session, *, actor_id: int, ask: Ask, fee_bp: int, now: datetime) -> Quote:
    """What `ask` would cost with this actor now, by the list or by its own offer; nothing is stored."""
    if ask.offered is None:
        return make_quote(get_rate_card(db, actor_id).card, ask, fee_bp, now)
    priced = find_rate_card(db, actor_id)
    return make_quote(priced.card if priced else None, ask, fee_bp, now)
