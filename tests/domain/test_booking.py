"""Every (state, step, party) triple either is a line of the table or is refused in a sentence."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import product

import pytest

from marketplace.domain.booking import (
    ENDED,
    OCCUPYING,
    OUTLOOK,
    TABLE,
    Effect,
    Facts,
    NotReady,
    Party,
    State,
    Step,
    TooEarly,
    TooLate,
    Transition,
    can_take,
    check_request,
    payment_deadline,
    steps_due,
    take_step,
)
from marketplace.domain.errors import Conflict, Forbidden, Refused

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
STARTS_AT = NOW + timedelta(days=10)
ENDS_AT = STARTS_AT + timedelta(hours=2)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
P, A, D, C = Party.PLATFORM, Party.ACTOR, Party.ADMIN, Party.CLOCK

# The whole life, written a second time by hand: who may do what, and where it leads.
LIFE = {
    State.REQUESTED: {
        (Step.ACCEPT, A): State.ACCEPTED,
        (Step.DECLINE, A): State.DECLINED,
        (Step.WITHDRAW, P): State.WITHDRAWN,
        (Step.EXPIRE, C): State.EXPIRED,
        (Step.CANCEL, D): State.CANCELLED,
    },
    State.ACCEPTED: {
        (Step.CONFIRM, C): State.CONFIRMED,
        (Step.WITHDRAW, P): State.WITHDRAWN,
        (Step.CANCEL, A): State.CANCELLED,
        (Step.CANCEL, D): State.CANCELLED,
        (Step.LAPSE, C): State.LAPSED,
    },
    State.CONFIRMED: {
        (Step.START, C): State.IN_SESSION,
        (Step.START, P): State.IN_SESSION,
        (Step.STOP_UNSIGNED, C): State.CANCELLED,
        (Step.CANCEL, P): State.CANCELLED,
        (Step.CANCEL, A): State.CANCELLED,
        (Step.CANCEL, D): State.CANCELLED,
    },
    State.IN_SESSION: {
        (Step.DELIVER, A): State.DELIVERED,
        (Step.STOP_UNDELIVERED, C): State.CANCELLED,
        (Step.DISPUTE, P): State.DISPUTED,
        (Step.DISPUTE, A): State.DISPUTED,
        (Step.CANCEL, D): State.CANCELLED,
    },
    State.DELIVERED: {
        (Step.APPROVE, P): State.COMPLETED,
        (Step.APPROVE, C): State.COMPLETED,
        (Step.REQUEST_CHANGES, P): State.CHANGES_REQUESTED,
        (Step.DISPUTE, P): State.DISPUTED,
    },
    State.CHANGES_REQUESTED: {
        (Step.DELIVER, A): State.DELIVERED,
        (Step.APPROVE, P): State.COMPLETED,
        (Step.DISPUTE, P): State.DISPUTED,
        (Step.DISPUTE, A): State.DISPUTED,
        (Step.DISPUTE, C): State.DISPUTED,
    },
    State.DISPUTED: {
        (Step.RELEASE, D): State.COMPLETED,
        (Step.SPLIT, D): State.COMPLETED,
        (Step.REFUND, D): State.CANCELLED,
        (Step.ESCALATE, C): State.DISPUTED,
    },
}


def facts(state: State, *, due: bool = False, grant: bool = True, takes: int = 1, pickups: int = 1) -> Facts:
    deadline_at = NOW if due else NOW + DAY
    return Facts(state, STARTS_AT, ENDS_AT, deadline_at, has_grant=grant, takes=takes, pickups_left=pickups)


@pytest.mark.parametrize(("state", "step", "party"), list(product(State, Step, Party)))
def test_every_triple_leads_where_the_life_says_or_is_refused(state: State, step: Step, party: Party) -> None:
    leads_to = LIFE.get(state, {}).get((step, party))
    ready = facts(state, due=party == C, grant=step != Step.STOP_UNSIGNED)
    if leads_to is None:
        with pytest.raises(Refused) as refusal:
            take_step(ready, step, party, NOW)
        assert refusal.value.sentence.endswith("Nothing was changed.")
        assert not can_take(ready, step, party, NOW)
    else:
        transition = take_step(ready, step, party, NOW)
        assert (transition.before, transition.after) == (state, leads_to)
        assert can_take(ready, step, party, NOW)


def test_the_table_has_no_line_the_life_does_not() -> None:
    assert {(s, t, p) for s, steps in LIFE.items() for t, p in steps} == set(TABLE)


def test_a_step_of_another_party_is_forbidden_and_one_of_another_time_conflicts() -> None:
    with pytest.raises(Forbidden, match="Only the actor can accept this request now"):
        take_step(facts(State.REQUESTED), Step.ACCEPT, P, NOW)
    with pytest.raises(Conflict, match="You cannot accept this request now: the platform withdrew it"):
        take_step(facts(State.WITHDRAWN), Step.ACCEPT, A, NOW)


def test_states_that_wait_have_a_deadline_and_a_clock_step_and_ended_ones_neither() -> None:
    for state in State:
        rules = [rule for rule in TABLE.values() if rule.after == state]
        deadlines = {rule.timer(facts(State.REQUESTED), NOW) is not None for rule in rules}
        if state == State.REQUESTED:
            continue  # entered by the request itself
        assert deadlines == {state not in ENDED}, state
        assert bool(steps_due(facts(state))) == (state not in ENDED), state
        assert bool(OUTLOOK[state].must) == (state not in ENDED), state


def test_the_states_that_hold_the_slot_are_those_after_acceptance_that_were_not_called_off() -> None:
    called_off = {State.DECLINED, State.WITHDRAWN, State.EXPIRED, State.LAPSED, State.CANCELLED}
    assert set(State) - called_off - {State.REQUESTED} == OCCUPYING


def test_an_acceptance_holds_the_slot_for_a_day_and_opens_the_checkout() -> None:
    assert take_step(facts(State.REQUESTED), Step.ACCEPT, A, NOW) == Transition(
        State.REQUESTED, State.ACCEPTED, NOW + DAY, (Effect.OPEN_CHECKOUT, Effect.NOTIFY_PLATFORM)
    )


@pytest.mark.parametrize(
    ("ahead", "answer_by"),
    [
        (30 * DAY, 72 * HOUR),
        (4 * DAY, 72 * HOUR),
        (3 * DAY, 48 * HOUR),
        (2 * DAY, 24 * HOUR),
        (DAY, 12 * HOUR),
        (2 * HOUR, HOUR),
    ],
)
def test_a_request_is_answered_in_three_days_and_a_day_before_the_start(ahead: timedelta, answer_by: timedelta) -> None:
    assert check_request(NOW + ahead, NOW) == NOW + answer_by


def test_a_request_for_the_next_two_hours_is_refused() -> None:
    with pytest.raises(TooLate):
        check_request(NOW + 2 * HOUR - timedelta(seconds=1), NOW)


@pytest.mark.parametrize(("ahead", "pay_by"), [(30 * DAY, DAY), (2 * DAY, DAY), (DAY, 12 * HOUR), (HOUR, HOUR / 2)])
def test_an_accepted_booking_is_paid_within_a_day_or_half_of_what_is_left(ahead: timedelta, pay_by: timedelta) -> None:
    assert payment_deadline(NOW + ahead, NOW) == NOW + pay_by


def test_nothing_is_accepted_after_its_deadline_or_in_the_last_hour() -> None:
    with pytest.raises(TooLate):
        take_step(facts(State.REQUESTED, due=True), Step.ACCEPT, A, NOW)
    soon = Facts(State.REQUESTED, NOW + HOUR - timedelta(seconds=1), NOW + 3 * HOUR, NOW + HOUR)
    with pytest.raises(TooLate):
        take_step(soon, Step.ACCEPT, A, NOW)


def test_a_late_decline_is_still_an_answer() -> None:
    assert take_step(facts(State.REQUESTED, due=True), Step.DECLINE, A, NOW).after == State.DECLINED


@pytest.mark.parametrize(("state", "step"), [(s, t) for s, t, p in TABLE if p == C and t != Step.CONFIRM])
def test_the_clock_that_comes_too_early_does_nothing(state: State, step: Step) -> None:
    with pytest.raises(TooEarly):
        take_step(facts(state, grant=step != Step.STOP_UNSIGNED), step, C, NOW)


def test_a_payment_confirms_even_a_hold_that_has_just_run_out_but_not_a_session_that_is_over() -> None:
    assert take_step(facts(State.ACCEPTED, due=True), Step.CONFIRM, C, NOW).deadline_at == STARTS_AT
    with pytest.raises(TooLate):
        take_step(facts(State.ACCEPTED), Step.CONFIRM, C, ENDS_AT)


def test_no_session_starts_without_a_signed_consent() -> None:
    for party in (P, C):
        with pytest.raises(NotReady):
            take_step(facts(State.CONFIRMED, due=True, grant=False), Step.START, party, NOW)
    stopped = take_step(facts(State.CONFIRMED, due=True, grant=False), Step.STOP_UNSIGNED, C, NOW)
    assert Effect.REFUND_ALL in stopped.effects
    with pytest.raises(NotReady):
        take_step(facts(State.CONFIRMED, due=True, grant=True), Step.STOP_UNSIGNED, C, NOW)


def test_the_actor_has_a_week_to_deliver_counted_from_the_booked_end() -> None:
    early = take_step(facts(State.CONFIRMED), Step.START, P, NOW)
    late = take_step(facts(State.CONFIRMED, due=True), Step.START, C, ENDS_AT + DAY)
    assert (early.deadline_at, late.deadline_at) == (ENDS_AT + 7 * DAY, ENDS_AT + 8 * DAY)


def test_nothing_is_delivered_without_a_take_and_pickups_run_out() -> None:
    with pytest.raises(NotReady):
        take_step(facts(State.IN_SESSION, takes=0), Step.DELIVER, A, NOW)
    with pytest.raises(NotReady):
        take_step(facts(State.DELIVERED, pickups=0), Step.REQUEST_CHANGES, P, NOW)


def test_takes_nobody_judges_count_as_accepted_after_a_week_and_the_actor_is_paid() -> None:
    delivered = take_step(facts(State.IN_SESSION), Step.DELIVER, A, NOW)
    assert delivered.deadline_at == NOW + 7 * DAY
    approved = take_step(facts(State.DELIVERED, due=True), Step.APPROVE, C, NOW)
    assert Effect.CREATE_PAYOUT in approved.effects


@pytest.mark.parametrize("party", [P, A])
def test_neither_side_cancels_once_the_booked_time_has_begun(party: Party) -> None:
    with pytest.raises(TooLate):
        take_step(facts(State.CONFIRMED), Step.CANCEL, party, STARTS_AT)


def test_money_goes_back_or_on_from_every_paid_state_that_ends() -> None:
    moves = {Effect.REFUND_ALL, Effect.REFUND_BY_POLICY, Effect.CREATE_PAYOUT}
    paid = OCCUPYING - {State.ACCEPTED}
    for (state, _step, _party), rule in TABLE.items():
        ends_paid = state in paid and rule.after in ENDED
        assert (len(moves.intersection(rule.effects)) == 1) == ends_paid, (state, rule)
