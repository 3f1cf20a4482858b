"""The social-capital score: the viewers an actor's next post can expect, from followers and recent posts (SCS-1)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import log, log10, sqrt
from typing import Final

from marketplace.domain.score_method import (
    AUDIENCE_FLOOR,
    CLIP_WIDTH,
    CREDIT_FLOOR,
    CREDIT_SLOPE,
    HALF_LIFE_DAYS,
    HIGH_CONFIDENCE_DEX,
    MATURITY,
    MAX_AGE_DAYS,
    MEDIAN_OF_FIVE,
    MEDIUM_CONFIDENCE_DEX,
    MIN_AGE_DAYS,
    OVERLAP_POWER,
    POINTS_ORIGIN,
    POINTS_PER_DEX,
    POST_LIMIT,
    PRIOR_TAPER,
    SPREAD_PRIOR,
    STALE_AFTER_DAYS,
    STALE_DEX_PER_DAY,
    TIKTOK,
    UNRATED_AFTER_DAYS,
    NetworkConstants,
    constants_of,
)

_LOG_4: Final = log(4.0)


class Confidence(StrEnum):
    """How narrow the interval is; `PROVISIONAL` means that not one post was read."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    PROVISIONAL = "provisional"


class Unrated(StrEnum):
    """Why an account has no score."""

    NO_FIGURES = "no_figures"
    STALE = "stale"


@dataclass(frozen=True, slots=True)
class Post:
    """One original post as last seen: age in days at the snapshot, views (None where hidden), all engagements."""

    age_days: float
    views: int | float | None
    engagements: int | float


@dataclass(frozen=True, slots=True)
class AccountScore:
    """One account's forecast with every component it was made from; viewers are people, logs are to base 10.

    `evidence` is the posts' summed weight, `prior_weight` what followers add to it, `level` the log of viewers
    before the network's shift, `sigma_post` and `sigma_typical` standard deviations in dex.
    """

    network: str
    points: float
    log_reach: float
    reach: float
    post_low: float
    post_high: float
    typical_low: float
    typical_high: float
    audience: float
    authenticity: float
    sigma_post: float
    sigma_typical: float
    evidence: float
    post_count: int
    prior_weight: float
    level: float
    spread: float
    engagement_rate: float | None
    is_provisional: bool

    @property
    def confidence(self) -> Confidence:
        """High up to 1.0 dex between the ends of the typical interval, medium up to 1.5, else low."""
        return _confidence(self.post_count, self.typical_low, self.typical_high)

    @property
    def follower_share(self) -> float:
        """How much of the score rests on the follower count, 0 to 1."""
        return self.prior_weight / (self.evidence + self.prior_weight)

    @property
    def consistency(self) -> float:
        """1 / (1 + s_i^2 / s2): 0.5 is the network's usual spread between posts, near 1 is steady."""
        return 1.0 / (1.0 + self.spread / constants_of(self.network).post_variance)


@dataclass(frozen=True, slots=True)
class ActorScore:
    """An actor's networks taken together: points, typical viewers and their 80 % interval."""

    points: float
    reach: float
    typical_low: float
    typical_high: float
    sigma: float
    accounts: tuple[AccountScore, ...]

    @property
    def confidence(self) -> Confidence:
        """As of one account; provisional while no network showed a post."""
        return _confidence(sum(one.post_count for one in self.accounts), self.typical_low, self.typical_high)

    @property
    def is_provisional(self) -> bool:
        """Whether constants that were not fitted on the network itself took part."""
        return any(one.is_provisional for one in self.accounts)


def score_account(
    network: str,
    followers: int | float | None,
    posts: Iterable[Post],
    *,
    audience: float = 1.0,
    days_since_fetch: float = 0.0,
) -> AccountScore | Unrated:
    """Score one account by steps 1 to 9 of SCS-1.

    The newest 30 posts of age 3 to 180 days count, in any order. `audience` is the credible share of followers
    (`domain.score_audience`), 0.05 to 1. From 14 days without a fetch the interval widens; after 45, or with
    neither followers nor a post, the account is unrated.
    """
    if days_since_fetch > UNRATED_AFTER_DAYS:
        return Unrated.STALE
    constants = constants_of(network)
    signals, weights, backings, rates = _read_posts(posts, constants)
    count = len(signals)
    if followers is None and not count:
        return Unrated.NO_FIGURES
    return _forecast(
        network,
        constants,
        _level(followers, signals, weights, count, constants, _stale_variance(days_since_fetch)),
        audience=max(audience, AUDIENCE_FLOOR),
        authenticity=sum(backings) / len(backings) if backings else 1.0,
        engagement_rate=_median(rates),
    )


