"""The score held against what later happened: an account's first posts foretell the views of its next five."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import log10
from random import Random
from statistics import StatisticsError, correlation, linear_regression, mean, median
from typing import Final

from marketplace.domain.score import AccountScore, Post, as_read, maturity_of, score_account
from marketplace.domain.score_method import MIN_AGE_DAYS

FUTURE_COUNT: Final = 5
HISTORY_MINIMUM: Final = 5
TAIL: Final = 0.10
RESAMPLES: Final = 400


@dataclass(frozen=True, slots=True)
class ReadPost:
    """A post read once, after the fact: `posted_day` on any common scale of days, `age_days` when it was read."""

    posted_day: float
    age_days: float
    views: int | None
    engagements: int


@dataclass(frozen=True, slots=True)
class ReadAccount:
    """An account's follower count and its posts, oldest first."""

    followers: int | None
    posts: tuple[ReadPost, ...]


@dataclass(frozen=True, slots=True)
class Trial:
    """One forecast and what came: followers, the score of the first posts, the views of the next five in order."""

    followers: int
    score: AccountScore
    outcome: tuple[float, ...]

    @property
    def log_typical(self) -> float:
        """Log of the median views of the next five."""
        return log10(1.0 + median(self.outcome))

    @property
    def log_next(self) -> float:
        """Log of the views of the very next post."""
        return log10(1.0 + self.outcome[0])


@dataclass(frozen=True, slots=True)
class Measure:
    """How good one way of foretelling is: rank correlation, mean error and interval widths in dex, coverages 0 to 1."""

    spearman: float
    log_error: float
    next_coverage: float
    next_width: float
    typical_coverage: float
    typical_width: float


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Our score beside followers alone on the same accounts; `gain` is the 95 % interval of the rank gain."""

    account_count: int
    score: Measure
    followers: Measure
    score_interval: tuple[float, float]
    gain: tuple[float, float]


@dataclass(frozen=True, slots=True)
class _Forecast:
    """Foretold log views with the ends of both 80 % intervals, all logs."""

    level: float
    next_low: float
    next_high: float
    typical_low: float
    typical_high: float


def trials_of(network: str, accounts: Iterable[ReadAccount]) -> list[Trial]:
    """One trial for each account that shows the views of at least five posts before those of its five newest.

    Posts younger than 3 days when read are no outcome. First posts that hide their views count by engagement, as in
    the product. The views of first posts are taken as grown as they were when read, which may be after the next five
    appeared: the data has one reading of each post, so this tests the level that is foretold and not how early.
    Accounts without a follower count are left out.
    """
    found = (_trial(network, account) for account in accounts)
    return [trial for trial in found if trial is not None]


def evaluate(trials: Sequence[Trial], *, resamples: int = RESAMPLES, seed: int = 1) -> Evaluation:
    """Measure both ways of foretelling; refuses fewer than ten trials.

    Followers alone get the best straight line through the very outcomes they are held against, and its residuals'
    quantiles for intervals: an advantage that our score, with constants fixed beforehand, does without.
    """
    if len(trials) < 10:
        raise ValueError(f"{len(trials)} accounts are too few to evaluate on; at least 10 are needed")
    outcomes = [trial.log_typical for trial in trials]
    ours = [trial.score.log_reach for trial in trials]
    followers = [float(trial.followers) for trial in trials]
    rhos, gains = _bootstrap(ours, followers, outcomes, resamples=resamples, seed=seed)
    return Evaluation(
        account_count=len(trials),
        score=_measure([_forecast_of(trial.score) for trial in trials], trials),
        followers=_measure(_follower_forecasts(trials), trials),
        score_interval=(_quantile(rhos, 0.025), _quantile(rhos, 0.975)),
        gain=(_quantile(gains, 0.025), _quantile(gains, 0.975)),
    )


def spearman(left: Sequence[float], right: Sequence[float]) -> float:
    """Spearman's rank correlation with ties at their mean rank; 0 when either side is constant."""
    try:
        return correlation(_ranks(left), _ranks(right))
    except StatisticsError:
        return 0.0


