"""X by tweepy: profiles a hundred at a time, and the newest original posts of one account."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import chain
from typing import Any, Final, TypeVar

import requests
import tweepy

from marketplace.gateways.network.base import (
    AccountFigures,
    AccountGone,
    AccountProtected,
    BudgetSpent,
    NetworkError,
    NetworkUnavailable,
    PostFigures,
    RateLimited,
)
from marketplace.gateways.network.http import READ_TIMEOUT_S, open_gate, reset_moment

BATCH: Final = 100
USER_FIELDS: Final = ["created_at", "public_metrics", "protected", "verified_type", "description"]
POST_FIELDS: Final = ["created_at", "public_metrics", "paid_partnership"]

Parsed = TypeVar("Parsed")


class XNetwork:
    """X API v2 with an app's bearer token; `base` sends the calls elsewhere, to the stand-in or a simulator."""

    name = "x"
    source = "x"

    def __init__(self, token: str, *, base: str | None = None, read_timeout: float = READ_TIMEOUT_S) -> None:
        # wait_on_rate_limit would sleep inside the worker, and without a reset header call itself for ever
        self._client = tweepy.Client(bearer_token=token, return_type=dict, wait_on_rate_limit=False)
        self._gate = open_gate(self._client.session, "https://api.", base, read_timeout=read_timeout)

    @property
    def remaining(self) -> Mapping[str, int]:
        """Calls left in the current quarter of an hour, by route, as X last said."""
        return self._gate.remaining

    def find_accounts(self, handles: Sequence[str]) -> Mapping[str, AccountFigures | NetworkError]:
        """As in Network; X matches handles in any case, and a handle that it cannot have is gone without a call."""
        asked = {handle: handle.removeprefix("@") for handle in handles}
        possible = sorted({name for name in asked.values() if _is_possible(name)})
        found = dict(chain.from_iterable(self._look_up(list(batch)) for batch in _batches(possible)))
        return {
            handle: found.get(name.lower(), AccountGone(f"X knows no account called {name}"))
            for handle, name in asked.items()
        }

    def read_posts(self, external_id: str, *, since: datetime, limit: int = 30) -> Sequence[PostFigures]:
        """As in Network."""
        answer = _ask(
            lambda: self._client.get_users_tweets(
                external_id,
                exclude=["replies", "retweets"],
                max_results=min(max(limit, 5), BATCH),
                start_time=since,
                tweet_fields=POST_FIELDS,
            )
        )
        if not answer.get("data"):
            _refuse_timeline(answer)
        return _read(lambda: [_post(item) for item in answer.get("data") or []])

    def _look_up(self, names: list[str]) -> list[tuple[str, AccountFigures]]:
        answer = _ask(lambda: self._client.get_users(usernames=names, user_fields=USER_FIELDS))
        return _read(lambda: [(item["username"].lower(), _account(item)) for item in answer.get("data") or []])


def _ask(call: Callable[[], Any]) -> dict[str, Any]:
    """Make one call, in our words where it fails."""
    try:
        answer = call()
    except tweepy.TooManyRequests as error:
        raise RateLimited(reset_moment(error.reset_time)) from error
    except tweepy.HTTPException as error:
        if error.response.status_code == 402:
            raise BudgetSpent("the credits for X are used up") from error
        raise NetworkUnavailable(f"X answered {error.response.status_code}") from error
    except requests.RequestException as error:
        raise NetworkUnavailable(f"X could not be reached: {type(error).__name__}") from error
    except (ValueError, AttributeError, TypeError) as error:  # an answer that is not what tweepy expects
        raise NetworkUnavailable("X gave an answer that cannot be read") from error
    if not isinstance(answer, dict):
        raise NetworkUnavailable("X gave an answer that cannot be read")
    return answer


def _read(parse: Callable[[], Parsed]) -> Parsed:
    try:
        return parse()
    except (KeyError, ValueError, AttributeError, TypeError) as error:
        raise NetworkUnavailable(f"X left out what every answer has: {error}") from error


def _refuse_timeline(answer: dict[str, Any]) -> None:
    """Tell a protected or missing account from one without posts: both come as 200 without data."""
    for error in answer.get("errors") or []:
        if str(error.get("type", "")).endswith("/not-authorized-for-resource"):
            raise AccountProtected("the account shows its posts to followers only")
        raise AccountGone(str(error.get("detail") or "X knows no such account"))


def _account(item: dict[str, Any]) -> AccountFigures:
    metrics = item.get("public_metrics") or {}
    return AccountFigures(
        handle=item["username"],
        external_id=str(item["id"]),
        followers=_count(metrics, "followers_count"),
        following=_count(metrics, "following_count"),
        posts=_count(metrics, "tweet_count", "post_count"),
        bio=item.get("description"),
        is_protected=bool(item.get("protected")),
    )


def _post(item: dict[str, Any]) -> PostFigures:
    metrics = item.get("public_metrics") or {}
    return PostFigures(
        external_id=str(item["id"]),
        posted_at=datetime.fromisoformat(item["created_at"]),
        views=_count(metrics, "impression_count"),
        likes=_count(metrics, "like_count"),
        comments=_count(metrics, "reply_count"),
        shares=_count(metrics, "retweet_count", "repost_count"),
        quotes=_count(metrics, "quote_count"),
        is_paid=bool(item.get("paid_partnership")),
    )


def _count(metrics: dict[str, Any], *names: str) -> int | None:
    """The first of these figures that is there: X's pages and its machine-readable description disagree on names."""
    for name in names:
        value = metrics.get(name)
        if isinstance(value, int) and value >= 0:
            return value
    return None


def _is_possible(name: str) -> bool:
    return 0 < len(name) <= 15 and name.isascii() and name.replace("_", "a").isalnum()


def _batches(names: Sequence[str]) -> Iterator[Sequence[str]]:
    return (names[start : start + BATCH] for start in range(0, len(names), BATCH))
