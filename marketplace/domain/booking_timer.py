"""The deadline that each line of a booking's table sets: when the clock will step in."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from marketplace.domain import booking_deadline as deadline
from marketplace.domain.booking_facts import Facts

Timer = Callable[[Facts, datetime], datetime | None]


def never(facts: Facts, now: datetime) -> datetime | None:
    """Nothing more happens by itself."""
    return None


def same(facts: Facts, now: datetime) -> datetime | None:
    """The deadline it has."""
    return facts.deadline_at


def answer(facts: Facts, now: datetime) -> datetime | None:
    """To answer a request, a counter-offer or a change order."""
    return now + deadline.ANSWER_WITHIN if facts.is_extra else deadline.answer_deadline(facts.starts_at, now)


def extension(facts: Facts, now: datetime) -> datetime | None:
    """A day more to answer."""
    return deadline.extended_deadline(facts.deadline_at or now, facts.starts_at, now)


def payment(facts: Facts, now: datetime) -> datetime | None:
    """To pay what is held."""
    return now + deadline.PAY_WITHIN if facts.is_extra else deadline.payment_deadline(facts.starts_at, now)


def same_or_paid(facts: Facts, now: datetime) -> datetime | None:
    """The deadline it has, or the one to pay by hand if that is earlier."""
    return _while_unpaid(facts, facts.deadline_at)


def _while_unpaid(facts: Facts, until: datetime | None) -> datetime | None:
    pay_by = None if facts.is_charged else facts.pay_by
    return min((at for at in (until, pay_by) if at is not None), default=None)


def pencil(facts: Facts, now: datetime) -> datetime | None:
    """As long as a pencil stands."""
    return deadline.pencil_deadline(facts.starts_at, now)


def challenge(facts: Facts, now: datetime) -> datetime | None:
    """To confirm a pencil that is challenged."""
    # a challenge never gives more time than there was
    return min(facts.deadline_at or now, deadline.challenge_deadline(facts.starts_at, now))


def promotion(facts: Facts, now: datetime) -> datetime | None:
    """To use the first place."""
    # whoever pushed the one before out must use the place as quickly
    whole = deadline.pencil_deadline(facts.starts_at, now)
    return min(whole, deadline.challenge_deadline(facts.starts_at, now)) if facts.is_challenger else whole


def start(facts: Facts, now: datetime) -> datetime | None:
    """Until the booked time begins, or until it must be paid by hand; a change order waits for no time."""
    return _while_unpaid(facts, None if facts.is_extra else facts.starts_at)


def new_time(facts: Facts, now: datetime) -> datetime | None:
    """To agree to another time."""
    return _while_unpaid(facts, deadline.new_time_deadline(facts.starts_at, now))


def delivery(facts: Facts, now: datetime) -> datetime | None:
    """To deliver after the session."""
    return max(facts.ends_at, now) + deadline.DELIVER_WITHIN


def own_delivery(facts: Facts, now: datetime) -> datetime | None:
    """To deliver after one's own report was taken back: no later than without it, so that it buys no time."""
    return max(facts.ends_at + deadline.DELIVER_WITHIN, now)


def after(span: timedelta) -> Timer:
    """A fixed span from now."""
    return lambda facts, now: now + span
