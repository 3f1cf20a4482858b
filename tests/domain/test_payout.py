"""A payout: who may decide what, with which words, and when the money may leave."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from marketplace.domain.booking import Party
from marketplace.domain.errors import Conflict, Forbidden, Refused
from marketplace.domain.money import Money
from marketplace.domain.payout import (
    HELD_AT_MOST,
    MOVED,
    TABLE,
    UNDO_WITHIN,
    WORDS,
    Blocked,
    Facts,
    NotLow,
    NotYours,
    State,
    Step,
    WordsMissing,
    approvals_needed,
    can_take,
    refuse_unless_low,
    take_step,
)

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
WHY = "The takes are shorter than the brief says."
FACTS = Facts(State.REVIEW, Money(40_000, "USD"), limit_minor=200_000, principal_id=1, beneficiary_id=9)


def test_one_admin_approves_and_ten_minutes_remain_to_take_it_back() -> None:
    approved = take_step(FACTS, Step.APPROVE, Party.ADMIN, NOW)
    assert (approved.before, approved.after) == (State.REVIEW, State.APPROVED)
    assert approved.undo_until == NOW + UNDO_WITHIN


def test_above_the_limit_two_different_admins_are_needed() -> None:
    big = replace(FACTS, amount=Money(200_001, "USD"))
    assert approvals_needed(big.amount, 200_000) == 2
    assert take_step(big, Step.APPROVE, Party.ADMIN, NOW).after == State.REVIEW
    once = replace(big, approvers=frozenset({1}))
    with pytest.raises(Conflict):
        take_step(once, Step.APPROVE, Party.ADMIN, NOW)
    second = take_step(replace(once, principal_id=2), Step.APPROVE, Party.ADMIN, NOW)
    assert second.after == State.APPROVED


@pytest.mark.parametrize("step", [Step.APPROVE, Step.HOLD, Step.REJECT])
def test_nobody_decides_on_their_own_payout(step: Step) -> None:
    with pytest.raises(NotYours):
        take_step(replace(FACTS, principal_id=9, words=WHY), step, Party.ADMIN, NOW)


@pytest.mark.parametrize("step", [Step.HOLD, Step.REJECT])
def test_holding_and_rejecting_need_words_that_the_actor_reads(step: Step) -> None:
    for words in ("", "   ", "no"):
        with pytest.raises(WordsMissing):
            take_step(replace(FACTS, words=words), step, Party.ADMIN, NOW)
    assert take_step(replace(FACTS, words=WHY), step, Party.ADMIN, NOW).after in (State.HELD, State.REJECTED)


def test_only_the_clock_sends_and_only_after_the_time_to_undo() -> None:
    approved = replace(FACTS, state=State.APPROVED, undo_until=NOW + UNDO_WITHIN)
    assert take_step(approved, Step.UNDO, Party.ADMIN, NOW).after == State.REVIEW
    with pytest.raises(Conflict):
        take_step(approved, Step.SEND, Party.CLOCK, NOW)
    later = NOW + UNDO_WITHIN
    assert take_step(approved, Step.SEND, Party.CLOCK, later).after == State.SENDING
    with pytest.raises(Conflict):
        take_step(approved, Step.UNDO, Party.ADMIN, later)
    with pytest.raises(Forbidden):
        take_step(approved, Step.SEND, Party.ADMIN, later)


def test_nothing_is_approved_or_sent_while_something_blocks_it() -> None:
    blocked = replace(FACTS, blocks=("The payment is disputed.",))
    with pytest.raises(Blocked, match=r"The payment is disputed\. Nothing was sent\."):
        take_step(blocked, Step.APPROVE, Party.ADMIN, NOW)
    with pytest.raises(Blocked):
        take_step(replace(blocked, state=State.APPROVED), Step.SEND, Party.CLOCK, NOW)


def test_a_refused_transfer_is_held_and_can_be_approved_again() -> None:
    sending = replace(FACTS, state=State.SENDING)
    assert take_step(sending, Step.RECORD_REFUSAL, Party.CLOCK, NOW).after == State.HELD
    assert take_step(replace(FACTS, state=State.HELD), Step.APPROVE, Party.ADMIN, NOW).after == State.APPROVED


def test_a_rejection_is_looked_at_again_with_words_or_the_money_sent_back_by_a_second_admin() -> None:
    rejected = replace(FACTS, state=State.REJECTED, words=WHY, rejecter_id=1)
    assert take_step(rejected, Step.RESUME, Party.ADMIN, NOW).after == State.REVIEW
    with pytest.raises(WordsMissing):
        take_step(replace(rejected, words=""), Step.RESUME, Party.ADMIN, NOW)
    with pytest.raises(Conflict, match="a second admin"):
        take_step(rejected, Step.GIVE_BACK, Party.ADMIN, NOW)
    assert take_step(replace(rejected, principal_id=2), Step.GIVE_BACK, Party.ADMIN, NOW).after == State.RETURNED
    with pytest.raises(Conflict):
        take_step(replace(FACTS, words=WHY), Step.GIVE_BACK, Party.ADMIN, NOW)


def test_a_lost_track_is_found_again() -> None:
    lost = take_step(replace(FACTS, state=State.SENDING), Step.LOSE_TRACK, Party.CLOCK, NOW).after
    assert lost == State.UNKNOWN
    assert take_step(replace(FACTS, state=lost), Step.RECORD_TRANSFER, Party.CLOCK, NOW).after == State.TRANSFERRED


def test_a_reversal_is_partial_or_whole() -> None:
    sent = replace(FACTS, state=State.TRANSFERRED, reversed_minor=1)
    assert take_step(sent, Step.RECORD_REVERSAL, Party.CLOCK, NOW).after == State.PARTLY_REVERSED
    whole = replace(sent, reversed_minor=40_000)
    assert take_step(whole, Step.RECORD_REVERSAL, Party.CLOCK, NOW).after == State.REVERSED


def test_every_other_step_is_refused_in_a_sentence() -> None:
    for state in State:
        for step in Step:
            for party in Party:
                if (state, step, party) not in TABLE:
                    with pytest.raises(Refused, match="Nothing was changed"):
                        take_step(replace(FACTS, state=state), step, party, NOW)


def test_what_has_moved_can_only_be_taken_back_and_then_be_sent_again() -> None:
    steps = {(state, step) for (state, step, _) in TABLE if state in MOVED}
    assert {step for state, step in steps if state == State.TRANSFERRED} == {Step.RECORD_REVERSAL}
    assert {step for _, step in steps} == {Step.RECORD_REVERSAL, Step.REOPEN}


def test_the_actor_only_answers_and_appeals_and_no_platform_decides_anything() -> None:
    assert {party for (_, _, party) in TABLE} == {Party.ADMIN, Party.CLOCK, Party.ACTOR}
    assert {step for (_, step, party) in TABLE if party == Party.ACTOR} == {Step.ANSWER, Step.APPEAL}


ACTOR = replace(FACTS, state=State.HELD, principal_id=9, words="The letter is in the post since Monday.")


def test_a_question_holds_the_payout_and_its_answer_brings_it_back_into_review() -> None:
    for state in (State.REVIEW, State.HELD):
        asking = replace(FACTS, state=state, words="Which of your two names is on the account?")
        assert take_step(asking, Step.ASK, Party.ADMIN, NOW).after == State.HELD
    with pytest.raises(WordsMissing):
        take_step(FACTS, Step.ASK, Party.ADMIN, NOW)
    asked = replace(ACTOR, is_asked=True)
    assert take_step(asked, Step.ANSWER, Party.ACTOR, NOW).after == State.REVIEW
    with pytest.raises(WordsMissing):
        take_step(replace(asked, words="yes"), Step.ANSWER, Party.ACTOR, NOW)
    with pytest.raises(Conflict, match="No question"):
        take_step(ACTOR, Step.ANSWER, Party.ACTOR, NOW)
    with pytest.raises(Conflict, match="answer it"):
        take_step(asked, Step.APPEAL, Party.ACTOR, NOW)


@pytest.mark.parametrize("state", [State.HELD, State.REJECTED])
def test_a_hold_and_a_rejection_are_looked_at_again_when_the_actor_says_why(state: State) -> None:
    appealing = replace(ACTOR, state=state)
    assert take_step(appealing, Step.APPEAL, Party.ACTOR, NOW).after == State.REVIEW
    with pytest.raises(WordsMissing):
        take_step(replace(appealing, words="no"), Step.APPEAL, Party.ACTOR, NOW)
    with pytest.raises(Forbidden, match="somebody else"):
        take_step(replace(appealing, principal_id=8), Step.APPEAL, Party.ACTOR, NOW)


@pytest.mark.parametrize("step", [Step.APPROVE, Step.HOLD, Step.REJECT, Step.ASK])
def test_an_appeal_is_answered_by_another_admin_than_the_one_who_decided(step: Step) -> None:
    appealed = replace(FACTS, is_appealed=True, decider_id=1, words=WHY)
    with pytest.raises(Conflict, match="another admin has to decide now"):
        take_step(appealed, step, Party.ADMIN, NOW)
    with pytest.raises(Conflict, match="make one with create-admin"):
        take_step(replace(appealed, has_others=False), step, Party.ADMIN, NOW)
    for answers in (replace(appealed, principal_id=2), replace(appealed, decider_id=None)):
        assert take_step(answers, step, Party.ADMIN, NOW).before == answers.state


def test_a_hold_ends_by_itself_on_its_day_and_not_before() -> None:
    held = replace(FACTS, state=State.HELD, principal_id=None, held_until=NOW)
    assert take_step(held, Step.RESUME, Party.CLOCK, NOW).after == State.REVIEW
    for early in (NOW + timedelta(minutes=1), None):
        with pytest.raises(Conflict):
            take_step(replace(held, held_until=early), Step.RESUME, Party.CLOCK, NOW)


def test_a_hold_is_looked_at_again_within_a_month() -> None:
    holding = replace(FACTS, words=WHY)
    assert take_step(replace(holding, until=NOW + HELD_AT_MOST), Step.HOLD, Party.ADMIN, NOW).after == State.HELD
    for wrong in (NOW, NOW + HELD_AT_MOST + timedelta(minutes=1)):
        with pytest.raises(Refused, match="next 30 days"):
            take_step(replace(holding, until=wrong), Step.HOLD, Party.ADMIN, NOW)


def test_only_what_nothing_speaks_against_is_approved_together_with_others() -> None:
    refuse_unless_low(FACTS, [])
    for facts, risks, words in (
        (FACTS, ["This is the actor's first payout"], "first payout"),
        (replace(FACTS, limit_minor=1), [], "two admins"),
        (replace(FACTS, is_appealed=True), [], "second look"),
        (replace(FACTS, is_asked=True), [], "answered a question"),
        (replace(FACTS, blocks=("The payment is disputed.",)), [], "disputed"),
    ):
        with pytest.raises(NotLow, match=words):
            refuse_unless_low(facts, risks)


def test_a_page_shows_a_button_that_only_lacks_its_words() -> None:
    assert can_take(FACTS, Step.HOLD, Party.ADMIN, NOW)
    assert not can_take(FACTS, Step.UNDO, Party.ADMIN, NOW)


def test_every_state_has_words() -> None:
    assert set(WORDS) == set(State)
