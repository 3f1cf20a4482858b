"""Faults on request: the next calls are refused, delayed or left without an answer."""

import re
import threading
from dataclasses import dataclass
from typing import Literal

from marketplace.sandbox.stripe.error import StripeRefusal

Kind = Literal["status", "drop", "drop_after", "delay"]


@dataclass
class Fault:
    """`drop` closes the connection before anything happens, `drop_after` once it has happened.

    `status` answers 429 and 409 before the key is looked at, anything else as the stored answer of the key.
    """

    kind: Kind
    path: str
    verb: str = "POST"
    times: int = 1
    status: int = 500
    code: str | None = None
    seconds: float = 0.0

    def matches(self, verb: str, path: str) -> bool:
        """Whether the fault is for this call."""
        return self.times > 0 and self.verb == verb and re.search(self.path, path) is not None


class FaultPlan:
    """What is to go wrong next."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._faults: list[Fault] = []

    def add(self, fault: Fault) -> None:
        """Plan one."""
        with self._lock:
            self._faults.append(fault)

    def clear(self) -> None:
        """Forget all."""
        with self._lock:
            self._faults.clear()

    def take(self, verb: str, path: str) -> Fault | None:
        """The fault of this call, used up by one."""
        with self._lock:
            for fault in self._faults:
                if fault.matches(verb, path):
                    fault.times -= 1
                    return fault
        return None


def refusal(fault: Fault) -> StripeRefusal:
    """The answer a `status` fault gives."""
    if fault.status == 429:
        return StripeRefusal(429, "invalid_request_error", "Too many requests.", code=fault.code or "rate_limit")
    if fault.status == 409:
        return StripeRefusal(409, "idempotency_error", "In use.", code=fault.code or "idempotency_key_in_use")
    kind = "api_error" if fault.status >= 500 else "invalid_request_error"
    return StripeRefusal(fault.status, kind, "The stand-in was asked to fail.", code=fault.code)
