"""What a platform may do before anybody knows it: a few unpaid requests, until it has paid once or been vetted."""

from __future__ import annotations

from typing import Final

from marketplace.domain.booking_state import WISHES, State
from marketplace.domain.errors import Refused

MOST_UNPAID: Final = 3
"""Requests that a platform which is neither vetted nor has ever paid may have open and unpaid at once."""

UNPAID: Final = WISHES | {State.ACCEPTED}
"""States of a booking in which an actor is asked, or holds their time, and nothing is paid."""


def check_unpaid(*, is_known: bool, unpaid: int) -> None:
    """Refuse one request more; `is_known` is a platform that has been vetted or has paid for a booking."""
    if not is_known and unpaid >= MOST_UNPAID:
        raise Refused(
            f"A new platform can have {MOST_UNPAID} unpaid requests at once, until it has paid for its first booking "
            "or been vetted by us. Pay for one or withdraw one. Nothing was requested.",
            code="too_many_unpaid",
        )
