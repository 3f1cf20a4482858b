"""Why a payout is looked at closer: each reason in words, what it rests on, and what was recorded of it before."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from marketplace.domain.money import Money
from marketplace.domain.payout_risk import (
    HIGH,
    LOW,
    MEDIUM,
    NEW_BANK_FOR,
    Evidence,
    Risk,
    RiskFacts,
    current,
    find_reasons,
    limit_reason,
    merge_reasons,
    risk_level,
)

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
QUIET = RiskFacts(Money(40_000, "USD"), actor_id=7, booking_id=5, earlier_payouts=(4, 3, 2, 1), usual_minor=35_000)


def test_an_ordinary_payout_has_no_reasons() -> None:
    assert find_reasons(QUIET, NOW) == ()
    assert risk_level([]) == LOW


@pytest.mark.parametrize(
    ("facts", "risk", "level", "words", "evidence"),
    [
        (replace(QUIET, earlier_payouts=()), Risk.FIRST_PAYOUT, MEDIUM, "first payout", [("actor", 7)]),
        (replace(QUIET, bank_changed_at=NOW - timedelta(days=3)), Risk.NEW_BANK, MEDIUM, "20 Nov 2026", [("actor", 7)]),
        (replace(QUIET, account_ready=False), Risk.ACCOUNT_NOT_READY, HIGH, "does not let", [("actor", 7)]),
        (
            replace(QUIET, usual_minor=10_000),
            Risk.MUCH_MORE_THAN_USUAL,
            MEDIUM,
            "usual 100.00 USD, the middle one of 4 earlier payouts",
            [("payout", 4), ("payout", 3), ("payout", 2)],
        ),
        (replace(QUIET, open_disputes=(5,)), Risk.OPEN_DISPUTE, HIGH, "disputes the payment", [("dispute", 5)]),
        (
            replace(QUIET, earlier_disputes=(9, 8)),
            Risk.EARLIER_DISPUTES,
            MEDIUM,
            "2 of the actor's bookings were",
            [("dispute", 9), ("dispute", 8)],
        ),
        (replace(QUIET, score_flags=(6,)), Risk.SCORE_FLAG, MEDIUM, "1 open flag", [("flag", 6)]),
        (replace(QUIET, accepted_by_clock=True), Risk.ACCEPTED_BY_CLOCK, LOW, "said nothing", [("booking", 5)]),
        (replace(QUIET, mismatches=(3, 2)), Risk.MISMATCH, HIGH, "in 2 places", [("mismatch", 3), ("mismatch", 2)]),
        (replace(QUIET, books_differ=1), Risk.MISMATCH, HIGH, "in 1 place.", []),
    ],
)
def test_each_risk_is_found_and_said_with_what_was_looked_at(
    facts: RiskFacts, risk: Risk, level: int, words: str, evidence: list[Evidence]
) -> None:
    (reason,) = find_reasons(facts, NOW)
    assert (reason.risk, reason.level, list(reason.evidence)) == (risk, level, evidence)
    assert words in reason.words
    shown = [list(each) for each in evidence]
    assert reason.to_json() == {"code": str(risk), "level": level, "words": reason.words, "evidence": shown}


def test_a_bank_account_is_new_for_two_weeks() -> None:
    assert find_reasons(replace(QUIET, bank_changed_at=NOW - NEW_BANK_FOR), NOW) == ()


def test_being_over_the_limit_is_judged_by_the_limit_of_the_moment() -> None:
    assert limit_reason(QUIET.amount, 40_000) is None
    reason = limit_reason(QUIET.amount, 10_000)
    assert reason is not None
    assert (reason.risk, reason.level) == (Risk.OVER_LIMIT, MEDIUM)
    assert "Above 100.00 USD two admins" in reason.words


def test_the_gravest_reason_comes_first() -> None:
    reasons = find_reasons(replace(QUIET, earlier_payouts=(), open_disputes=(5,)), NOW)
    assert [reason.risk for reason in reasons] == [Risk.OPEN_DISPUTE, Risk.FIRST_PAYOUT]
    assert risk_level([reason.to_json() for reason in reasons]) == HIGH


def test_another_look_adds_what_is_new_and_marks_what_is_gone_and_rewrites_nothing() -> None:
    first = merge_reasons([], find_reasons(replace(QUIET, score_flags=(6,)), NOW), NOW)
    later = NOW + timedelta(hours=5)
    again = merge_reasons(first, find_reasons(replace(QUIET, score_flags=(6,), open_disputes=(5,)), later), later)
    assert [each["code"] for each in again] == ["open_dispute", "score_flag"]
    assert again[1] == first[0]
    gone = merge_reasons(again, find_reasons(QUIET, later), later)
    assert (current(gone), risk_level(gone)) == ([], LOW)
    assert [{**each, "gone_at": later.isoformat()} for each in again] == gone
    back = merge_reasons(gone, find_reasons(replace(QUIET, score_flags=(6,)), later), later)
    assert [each["code"] for each in current(back)] == ["score_flag"]
    assert len(back) == 3
