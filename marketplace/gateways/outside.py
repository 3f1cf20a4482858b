"""Outside: every other company that the product talks to, each behind its Protocol, chosen by the settings."""

from __future__ import annotations

from dataclasses import dataclass

from marketplace.config import Settings


@dataclass(frozen=True)
class Outside:
    """The gateways; made once per process by the composition, or by a test with fakes that work."""


def connect_outside(settings: Settings) -> Outside:
    """The real ones where the settings name them, else the local ones."""
    return Outside()
