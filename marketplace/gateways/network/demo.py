"""The networks of the demo, asked over HTTP: figures that a stand-in makes up, for TikTok, YouTube and Instagram."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import requests

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

DEMO_NETWORKS: Final = ("tiktok", "youtube", "instagram")
BATCH: Final = 50


class DemoNetwork:
    """One demo network at the stand-in's address `base`."""

    source = "demo"

    def __init__(self, name: str, *, base: str, read_timeout: float = READ_TIMEOUT_S) -> None:
        self.name = name
        self._session = requests.Session()
        open_gate(self._session, "http://network.demo", base, read_timeout=read_timeout)

    def find_accounts(self, handles: Sequence[str]) -> Mapping[str, AccountFigures | NetworkError]:
        """As in Network."""
        asked = sorted({handle for handle in handles if handle and "," not in handle})
        found: dict[str, AccountFigures] = {}
        for start in range(0, len(asked), BATCH):
            answer = self._ask("/accounts", handles=",".join(asked[start : start + BATCH]))
            found |= {item["handle"]: AccountFigures(**item) for item in answer["accounts"]}
        gone = f"{self.name} knows no such account"
        return {handle: found.get(handle, AccountGone(gone)) for handle in handles}

    def read_posts(self, external_id: str, *, since: datetime, limit: int = 30) -> Sequence[PostFigures]:
        """As in Network."""
        answer = self._ask(f"/accounts/{external_id}/posts", since=since.isoformat(), limit=limit)
        return [
            PostFigures(**{**item, "posted_at": datetime.fromisoformat(item["posted_at"])}) for item in answer["posts"]
        ]

    def _ask(self, path: str, **query: str | int) -> dict[str, Any]:
        try:
            response = self._session.get(f"http://network.demo/{self.name}{path}", params=query)
            if response.ok:
                return dict(response.json())
        except (requests.RequestException, ValueError, TypeError) as error:
            raise NetworkUnavailable(f"{self.name} could not be read: {type(error).__name__}") from error
        raise _failure(self.name, response)


def _failure(name: str, response: requests.Response) -> NetworkError:
    match response.status_code:
        case 404:
            return AccountGone(f"{name} knows no such account")
        case 403:
            return AccountProtected("the account shows its posts to followers only")
        case 402:
            return BudgetSpent(f"the credits for {name} are used up")
        case 429:
            return RateLimited(reset_moment(response.headers.get("x-rate-limit-reset")))
        case status:
            return NetworkUnavailable(f"{name} answered {status}")
