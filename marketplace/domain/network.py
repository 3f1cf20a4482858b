"""What the networks are called, and how a handle on them is spelled."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

NAMES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "bluesky": "Bluesky",
        "facebook": "Facebook",
        "instagram": "Instagram",
        "mastodon": "Mastodon",
        "threads": "Threads",
        "tiktok": "TikTok",
        "twitch": "Twitch",
        "x": "X",
        "youtube": "YouTube",
    }
)


def spell_handle(typed: str) -> str:
    """The one spelling of a handle: networks tell no capitals apart, and the @ before it is no part of it."""
    return typed.strip().lstrip("@").lower()


def name_of(network: str) -> str:
    """As people write it; a network we do not know is capitalised."""
    return NAMES.get(network, network.capitalize())
