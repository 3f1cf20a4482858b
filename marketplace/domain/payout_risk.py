"""Why a person should look closer at a payout: each reason in words, with what was looked at."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final, Literal

from marketplace.domain.money import Money
from marketplace.domain.payout import approvals_needed

NEW_BANK_FOR: Final = timedelta(days=14)
MUCH_MORE: Final = 3
SHOWN: Final = 3
"""So many of the things that a reason rests on are named."""


class Risk(StrEnum):
    """Why a person should look closer."""

    FIRST_PAYOUT = "first_payout"
    NEW_BANK = "new_bank"
    ACCOUNT_NOT_READY = "account_not_ready"
    MUCH_MORE_THAN_USUAL = "much_more_than_usual"
    OVER_LIMIT = "over_limit"
    OPEN_DISPUTE = "open_dispute"
    EARLIER_DISPUTES = "earlier_disputes"
    SCORE_FLAG = "score_flag"
    ACCEPTED_BY_CLOCK = "accepted_by_clock"
    MISMATCH = "mismatch"


LOW: Final = 0
MEDIUM: Final = 1
HIGH: Final = 2

About = Literal["actor", "payout", "booking", "dispute", "flag", "mismatch"]
Evidence = tuple[About, int]
"""What was looked at: its kind and number. A dispute is named by its booking, as its page is."""


@dataclass(frozen=True, slots=True)
class RiskFacts:
    """What is known of a payout when somebody looks, the ids of things newest first.

    `earlier_payouts` are the actor's last ones that were sent, `usual_minor` the median of them. `open_disputes` and
    `earlier_disputes` are bookings, `mismatches` open rows of the reconciliation; `books_differ` in how many places
    our own books of the booking and its payment do.
    """

    amount: Money
    actor_id: int
    booking_id: int
    earlier_payouts: tuple[int, ...] = ()
    usual_minor: int | None = None
    bank_changed_at: datetime | None = None
    account_ready: bool = True
    open_disputes: tuple[int, ...] = ()
    earlier_disputes: tuple[int, ...] = ()
    score_flags: tuple[int, ...] = ()
    accepted_by_clock: bool = False
    mismatches: tuple[int, ...] = ()
    books_differ: int = 0


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason, how grave it is, what it says, and what was looked at."""

    risk: Risk
    level: int
    words: str
    evidence: tuple[Evidence, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """As it is stored with the payout."""
        evidence = [[about, number] for about, number in self.evidence]
        return {"code": str(self.risk), "level": self.level, "words": self.words, "evidence": evidence}


def find_reasons(facts: RiskFacts, now: datetime) -> tuple[Reason, ...]:
    """Every reason that applies, the gravest first."""
    found = [reason for rule in _RISKS if (reason := rule(facts, now)) is not None]
    return tuple(sorted(found, key=lambda reason: -reason.level))


def merge_reasons(stored: Sequence[dict[str, Any]], found: Iterable[Reason], now: datetime) -> list[dict[str, Any]]:
    """What is stored after another look, the gravest first.

    What was recorded stays word for word: `at` is when it was found, and `gone_at` when it was seen to hold no more.
    """
    fresh = {_key(each): each for reason in found for each in [reason.to_json()]}
    at = now.isoformat()
    kept = [each if "gone_at" in each or _key(each) in fresh else {**each, "gone_at": at} for each in stored]
    known = {_key(each) for each in current(kept)}
    new = [{**each, "at": at} for key, each in fresh.items() if key not in known]
    return sorted([*kept, *new], key=lambda each: -int(each["level"]))


def current(stored: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Those of the stored reasons that held when somebody looked last."""
    return [each for each in stored if "gone_at" not in each]


def risk_level(stored: Iterable[dict[str, Any]]) -> int:
    """The gravest level among the reasons that hold; low without any."""
    return max((int(each["level"]) for each in current(stored)), default=LOW)


def _key(stored: dict[str, Any]) -> tuple[Any, ...]:
    return stored["code"], stored["level"], *((about, number) for about, number in stored.get("evidence", ()))


def limit_reason(amount: Money, limit_minor: int) -> Reason | None:
    """That two have to approve. Judged when somebody looks, by the limit that counts then: it is not stored."""
    if approvals_needed(amount, limit_minor) < 2:
        return None
    return Reason(Risk.OVER_LIMIT, MEDIUM, f"Above {Money(limit_minor, amount.currency)} two admins have to approve.")


def is_new_bank(changed_at: datetime, now: datetime) -> bool:
    """Whether the account the money goes to is new or was changed lately."""
    return now - changed_at < NEW_BANK_FOR


def _first(facts: RiskFacts, now: datetime) -> Reason | None:
    if facts.earlier_payouts:
        return None
    return Reason(Risk.FIRST_PAYOUT, MEDIUM, "This is the actor's first payout.", (("actor", facts.actor_id),))


def _new_bank(facts: RiskFacts, now: datetime) -> Reason | None:
    changed_at = facts.bank_changed_at
    if changed_at is None or not is_new_bank(changed_at, now):
        return None
    words = f"The payout account was set up or changed on {changed_at.day} {changed_at:%b %Y}."
    return Reason(Risk.NEW_BANK, MEDIUM, words, (("actor", facts.actor_id),))


def _not_ready(facts: RiskFacts, now: datetime) -> Reason | None:
    if facts.account_ready:
        return None
    words = "Stripe does not let this account receive money yet."
    return Reason(Risk.ACCOUNT_NOT_READY, HIGH, words, (("actor", facts.actor_id),))


def _unusual(facts: RiskFacts, now: datetime) -> Reason | None:
    if not facts.usual_minor or facts.amount.minor <= MUCH_MORE * facts.usual_minor:
        return None
    usual = Money(facts.usual_minor, facts.amount.currency)
    among = _count(len(facts.earlier_payouts), "earlier payout")
    words = f"{facts.amount} is more than three times the usual {usual}, the middle one of {among}."
    return Reason(Risk.MUCH_MORE_THAN_USUAL, MEDIUM, words, _all("payout", facts.earlier_payouts))


def _disputed(facts: RiskFacts, now: datetime) -> Reason | None:
    if not facts.open_disputes:
        return None
    words = "The platform's bank disputes the payment."
    return Reason(Risk.OPEN_DISPUTE, HIGH, words, _all("dispute", facts.open_disputes))


def _earlier_disputes(facts: RiskFacts, now: datetime) -> Reason | None:
    count = len(facts.earlier_disputes)
    if not count:
        return None
    words = f"{count} of the actor's bookings {'was' if count == 1 else 'were'} disputed."
    return Reason(Risk.EARLIER_DISPUTES, MEDIUM, words, _all("dispute", facts.earlier_disputes))


def _flagged(facts: RiskFacts, now: datetime) -> Reason | None:
    if not facts.score_flags:
        return None
    words = f"The score carries {_count(len(facts.score_flags), 'open flag')}."
    return Reason(Risk.SCORE_FLAG, MEDIUM, words, _all("flag", facts.score_flags))


def _by_clock(facts: RiskFacts, now: datetime) -> Reason | None:
    if not facts.accepted_by_clock:
        return None
    words = "The takes were accepted because the platform said nothing in time."
    return Reason(Risk.ACCEPTED_BY_CLOCK, LOW, words, (("booking", facts.booking_id),))


def _mismatched(facts: RiskFacts, now: datetime) -> Reason | None:
    places = len(facts.mismatches) or facts.books_differ
    if not places:
        return None
    words = f"Our books and Stripe's differ in {_count(places, 'place')}."
    return Reason(Risk.MISMATCH, HIGH, words, _all("mismatch", facts.mismatches))


_RISKS: Final = (
    _first,
    _new_bank,
    _not_ready,
    _unusual,
    _disputed,
    _earlier_disputes,
    _flagged,
    _by_clock,
    _mismatched,
)


def _all(about: About, ids: Iterable[int]) -> tuple[Evidence, ...]:
    return tuple((about, number) for number in ids)[:SHOWN]


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
