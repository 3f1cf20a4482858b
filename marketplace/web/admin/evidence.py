"""Where an admin finds what a reason to look closer rests on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from marketplace.web.navigation import link_to

WORDS: Final = {
    "actor": "the actor’s page",
    "payout": "po_{}",
    "booking": "story of booking {}",
    "dispute": "dispute of booking {}",
    "flag": "flag {}",
    "mismatch": "difference {}",
}


def links_to(reason: Mapping[str, Any]) -> list[tuple[str, str]]:
    """(words, address) of each thing that was looked at; the address is "" while its page is not built."""
    evidence = reason.get("evidence", ())
    return [(WORDS.get(about, about).format(number), _address(about, int(number))) for about, number in evidence]


def _address(about: str, number: int) -> str:
    if about == "actor":
        return link_to("admin.actor_detail", actor_id=number)
    if about == "payout":
        return link_to("admin.payout_detail", payout_id=number)
    if about == "booking":
        return "#story"
    if about == "dispute":
        return link_to("admin.dispute", booking_id=number)
    if about == "flag":
        return link_to("admin.flags", _anchor=f"flag-{number}")
    return link_to("admin.reconciliation", _anchor=f"mismatch-{number}")
