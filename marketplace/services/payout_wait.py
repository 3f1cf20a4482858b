"""A transfer refused because our balance at Stripe is short: sent again by itself, with a new key, some hours later."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy.orm import Session

from marketplace.domain.booking import Party
from marketplace.domain.payout import State, Step, take_step
from marketplace.models import Payout
from marketplace.services.payout_step import Decision, count_since_approval, facts_of, move, record

NO_FUNDS: Final = "balance_insufficient"
FUNDS_AFTER: Final = timedelta(hours=6)
MOST_WAITS: Final = 8
"""Two days of trying; then a person has to look."""


def wait_for_funds(db: Session, payout: Payout, words: str, now: datetime) -> bool:
    """Back to approved until `FUNDS_AFTER`: it is sent again by itself, all that may stop it being looked at first.

    The refused key keeps its answer at Stripe, so the next call has a new one. False when it has waited often enough,
    or its outcome was unknown: that is for a person. Until it is sent, an admin can hold it or take the approval back.
    """
    waits = count_since_approval(db, payout, Step.WAIT_FOR_FUNDS)
    if payout.state != State.SENDING or waits >= MOST_WAITS:
        return False
    transition = take_step(facts_of(db, payout, Decision(None)), Step.WAIT_FOR_FUNDS, Party.CLOCK, now)
    move(db, payout, transition, now, undo_until=now + FUNDS_AFTER)
    by = Decision(None, f"Our balance at Stripe was short, so nothing was sent: {words}")
    record(db, payout, Step.WAIT_FOR_FUNDS, Party.CLOCK, transition.before, transition.after, by, now)
    return True
