"""Cards saved for sessions far ahead: when the money is taken, until when it can be paid by hand, how long it is held.

Until the card has been charged, calling the booking off must cost nothing: there would be nothing to take it from. So
it is charged, and what the bank refuses is paid by hand, before the day from which a cancellation has its price.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from marketplace.domain.booking_deadline import APPROVE_WITHIN, DELIVER_WITHIN, PICKUPS_WITHIN, TooLate, halfway
from marketplace.domain.cancellation import FREE_UNTIL, Tier
from marketplace.domain.errors import Refused
from marketplace.domain.payout import REVIEW_WITHIN

FAR: Final = timedelta(days=60)
CHARGE_BEFORE: Final = timedelta(days=5)
PAY_WITHIN: Final = timedelta(days=2)
PAY_AT_LEAST: Final = timedelta(hours=12)
"""So long a platform has, whatever happens, to pay by hand what its bank has refused."""
HOLD_LONGEST: Final = timedelta(days=85)
"""Undistributed money may be held for 90 days in most countries; five are kept in hand."""


class HeldTooLong(Refused):
    """The money would lie with us for longer than it may."""

    code = "held_too_long"


@dataclass(frozen=True, slots=True)
class Terms:
    """What the rules look at: the session, its cancellation terms, and the rounds of pick-ups that may follow it."""

    starts_at: datetime
    ends_at: datetime
    tier: Tier
    pickups: int = 0

    @property
    def free_until(self) -> datetime:
        """Until then the platform calls it off for nothing."""
        return self.starts_at - FREE_UNTIL[self.tier]

    @property
    def charge_at(self) -> datetime:
        """Five days before the session, or earlier: what the bank refuses can be paid while cancelling is free."""
        return min(self.starts_at - CHARGE_BEFORE, self.free_until - PAY_WITHIN)

    @property
    def latest_transfer(self) -> datetime:
        """When the actor's part leaves us at the latest, if everyone takes all their time and nobody disputes."""
        rounds = self.pickups * (PICKUPS_WITHIN + APPROVE_WITHIN)
        return self.ends_at + DELIVER_WITHIN + APPROVE_WITHIN + rounds + REVIEW_WITHIN


def is_later(terms: Terms, now: datetime) -> bool:
    """Whether a card is saved now and charged later: for a far session, and where money taken now is held too long."""
    is_far = terms.starts_at - now > FAR or terms.latest_transfer - now > HOLD_LONGEST
    return is_far and terms.charge_at > now


def check_holding(terms: Terms, charged_at: datetime) -> None:
    """Refuse a session whose money, taken at `charged_at`, would be held for more than 85 days."""
    if terms.latest_transfer - charged_at > HOLD_LONGEST:
        raise HeldTooLong(
            "What was paid for this booking would be held for too long until then. Propose a nearer time, or cancel "
            "and book anew. Nothing was changed."
        )


def check_chargeable(terms: Terms, now: datetime) -> None:
    """Refuse a session so near that its saved card could not be charged, or paid by hand, while cancelling is free."""
    if terms.free_until - now < PAY_AT_LEAST:
        days = -(-(FREE_UNTIL[terms.tier] + PAY_AT_LEAST) // timedelta(days=1))
        raise TooLate(
            f"The saved card has not been charged yet: propose a time at least {days} days ahead. Nothing was changed."
        )


def pay_by(terms: Terms, now: datetime) -> datetime:
    """Until when what the bank refused at `now` can be paid by hand: two days, while cancelling is free.

    After an outage of ours that may be over: then half a day, or half of what is left before the start.
    """
    due = min(now + PAY_WITHIN, terms.free_until)
    return due if due - now >= PAY_AT_LEAST else min(now + PAY_AT_LEAST, halfway(terms.starts_at, now))
