"""The constants of SCS-1, the method that turns followers and posts into expected viewers, and their fingerprint."""

import hashlib
import json
from dataclasses import asdict, dataclass, replace
from typing import Final

METHOD_ID: Final = "SCS-1"

HALF_LIFE_DAYS: Final = 60.0
SPREAD_PRIOR: Final = 1.9  # posts' worth of evidence that the network's own spread counts for
POST_LIMIT: Final = 30
MIN_AGE_DAYS: Final = 3.0
MAX_AGE_DAYS: Final = 180.0
PRIOR_TAPER: Final = 10  # from this many posts on, followers no longer count
CLIP_WIDTH: Final = 2.0  # in network standard deviations; a width that adapts to the account broke monotonicity
CREDIT_FLOOR: Final = 0.45
CREDIT_SLOPE: Final = 0.55  # CREDIT_FLOOR > CREDIT_SLOPE / ln 4, so that credited views never fall when views rise
OVERLAP_POWER: Final = 1.5
AUDIENCE_FLOOR: Final = 0.05
MEDIAN_OF_FIVE: Final = 1.571  # variance of a median against that of a mean (pi / 2)
POINTS_PER_DEX: Final = 20.0
POINTS_ORIGIN: Final = 2.0  # 100 viewers are 0 points
STALE_AFTER_DAYS: Final = 14.0
STALE_DEX_PER_DAY: Final = 0.02
UNRATED_AFTER_DAYS: Final = 45.0
HIGH_CONFIDENCE_DEX: Final = 1.0
MEDIUM_CONFIDENCE_DEX: Final = 1.5
CONVERSION_PRIOR: Final = 20.0

MATURITY: Final = ((2.0, 2.15), (3.0, 1.67), (5.0, 1.38), (7.0, 1.31), (14.0, 1.19), (28.0, 1.14), (60.0, 1.09))
"""How much a post of an age below so many days still grows, as a factor; older posts do not."""

METHOD_CONSTANTS: Final[dict[str, object]] = {
    "half_life_days": HALF_LIFE_DAYS,
    "spread_prior": SPREAD_PRIOR,
    "post_limit": POST_LIMIT,
    "min_age_days": MIN_AGE_DAYS,
    "max_age_days": MAX_AGE_DAYS,
    "prior_taper": PRIOR_TAPER,
    "clip_width": CLIP_WIDTH,
    "credit_floor": CREDIT_FLOOR,
    "credit_slope": CREDIT_SLOPE,
    "overlap_power": OVERLAP_POWER,
    "audience_floor": AUDIENCE_FLOOR,
    "median_of_five": MEDIAN_OF_FIVE,
    "points_per_dex": POINTS_PER_DEX,
    "points_origin": POINTS_ORIGIN,
    "stale_after_days": STALE_AFTER_DAYS,
    "stale_dex_per_day": STALE_DEX_PER_DAY,
    "unrated_after_days": UNRATED_AFTER_DAYS,
    "high_confidence_dex": HIGH_CONFIDENCE_DEX,
    "medium_confidence_dex": MEDIUM_CONFIDENCE_DEX,
    "maturity": MATURITY,
}


@dataclass(frozen=True, slots=True)
class NetworkConstants:
    """One network's fitted numbers; logs are to base 10, variances in dex squared.

    `prior_level` and `prior_slope` foretell log(1 + views) from log(1 + followers); `post_variance` is the spread
    of one account's posts, `prior_variance` that of accounts around the follower line, `prior_weight` how many
    posts the follower line is worth. The four `z` are the 10 % and 90 % points of the next post and of the
    typical post of five. `unseen_level` turns engagements into views where a network shows none.
    """

    prior_level: float
    prior_slope: float
    post_variance: float
    prior_variance: float
    prior_weight: float
    shift: float
    z_post_low: float
    z_post_high: float
    z_typical_low: float
    z_typical_high: float
    unseen_level: float
    unseen_deviation: float
    engagement_floor: float
    is_provisional: bool

    @property
    def unseen_reliability(self) -> float:
        """Weight of a post without a view count beside one with it, in (0, 1)."""
        return self.post_variance / (self.post_variance + self.unseen_deviation**2)


TIKTOK: Final = NetworkConstants(
    prior_level=1.341,
    prior_slope=0.738,
    post_variance=0.327,
    prior_variance=0.322,
    prior_weight=0.327 / 0.322,
    shift=-0.176,
    z_post_low=-1.154,
    z_post_high=1.570,
    z_typical_low=-1.374,
    z_typical_high=1.598,
    unseen_level=1.39,
    unseen_deviation=0.36,
    engagement_floor=0.00339,
    is_provisional=False,
)
# Until 200 accounts exist on a network its spread, shift and quantiles are TikTok's. A network's engagement floor
# lies as far below its usual engagement per view (10 ** -unseen_level) as TikTok's does.
_FLOOR_RATIO: Final = TIKTOK.engagement_floor * 10**TIKTOK.unseen_level
_PROVISIONAL: Final = replace(TIKTOK, is_provisional=True)
YOUTUBE: Final = replace(
    _PROVISIONAL,
    prior_level=2.23,
    prior_slope=0.43,
    prior_variance=0.75,
    unseen_level=1.49,
    unseen_deviation=0.44,
    engagement_floor=_FLOOR_RATIO * 10**-1.49,
)
X: Final = replace(
    _PROVISIONAL,
    # a median of 4,990 impressions at about 28,000 followers fixes the level of the published slope
    prior_level=1.252,
    prior_slope=0.55,
    # half way between two measured rates of engagement per impression, and half their distance
    unseen_level=2.08,
    unseen_deviation=0.44,
    engagement_floor=_FLOOR_RATIO * 10**-2.08,
)

CONSTANTS: Final[dict[str, NetworkConstants]] = {
    "tiktok": TIKTOK,
    "youtube": YOUTUBE,
    "instagram": _PROVISIONAL,
    "x": X,
}


def constants_of(network: str) -> NetworkConstants:
    """The constants for a network's name; a network without its own uses TikTok's, marked provisional."""
    return CONSTANTS.get(network, _PROVISIONAL)


def _fingerprint() -> str:
    networks = {name: asdict(constants) for name, constants in CONSTANTS.items()}
    text = json.dumps({"method": METHOD_CONSTANTS, "networks": networks}, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


CONSTANTS_HASH: Final = _fingerprint()
"""Changes whenever any number above changes; stored with each score so that it can be computed again."""
