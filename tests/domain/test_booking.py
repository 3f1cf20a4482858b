"""Every (state, step, party) triple either is a line of the table or is refused in a sentence."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product

import pytest

from marketplace.domain.booking import (
    ENDED,
    MOST_COUNTERS,
    OCCUPYING,
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
    steps_due,
    take_step,
)
from marketplace.domain.booking_deadline import check_request, payment_deadline
from marketplace.domain.booking_text import DOING, OUTLOOK, WHERE, Ahead, outlook_of
from marketplace.domain.errors import Conflict, Forbidden, Invalid, Refused

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
STARTS_AT = NOW + timedelta(days=10)
ENDS_AT = STARTS_AT + timedelta(hours=2)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
P, A, D, C = Party.PLATFORM, Party.ACTOR, Party.ADMIN, Party.CLOCK

# The whole life, written a second time by hand: who may do what, and where it leads.
LIFE = {
    State.DRAFT: {
        (Step.SEND, P): State.REQUESTED,
        (Step.DISCARD, P): State.WITHDRAWN,
        (Step.EXPIRE, C): State.EXPIRED,
    },
    State.REQUESTED: {
        (Step.ACCEPT, A): State.ACCEPTED,
        (Step.PENCIL, A): State.PENCILLED,
        (Step.COUNTER, A): State.COUNTERED,
        (Step.EXTEND, A): State.REQUESTED,
        (Step.DECLINE, A): State.DECLINED,
        (Step.WITHDRAW, P): State.WITHDRAWN,
        (Step.EXPIRE, C): State.EXPIRED,
        (Step.CANCEL, D): State.CANCELLED,
        (Step.DROP_EXTRA, C): State.WITHDRAWN,
    },
    State.COUNTERED: {
        (Step.ACCEPT, P): State.ACCEPTED,
        (Step.COUNTER, P): State.REQUESTED,
        (Step.WITHDRAW, P): State.WITHDRAWN,
        (Step.DECLINE, A): State.DECLINED,
        (Step.EXPIRE, C): State.EXPIRED,
        (Step.CANCEL, D): State.CANCELLED,
        (Step.DROP_EXTRA, C): State.WITHDRAWN,
    },
    State.PENCILLED: {
        (Step.FIRM_UP, P): State.ACCEPTED,
        (Step.CHALLENGE, P): State.PENCILLED,
        (Step.FACE_CHALLENGE, C): State.PENCILLED,
        (Step.MOVE_UP, C): State.PENCILLED,
        (Step.WITHDRAW, P): State.WITHDRAWN,
        (Step.DECLINE, A): State.DECLINED,
        (Step.EXPIRE, C): State.EXPIRED,
        (Step.CANCEL, D): State.CANCELLED,
    },
    State.ACCEPTED: {
        (Step.CONFIRM, C): State.CONFIRMED,
        (Step.SAVE_CARD, C): State.CONFIRMED,
        (Step.WITHDRAW, P): State.WITHDRAWN,
        (Step.CANCEL, A): State.CANCELLED,
        (Step.CANCEL, D): State.CANCELLED,
        (Step.LAPSE, C): State.LAPSED,
        (Step.DROP_EXTRA, C): State.WITHDRAWN,
    },
    State.CONFIRMED: {
        (Step.CHARGE, C): State.CONFIRMED,
        (Step.ASK_PAYMENT, C): State.CONFIRMED,
        (Step.STOP_UNPAID, C): State.CANCELLED,
        (Step.START, C): State.IN_SESSION,
        (Step.START, P): State.IN_SESSION,
        (Step.STOP_UNSIGNED, C): State.CANCELLED,
        (Step.PROPOSE_TIME, P): State.RESCHEDULING,
        (Step.PROPOSE_TIME, A): State.RESCHEDULING,
        (Step.CANCEL, P): State.CANCELLED,
        (Step.CANCEL, A): State.CANCELLED,
        (Step.CANCEL, D): State.CANCELLED,
        (Step.CLOSE_EXTRA, C): State.COMPLETED,
        (Step.SPLIT_EXTRA, C): State.COMPLETED,
        (Step.DROP_EXTRA, C): State.CANCELLED,
    },
    State.RESCHEDULING: {
        (Step.CHARGE, C): State.RESCHEDULING,
        (Step.ASK_PAYMENT, C): State.RESCHEDULING,
        (Step.AGREE_TIME, A): State.CONFIRMED,
        (Step.AGREE_TIME, P): State.CONFIRMED,
        (Step.KEEP_TIME, A): State.CONFIRMED,
        (Step.KEEP_TIME, P): State.CONFIRMED,
        (Step.KEEP_TIME, C): State.CONFIRMED,
        (Step.CANCEL, P): State.CANCELLED,
        (Step.CANCEL, A): State.CANCELLED,
        (Step.CANCEL, D): State.CANCELLED,
    },
    State.IN_SESSION: {
        (Step.DELIVER, A): State.DELIVERED,
        (Step.STOP_UNDELIVERED, C): State.CANCELLED,
        (Step.CLAIM_NO_SHOW, P): State.NO_SHOW_CLAIMED,
        (Step.CLAIM_NO_SHOW, A): State.NO_SHOW_CLAIMED,
        (Step.DISPUTE, P): State.DISPUTED,
        (Step.DISPUTE, A): State.DISPUTED,
        (Step.CANCEL, D): State.CANCELLED,
    },
    State.NO_SHOW_CLAIMED: {
        (Step.CONTEST, P): State.DISPUTED,
        (Step.CONTEST, A): State.DISPUTED,
        (Step.TAKE_BACK, P): State.IN_SESSION,
        (Step.TAKE_BACK, A): State.IN_SESSION,
        (Step.CONCEDE, A): State.CANCELLED,
        (Step.CONCEDE, P): State.COMPLETED,
        (Step.STOP_ABSENT, C): State.CANCELLED,
        (Step.CLOSE_ABSENT, C): State.COMPLETED,
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


BY_EVENT = {
    Step.CONFIRM,
    Step.SAVE_CARD,
    Step.CHARGE,
    Step.ASK_PAYMENT,
    Step.FACE_CHALLENGE,
    Step.MOVE_UP,
    Step.CLOSE_EXTRA,
    Step.SPLIT_EXTRA,
    Step.DROP_EXTRA,
}
OF_EXTRAS = {Step.CLOSE_EXTRA, Step.SPLIT_EXTRA, Step.DROP_EXTRA}
OTHER = {P: A, A: P}


def facts(state: State, *, due: bool = False, grant: bool = True, takes: int = 1, pickups: int = 1) -> Facts:
    deadline_at = NOW if due else NOW + DAY
    return Facts(state, STARTS_AT, ENDS_AT, deadline_at, has_grant=grant, takes=takes, pickups_left=pickups)


def ready_for(state: State, step: Step, party: Party) -> Facts:
    """A booking of which this step can be asked, if it ever can."""
    ready = facts(state, due=party == C and step not in BY_EVENT, grant=step != Step.STOP_UNSIGNED)
    claimant = {Step.STOP_ABSENT: P, Step.CLOSE_ABSENT: A, Step.TAKE_BACK: party}.get(step, OTHER.get(party))
    if step == Step.CLAIM_NO_SHOW:
        ready = replace(ready, starts_at=NOW - HOUR, takes=0)
    if step in (Step.ASK_PAYMENT, Step.STOP_UNPAID):
        ready = replace(ready, is_charged=False)
    return replace(ready, is_extra=step in OF_EXTRAS, pencils_ahead=int(step == Step.CHALLENGE), claimed_by=claimant)


@pytest.mark.parametrize("state", State)
def test_every_triple_leads_where_the_life_says_or_is_refused(state: State) -> None:
    for step, party in product(Step, Party):
        triple, leads_to = (state, step, party), LIFE.get(state, {}).get((step, party))
        ready = ready_for(state, step, party)
        assert can_take(ready, step, party, NOW) == (leads_to is not None), triple
        if leads_to is None:
            with pytest.raises(Refused) as refusal:
                take_step(ready, step, party, NOW)
            assert refusal.value.sentence.endswith("Nothing was changed."), triple
        else:
            transition = take_step(ready, step, party, NOW)
            assert (transition.before, transition.after) == (state, leads_to), triple


def test_the_table_has_no_line_the_life_does_not() -> None:
    assert {(s, t, p) for s, steps in LIFE.items() for t, p in steps} == set(TABLE)


def test_a_step_of_another_party_is_forbidden_and_one_of_another_time_conflicts() -> None:
    with pytest.raises(Forbidden, match="Only the actor can accept these terms now"):
        take_step(facts(State.REQUESTED), Step.ACCEPT, P, NOW)
    with pytest.raises(Conflict, match="You cannot accept these terms now: the platform withdrew it"):
        take_step(facts(State.WITHDRAWN), Step.ACCEPT, A, NOW)


def test_states_that_wait_have_a_deadline_and_a_clock_step_and_ended_ones_neither() -> None:
    for state in State:
        rules = [rule for rule in TABLE.values() if rule.after == state]
        deadlines = {rule.timer(facts(State.REQUESTED), NOW) is not None for rule in rules}
        if state == State.DRAFT:
            deadlines = {True}  # entered by being written, until its time begins
        assert deadlines == {state not in ENDED}, state
        assert bool(steps_due(facts(state))) == (state not in ENDED), state
        assert bool(OUTLOOK[state].must) == (state not in ENDED), state


def test_the_states_that_hold_the_slot_are_those_after_acceptance_that_were_not_called_off() -> None:
    called_off = {State.DECLINED, State.WITHDRAWN, State.EXPIRED, State.LAPSED, State.CANCELLED}
    before = {State.DRAFT, State.REQUESTED, State.COUNTERED, State.PENCILLED}
    assert set(State) - called_off - before == OCCUPYING


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


@pytest.mark.parametrize(("state", "step"), [(s, t) for s, t, p in TABLE if p == C and t not in BY_EVENT])
def test_the_clock_that_comes_too_early_does_nothing(state: State, step: Step) -> None:
    with pytest.raises(TooEarly):
        take_step(replace(ready_for(state, step, C), deadline_at=NOW + DAY), step, C, NOW)


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


def test_everything_there_is_has_words() -> None:
    assert set(DOING) == set(Step)
    assert set(WHERE) == set(State) == set(OUTLOOK)


# negotiation -------------------------------------------------------------------------------------


def test_the_seventh_counter_offer_is_refused_whoever_makes_it() -> None:
    for state, party in ((State.REQUESTED, A), (State.COUNTERED, P)):
        assert can_take(replace(facts(state), counters=MOST_COUNTERS - 1), Step.COUNTER, party, NOW)
        with pytest.raises(NotReady, match="6 counter-offers"):
            take_step(replace(facts(state), counters=MOST_COUNTERS), Step.COUNTER, party, NOW)


def test_more_time_to_answer_is_given_once_and_never_past_half_of_what_is_left() -> None:
    assert take_step(facts(State.REQUESTED), Step.EXTEND, A, NOW).deadline_at == NOW + 2 * DAY
    near = Facts(State.REQUESTED, NOW + 2 * DAY, NOW + 3 * DAY, NOW + DAY)
    with pytest.raises(NotReady, match="too near"):
        take_step(near, Step.EXTEND, A, NOW)
    with pytest.raises(NotReady, match="once already"):
        take_step(replace(facts(State.REQUESTED), is_extended=True), Step.EXTEND, A, NOW)


def test_what_a_request_asks_a_yes_for_is_not_accepted_without_it() -> None:
    for step in (Step.ACCEPT, Step.PENCIL):
        with pytest.raises(Invalid, match="Say yes") as refused:
            take_step(replace(facts(State.REQUESTED), says_yes=False), step, A, NOW)
        assert refused.value.field == "says_yes"


# pencils -----------------------------------------------------------------------------------------


def test_a_pencil_is_given_and_never_simply_accepted() -> None:
    asked = replace(facts(State.REQUESTED), is_pencil=True)
    assert take_step(asked, Step.PENCIL, A, NOW).after == State.PENCILLED
    with pytest.raises(NotReady, match="A pencil was asked for"):
        take_step(asked, Step.ACCEPT, A, NOW)


def test_only_the_first_pencil_is_confirmed_and_a_request_waits_behind_every_pencil() -> None:
    for state, step, party in (
        (State.PENCILLED, Step.FIRM_UP, P),
        (State.REQUESTED, Step.ACCEPT, A),
        (State.COUNTERED, Step.ACCEPT, P),
    ):
        assert can_take(facts(state), step, party, NOW)
        with pytest.raises(NotReady, match="earlier pencil"):
            take_step(replace(facts(state), pencils_ahead=1), step, party, NOW)


@pytest.mark.parametrize(
    ("ahead", "until"),
    [(30 * DAY, DAY), (72 * HOUR, DAY), (71 * HOUR, 4 * HOUR), (6 * HOUR, 3 * HOUR)],
)
def test_a_challenged_pencil_has_a_day_or_four_hours_in_the_last_three_days(ahead: timedelta, until: timedelta) -> None:
    pencil = Facts(State.PENCILLED, NOW + ahead, NOW + ahead + HOUR, NOW + ahead / 2)
    assert take_step(pencil, Step.FACE_CHALLENGE, C, NOW).deadline_at == NOW + until


def test_who_pushed_the_first_out_must_be_as_quick_and_who_was_there_anyway_need_not() -> None:
    pencil = facts(State.PENCILLED)
    assert take_step(replace(pencil, is_challenger=True), Step.MOVE_UP, C, NOW).deadline_at == NOW + DAY
    assert take_step(pencil, Step.MOVE_UP, C, NOW).deadline_at == STARTS_AT - 2 * DAY


def test_the_first_has_nobody_to_challenge() -> None:
    with pytest.raises(NotReady, match="Yours is the first pencil"):
        take_step(facts(State.PENCILLED), Step.CHALLENGE, P, NOW)


# other times -------------------------------------------------------------------------------------


def test_only_the_other_side_agrees_to_a_new_time_and_silence_keeps_the_old_one() -> None:
    proposed = replace(facts(State.RESCHEDULING), claimed_by=P)
    assert take_step(proposed, Step.AGREE_TIME, A, NOW).deadline_at == STARTS_AT
    with pytest.raises(Forbidden, match="Only what the actor put forward"):
        take_step(proposed, Step.AGREE_TIME, P, NOW)
    kept = take_step(replace(proposed, deadline_at=NOW), Step.KEEP_TIME, C, NOW)
    assert (kept.after, kept.deadline_at) == (State.CONFIRMED, STARTS_AT)


# no-shows ----------------------------------------------------------------------------------------


def test_nobody_is_missing_in_the_first_quarter_of_an_hour_or_once_there_are_takes() -> None:
    begun = replace(facts(State.IN_SESSION, takes=0), starts_at=NOW - timedelta(minutes=15))
    for party in (P, A):
        assert can_take(begun, Step.CLAIM_NO_SHOW, party, NOW)
        with pytest.raises(TooEarly):
            take_step(begun, Step.CLAIM_NO_SHOW, party, NOW - timedelta(seconds=1))
        with pytest.raises(NotReady, match="takes already"):
            take_step(replace(begun, takes=1), Step.CLAIM_NO_SHOW, party, NOW)


def test_an_uncontested_report_settles_against_whoever_did_not_come() -> None:
    reported = facts(State.NO_SHOW_CLAIMED, due=True)
    actor_absent = take_step(replace(reported, claimed_by=P), Step.STOP_ABSENT, C, NOW)
    assert {Effect.REFUND_ALL, Effect.STRIKE_ACTOR} <= set(actor_absent.effects)
    platform_absent = take_step(replace(reported, claimed_by=A), Step.CLOSE_ABSENT, C, NOW)
    assert Effect.CREATE_PAYOUT in platform_absent.effects
    for step, claimant in ((Step.STOP_ABSENT, A), (Step.CLOSE_ABSENT, P)):
        with pytest.raises(Forbidden):
            take_step(replace(reported, claimed_by=claimant), step, C, NOW)


def test_an_answer_is_awaited_from_the_side_that_did_not_speak() -> None:
    for state in (State.RESCHEDULING, State.NO_SHOW_CLAIMED):
        assert outlook_of(state, A).waiting_for == P
        assert outlook_of(state, P).waiting_for == A
    assert outlook_of(State.REQUESTED).waiting_for == A


def test_a_paid_booking_waits_for_its_signature_and_then_for_nobody() -> None:
    assert outlook_of(State.CONFIRMED).waiting_for == A
    assert outlook_of(State.CONFIRMED, is_signed=True).waiting_for is None
    assert outlook_of(State.IN_SESSION, is_signed=True).waiting_for == A


def test_the_words_name_only_what_can_be_done_now() -> None:
    assert "accept" in outlook_of(State.REQUESTED).must
    assert outlook_of(State.REQUESTED, is_pencil=True).must == "give the pencil or decline"
    for ahead in (Ahead.PENCIL, Ahead.BOOKING):
        assert "accept" not in outlook_of(State.REQUESTED, ahead=ahead).must
        assert "accept" not in outlook_of(State.COUNTERED, ahead=ahead).must
        assert "pay" not in outlook_of(State.PENCILLED, ahead=ahead).must
        assert outlook_of(State.ACCEPTED, ahead=ahead) == outlook_of(State.ACCEPTED)
    assert "challenge" in outlook_of(State.PENCILLED, ahead=Ahead.PENCIL).must
    assert "challenge" not in outlook_of(State.PENCILLED, ahead=Ahead.BOOKING).must


# change orders -----------------------------------------------------------------------------------


def test_a_change_order_waits_for_no_start_and_is_never_cancelled_or_started_by_itself() -> None:
    extra = replace(facts(State.ACCEPTED), is_extra=True, starts_at=NOW - HOUR, ends_at=NOW)
    assert take_step(extra, Step.CONFIRM, C, NOW).deadline_at is None
    assert take_step(replace(extra, state=State.REQUESTED), Step.ACCEPT, A, NOW).deadline_at == NOW + DAY
    for step, party in ((Step.START, P), (Step.CANCEL, P), (Step.CANCEL, A), (Step.PROPOSE_TIME, A)):
        assert not can_take(replace(extra, state=State.CONFIRMED), step, party, NOW)


def test_only_a_change_order_ends_with_its_booking() -> None:
    for state, step in ((State.CONFIRMED, Step.CLOSE_EXTRA), (State.REQUESTED, Step.DROP_EXTRA)):
        with pytest.raises(NotReady, match="not a change order"):
            take_step(facts(state), step, C, NOW)
