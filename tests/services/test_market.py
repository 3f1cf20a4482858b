"""The market is counted among the most similar actors that are enough, and hidden while they are few."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from marketplace.domain.market import MarketRange
from marketplace.domain.money import Money
from marketplace.services.market import find_market_range
from tests.services.stage import add_actor


def crowd(db: Session, count: int, first_minor: int, **actor: Any) -> None:
    for number in range(count):
        add_actor(db, hourly_minor=first_minor + 1_000 * number, hours=None, **actor)


def find(db: Session, actor_id: int, currency: str = "USD") -> MarketRange | None:
    return find_market_range(db, actor_id=actor_id, currency=currency)


def test_nine_others_are_too_few_and_ten_are_enough(db: Session) -> None:
    me = add_actor(db, hourly_minor=99_000)
    crowd(db, 9, 10_000)
    assert find(db, me.id) is None
    crowd(db, 1, 19_000)
    found = find(db, me.id)
    assert found is not None
    assert (found.low, found.high, found.actors) == (Money(12_000, "USD"), Money(17_000, "USD"), 10)
    assert found.among == "actors of the same playing age and language with a similar social score"


def test_another_currency_another_market(db: Session) -> None:
    me = add_actor(db)
    crowd(db, 10, 20_000, currency="JPY")
    assert find(db, me.id) is None
    assert find(db, me.id, "JPY") is not None


def test_when_those_alike_are_few_a_wider_group_is_asked(db: Session) -> None:
    me = add_actor(db, score=80.0, ages=(25, 35))
    crowd(db, 5, 10_000, score=75.0, ages=(60, 70))
    crowd(db, 5, 10_000, score=85.0, languages=("ja",))
    crowd(db, 10, 50_000, score=20.0)
    found = find(db, me.id)
    assert found is not None
    assert (found.among, found.high) == ("actors with a similar social score", Money(13_000, "USD"))


def test_an_actor_without_a_score_is_held_against_the_same_kind_and_then_against_all(db: Session) -> None:
    me = add_actor(db, score=None, languages=("ko",))
    crowd(db, 12, 10_000)
    found = find(db, me.id)
    assert found is not None
    assert found.among == "all actors with a rate in this currency"
    crowd(db, 10, 10_000, languages=("ko", "en"))
    alike = find(db, me.id)
    assert alike is not None
    assert (alike.among, alike.actors) == ("actors of the same playing age and language", 10)


def test_those_not_listed_are_not_counted(db: Session) -> None:
    me = add_actor(db)
    crowd(db, 20, 10_000, listed=False)
    assert find(db, me.id) is None
