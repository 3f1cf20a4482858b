"""Quotas by the quarter of an hour, as X counts them."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from threading import Lock
from typing import Final

LENGTH_S: Final = 15 * 60


@dataclass
class Window:
    """Counts calls by route; `now` is asked for the time."""

    now: Callable[[], datetime]
    _calls: Counter[tuple[str, int]] = field(default_factory=Counter)
    _lock: Lock = field(default_factory=Lock)

    def take(self, route: str, limit: int) -> tuple[bool, dict[str, str]]:
        """Count one call: whether it is within the limit, and the headers that say what is left."""
        period = int(self.now().timestamp()) // LENGTH_S
        with self._lock:
            self._calls[route, period] += 1
            used = self._calls[route, period]
        headers = {
            "x-rate-limit-limit": str(limit),
            "x-rate-limit-remaining": str(max(0, limit - used)),
            "x-rate-limit-reset": str((period + 1) * LENGTH_S),
        }
        return used <= limit, headers
