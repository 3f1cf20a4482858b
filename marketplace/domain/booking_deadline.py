"""Until when each side of a booking may act: every span of its life, and the rules that shorten them near the start."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from marketplace.domain.errors import Conflict

ANSWER_WITHIN: Final = timedelta(hours=72)
ANSWER_BEFORE_START: Final = timedelta(hours=24)
EXTEND_BY: Final = timedelta(hours=24)
PAY_WITHIN: Final = timedelta(hours=24)
PAY_AT_LEAST: Final = timedelta(minutes=30)
"""A hosted checkout cannot be given less, so nothing is accepted later than twice this before the start."""
PENCIL_UNTIL: Final = timedelta(hours=48)
CHALLENGE_WITHIN: Final = timedelta(hours=24)
CHALLENGE_WITHIN_NEAR: Final = timedelta(hours=4)
NEAR: Final = timedelta(hours=72)
NEW_TIME_WITHIN: Final = timedelta(hours=48)
NO_SHOW_AFTER: Final = timedelta(minutes=15)
CONTEST_WITHIN: Final = timedelta(hours=24)
DELIVER_WITHIN: Final = timedelta(days=7)
PICKUPS_WITHIN: Final = timedelta(days=7)
APPROVE_WITHIN: Final = timedelta(days=7)
SETTLE_WITHIN: Final = timedelta(days=14)


class TooLate(Conflict):
    """The deadline of the state, or the session's own time, has passed."""

    code = "too_late"


def halfway(starts_at: datetime, now: datetime) -> datetime:
    """Half of the time left before the start."""
    return now + (starts_at - now) / 2


def answer_deadline(starts_at: datetime, now: datetime) -> datetime:
    """Until when a request or a counter-offer may be answered.

    72 h, but no later than 24 h before the start; a request made less than 48 h ahead has half of the time left.
    """
    return min(now + ANSWER_WITHIN, max(starts_at - ANSWER_BEFORE_START, halfway(starts_at, now)))


def extended_deadline(deadline_at: datetime, starts_at: datetime, now: datetime) -> datetime:
    """24 h more to answer, but never beyond half of the time left before the start."""
    return max(deadline_at, min(deadline_at + EXTEND_BY, halfway(starts_at, now)))


def payment_deadline(starts_at: datetime, now: datetime) -> datetime:
    """Until when an accepted booking is held unpaid: 24 h, or half of the time left before the start if that is less.

    Never under the half hour a hosted checkout needs, because nothing is accepted in the last hour.
    """
    return min(now + PAY_WITHIN, halfway(starts_at, now))


def pencil_deadline(starts_at: datetime, now: datetime) -> datetime:
    """Until when a pencil stands: 48 h before the start, or half of the time left when it is nearer."""
    return max(starts_at - PENCIL_UNTIL, halfway(starts_at, now))


def challenge_deadline(starts_at: datetime, now: datetime) -> datetime:
    """Until when a challenged pencil must be confirmed: 24 h, 4 h in the last three days, never past half the time."""
    within = CHALLENGE_WITHIN if starts_at - now >= NEAR else CHALLENGE_WITHIN_NEAR
    return min(now + within, halfway(starts_at, now))


def new_time_deadline(starts_at: datetime, now: datetime) -> datetime:
    """Until when another time may be agreed: 48 h, or half of the time left before the one that is held."""
    return min(now + NEW_TIME_WITHIN, halfway(starts_at, now))


def check_request(starts_at: datetime, now: datetime) -> datetime:
    """The answer deadline of a new request; refuses a slot too near to be answered and paid."""
    if starts_at - now < 4 * PAY_AT_LEAST:
        raise TooLate("This time is too near to be accepted and paid for. Nothing was requested.")
    return answer_deadline(starts_at, now)