def combine(accounts: Sequence[AccountScore]) -> ActorScore | None:
    """One score from several networks (step 10); None without any. A missing network is not a zero.

    The sum of R^1.5, to the power 1/1.5, assumes that audiences overlap; adding a network never lowers the result.
    """
    if not accounts:
        return None
    shares = [one.reach**OVERLAP_POWER for one in accounts]
    total = sum(shares)
    log_reach = log10(total) / OVERLAP_POWER
    variance = sum((share / total) ** 2 * one.sigma_typical**2 for share, one in zip(shares, accounts, strict=True))
    sigma = sqrt(variance)
    return ActorScore(
        points=points_of(log_reach),
        reach=10.0**log_reach,
        typical_low=10.0 ** (log_reach + TIKTOK.z_typical_low * sigma),
        typical_high=10.0 ** (log_reach + TIKTOK.z_typical_high * sigma),
        sigma=sigma,
        accounts=tuple(accounts),
    )


def points_of(log_reach: float) -> float:
    """Points 0 to 100 on an absolute scale: 100 viewers 0, 1,000 20, 10,000 40 ... 10 million 100."""
    return min(100.0, max(0.0, POINTS_PER_DEX * (log_reach - POINTS_ORIGIN)))


def credit_of(views: float, engagements: float, engagement_floor: float) -> float:
    """The share of `views` that engagement backs, 0.45 to 1 (step 1)."""
    if engagements >= engagement_floor * views:
        return 1.0
    if engagements <= 0.0:
        return CREDIT_FLOOR
    credit = 1.0 - CREDIT_SLOPE * log(engagement_floor * views / engagements) / _LOG_4
    return max(CREDIT_FLOOR, credit)


def maturity_of(age_days: float) -> float:
    """The factor by which views of this age still grow."""
    for below, factor in MATURITY:
        if age_days < below:
            return factor
    return 1.0


def signal_of(post: Post, constants: NetworkConstants) -> float:
    """Log of the views that a post is good for once grown up (step 2)."""
    if post.views is None:
        return log10(1.0 + post.engagements * maturity_of(post.age_days)) + constants.unseen_level
    credit = credit_of(post.views, post.engagements, constants.engagement_floor)
    return log10(1.0 + post.views * credit * maturity_of(post.age_days))


def as_read(age_days: float, age_when_read_days: float, views: int | None, engagements: int) -> Post:
    """A post of this age that was last read when it was younger (or, in tests of the past, older).

    Its counts are restated for its present age, so that what it will have grown to follows from the reading.
    """
    factor = maturity_of(age_when_read_days) / maturity_of(age_days)
    return Post(age_days, None if views is None else views * factor, engagements * factor)


def is_counted(post: Post) -> bool:
    """Whether a post's age lets it count: settled (3 days) and not long past (180)."""
    return MIN_AGE_DAYS <= post.age_days <= MAX_AGE_DAYS


def _read_posts(
    posts: Iterable[Post], constants: NetworkConstants
) -> tuple[list[float], list[float], list[float], list[float]]:
    """Signals, weights, backings and engagement rates of the posts that count."""
    signals: list[float] = []
    weights: list[float] = []
    backings: list[float] = []
    rates: list[float] = []
    reliability = constants.unseen_reliability
    floor, level = constants.engagement_floor, constants.unseen_level
    for post in _counted(posts, constants):
        age, views, engagements = post.age_days, post.views, post.engagements
        weight = 2.0 ** (-age / HALF_LIFE_DAYS)
        if views is None:
            signals.append(log10(1.0 + engagements * maturity_of(age)) + level)
            weights.append(weight * reliability)
            continue
        credit = credit_of(views, engagements, floor)
        backings.append(credit)
        signals.append(log10(1.0 + views * credit * maturity_of(age)))
        weights.append(weight)
        if views > 0:
            rates.append(engagements / views)
    return signals, weights, backings, rates


