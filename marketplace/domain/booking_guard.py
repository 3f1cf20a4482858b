"""What must hold before a step of a booking; each refusal is a sentence that says what did not happen."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from marketplace.domain import booking_deadline as deadline
from marketplace.domain.booking_deadline import NO_SHOW_AFTER, PAY_AT_LEAST, TooLate
from marketplace.domain.booking_facts import MOST_COUNTERS, Facts, NotReady, TooEarly
from marketplace.domain.booking_state import Party
from marketplace.domain.booking_text import WHO
from marketplace.domain.errors import Forbidden, Invalid

Guard = Callable[[Facts, datetime], None]


def due(facts: Facts, now: datetime) -> None:
    """The deadline has passed."""
    if facts.deadline_at is None or now < facts.deadline_at:
        raise TooEarly("It is not time for this yet. Nothing was changed.")


def in_time(facts: Facts, now: datetime) -> None:
    """The deadline has not passed."""
    if facts.deadline_at is not None and now >= facts.deadline_at:
        raise TooLate("The time for this has passed. Nothing was changed.")


def can_still_be_paid(facts: Facts, now: datetime) -> None:
    """There is time left to pay before the start."""
    if not facts.is_extra and facts.starts_at - now < 2 * PAY_AT_LEAST:
        raise TooLate("The session starts too soon to be accepted and paid for. Nothing was booked.")


def can_be_sent(facts: Facts, now: datetime) -> None:
    """There is time left to answer and pay."""
    deadline.check_request(facts.starts_at, now)


def before_end(facts: Facts, now: datetime) -> None:
    """The booked time is not over."""
    if not facts.is_extra and now >= facts.ends_at:
        raise TooLate("The booked time is over. The payment is returned in full.")


def before_start(facts: Facts, now: datetime) -> None:
    """The booked time has not begun, so it can be called off."""
    if now >= facts.starts_at:
        raise TooLate("The booked time has begun, so it can no longer be cancelled here. Nothing was changed.")


def time_ahead(facts: Facts, now: datetime) -> None:
    """The new time has not begun."""
    if now >= facts.starts_at:
        raise TooLate("This time has already begun. Nothing was changed.")


def begun(facts: Facts, now: datetime) -> None:
    """The other side has had its quarter of an hour."""
    if now < facts.starts_at + NO_SHOW_AFTER:
        raise TooEarly("Give the other side 15 minutes from the start of the booked time. Nothing was changed.")


def nothing_delivered(facts: Facts, now: datetime) -> None:
    """There is no take yet."""
    if facts.takes:
        raise NotReady("There are takes already, so both sides were there. You can open a dispute instead.")


def charged(facts: Facts, now: datetime) -> None:
    """The money is there, not only a card."""
    if not facts.is_charged:
        raise NotReady("The saved card has not been charged yet, so the session cannot start.")


def uncharged(facts: Facts, now: datetime) -> None:
    """A card is saved, and no money has come yet."""
    if facts.is_charged:
        raise NotReady("The booking is paid, so it goes on.")


def signed(facts: Facts, now: datetime) -> None:
    """The consent is signed."""
    if not facts.has_grant:
        raise NotReady("The actor has not signed the consent for this use yet, so the session cannot start.")


def unsigned(facts: Facts, now: datetime) -> None:
    """The consent is not signed."""
    if facts.has_grant:
        raise NotReady("The consent is signed, so the session goes ahead.")


def some_take(facts: Facts, now: datetime) -> None:
    """There is a take that can be played."""
    if facts.takes < 1:
        raise NotReady("There is no new take to deliver yet. Upload at least one first.")


def pickups_left(facts: Facts, now: datetime) -> None:
    """A round of pick-ups is left."""
    if facts.pickups_left < 1:
        raise NotReady("All rounds of pick-ups in the quote are used. You can accept the takes or dispute them.")


def says_yes(facts: Facts, now: datetime) -> None:
    """The actor said yes to what is asked beyond their limits."""
    if not facts.says_yes:
        raise Invalid("Say yes to what this request asks of you first. Nothing was booked.", field="says_yes")


def no_pencil_ahead(facts: Facts, now: datetime) -> None:
    """Nobody's pencil ranks before."""
    if facts.pencils_ahead:
        raise NotReady("An earlier pencil on this time has to be confirmed or dropped first. Nothing was booked.")


def some_pencil_ahead(facts: Facts, now: datetime) -> None:
    """Somebody's pencil ranks before."""
    if not facts.pencils_ahead:
        raise NotReady("Yours is the first pencil: you can confirm it. Nothing was changed.")


def is_first(facts: Facts, now: datetime) -> None:
    """The pencil is the first."""
    if facts.pencils_ahead:
        raise NotReady("This pencil is not the first. Nothing was changed.")


def not_pencil(facts: Facts, now: datetime) -> None:
    """The time itself was asked for."""
    if facts.is_pencil:
        raise NotReady("A pencil was asked for: give the pencil, or decline. Nothing was booked.")


def not_extra(facts: Facts, now: datetime) -> None:
    """It is no change order."""
    if facts.is_extra:
        raise NotReady("A change order follows its booking. Nothing was changed.")


def only_extra(facts: Facts, now: datetime) -> None:
    """It is a change order."""
    if not facts.is_extra:
        raise NotReady("This is not a change order. Nothing was changed.")


def not_extended(facts: Facts, now: datetime) -> None:
    """The answer was not extended before."""
    if facts.is_extended:
        raise NotReady("The time to answer has been extended once already. Nothing was changed.")


def gains_time(facts: Facts, now: datetime) -> None:
    """More time to answer would really be more."""
    before = facts.deadline_at or now
    if deadline.extended_deadline(before, facts.starts_at, now) <= before:
        raise NotReady("The session is too near for more time to answer. Nothing was changed.")


def counters_left(facts: Facts, now: datetime) -> None:
    """A counter-offer is left."""
    if facts.counters >= MOST_COUNTERS:
        raise NotReady(f"There have been {MOST_COUNTERS} counter-offers: accept the last one, or let it go.")


def claimed_by(party: Party) -> Guard:
    """The other side put it forward."""

    def check(facts: Facts, now: datetime) -> None:
        if facts.claimed_by != party:
            raise Forbidden(f"Only what {WHO[party]} put forward can be answered so. Nothing was changed.")

    return check
