"""What stands beside the score: flags, momentum, growth, resonance."""

from dataclasses import replace

import pytest

from marketplace.domain.score import Post, maturity_of
from marketplace.domain.score_flag import (
    Flag,
    FollowerReading,
    Peer,
    flags_of,
    follower_growth_of,
    has_follower_spike,
    has_hollow_followers,
    momentum_of,
    resonance_of,
)

# Young posts have yet to grow: these are on the way to the same 20,000 views.
STEADY = [Post(age, 20_000 / maturity_of(age), 900 / maturity_of(age)) for age in range(4, 34, 3)]

UNMOVED = [replace(post, views=(post.views or 0) * (0.99 if post.age_days < 11 else 1)) for post in STEADY]


def daily(*followers: int) -> list[FollowerReading]:
    return [FollowerReading(len(followers) - 1 - number, count) for number, count in enumerate(followers)]


def test_followers_far_beyond_what_engagement_speaks_for_are_flagged() -> None:
    assert not has_hollow_followers("tiktok", 50_000, STEADY)
    assert has_hollow_followers("tiktok", 5_000_000, STEADY)
    assert flags_of("tiktok", 5_000_000, STEADY) == (Flag.HOLLOW_FOLLOWERS,)


def test_a_network_where_engagement_is_rarer_is_held_to_its_own_measure() -> None:
    quiet = [Post(age, 30_000, 60) for age in range(10, 60, 5)]
    assert has_hollow_followers("tiktok", 150_000, quiet)
    assert not has_hollow_followers("x", 150_000, quiet)
    assert has_hollow_followers("x", 5_000_000, quiet)


def test_an_account_that_shows_nothing_is_not_flagged() -> None:
    assert flags_of("tiktok", None, STEADY) == ()
    assert flags_of("tiktok", 5_000_000, []) == ()
    assert flags_of("tiktok", 5_000_000, [Post(1, 5, 1)]) == ()


def test_a_jump_of_followers_to_no_effect_is_flagged() -> None:
    readings = daily(*[10_000 + 20 * day for day in range(10)], *[30_000 + 20 * day for day in range(10)])
    assert has_follower_spike("tiktok", readings, UNMOVED)
    assert flags_of("tiktok", 30_000, UNMOVED, readings) == (Flag.FOLLOWER_SPIKE,)


def test_a_jump_followed_by_better_posts_is_no_flag() -> None:
    readings = daily(*[10_000 + 20 * day for day in range(10)], *[30_000 + 20 * day for day in range(10)])
    lifted = [Post(4, 200_000, 9_000), Post(6, 180_000, 8_000), Post(30, 20_000, 900)]
    assert not has_follower_spike("tiktok", readings, lifted)


def test_nothing_is_said_while_no_post_followed_the_jump() -> None:
    readings = daily(*[10_000] * 10, *[30_000] * 2)
    assert not has_follower_spike("tiktok", readings, STEADY)


def test_steady_growth_is_no_spike() -> None:
    assert not has_follower_spike("tiktok", daily(*[int(1_000 * 1.2**day) for day in range(20)]), STEADY)
    assert not has_follower_spike("tiktok", daily(1_000), STEADY)
    assert not has_follower_spike("tiktok", [FollowerReading(20, 1_000), FollowerReading(3, 9_000)], STEADY)


def test_momentum_is_the_slope_of_the_posts_shrunk_by_how_few_they_are() -> None:
    tenfold_a_month = [Post(60 + 30 * number, 10 ** (6 - number) - 1, 10**6) for number in range(4)]
    assert momentum_of("tiktok", tenfold_a_month) == pytest.approx(1.0 * 4 / 14)
    assert momentum_of("tiktok", tenfold_a_month[:1]) is None


def test_follower_growth_is_told_in_powers_of_ten_a_month() -> None:
    assert follower_growth_of([FollowerReading(30, 99), FollowerReading(0, 999)]) == pytest.approx(1.0)
    assert follower_growth_of([FollowerReading(0, 999)]) is None


def test_resonance_is_a_percentile_among_the_nearest_two_hundred() -> None:
    near = [Peer(1_000 + number, number / 10_000) for number in range(200)]
    far = [Peer(10_000_000, 0.5)] * 300
    assert resonance_of(1_100, 0.01, near + far) == pytest.approx(50.25)
    assert resonance_of(1_100, 1.0, near) == 100.0
    assert resonance_of(1_100, 1.0, []) is None
