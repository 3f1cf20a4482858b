"""The demo's trade is large, varied, invented, and the same every time."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from marketplace.domain.flavour import VOCABULARY, Display, Intensity
from marketplace.sandbox.demo import roster, trade, world

AT = datetime(2026, 11, 23, tzinfo=UTC)


def test_there_are_enough_actors_and_no_two_share_a_name_or_an_address() -> None:
    people = world.people()
    assert len(people) >= 64
    for names in ([p.slug for p in people], [p.email for p in people], [p.origin.name for p in people]):
        assert len(set(names)) == len(people)
    assert all(re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)+", person.slug) for person in people)


def test_zones_exist_and_some_are_off_by_half_hours() -> None:
    offsets = {ZoneInfo(origin.zone).utcoffset(AT.replace(tzinfo=None)) for origin in roster.ROSTER}
    assert len({origin.zone for origin in roster.ROSTER}) >= 30
    assert {timedelta(hours=5, minutes=45), timedelta(hours=9, minutes=30), -timedelta(hours=3, minutes=30)} <= offsets


def test_everyone_plays_four_to_twelve_flavours_of_the_vocabulary() -> None:
    steps = {step.word for step in Intensity}, {step.word for step in Display}
    for person in world.people():
        shown = [playing for reel in person.reels for playing in reel.playings]
        assert 4 <= len({playing.flavour for playing in shown}) == len(shown) <= 12
        assert all(VOCABULARY.find(playing.flavour) for playing in shown)
        assert all(playing.intensity in steps[0] and playing.display in steps[1] for playing in shown)
    every = {playing.flavour for person in world.people() for reel in person.reels for playing in reel.playings}
    assert len(every) >= 0.9 * len(VOCABULARY.flavours)


def test_rates_ages_and_hours_are_believable() -> None:
    for person in world.people():
        assert 80 <= person.hourly <= 400
        assert 18 <= person.ages[0] < person.ages[1]
        assert (AT.date() - person.born_on).days > 18 * 366
        assert all(0 <= start < end <= 1440 and 0 <= day <= 6 for day, start, end in person.hours)


def test_handles_fit_their_networks_and_none_is_used_twice() -> None:
    handles = [pair for person in world.people() for pair in person.handles]
    assert len(set(handles)) == len(handles) >= 100
    for network, handle in handles:
        assert re.fullmatch(r"\w{1,15}" if network == "x" else r"[a-z0-9._]{3,30}", handle), handle


def test_every_beat_names_flavours_of_the_vocabulary() -> None:
    beats = [beat for title in trade.TITLES for beat in title.beats]
    assert all(VOCABULARY.find(beat.start) and (not beat.to or VOCABULARY.find(beat.to)) for beat in beats)
    assert len(trade.HOUSES) >= 8


def test_audiences_range_from_small_to_very_large_and_the_rich_page_has_a_large_one() -> None:
    followers = [world.audience(*pair).followers(AT) for person in world.people() for pair in person.handles]
    assert min(followers) < 10_000
    assert max(followers) > 200_000
    rich = [world.audience(*pair).followers(AT) for pair in world.people()[0].handles]
    assert len(rich) >= 4
    assert max(rich) > 100_000
