"""The life of a payout: review by people, then one transfer; with the reasons to look closer, in words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final

from marketplace.domain.booking import Party
from marketplace.domain.errors import Conflict, Forbidden, Invalid, Refused
from marketplace.domain.money import Money


class State(StrEnum):
    """Where a payout is."""

    REVIEW = "review"
    HELD = "held"
    APPROVED = "approved"
    SENDING = "sending"
    UNKNOWN = "unknown"
    TRANSFERRED = "transferred"
    PARTLY_REVERSED = "partly_reversed"
    REVERSED = "reversed"
    REJECTED = "rejected"
    RETURNED = "returned"


class Step(StrEnum):
    """What can be asked of a payout."""

    APPROVE = "approve"
    HOLD = "hold"
    RESUME = "resume"
    REJECT = "reject"
    GIVE_BACK = "give_back"
    UNDO = "undo"
    SEND = "send"
    RECORD_TRANSFER = "record_transfer"
    RECORD_REFUSAL = "record_refusal"
    LOSE_TRACK = "lose_track"
    RECORD_REVERSAL = "record_reversal"
    REOPEN = "reopen"
    USE_UP = "use_up"


REVIEW_WITHIN: Final = timedelta(hours=48)
UNDO_WITHIN: Final = timedelta(minutes=10)
NEW_BANK_FOR: Final = timedelta(days=14)
TRANSFER_TAKES: Final = timedelta(days=3)
MUCH_MORE: Final = 3
ON_HAND: Final = frozenset({State.REVIEW, State.HELD, State.APPROVED})
"""States in which nothing has moved yet."""
LEAVING: Final = frozenset({State.SENDING, State.UNKNOWN})
"""States in which it is not certain yet whether money has moved."""
MOVED: Final = frozenset({State.TRANSFERRED, State.PARTLY_REVERSED, State.REVERSED})


SETTLED: Final = "settled"
"""What pages call a transfer when the days that a bank takes are over. Nothing tells us of each arrival."""


ON_ITS_WAY: Final = frozenset({State.APPROVED, State.SENDING, State.UNKNOWN, State.TRANSFERRED})
"""Shown states of money that has been let go and has not had the time to arrive."""
SENT: Final = frozenset({SETTLED, State.PARTLY_REVERSED, State.REVERSED})
"""Shown states of money that has left us for good, less what was taken back."""


def shown_state(state: State, transferred_at: datetime | None, now: datetime) -> str:
    """The state that pages and sums go by: a transfer is on its way while banks usually need, then settled."""
    if state == State.TRANSFERRED and transferred_at is not None and transferred_at + TRANSFER_TAKES <= now:
        return SETTLED
    return state.value


class WordsMissing(Invalid):
    """The actor must be able to read why."""

    code = "words_missing"


class NotYours(Forbidden):
    """Nobody decides on money that comes to themselves."""

    code = "own_payout"


class Blocked(Refused):
    """Something outside has to be settled first."""

    code = "payout_blocked"


@dataclass(frozen=True, slots=True)
class Facts:
    """All that the table's guards look at.

    `approvers` are the accounts whose approval stands. `principal_id` is who asks, None for the clock;
    `beneficiary_id` the actor's own account, `rejecter_id` the admin who rejected it last. `blocks` are sentences why
    no money may leave now.
    """

    state: State
    amount: Money
    limit_minor: int
    approvers: frozenset[int] = frozenset()
    principal_id: int | None = None
    beneficiary_id: int | None = None
    rejecter_id: int | None = None
    undo_until: datetime | None = None
    words: str = ""
    blocks: tuple[str, ...] = ()
    reversed_minor: int = 0


Guard = Callable[[Facts, datetime], None]


@dataclass(frozen=True, slots=True)
class Rule:
    """One line of the table. `after` None: the outcome depends on the facts."""

    after: State | None
    guards: tuple[Guard, ...] = ()


@dataclass(frozen=True, slots=True)
class Transition:
    """A step that is allowed: write `after` if the row is still in `before`."""

    before: State
    after: State
    undo_until: datetime | None = None


def approvals_needed(amount: Money, limit_minor: int) -> int:
    """One pair of eyes up to the limit, two above it."""
    return 2 if amount.minor > limit_minor else 1


def _with_words(facts: Facts, now: datetime) -> None:
    if len(facts.words.strip()) < 10:
        raise WordsMissing("Say in a sentence why: the actor reads it. Nothing was changed.", field="words")


def _not_own(facts: Facts, now: datetime) -> None:
    if facts.principal_id is not None and facts.principal_id == facts.beneficiary_id:
        raise NotYours("This money comes to you, so someone else must decide. Nothing was changed.")


def _not_twice(facts: Facts, now: datetime) -> None:
    if facts.principal_id in facts.approvers:
        raise Conflict("You have approved this already; a second admin must look at it. Nothing was changed.")


def _not_alone(facts: Facts, now: datetime) -> None:
    if facts.principal_id == facts.rejecter_id:
        raise Conflict("You have rejected it; a second admin has to send the money back. Nothing was changed.")


def _free(facts: Facts, now: datetime) -> None:
    if facts.blocks:
        raise Blocked(f"{facts.blocks[0]} Nothing was sent.")


def _undo_open(facts: Facts, now: datetime) -> None:
    if facts.undo_until is None or now >= facts.undo_until:
        raise Conflict("The time to take this back is over. Hold it instead. Nothing was changed.")


def _undo_over(facts: Facts, now: datetime) -> None:
    if facts.undo_until is not None and now < facts.undo_until:
        raise Conflict("The approval can still be taken back. Nothing was sent.")


_S, _T, _D, _C = State, Step, Party.ADMIN, Party.CLOCK
_approve = Rule(None, (_not_own, _not_twice, _free))
_hold = Rule(_S.HELD, (_not_own, _with_words))
_reject = Rule(_S.REJECTED, (_not_own, _with_words))
_record = Rule(_S.TRANSFERRED)
_refuse = Rule(_S.HELD)
_reverse = Rule(None)

TABLE: Final[Mapping[tuple[State, Step, Party], Rule]] = MappingProxyType(
    {
        (_S.REVIEW, _T.APPROVE, _D): _approve,
        (_S.REVIEW, _T.HOLD, _D): _hold,
        (_S.REVIEW, _T.REJECT, _D): _reject,
        (_S.HELD, _T.RESUME, _D): Rule(_S.REVIEW, (_not_own,)),
        (_S.HELD, _T.APPROVE, _D): _approve,
        (_S.HELD, _T.REJECT, _D): _reject,
        # a rejection is not the end: it is looked at again, or a second admin sends the money back where it came from
        (_S.REJECTED, _T.RESUME, _D): Rule(_S.REVIEW, (_not_own, _with_words)),
        (_S.REJECTED, _T.GIVE_BACK, _D): Rule(_S.RETURNED, (_not_own, _not_alone, _with_words)),
        (_S.APPROVED, _T.UNDO, _D): Rule(_S.REVIEW, (_undo_open,)),
        (_S.APPROVED, _T.HOLD, _D): _hold,
        # a dispute or a refund that came after the approval stops it
        (_S.APPROVED, _T.HOLD, _C): Rule(_S.HELD),
        (_S.REVIEW, _T.HOLD, _C): Rule(_S.HELD),
        (_S.APPROVED, _T.SEND, _C): Rule(_S.SENDING, (_undo_over, _free)),
        (_S.SENDING, _T.RECORD_TRANSFER, _C): _record,
        (_S.SENDING, _T.RECORD_REFUSAL, _C): _refuse,
        (_S.SENDING, _T.LOSE_TRACK, _C): Rule(_S.UNKNOWN),
        (_S.UNKNOWN, _T.RECORD_TRANSFER, _C): _record,
        (_S.UNKNOWN, _T.RECORD_REFUSAL, _C): _refuse,
        (_S.TRANSFERRED, _T.RECORD_REVERSAL, _C): _reverse,
        (_S.PARTLY_REVERSED, _T.RECORD_REVERSAL, _C): _reverse,
        # what came back is the actor's again: after a dispute that was won by itself, else when an admin says so
        (_S.REVERSED, _T.REOPEN, _C): Rule(_S.REVIEW),
        (_S.PARTLY_REVERSED, _T.REOPEN, _C): Rule(_S.REVIEW),
        (_S.REVERSED, _T.REOPEN, _D): Rule(_S.REVIEW, (_not_own, _with_words)),
        (_S.PARTLY_REVERSED, _T.REOPEN, _D): Rule(_S.REVIEW, (_not_own, _with_words)),
        # a refund by hand, or a lost dispute, took all that was to be paid
        (_S.REVIEW, _T.USE_UP, _C): Rule(_S.RETURNED),
        (_S.HELD, _T.USE_UP, _C): Rule(_S.RETURNED),
        (_S.APPROVED, _T.USE_UP, _C): Rule(_S.RETURNED),
        (_S.REJECTED, _T.USE_UP, _C): Rule(_S.RETURNED),
    }
)
"""Every step there is. What is not here is refused."""


def take_step(facts: Facts, step: Step, party: Party, now: datetime) -> Transition:
    """Where `step` by `party` leads; refuses, in a sentence, what the table or a guard does not let by."""
    rule = TABLE.get((facts.state, step, party))
    if rule is None:
        raise _refusal(facts.state, step, party)
    for guard in rule.guards:
        guard(facts, now)
    if rule.after is not None:
        return Transition(facts.state, rule.after)
    if step == Step.RECORD_REVERSAL:
        whole = facts.reversed_minor >= facts.amount.minor
        return Transition(facts.state, State.REVERSED if whole else State.PARTLY_REVERSED)
    return _approval(facts, now)


def _approval(facts: Facts, now: datetime) -> Transition:
    """The last pair of eyes approves; the ones before it leave the payout in review."""
    if len(facts.approvers) + 1 < approvals_needed(facts.amount, facts.limit_minor):
        return Transition(facts.state, State.REVIEW)
    return Transition(facts.state, State.APPROVED, now + UNDO_WITHIN)


def can_take(facts: Facts, step: Step, party: Party, now: datetime) -> bool:
    """Whether `take_step` would allow it: what a page asks before it shows a button."""
    try:
        take_step(facts, step, party, now)
    except WordsMissing:
        return True
    except Refused:
        return False
    return True


_DOING: Final[Mapping[Step, str]] = MappingProxyType(
    {
        _T.APPROVE: "approve this payout",
        _T.HOLD: "hold this payout",
        _T.RESUME: "take this payout back into review",
        _T.REJECT: "reject this payout",
        _T.GIVE_BACK: "send this money back to the platform",
        _T.UNDO: "take back this approval",
        _T.SEND: "send this payout",
        _T.RECORD_TRANSFER: "record a transfer",
        _T.RECORD_REFUSAL: "record a refusal",
        _T.LOSE_TRACK: "lose track of this payout",
        _T.RECORD_REVERSAL: "record a reversal",
        _T.REOPEN: "send again what came back",
        _T.USE_UP: "take all of this payout",
    }
)

WORDS: Final[Mapping[State, str]] = MappingProxyType(
    {
        _S.REVIEW: "it is being reviewed",
        _S.HELD: "it is held",
        _S.APPROVED: "it is approved and leaves shortly",
        _S.SENDING: "it is on its way",
        _S.UNKNOWN: "it is being looked up at Stripe",
        _S.TRANSFERRED: "it has been sent",
        _S.PARTLY_REVERSED: "a part of it has been taken back",
        _S.REVERSED: "it has been taken back",
        _S.REJECTED: "it was rejected",
        _S.RETURNED: "it has gone back to the platform",
    }
)
"""What people read after "this payout: "."""


def _refusal(state: State, step: Step, party: Party) -> Refused:
    if any((state, step, other) in TABLE for other in Party if other != party):
        return Forbidden(f"You may not {_DOING[step]}. Nothing was changed.")
    return Conflict(f"You cannot {_DOING[step]} now: {WORDS[state]}. Nothing was changed.")


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


@dataclass(frozen=True, slots=True)
class RiskFacts:
    """What is known of a payout when it is made. `usual_minor` is the median of the actor's earlier payouts."""

    amount: Money
    earlier_payouts: int
    usual_minor: int | None = None
    bank_changed_at: datetime | None = None
    account_ready: bool = True
    open_disputes: int = 0
    earlier_disputes: int = 0
    score_flags: int = 0
    accepted_by_clock: bool = False
    mismatches: int = 0


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason, how grave it is, and the evidence in a sentence."""

    risk: Risk
    level: int
    words: str

    def to_json(self) -> dict[str, Any]:
        """As it is stored with the payout."""
        return {"code": str(self.risk), "level": self.level, "words": self.words}


def find_reasons(facts: RiskFacts, now: datetime) -> tuple[Reason, ...]:
    """Every reason that applies, the gravest first."""
    found = [reason for rule in _RISKS if (reason := rule(facts, now)) is not None]
    return tuple(sorted(found, key=lambda reason: -reason.level))


def limit_reason(amount: Money, limit_minor: int) -> Reason | None:
    """That two have to approve. Judged when somebody looks, by the limit that counts then: it is not stored."""
    if approvals_needed(amount, limit_minor) < 2:
        return None
    return Reason(Risk.OVER_LIMIT, MEDIUM, f"Above {Money(limit_minor, amount.currency)} two admins have to approve.")


def bank_reason(changed_at: datetime, now: datetime) -> Reason | None:
    """That the account the money goes to is new or was changed lately."""
    if now - changed_at >= NEW_BANK_FOR:
        return None
    return Reason(
        Risk.NEW_BANK, MEDIUM, f"The payout account was set up or changed {_days((now - changed_at).days)} ago."
    )


def risk_level(reasons: tuple[Reason, ...]) -> int:
    """The gravest level among the reasons; low without any."""
    return max((reason.level for reason in reasons), default=LOW)


def _first(facts: RiskFacts, now: datetime) -> Reason | None:
    if facts.earlier_payouts:
        return None
    return Reason(Risk.FIRST_PAYOUT, MEDIUM, "This is the actor's first payout.")


def _new_bank(facts: RiskFacts, now: datetime) -> Reason | None:
    return None if facts.bank_changed_at is None else bank_reason(facts.bank_changed_at, now)


def _not_ready(facts: RiskFacts, now: datetime) -> Reason | None:
    if facts.account_ready:
        return None
    return Reason(Risk.ACCOUNT_NOT_READY, HIGH, "Stripe does not let this account receive money yet.")


def _unusual(facts: RiskFacts, now: datetime) -> Reason | None:
    if not facts.usual_minor or facts.amount.minor <= MUCH_MORE * facts.usual_minor:
        return None
    usual = Money(facts.usual_minor, facts.amount.currency)
    return Reason(Risk.MUCH_MORE_THAN_USUAL, MEDIUM, f"{facts.amount} is more than three times the usual {usual}.")


def _disputed(facts: RiskFacts, now: datetime) -> Reason | None:
    if not facts.open_disputes:
        return None
    return Reason(Risk.OPEN_DISPUTE, HIGH, "The platform's bank disputes the payment.")


def _earlier_disputes(facts: RiskFacts, now: datetime) -> Reason | None:
    if not facts.earlier_disputes:
        return None
    count = facts.earlier_disputes
    return Reason(
        Risk.EARLIER_DISPUTES, MEDIUM, f"{count} of the actor's bookings {'was' if count == 1 else 'were'} disputed."
    )


def _flagged(facts: RiskFacts, now: datetime) -> Reason | None:
    if not facts.score_flags:
        return None
    return Reason(Risk.SCORE_FLAG, MEDIUM, f"The score carries {_count(facts.score_flags, 'open flag')}.")


def _by_clock(facts: RiskFacts, now: datetime) -> Reason | None:
    if not facts.accepted_by_clock:
        return None
    return Reason(Risk.ACCEPTED_BY_CLOCK, LOW, "The takes were accepted because the platform said nothing in time.")


def _mismatched(facts: RiskFacts, now: datetime) -> Reason | None:
    if not facts.mismatches:
        return None
    return Reason(Risk.MISMATCH, HIGH, f"Our books and Stripe's differ in {_count(facts.mismatches, 'place')}.")


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


def _days(days: int) -> str:
    return "less than a day" if days == 0 else _count(days, "day")


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
