"""How calls to networks leave the house: to an address of our choice, never without a time limit."""

from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter

CONNECT_TIMEOUT_S: Final = 3.05
READ_TIMEOUT_S: Final = 10.0


class Gate(HTTPAdapter):
    """An adapter that sends to `base` instead of the address a library wrote down, and remembers what quota is left.

    Without `base` the address stays. Libraries that pass no timeout would otherwise hang a worker for ever.
    """

    def __init__(self, base: str | None = None, *, read_timeout: float = READ_TIMEOUT_S) -> None:
        super().__init__()
        self.base = base.rstrip("/") if base else None
        self.timeout = (CONNECT_TIMEOUT_S, read_timeout)
        self.remaining: dict[str, int] = {}

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        """Send it on; the quota left is kept by the kind of call in `remaining`."""
        asked = urlsplit(request.url or "")
        if self.base:
            request.url = f"{self.base}{asked.path}{f'?{asked.query}' if asked.query else ''}"
        if kwargs.get("timeout") is None:
            kwargs["timeout"] = self.timeout
        response = super().send(request, *args, **kwargs)
        left = response.headers.get("x-rate-limit-remaining", "")
        if left.isdecimal():
            self.remaining[_kind(asked.path)] = int(left)
        return response


def open_gate(session: requests.Session, prefix: str, base: str | None, *, read_timeout: float) -> Gate:
    """Mount a Gate on `session` for addresses that begin with `prefix`; proxies are passed by on the way to `base`."""
    gate = Gate(base, read_timeout=read_timeout)
    session.mount(prefix, gate)
    if base:
        session.trust_env = False
    return gate


def reset_moment(seconds: int | str | None) -> datetime | None:
    """The instant of an `x-rate-limit-reset` header, kept between now and a day from now; None if it says none."""
    try:
        given = datetime.fromtimestamp(int(seconds or ""), UTC)
    except (ValueError, OverflowError, OSError):
        return None
    now = datetime.now(UTC)
    return min(max(given, now), now + timedelta(days=1))


def _kind(path: str) -> str:
    """The path with its ids taken out: /2/users/123/tweets is /2/users/:id/tweets."""
    return "/".join(":id" if part.isdecimal() and len(part) > 1 else part for part in path.split("/"))