def _counted(posts: Iterable[Post], constants: NetworkConstants) -> list[Post]:
    """The newest 30 of fitting age; of equally old ones the better, so that no order and no gain can lower a score."""
    counted = [post for post in posts if MIN_AGE_DAYS <= post.age_days <= MAX_AGE_DAYS]
    if len(counted) <= POST_LIMIT:
        return counted
    return sorted(counted, key=lambda post: (post.age_days, -signal_of(post, constants)))[:POST_LIMIT]


@dataclass(frozen=True, slots=True)
class _Level:
    """What posts and followers together say of an account's log views: steps 4 to 6."""

    mean: float
    variance: float
    spread: float
    evidence: float
    count: int
    prior_weight: float


def _level(
    followers: int | float | None,
    signals: list[float],
    weights: list[float],
    count: int,
    constants: NetworkConstants,
    stale_variance: float,
) -> _Level:
    prior_weight = 0.0
    prior = 0.0
    if followers is not None:
        prior_weight = constants.prior_weight * max(0.0, 1.0 - count / PRIOR_TAPER)
        prior = constants.prior_level + constants.prior_slope * log10(1.0 + followers)
    if not count:
        variance = constants.prior_variance + stale_variance
        return _Level(prior, variance, constants.post_variance, 0.0, 0, prior_weight)
    evidence = sum(weights)
    middle = _weighted_median(signals, weights, evidence)
    width = CLIP_WIDTH * sqrt(constants.post_variance)
    pull = square = 0.0
    for signal, weight in zip(signals, weights, strict=True):
        away = signal - middle
        square += weight * away * away
        pull += weight * (width if away > width else max(away, -width))
    spread = (SPREAD_PRIOR * constants.post_variance + square) / (SPREAD_PRIOR + evidence)
    total = evidence + prior_weight
    mean = (evidence * middle + pull + prior_weight * prior) / total
    return _Level(mean, spread / total + stale_variance, spread, evidence, count, prior_weight)


def _forecast(
    network: str,
    constants: NetworkConstants,
    level: _Level,
    *,
    audience: float,
    authenticity: float,
    engagement_rate: float | None,
) -> AccountScore:
    """Steps 8 and 9: viewers, both 80 % intervals and points."""
    log_reach = level.mean + constants.shift + log10(audience)
    sigma_post = sqrt(level.spread + level.variance)
    sigma_typical = sqrt(MEDIAN_OF_FIVE * level.spread / 5.0 + level.variance)
    return AccountScore(
        network,
        points_of(log_reach),
        log_reach,
        10.0**log_reach,
        10.0 ** (log_reach + constants.z_post_low * sigma_post),
        10.0 ** (log_reach + constants.z_post_high * sigma_post),
        10.0 ** (log_reach + constants.z_typical_low * sigma_typical),
        10.0 ** (log_reach + constants.z_typical_high * sigma_typical),
        audience,
        authenticity,
        sigma_post,
        sigma_typical,
        level.evidence,
        level.count,
        level.prior_weight,
        level.mean,
        level.spread,
        engagement_rate,
        constants.is_provisional,
    )


def _stale_variance(days_since_fetch: float) -> float:
    """From 14 days without a fetch, (0.02 dex x days)^2."""
    if days_since_fetch <= STALE_AFTER_DAYS:
        return 0.0
    return (STALE_DEX_PER_DAY * days_since_fetch) ** 2


def _weighted_median(values: list[float], weights: list[float], total: float) -> float:
    """The smallest value at which the weights summed in order reach half."""
    half = total / 2.0
    running = 0.0
    for value, weight in sorted(zip(values, weights, strict=True)):
        running += weight
        if running >= half:
            return value
    return max(values)


def _median(values: list[float]) -> float | None:
    if not values:
        return None
    ordered = sorted(values)
    middle = len(ordered) // 2
    if len(ordered) % 2:
        return ordered[middle]
    return (ordered[middle - 1] + ordered[middle]) / 2.0


def _confidence(post_count: int, low: float, high: float) -> Confidence:
    if not post_count:
        return Confidence.PROVISIONAL
    width = log10(high / low)
    if width <= HIGH_CONFIDENCE_DEX:
        return Confidence.HIGH
    return Confidence.MEDIUM if width <= MEDIUM_CONFIDENCE_DEX else Confidence.LOW
