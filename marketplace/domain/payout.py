"""The life of a payout: review by people, with questions, answers and appeals, then one transfer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Final

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
    ASK = "ask"
    ANSWER = "answer"
    APPEAL = "appeal"
    GIVE_BACK = "give_back"
    UNDO = "undo"
    SEND = "send"
    RECORD_TRANSFER = "record_transfer"
    RECORD_REFUSAL = "record_refusal"
    LOSE_TRACK = "lose_track"
    WAIT_FOR_FUNDS = "wait_for_funds"
    RECORD_REVERSAL = "record_reversal"
    REOPEN = "reopen"
    USE_UP = "use_up"


REVIEW_WITHIN: Final = timedelta(hours=48)
UNDO_WITHIN: Final = timedelta(minutes=10)
TRANSFER_TAKES: Final = timedelta(days=3)
HELD_AT_MOST: Final = timedelta(days=30)
LEAST_WORDS: Final = 10
ON_HAND: Final = frozenset({State.REVIEW, State.HELD, State.APPROVED})
"""States in which nothing has moved yet."""
LEAVING: Final = frozenset({State.SENDING, State.UNKNOWN})
"""States in which it is not certain yet whether money has moved."""
MOVED: Final = frozenset({State.TRANSFERRED, State.PARTLY_REVERSED, State.REVERSED})
STOPPED: Final = frozenset({State.HELD, State.REJECTED})
"""States that somebody has decided on and that the actor may ask to have looked at again."""

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


class NotLow(Refused):
    """It needs a look of its own, so it is not approved together with others."""

    code = "not_low"


@dataclass(frozen=True, slots=True)
class Facts:
    """All that the table's guards look at.

    `approvers` are the accounts whose approval stands. `principal_id` is who asks, None for the clock;
    `beneficiary_id` the actor's own account, `rejecter_id` the admin who rejected it last, `decider_id` the one whose
    hold or rejection the actor has appealed against (None for the clock's). `blocks` are sentences why no money may
    leave now. `is_asked`: a question of ours is open or has been answered; `is_appealed`: the actor wants another admin
    than `decider_id`, and `has_others` says whether there is one. `held_until` is when a hold is looked at again,
    `until` when the one being asked for would be; `is_settled`: what the clock held it for is settled.
    """

    state: State
    amount: Money
    limit_minor: int
    approvers: frozenset[int] = frozenset()
    principal_id: int | None = None
    beneficiary_id: int | None = None
    rejecter_id: int | None = None
    decider_id: int | None = None
    undo_until: datetime | None = None
    words: str = ""
    blocks: tuple[str, ...] = ()
    reversed_minor: int = 0
    is_asked: bool = False
    is_appealed: bool = False
    has_others: bool = True
    held_until: datetime | None = None
    until: datetime | None = None
    is_settled: bool = False


Guard = Callable[[Facts, datetime], None]
ALONE: Final = "another admin has to decide, and there is none yet; make one with create-admin"
"""What is said where somebody else has to decide and nobody else can."""


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
    if len(facts.words.strip()) < LEAST_WORDS:
        raise WordsMissing("Say in a sentence why: the actor reads it. Nothing was changed.", field="words")


def _with_answer(facts: Facts, now: datetime) -> None:
    if len(facts.words.strip()) < LEAST_WORDS:
        raise WordsMissing("Say it in a sentence: whoever decides reads it. Nothing was changed.", field="words")


def _only_own(facts: Facts, now: datetime) -> None:
    if facts.principal_id is None or facts.principal_id != facts.beneficiary_id:
        raise Forbidden("This money comes to somebody else. Nothing was changed.")


def _been_asked(facts: Facts, now: datetime) -> None:
    if not facts.is_asked:
        raise Conflict("No question is open here. Nothing was changed.")


def _not_asked(facts: Facts, now: datetime) -> None:
    if facts.is_asked:
        raise Conflict("You have been asked something: answer it, and it is reviewed again. Nothing was changed.")


def _another(facts: Facts, now: datetime) -> None:
    if not facts.is_appealed or facts.decider_id is None or facts.principal_id != facts.decider_id:
        return
    who = "another admin has to decide now" if facts.has_others else ALONE
    raise Conflict(f"You decided this, and the actor has asked for a second look: {who}. Nothing was changed.")


def _until_soon(facts: Facts, now: datetime) -> None:
    if facts.until is not None and not now < facts.until <= now + HELD_AT_MOST:
        days = HELD_AT_MOST.days
        raise Invalid(f"Look again on one of the next {days} days. Nothing was changed.", field="held_until")


def _hold_over(facts: Facts, now: datetime) -> None:
    if facts.is_settled and not facts.blocks:
        return
    if facts.held_until is None or now < facts.held_until:
        raise Conflict("The day to look at this again has not come. Nothing was changed.")


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


_S, _T, _D, _C, _A = State, Step, Party.ADMIN, Party.CLOCK, Party.ACTOR
_approve = Rule(None, (_not_own, _another, _not_twice, _free))
_hold = Rule(_S.HELD, (_not_own, _another, _with_words, _until_soon))
_ask = Rule(_S.HELD, (_not_own, _another, _with_words, _until_soon))
_reject = Rule(_S.REJECTED, (_not_own, _another, _with_words))
_appeal = Rule(_S.REVIEW, (_only_own, _not_asked, _with_answer))
_record = Rule(_S.TRANSFERRED)
_refuse = Rule(_S.HELD)
_reverse = Rule(None)

TABLE: Final[Mapping[tuple[State, Step, Party], Rule]] = MappingProxyType(
    {
        (_S.REVIEW, _T.APPROVE, _D): _approve,
        (_S.REVIEW, _T.HOLD, _D): _hold,
        (_S.REVIEW, _T.REJECT, _D): _reject,
        (_S.REVIEW, _T.ASK, _D): _ask,
        (_S.HELD, _T.ASK, _D): _ask,
        (_S.HELD, _T.RESUME, _D): Rule(_S.REVIEW, (_not_own,)),
        # the actor's own words bring it back into review; so does the day on which it was to be looked at again, and
        # the end of what the clock itself held it for
        (_S.HELD, _T.ANSWER, _A): Rule(_S.REVIEW, (_only_own, _been_asked, _with_answer)),
        (_S.HELD, _T.APPEAL, _A): _appeal,
        (_S.REJECTED, _T.APPEAL, _A): _appeal,
        (_S.HELD, _T.RESUME, _C): Rule(_S.REVIEW, (_hold_over,)),
        (_S.HELD, _T.APPROVE, _D): _approve,
        (_S.HELD, _T.REJECT, _D): _reject,
        # a rejection is not the end: it is looked at again, or a second admin sends the money back where it came from
        (_S.REJECTED, _T.RESUME, _D): Rule(_S.REVIEW, (_not_own, _with_words)),
        (_S.REJECTED, _T.GIVE_BACK, _D): Rule(_S.RETURNED, (_not_own, _not_alone, _with_words)),
        (_S.APPROVED, _T.UNDO, _D): Rule(_S.REVIEW, (_undo_open,)),
        # anybody may stop what is about to leave, the one whose hold was appealed against as well
        (_S.APPROVED, _T.HOLD, _D): Rule(_S.HELD, (_not_own, _with_words, _until_soon)),
        # a dispute or a refund that came after the approval stops it
        (_S.APPROVED, _T.HOLD, _C): Rule(_S.HELD),
        (_S.REVIEW, _T.HOLD, _C): Rule(_S.HELD),
        (_S.APPROVED, _T.SEND, _C): Rule(_S.SENDING, (_undo_over, _free)),
        (_S.SENDING, _T.RECORD_TRANSFER, _C): _record,
        (_S.SENDING, _T.RECORD_REFUSAL, _C): _refuse,
        (_S.SENDING, _T.LOSE_TRACK, _C): Rule(_S.UNKNOWN),
        # our balance at Stripe was short: the approval stands, and it is sent again
        (_S.SENDING, _T.WAIT_FOR_FUNDS, _C): Rule(_S.APPROVED),
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
        _T.ASK: "ask about this payout",
        _T.ANSWER: "answer for this payout",
        _T.APPEAL: "ask for a second look at this payout",
        _T.GIVE_BACK: "send this money back to the platform",
        _T.UNDO: "take back this approval",
        _T.SEND: "send this payout",
        _T.RECORD_TRANSFER: "record a transfer",
        _T.RECORD_REFUSAL: "record a refusal",
        _T.LOSE_TRACK: "lose track of this payout",
        _T.WAIT_FOR_FUNDS: "wait for funds for this payout",
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


def refuse_unless_low(facts: Facts, risks: Sequence[str]) -> None:
    """What may be approved together with others: no reason to look closer, one pair of eyes, no word of the actor's.

    `risks` name the reasons of some weight that stand now; they are said as they are.
    """
    wants = [
        *risks,
        *(["two admins have to approve"] if approvals_needed(facts.amount, facts.limit_minor) > 1 else []),
        *(["the actor asks for a second look"] if facts.is_appealed else []),
        *(["the actor has answered a question"] if facts.is_asked else []),
        *facts.blocks[:1],
    ]
    if wants:
        raise NotLow(f"It needs a look of its own: {', '.join(wants)}.")
