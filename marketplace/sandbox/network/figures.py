"""Made-up accounts and posts that grow slowly: the same for the same seed, network, account and moment."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import ceil, exp, floor, log10
from random import Random
from typing import Final

BEGINNING: Final = datetime(2025, 1, 1, tzinfo=UTC)
GROWN_UP_DAYS: Final = 2.0  # half of a post's final views come within so many days
TASTES: Final = {  # log10 of views of an account with 10,000 followers, and usual engagement per view
    "tiktok": (4.1, 0.045),
    "youtube": (3.8, 0.030),
    "instagram": (3.9, 0.040),
    "x": (3.3, 0.012),
}
HIDES_VIEWS: Final = frozenset({"instagram"})
ROUNDS_FOLLOWERS: Final = frozenset({"youtube"})


@dataclass(frozen=True, slots=True)
class MadeUpPost:
    """A post at one moment; shares, likes and so on are parts of its engagements."""

    number: int
    posted_at: datetime
    views: int
    likes: int
    comments: int
    shares: int
    quotes: int
    saves: int
    is_paid: bool


@dataclass(frozen=True, slots=True)
class MadeUpAccount:
    """An account's fixed traits: log of its followers at the beginning, of its views, pace and response."""

    network: str
    key: str
    log_followers: float
    growth: float
    log_views: float
    spread: float
    response: float
    days_between: float
    following: int

    def followers(self, at: datetime) -> int:
        """How many there are at a moment; they never fall."""
        days = max(0.0, _days(at))
        count = 10 ** (self.log_followers + self.growth * log10(1.0 + days / 30.0))
        return _three_digits(count) if self.network in ROUNDS_FOLLOWERS else int(count)

    def post_count(self, at: datetime) -> int:
        """How many posts there have been."""
        return max(0, floor(_days(at) / self.days_between))

    def posts(self, since: datetime, until: datetime) -> list[MadeUpPost]:
        """Posts that appeared after `since` and by `until`, as they are at `until`, newest first."""
        first = max(0, ceil(_days(since) / self.days_between) - 1)
        made = (self._post(number, until) for number in range(first, self.post_count(until) + 1))
        return sorted(
            (post for post in made if since < post.posted_at <= until), key=lambda post: post.posted_at, reverse=True
        )

    def _post(self, number: int, at: datetime) -> MadeUpPost:
        draw = Random(f"{self.network}/{self.key}/{number}/{self.log_views}")
        posted_at = BEGINNING + timedelta(days=(number + draw.random() * 0.9) * self.days_between)
        final = 10 ** (self.log_views + draw.gauss(0.0, self.spread))
        age = max(0.0, (at - posted_at) / timedelta(days=1))
        views = final * age / (age + GROWN_UP_DAYS)
        engaged = views * self.response * exp(draw.gauss(0.0, 0.35))
        return MadeUpPost(
            number=number,
            posted_at=posted_at.replace(microsecond=0),
            views=int(views),
            likes=int(engaged * 0.86),
            comments=int(engaged * 0.05),
            shares=int(engaged * 0.08),
            quotes=int(engaged * 0.01),
            saves=int(engaged * 0.06),
            is_paid=draw.random() < 0.04,
        )


def make_account(seed: int, network: str, key: str) -> MadeUpAccount:
    """The account that a network has under a key (its handle in lower case)."""
    draw = Random(f"{seed}/{network}/{key}")
    level, response = TASTES.get(network, TASTES["tiktok"])
    log_followers = min(6.6, max(2.3, draw.gauss(4.3, 0.75)))
    return MadeUpAccount(
        network=network,
        key=key,
        log_followers=log_followers,
        growth=draw.uniform(0.0, 0.12),
        log_views=level + 0.7 * (log_followers - 4.0) + draw.gauss(0.0, 0.4),
        spread=draw.uniform(0.2, 0.5),
        response=response * exp(draw.gauss(0.0, 0.5)),
        days_between=draw.uniform(1.5, 8.0),
        following=int(10 ** draw.uniform(1.8, 3.2)),
    )


def _days(at: datetime) -> float:
    return (at - BEGINNING) / timedelta(days=1)


def _three_digits(count: float) -> int:
    step = 10 ** max(0, floor(log10(max(count, 1.0))) - 2)
    return int(count // step * step)