def _trial(network: str, account: ReadAccount) -> Trial | None:
    if account.followers is None:
        return None
    shown = [post for post in account.posts if post.views is not None and post.age_days >= MIN_AGE_DAYS]
    if len(shown) < FUTURE_COUNT + HISTORY_MINIMUM:
        return None
    future = shown[-FUTURE_COUNT:]
    first_day = future[0].posted_day
    history = [_aged(post, first_day) for post in account.posts if post.posted_day < first_day]
    score = score_account(network, account.followers, history)
    if not isinstance(score, AccountScore):
        return None
    return Trial(account.followers, score, tuple(_grown(post.views or 0, post) for post in future))


def _aged(post: ReadPost, on_day: float) -> Post:
    """The post as old as it was on that day; its counts settled since, so it counts however fresh it was then."""
    age = max(on_day - post.posted_day, MIN_AGE_DAYS)
    return as_read(age, post.age_days, post.views, post.engagements)


def _grown(views: float, post: ReadPost) -> float:
    return views * maturity_of(post.age_days)


def _forecast_of(score: AccountScore) -> _Forecast:
    return _Forecast(
        score.log_reach,
        log10(score.post_low),
        log10(score.post_high),
        log10(score.typical_low),
        log10(score.typical_high),
    )


def _follower_forecasts(trials: Sequence[Trial]) -> list[_Forecast]:
    sizes = [log10(1.0 + trial.followers) for trial in trials]
    slope, intercept = linear_regression(sizes, [trial.log_typical for trial in trials])
    levels = [intercept + slope * size for size in sizes]
    next_low, next_high = _residual_band(levels, [trial.log_next for trial in trials])
    typical_low, typical_high = _residual_band(levels, [trial.log_typical for trial in trials])
    return [
        _Forecast(level, level + next_low, level + next_high, level + typical_low, level + typical_high)
        for level in levels
    ]


def _residual_band(levels: Sequence[float], outcomes: Sequence[float]) -> tuple[float, float]:
    residuals = [outcome - level for level, outcome in zip(levels, outcomes, strict=True)]
    return _quantile(residuals, TAIL), _quantile(residuals, 1.0 - TAIL)


def _measure(forecasts: Sequence[_Forecast], trials: Sequence[Trial]) -> Measure:
    pairs = list(zip(forecasts, trials, strict=True))
    return Measure(
        spearman=spearman([one.level for one in forecasts], [trial.log_typical for trial in trials]),
        log_error=mean(abs(one.level - trial.log_typical) for one, trial in pairs),
        next_coverage=mean(one.next_low <= trial.log_next <= one.next_high for one, trial in pairs),
        next_width=mean(one.next_high - one.next_low for one in forecasts),
        typical_coverage=mean(one.typical_low <= trial.log_typical <= one.typical_high for one, trial in pairs),
        typical_width=mean(one.typical_high - one.typical_low for one in forecasts),
    )


def _bootstrap(
    ours: Sequence[float], followers: Sequence[float], outcomes: Sequence[float], *, resamples: int, seed: int
) -> tuple[list[float], list[float]]:
    """Rank correlations of our score, and their gain over followers, on accounts drawn with replacement."""
    draw = Random(seed)
    rhos, gains = [], []
    for _ in range(resamples):
        chosen = draw.choices(range(len(outcomes)), k=len(outcomes))
        truth = _take(outcomes, chosen)
        rho = spearman(_take(ours, chosen), truth)
        rhos.append(rho)
        gains.append(rho - spearman(_take(followers, chosen), truth))
    return rhos, gains


def _take(values: Sequence[float], chosen: Iterable[int]) -> list[float]:
    return [values[index] for index in chosen]


def _ranks(values: Sequence[float]) -> list[float]:
    order = sorted(range(len(values)), key=values.__getitem__)
    ranks = [0.0] * len(values)
    start = 0
    while start < len(order):
        end = start
        while end + 1 < len(order) and values[order[end + 1]] == values[order[start]]:
            end += 1
        for position in range(start, end + 1):
            ranks[order[position]] = (start + end) / 2.0
        start = end + 1
    return ranks


def _quantile(values: Sequence[float], share: float) -> float:
    """The value below which `share` of all lie, straight between neighbours."""
    ordered = sorted(values)
    place = share * (len(ordered) - 1)
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (place - low) * (ordered[high] - ordered[low])
