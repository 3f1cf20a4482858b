"""What every network can be asked, what it answers, and how it fails."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Protocol


class NetworkError(Exception):
    """A network did not give the figures; `code` is stored beside the last good ones."""

    code: ClassVar[str] = "network_error"


class NetworkUnavailable(NetworkError):
    """No answer, a broken one, or our key was refused: nothing is known about the account."""

    code = "unavailable"


class AccountGone(NetworkError):
    """The network knows no such account: deleted, suspended or renamed, which cannot be told apart reliably."""

    code = "gone"


class AccountProtected(NetworkError):
    """The account shows its profile but not its posts."""

    code = "protected"


class RateLimited(NetworkError):
    """Too many calls; `retry_at` says when the network will answer again, None where it does not say."""

    code = "rate_limited"

    def __init__(self, retry_at: datetime | None) -> None:
        super().__init__(f"too many calls until {retry_at:%H:%M:%S} UTC" if retry_at else "too many calls")
        self.retry_at = retry_at


class BudgetSpent(NetworkError):
    """The paid credits for this network are used up."""

    code = "budget_spent"


@dataclass(frozen=True, slots=True)
class AccountFigures:
    """An account as it is now; None for a figure the network does not show. `external_id` outlives a new handle."""

    handle: str
    external_id: str
    followers: int | None
    following: int | None = None
    posts: int | None = None
    # what the profile says; a code in it proves whose it is
    bio: str | None = None
    is_protected: bool = False


@dataclass(frozen=True, slots=True)
class PostFigures:
    """An original post as it is now; None for a figure the network does not show."""

    external_id: str
    posted_at: datetime
    views: int | None
    likes: int | None = None
    comments: int | None = None
    shares: int | None = None
    quotes: int | None = None
    is_paid: bool = False


class Network(Protocol):
    """One network. Every method may raise NetworkUnavailable, RateLimited or BudgetSpent, and returns in seconds."""

    @property
    def name(self) -> str:
        """The network's own name, as in `social_account.network`."""

    @property
    def source(self) -> str:
        """Which gateway reads it, as in `social_account.source`."""

    def find_accounts(self, handles: Sequence[str]) -> Mapping[str, AccountFigures | NetworkError]:
        """An answer for each handle, by the spelling asked for: its figures, or AccountGone. Any number of handles."""

    def read_posts(self, external_id: str, *, since: datetime, limit: int = 30) -> Sequence[PostFigures]:
        """The newest original posts (no replies, no reposts) since then, newest first, 5 to 100 of them at most.

        Raises AccountGone and AccountProtected.
        """
