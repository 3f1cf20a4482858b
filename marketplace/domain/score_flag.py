"""What stands beside the score and never moves it: resonance, momentum, follower growth and flags for review."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import combinations, pairwise
from math import log10
from statistics import median
from typing import Final

from marketplace.domain.score import Post, is_counted, signal_of
from marketplace.domain.score_method import TIKTOK, constants_of

PEER_COUNT: Final = 200
MOMENTUM_PRIOR: Final = 10.0
DAYS_PER_MONTH: Final = 30.0
HOLLOW_SLOPE: Final = 0.709
HOLLOW_LEVEL: Final = 2.313
HOLLOW_LIMIT: Final = 1.41  # dex; 97.5 % of the accounts it was fitted on lie below
SPIKE_DAYS: Final = 3.0
SPIKE_DEVIATIONS: Final = 4.0
SPIKE_MINIMUM: Final = 0.10  # dex


class Flag(StrEnum):
    """A reason for a person to look at an account; no flag lowers a score or says that someone cheated."""

    HOLLOW_FOLLOWERS = "hollow_followers"
    FOLLOWER_SPIKE = "follower_spike"


@dataclass(frozen=True, slots=True)
class FollowerReading:
    """A follower count seen so many days ago."""

    days_ago: float
    followers: int


@dataclass(frozen=True, slots=True)
class Peer:
    """Another account on the same network: its followers and median engagement per view."""

    followers: int | float
    engagement_rate: float


def flags_of(
    network: str, followers: int | None, posts: Iterable[Post], readings: Sequence[FollowerReading] = ()
) -> tuple[Flag, ...]:
    """The flags that an account's figures raise, in the order of `Flag`."""
    counted = [post for post in posts if is_counted(post)]
    found = []
    if has_hollow_followers(network, followers, counted):
        found.append(Flag.HOLLOW_FOLLOWERS)
    if has_follower_spike(network, readings, counted):
        found.append(Flag.FOLLOWER_SPIKE)
    return tuple(found)


def has_hollow_followers(network: str, followers: int | None, posts: Sequence[Post]) -> bool:
    """Whether there are many more followers than the posts' engagement speaks for (over 1.41 dex).

    The line was fitted on TikTok; engagement elsewhere is restated by how much rarer it is for each view.
    """
    if not followers or not posts:
        return False
    rarity = 10.0 ** (constants_of(network).unseen_level - TIKTOK.unseen_level)
    response = median(log10(1.0 + rarity * post.engagements) for post in posts)
    return log10(followers) - (HOLLOW_SLOPE * response + HOLLOW_LEVEL) > HOLLOW_LIMIT


def has_follower_spike(network: str, readings: Sequence[FollowerReading], posts: Sequence[Post]) -> bool:
    """Whether followers jumped within 3 days, over their usual pace by 0.10 dex and 4 deviations, to no effect.

    A viral post lifts the posts after it too, so a jump counts only when the posts since are no better than before;
    while there are none since, nothing is said.
    """
    jump_at = _jump(readings)
    if jump_at is None:
        return False
    constants = constants_of(network)
    before = [signal_of(post, constants) for post in posts if post.age_days > jump_at]
    since = [signal_of(post, constants) for post in posts if post.age_days <= jump_at]
    return bool(before and since) and median(since) <= median(before)


def momentum_of(network: str, posts: Iterable[Post]) -> float | None:
    """How fast the posts' level moves, in dex per 30 days, shrunk by k / (k + 10); None below two moments."""
    constants = constants_of(network)
    moments = [(-post.age_days, signal_of(post, constants)) for post in posts if is_counted(post)]
    slope = _theil_sen(moments)
    if slope is None:
        return None
    return slope * DAYS_PER_MONTH * len(moments) / (len(moments) + MOMENTUM_PRIOR)


def follower_growth_of(readings: Iterable[FollowerReading]) -> float | None:
    """How fast followers grow, in dex per 30 days (0.30 is a doubling); None below two moments."""
    slope = _theil_sen([(-one.days_ago, log10(1.0 + one.followers)) for one in readings])
    return None if slope is None else slope * DAYS_PER_MONTH


def resonance_of(followers: int | float, engagement_rate: float, peers: Iterable[Peer]) -> float | None:
    """The percentile, 0 to 100, of engagement per view among the 200 accounts nearest in followers; None if alone."""
    size = log10(1.0 + followers)
    nearest = sorted(peers, key=lambda peer: (abs(log10(1.0 + peer.followers) - size), peer.engagement_rate))
    rates = [peer.engagement_rate for peer in nearest[:PEER_COUNT]]
    if not rates:
        return None
    below = sum(rate < engagement_rate for rate in rates)
    level = sum(rate == engagement_rate for rate in rates)
    return 100.0 * (below + level / 2.0) / len(rates)


def _jump(readings: Sequence[FollowerReading]) -> float | None:
    """How many days ago the steepest jump began; None without one that is out of the ordinary."""
    ordered = sorted(readings, key=lambda one: -one.days_ago)
    levels = [(one.days_ago, log10(1.0 + one.followers)) for one in ordered]
    paces = [_rise(*pair) / (pair[0][0] - pair[1][0]) for pair in pairwise(levels) if pair[0][0] > pair[1][0]]
    if not paces:
        return None
    usual = median(paces)
    limit = max(SPIKE_DEVIATIONS * median(abs(pace - usual) for pace in paces), SPIKE_MINIMUM)
    excesses = [
        (_rise(earlier, later) - usual * (earlier[0] - later[0]), -earlier[0])
        for earlier, later in combinations(levels, 2)
        if earlier[0] - later[0] <= SPIKE_DAYS
    ]
    excess, began = max(excesses, default=(0.0, 0.0))
    return -began if excess > limit else None


def _rise(earlier: tuple[float, float], later: tuple[float, float]) -> float:
    return later[1] - earlier[1]


def _theil_sen(moments: Sequence[tuple[float, float]]) -> float | None:
    """The median slope between all pairs of different moments."""
    slopes = [
        (later[1] - earlier[1]) / (later[0] - earlier[0])
        for earlier, later in combinations(moments, 2)
        if later[0] != earlier[0]
    ]
    return median(slopes) if slopes else None
