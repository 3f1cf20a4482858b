"""The SDK's way to the network, where each request waits for its turn: those that the SDK repeats by itself, too."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import stripe

Pace = Callable[[], None]
"""Returns when a request may leave; raises PaymentBusy when that would take too long."""


def at_once() -> None:
    """No pace: for a server of our own."""


class PacedClient(stripe.RequestsClient):
    """Asks `pace` before each request. What it raises goes past the SDK, which repeats only what it knows.

    After a first try without an answer a refused turn leaves open whether that one arrived: like any PaymentBusy it
    lets nobody use another key.
    """

    def __init__(self, pace: Pace, *, timeout_s: float) -> None:
        super().__init__(timeout=timeout_s)
        self._pace = pace

    def request(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str] | None,
        post_data: Any = None,
        *,
        _usage: list[str] | None = None,
    ) -> Any:
        """One request, when it is its turn."""
        self._pace()
        return super().request(method, url, headers, post_data)
