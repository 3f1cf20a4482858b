"""A network that works, in memory: accounts with posts, and the weather of one's choice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from marketplace.gateways.network.base import (
    AccountFigures,
    AccountGone,
    AccountProtected,
    NetworkError,
    PostFigures,
)


@dataclass
class MemoryNetwork:
    """Answers from `accounts` and `posts`; raises `weather` for every lookup and `post_weather` for every timeline."""

    name: str = "tiktok"
    source: str = "demo"
    accounts: dict[str, AccountFigures] = field(default_factory=dict)
    posts: dict[str, list[PostFigures]] = field(default_factory=dict)
    weather: NetworkError | None = None
    spoilers: dict[str, NetworkError] = field(default_factory=dict)
    post_weather: NetworkError | None = None
    lookups: list[Sequence[str]] = field(default_factory=list)
    timelines: list[tuple[str, datetime]] = field(default_factory=list)

    def add(self, handle: str, followers: int | None, posts: Sequence[PostFigures] = ()) -> None:
        """An account as it is from now on."""
        self.accounts[handle] = AccountFigures(handle, f"id-{handle}", followers, 10, len(posts))
        self.posts[f"id-{handle}"] = list(posts)

    def protect(self, handle: str) -> None:
        """Hide an account's posts."""
        self.accounts[handle] = replace(self.accounts[handle], is_protected=True)

    def find_accounts(self, handles: Sequence[str]) -> Mapping[str, AccountFigures | NetworkError]:
        """As in Network; a handle among `spoilers` spoils the whole call."""
        self.lookups.append(list(handles))
        for error in [self.weather, *(self.spoilers.get(handle) for handle in handles)]:
            if error is not None:
                raise error
        return {handle: self.accounts.get(handle, AccountGone("nobody")) for handle in handles}

    def read_posts(self, external_id: str, *, since: datetime, limit: int = 30) -> Sequence[PostFigures]:
        """As in Network."""
        self.timelines.append((external_id, since))
        if self.post_weather is not None:
            raise self.post_weather
        account = next(one for one in self.accounts.values() if one.external_id == external_id)
        if account.is_protected:
            raise AccountProtected("hidden")
        recent = [post for post in self.posts[external_id] if post.posted_at >= since]
        return sorted(recent, key=lambda post: post.posted_at, reverse=True)[:limit]


def made_posts(
    count: int, *, now: datetime, first_age: float = 4, every: float = 3, views: int | None = 20_000
) -> list[PostFigures]:
    """Steady posts, numbered from the newest."""
    return [
        PostFigures(
            external_id=f"p{number}",
            posted_at=now - timedelta(days=first_age + every * number),
            views=views,
            likes=800,
            comments=60,
            shares=40,
        )
        for number in range(count)
    ]
