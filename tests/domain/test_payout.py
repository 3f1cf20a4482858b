"""A payout: who may decide what, with which words, and when the money may leave."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from marketplace.domain.booking import Party
from marketplace.domain.errors import Conflict, Forbidden, Refused
from marketplace.domain.money import Money
from marketplace.domain.payout import (
    HIGH,
    LOW,
    MEDIUM,
    MOVED,
    TABLE,
    UNDO_WITHIN,
    WORDS,
    Blocked,
    Facts,
    NotYours,
    Risk,
    RiskFacts,
    State,
    Step,
    WordsMissing,
    approvals_needed,
    can_take,
    find_reasons,
    limit_reason,
    risk_level,
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


def test_no_actor_and_no_platform_decides_anything() -> None:
    assert {party for (_, _, party) in TABLE} == {Party.ADMIN, Party.CLOCK}


def test_a_page_shows_a_button_that_only_lacks_its_words() -> None:
    assert can_take(FACTS, Step.HOLD, Party.ADMIN, NOW)
    assert not can_take(FACTS, Step.UNDO, Party.ADMIN, NOW)


def test_every_state_has_words() -> None:
    assert set(WORDS) == set(State)


QUIET = RiskFacts(Money(40_000, "USD"), earlier_payouts=5, usual_minor=35_000)


def test_an_ordinary_payout_has_no_reasons() -> None:
    assert find_reasons(QUIET, NOW) == ()
    assert risk_level(()) == LOW


@pytest.mark.parametrize(
    ("facts", "risk", "level", "words"),
    [
        (replace(QUIET, earlier_payouts=0), Risk.FIRST_PAYOUT, MEDIUM, "first payout"),
        (replace(QUIET, bank_changed_at=NOW - timedelta(days=3)), Risk.NEW_BANK, MEDIUM, "3 days ago"),
        (replace(QUIET, bank_changed_at=NOW - timedelta(hours=3)), Risk.NEW_BANK, MEDIUM, "less than a day ago"),
        (replace(QUIET, account_ready=False), Risk.ACCOUNT_NOT_READY, HIGH, "does not let"),
        (replace(QUIET, usual_minor=10_000), Risk.MUCH_MORE_THAN_USUAL, MEDIUM, "usual 100.00 USD"),
        (replace(QUIET, open_disputes=1), Risk.OPEN_DISPUTE, HIGH, "disputes the payment"),
        (replace(QUIET, earlier_disputes=2), Risk.EARLIER_DISPUTES, MEDIUM, "2 of the actor's bookings were"),
        (replace(QUIET, score_flags=1), Risk.SCORE_FLAG, MEDIUM, "1 open flag"),
        (replace(QUIET, accepted_by_clock=True), Risk.ACCEPTED_BY_CLOCK, LOW, "said nothing in time"),
        (replace(QUIET, mismatches=2), Risk.MISMATCH, HIGH, "in 2 places"),
    ],
)
def test_each_risk_is_found_and_said_in_words(facts: RiskFacts, risk: Risk, level: int, words: str) -> None:
    (reason,) = find_reasons(facts, NOW)
    assert (reason.risk, reason.level) == (risk, level)
    assert words in reason.words
    assert reason.to_json() == {"code": str(risk), "level": level, "words": reason.words}


def test_being_over_the_limit_is_judged_by_the_limit_of_the_moment() -> None:
    assert limit_reason(QUIET.amount, 40_000) is None
    reason = limit_reason(QUIET.amount, 10_000)
    assert reason is not None
    assert (reason.risk, reason.level) == (Risk.OVER_LIMIT, MEDIUM)
    assert "Above 100.00 USD two admins" in reason.words


def test_the_gravest_reason_comes_first() -> None:
    reasons = find_reasons(replace(QUIET, earlier_payouts=0, open_disputes=1), NOW)
    assert [reason.risk for reason in reasons] == [Risk.OPEN_DISPUTE, Risk.FIRST_PAYOUT]
    assert risk_level(reasons) == HIGH
