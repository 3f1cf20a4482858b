"""The demo's prices and limits are the product's own, and its books stay in one currency."""

from __future__ import annotations

from marketplace.command.seeding.player import ASKED_FIRST, USAGE
from marketplace.command.seeding.price import ABROAD, CURRENCY, card_of, limits_of
from marketplace.command.seeding.story import stories
from marketplace.domain.boundary import Limit, judge
from marketplace.sandbox.demo.world import people


def test_nobody_with_a_currency_of_their_own_has_been_booked() -> None:
    everyone = people()
    booked = {story.actor for story in stories(len(everyone))}
    assert not booked & set(ABROAD)
    assert {card_of(everyone[number]).currency for number in booked} == {CURRENCY}
    assert {card_of(person).currency for person in everyone} == {"USD", "EUR", "JPY"}


def test_everyone_sells_what_the_demo_books_at_the_price_it_always_had() -> None:
    for person in people():
        card = card_of(person)
        assert card.sells(USAGE)
        assert person.number in ABROAD or card.territory_bp[USAGE.territory] == 0


def test_rates_abroad_are_round_amounts() -> None:
    for number, currency in ABROAD.items():
        hour = card_of(people()[number]).hour
        assert (hour.currency, hour.minor % 500) == (currency, 0)
        assert 5_000 <= hour.minor <= 60_000


def test_the_lines_of_an_actor_are_topics_too() -> None:
    limits = [(person, limits_of(person)) for person in people()]
    for person, said in limits:
        if "No scenes of self-harm" in person.boundaries:
            assert said.topics["self-harm"] == Limit.NEVER
    assert limits[0][1].topics["kissing"] == Limit.ASK
    assert sum(1 for _, said in limits if said.topics) > 30


def test_only_what_still_waits_asks_for_a_separate_yes() -> None:
    everyone = people()
    for story in stories(len(everyone)):
        beats = [(beat.intensity, beat.display) for beat in story.title.beats]
        assert judge(limits_of(everyone[story.actor]), (), beats).asks == ()
    first = judge(limits_of(everyone[0]), ASKED_FIRST, ())
    assert (len(first.asks), first.never) == (1, ())
