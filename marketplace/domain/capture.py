"""The work of a booking: which takes count, who may add or judge them, and which engines each would suit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from marketplace.domain.booking import State
from marketplace.domain.errors import Conflict, Refused

MOST_TAKES: Final = 200
NOTE_LONGEST: Final = 2_000

TAKES_ARRIVE: Final = frozenset({State.IN_SESSION, State.CHANGES_REQUESTED})
"""States in which the actor may add takes."""

TAKES_SHOWN: Final = frozenset({State.DELIVERED, State.CHANGES_REQUESTED, State.DISPUTED, State.COMPLETED})
"""States in which the platform sees the takes that were delivered."""

TAKES_JUDGED: Final = frozenset({State.DELIVERED, State.CHANGES_REQUESTED})
"""States in which the platform may select takes and write notes."""


class TakeState(StrEnum):
    """Where a take's file is: being looked at, whole and playable, or refused as no usable video."""

    PROBING = "probing"
    READY = "ready"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class TakeFacts:
    """What the rules need to know of a take."""

    state: TakeState
    created_at: datetime
    is_selected: bool = False


def check_upload(state: State, takes: int) -> None:
    """Refuse a take outside the session, or one too many."""
    if state not in TAKES_ARRIVE:
        raise Conflict(
            "Takes can be added while the session is under way or pick-ups are asked for. Nothing was added."
        )
    if takes >= MOST_TAKES:
        raise Refused(f"A session holds up to {MOST_TAKES} takes. Nothing was added.", code="too_many_takes")


def check_judging(state: State) -> None:
    """Refuse a selection or a note when the takes are not up for review."""
    if state not in TAKES_JUDGED:
        raise Conflict("The takes are not up for review now. Nothing was changed.")


def check_selection(state: State, take: TakeFacts) -> None:
    """Refuse to select a take that cannot be played."""
    check_judging(state)
    if take.state != TakeState.READY:
        raise Conflict("This take is not ready to be watched, so it cannot be selected.")


def check_accepting(takes: Sequence[TakeFacts]) -> None:
    """Refuse to accept a delivery without one selected take: what is licensed is what was selected."""
    if not any(take.is_selected and take.state == TakeState.READY for take in takes):
        raise Refused("Select at least one take before you accept. Nothing was changed.", code="none_selected")


def check_licensed(
    state: State, *, is_selected: bool, is_signed: bool, expires_at: datetime | None, now: datetime
) -> None:
    """Refuse to hand a take's file to the platform unless it was accepted under a grant that still holds."""
    if state != State.COMPLETED:
        raise Conflict("Takes can be downloaded once you have accepted them. Nothing was downloaded.")
    if not is_signed:
        raise Refused("The actor’s consent does not stand, so no take may be used. Nothing was downloaded.")
    if not is_selected:
        raise Refused("The licence covers the takes you selected, and this one is not among them.", code="not_selected")
    if expires_at is not None and expires_at <= now:
        raise Refused("The licence for these takes has ended. Nothing was downloaded.", code="licence_ended")


def arrived_since(takes: Sequence[TakeFacts], since: datetime | None) -> int:
    """How many takes arrived whole after `since` (the last delivery), or at all when there was none."""
    return sum(take.state == TakeState.READY and (since is None or take.created_at > since) for take in takes)


@dataclass(frozen=True, slots=True)
class EngineProfile:
    """What one engine accepts as a driving video. Seconds and pixels are inclusive; None is no limit known."""

    slug: str
    label: str
    shortest_s: float | None = None
    longest_s: float | None = None
    least_side: int | None = None
    most_side: int | None = None


# From the vendors' published limits as read in autumn 2026.
ENGINES: Final = (
    EngineProfile("act-two", "Act-Two", 3, 30),
    EngineProfile("kling-video", "Kling, video orientation", 3, 30, 340, 3850),
    EngineProfile("kling-image", "Kling, image orientation", 3, 10, 340, 3850),
)


def misfit(engine: EngineProfile, duration_s: float, width: int, height: int) -> str | None:
    """Why `engine` would refuse a take of this length and size, or None. Looks at the file only, never at the face."""
    if engine.shortest_s is not None and duration_s < engine.shortest_s:
        return f"too short for {engine.label} ({engine.shortest_s:g} s at least)"
    if engine.longest_s is not None and duration_s > engine.longest_s:
        return f"too long for {engine.label} ({engine.longest_s:g} s at most)"
    if engine.least_side is not None and min(width, height) < engine.least_side:
        return f"too small for {engine.label} ({engine.least_side} pixels a side at least)"
    if engine.most_side is not None and max(width, height) > engine.most_side:
        return f"too large for {engine.label} ({engine.most_side} pixels a side at most)"
    return None
