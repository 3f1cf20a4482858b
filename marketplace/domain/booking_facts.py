"""What the rules of a booking look at, and how they say no."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from marketplace.domain.booking_state import Party, State
from marketplace.domain.errors import Refused

MOST_COUNTERS: Final = 6
"""Counter-offers by both sides together; after that the other side accepts or lets go."""


class TooEarly(Refused):
    """The clock asked before it was time: harmless, and how a timer that fires twice does nothing."""

    code = "too_early"


class NotReady(Refused):
    """Something else has to happen first."""

    code = "not_ready"


@dataclass(frozen=True, slots=True)
class Facts:
    """All that the table's guards look at. Times are UTC instants; `starts_at`-`ends_at` is the slot.

    `takes` counts the takes that arrived whole since the last delivery or request for changes. `pencils_ahead` counts
    pencils of others on the same time that rank before this booking. `claimed_by` is the side whose proposal or report
    waits for an answer. `says_yes` is false while the actor has not said yes to what the request asks of them.
    `is_charged` is false while a card is only saved; `pay_by` is then set if the platform has to pay by hand.
    """

    state: State
    starts_at: datetime
    ends_at: datetime
    deadline_at: datetime | None
    has_grant: bool = False
    takes: int = 0
    pickups_left: int = 0
    is_pencil: bool = False
    is_extra: bool = False
    says_yes: bool = True
    is_extended: bool = False
    counters: int = 0
    pencils_ahead: int = 0
    is_challenger: bool = False
    claimed_by: Party | None = None
    is_charged: bool = True
    pay_by: datetime | None = None
