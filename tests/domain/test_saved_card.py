"""When the money of a far session is taken, and that nothing can fall between the charge and the terms."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.domain.booking import Facts, Party, State, Step, take_step
from marketplace.domain.booking_deadline import TooLate
from marketplace.domain.cancellation import Tier, refund_bp
from marketplace.domain.money import WHOLE_BP
from marketplace.domain.saved_card import (
    HOLD_LONGEST,
    PAY_AT_LEAST,
    HeldTooLong,
    Terms,
    check_chargeable,
    check_holding,
    is_later,
    pay_by,
)

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
PAUSE = timedelta(seconds=1)


def terms(ahead: timedelta, *, tier: Tier = Tier.STANDARD, pickups: int = 1, length: timedelta = 2 * HOUR) -> Terms:
    return Terms(NOW + ahead, NOW + ahead + length, tier, pickups)


@pytest.mark.parametrize(
    ("ahead", "pickups", "later"),
    [
        (60 * DAY, 0, False),
        (60 * DAY + PAUSE, 0, True),
        (50 * DAY, 1, False),
        (55 * DAY, 1, True),  # paid now, the money would be held for 85 days and two hours
        (41 * DAY, 2, True),
        (40 * DAY, 2, False),
        (3 * DAY, 9, False),  # however long it takes: there is no later day to charge it
    ],
)
def test_a_card_is_saved_for_far_sessions_and_where_money_taken_now_is_held_too_long(
    ahead: timedelta, pickups: int, later: bool
) -> None:
    assert is_later(terms(ahead, pickups=pickups), NOW) == later


@pytest.mark.parametrize(("tier", "days"), [(Tier.FLEXIBLE, 5), (Tier.STANDARD, 5), (Tier.FIRM, 9)])
def test_it_is_charged_five_days_before_or_two_before_cancelling_has_its_price(tier: Tier, days: int) -> None:
    far = terms(90 * DAY, tier=tier)
    assert far.charge_at == far.starts_at - days * DAY


@given(
    tier=st.sampled_from(Tier),
    ahead=st.timedeltas(min_value=HOUR, max_value=400 * DAY),
    length=st.timedeltas(min_value=HOUR, max_value=12 * HOUR),
    pickups=st.integers(0, 4),
)
def test_money_taken_as_planned_is_never_held_for_more_than_85_days(
    tier: Tier, ahead: timedelta, length: timedelta, pickups: int
) -> None:
    planned = terms(ahead, tier=tier, pickups=pickups, length=length)
    charged_at = planned.charge_at if is_later(planned, NOW) else NOW
    if ahead >= 10 * DAY:
        assert planned.latest_transfer - charged_at <= HOLD_LONGEST
        check_holding(planned, charged_at)


@given(tier=st.sampled_from(Tier), ahead=st.timedeltas(min_value=10 * DAY, max_value=400 * DAY))
def test_until_it_is_paid_by_hand_cancelling_is_free(tier: Tier, ahead: timedelta) -> None:
    planned = terms(ahead, tier=tier)
    due = pay_by(planned, planned.charge_at)
    assert due == planned.charge_at + 2 * DAY
    assert refund_bp(tier, planned.starts_at, due) == WHOLE_BP


@given(tier=st.sampled_from(Tier), ahead=st.timedeltas(min_value=timedelta(minutes=10), max_value=12 * DAY))
def test_after_an_outage_there_is_still_half_a_day_or_half_of_what_is_left(tier: Tier, ahead: timedelta) -> None:
    due = pay_by(terms(ahead, tier=tier), NOW)
    assert NOW < due < NOW + ahead
    assert due - NOW >= min(PAY_AT_LEAST, ahead / 2)


def test_a_time_for_which_the_money_would_be_held_too_long_is_refused() -> None:
    check_holding(terms(68 * DAY, pickups=0), NOW)
    with pytest.raises(HeldTooLong, match="held for too long"):
        check_holding(terms(69 * DAY, pickups=0), NOW)


def test_a_time_at_which_the_card_could_not_be_charged_while_cancelling_is_free_is_refused() -> None:
    check_chargeable(terms(60 * HOUR), NOW)
    with pytest.raises(TooLate, match="at least 3 days ahead"):
        check_chargeable(terms(60 * HOUR - PAUSE), NOW)
    with pytest.raises(TooLate, match="at least 8 days ahead"):
        check_chargeable(terms(7 * DAY, tier=Tier.FIRM), NOW)


def unpaid(*, due: timedelta = timedelta(0), pays: timedelta | None = None, extra: bool = False) -> Facts:
    """A booking with a saved card, whose deadline was `due` ago."""
    pay_until = None if pays is None else NOW + pays
    return Facts(
        State.CONFIRMED,
        NOW + 5 * DAY,
        NOW + 5 * DAY + 2 * HOUR,
        NOW - due,
        has_grant=True,
        is_extra=extra,
        is_charged=False,
        pay_by=pay_until,
    )


def test_a_session_whose_card_was_not_charged_never_starts_and_ends_at_its_deadline() -> None:
    for party in (Party.CLOCK, Party.PLATFORM):
        with pytest.raises(Exception, match="has not been charged yet, so the session cannot start"):
            take_step(unpaid(), Step.START, party, NOW)
    assert take_step(unpaid(), Step.STOP_UNPAID, Party.CLOCK, NOW).after == State.CANCELLED


def test_what_is_paid_by_hand_has_a_deadline_of_its_own_and_then_the_start_again() -> None:
    asked = take_step(unpaid(pays=2 * DAY), Step.ASK_PAYMENT, Party.CLOCK, NOW)
    assert asked.deadline_at == NOW + 2 * DAY
    talking = take_step(unpaid(pays=HOUR), Step.PROPOSE_TIME, Party.ACTOR, NOW)
    assert talking.deadline_at == NOW + HOUR
    paid = Facts(State.CONFIRMED, NOW + 5 * DAY, NOW + 6 * DAY, NOW + DAY)
    assert take_step(paid, Step.CHARGE, Party.CLOCK, NOW).deadline_at == NOW + 5 * DAY
    extra = take_step(unpaid(pays=2 * DAY, extra=True), Step.ASK_PAYMENT, Party.CLOCK, NOW)
    assert extra.deadline_at == NOW + 2 * DAY
