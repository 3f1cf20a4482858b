"""The life of a booking as one table: state x step x party -> the next state, its deadline and what must follow."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final

from marketplace.domain import booking_deadline as deadline
from marketplace.domain.booking_deadline import NO_SHOW_AFTER, PAY_AT_LEAST, TooLate
from marketplace.domain.booking_state import ENDED, OCCUPYING, Effect, Party, State, Step
from marketplace.domain.booking_text import DOING, WHERE, WHO
from marketplace.domain.errors import Conflict, Forbidden, Refused

__all__ = [
    "ENDED",
    "MOST_COUNTERS",
    "OCCUPYING",
    "TABLE",
    "Effect",
    "Facts",
    "NotReady",
    "Party",
    "Rule",
    "State",
    "Step",
    "TooEarly",
    "TooLate",
    "Transition",
    "can_take",
    "steps_due",
    "take_step",
]

MOST_COUNTERS: Final = 6
"""Counter-offers by both sides together; after that the other side accepts or lets go."""


class TooEarly(Refused):
    """The clock asked before it was time: harmless, and how a timer that fires twice does nothing."""

    code = "too_early"


class NotReady(Refused):
    """Something else has to happen first."""

    code = "not_ready"


@dataclass(frozen=True, slots=True)
class Facts:
    """All that the table's guards look at. Times are UTC instants; `starts_at`-`ends_at` is the slot.

    `takes` counts the takes that arrived whole since the last delivery or request for changes. `pencils_ahead` counts
    pencils of others on the same time that rank before this booking. `claimed_by` is the side whose proposal or report
    waits for an answer. `says_yes` is false while the actor has not said yes to what the request asks of them.
    """

    state: State
    starts_at: datetime
    ends_at: datetime
    deadline_at: datetime | None
    has_grant: bool = False
    takes: int = 0
    pickups_left: int = 0
    is_pencil: bool = False
    is_extra: bool = False
    says_yes: bool = True
    is_extended: bool = False
    counters: int = 0
    pencils_ahead: int = 0
    is_challenger: bool = False
    claimed_by: Party | None = None


Timer = Callable[[Facts, datetime], datetime | None]
Guard = Callable[[Facts, datetime], None]


@dataclass(frozen=True, slots=True)
class Rule:
    """One line of the table: where the step leads, the deadline there, what must hold before, what follows."""

    after: State
    timer: Timer
    effects: tuple[Effect, ...] = ()
    guards: tuple[Guard, ...] = ()


@dataclass(frozen=True, slots=True)
class Transition:
    """A step that is allowed: write `after` and `deadline_at` if the row is still in `before`, then the effects."""

    before: State
    after: State
    deadline_at: datetime | None
    effects: tuple[Effect, ...]


# deadlines ---------------------------------------------------------------------------------------


def _never(facts: Facts, now: datetime) -> datetime | None:
    return None


def _same(facts: Facts, now: datetime) -> datetime | None:
    return facts.deadline_at


def _answer(facts: Facts, now: datetime) -> datetime | None:
    return now + deadline.ANSWER_WITHIN if facts.is_extra else deadline.answer_deadline(facts.starts_at, now)


def _extension(facts: Facts, now: datetime) -> datetime | None:
    return deadline.extended_deadline(facts.deadline_at or now, facts.starts_at, now)


def _payment(facts: Facts, now: datetime) -> datetime | None:
    return now + deadline.PAY_WITHIN if facts.is_extra else deadline.payment_deadline(facts.starts_at, now)


def _pencil(facts: Facts, now: datetime) -> datetime | None:
    return deadline.pencil_deadline(facts.starts_at, now)


def _challenge(facts: Facts, now: datetime) -> datetime | None:
    # a challenge never gives more time than there was
    return min(deadline.challenge_deadline(facts.starts_at, now), deadline.pencil_deadline(facts.starts_at, now))


def _promotion(facts: Facts, now: datetime) -> datetime | None:
    # whoever pushed the one before out must use the place as quickly
    return _challenge(facts, now) if facts.is_challenger else _pencil(facts, now)


def _start(facts: Facts, now: datetime) -> datetime | None:
    return None if facts.is_extra else facts.starts_at


def _new_time(facts: Facts, now: datetime) -> datetime | None:
    return deadline.new_time_deadline(facts.starts_at, now)


def _delivery(facts: Facts, now: datetime) -> datetime | None:
    return max(facts.ends_at, now) + deadline.DELIVER_WITHIN


def _after(span: timedelta) -> Timer:
    return lambda facts, now: now + span


# guards ------------------------------------------------------------------------------------------


def _due(facts: Facts, now: datetime) -> None:
    if facts.deadline_at is None or now < facts.deadline_at:
        raise TooEarly("It is not time for this yet. Nothing was changed.")


def _in_time(facts: Facts, now: datetime) -> None:
    if facts.deadline_at is not None and now >= facts.deadline_at:
        raise TooLate("The time for this has passed. Nothing was changed.")


def _can_still_be_paid(facts: Facts, now: datetime) -> None:
    if not facts.is_extra and facts.starts_at - now < 2 * PAY_AT_LEAST:
        raise TooLate("The session starts too soon to be accepted and paid for. Nothing was booked.")


def _can_be_sent(facts: Facts, now: datetime) -> None:
    deadline.check_request(facts.starts_at, now)


def _before_end(facts: Facts, now: datetime) -> None:
    if not facts.is_extra and now >= facts.ends_at:
        raise TooLate("The booked time is over. The payment is returned in full.")


def _before_start(facts: Facts, now: datetime) -> None:
    if now >= facts.starts_at:
        raise TooLate("The booked time has begun, so it can no longer be cancelled here. Nothing was changed.")


def _time_ahead(facts: Facts, now: datetime) -> None:
    if now >= facts.starts_at:
        raise TooLate("This time has already begun. Nothing was changed.")


def _begun(facts: Facts, now: datetime) -> None:
    if now < facts.starts_at + NO_SHOW_AFTER:
        raise TooEarly("Give the other side 15 minutes from the start of the booked time. Nothing was changed.")


def _nothing_delivered(facts: Facts, now: datetime) -> None:
    if facts.takes:
        raise NotReady("There are takes already, so both sides were there. You can open a dispute instead.")


def _signed(facts: Facts, now: datetime) -> None:
    if not facts.has_grant:
        raise NotReady("The actor has not signed the consent for this use yet, so the session cannot start.")


def _unsigned(facts: Facts, now: datetime) -> None:
    if facts.has_grant:
        raise NotReady("The consent is signed, so the session goes ahead.")


def _some_take(facts: Facts, now: datetime) -> None:
    if facts.takes < 1:
        raise NotReady("There is no new take to deliver yet. Upload at least one first.")


def _pickups_left(facts: Facts, now: datetime) -> None:
    if facts.pickups_left < 1:
        raise NotReady("All rounds of pick-ups in the quote are used. You can accept the takes or dispute them.")


def _says_yes(facts: Facts, now: datetime) -> None:
    if not facts.says_yes:
        raise NotReady("Say yes to what this request asks of you first. Nothing was booked.")


def _no_pencil_ahead(facts: Facts, now: datetime) -> None:
    if facts.pencils_ahead:
        raise NotReady("An earlier pencil on this time has to be confirmed or dropped first. Nothing was booked.")


def _some_pencil_ahead(facts: Facts, now: datetime) -> None:
    if not facts.pencils_ahead:
        raise NotReady("Yours is the first pencil: you can confirm it. Nothing was changed.")


def _is_first(facts: Facts, now: datetime) -> None:
    if facts.pencils_ahead:
        raise NotReady("This pencil is not the first. Nothing was changed.")


def _not_pencil(facts: Facts, now: datetime) -> None:
    if facts.is_pencil:
        raise NotReady("A pencil was asked for: give the pencil, or decline. Nothing was booked.")


def _not_extra(facts: Facts, now: datetime) -> None:
    if facts.is_extra:
        raise NotReady("A change order follows its booking. Nothing was changed.")


def _only_extra(facts: Facts, now: datetime) -> None:
    if not facts.is_extra:
        raise NotReady("This is not a change order. Nothing was changed.")


def _not_extended(facts: Facts, now: datetime) -> None:
    if facts.is_extended:
        raise NotReady("The time to answer has been extended once already. Nothing was changed.")


def _counters_left(facts: Facts, now: datetime) -> None:
    if facts.counters >= MOST_COUNTERS:
        raise NotReady(f"There have been {MOST_COUNTERS} counter-offers: accept the last one, or let it go.")


def _claimed_by(party: Party) -> Guard:
    def check(facts: Facts, now: datetime) -> None:
        if facts.claimed_by != party:
            raise Forbidden(f"Only what {WHO[party]} put forward can be answered so. Nothing was changed.")

    return check


# the table ---------------------------------------------------------------------------------------

_P, _A, _D, _C = Party.PLATFORM, Party.ACTOR, Party.ADMIN, Party.CLOCK
_S, _T, _E = State, Step, Effect
_BOTH = (_E.NOTIFY_PLATFORM, _E.NOTIFY_ACTOR)
_CALLED_OFF = (_E.CLOSE_CHECKOUT, *_BOTH)
_PAID_BACK = (_E.REFUND_ALL, *_BOTH)
_LET_DOWN = (_E.REFUND_ALL, _E.STRIKE_ACTOR, *_BOTH)
_DONE = (_E.CREATE_PAYOUT, *_BOTH)

_approved = Rule(_S.COMPLETED, _never, _DONE)
_disputed = Rule(_S.DISPUTED, _after(deadline.SETTLE_WITHIN), (*_BOTH, _E.NOTIFY_ADMIN))
_delivered = Rule(_S.DELIVERED, _after(deadline.APPROVE_WITHIN), (_E.NOTIFY_PLATFORM,), (_some_take,))
_admin_stop = Rule(_S.CANCELLED, _never, _PAID_BACK)
_dropped_extra = Rule(_S.WITHDRAWN, _never, _BOTH, (_only_extra,))
_expired = Rule(_S.EXPIRED, _never, _BOTH, (_due,))

_platform_cancel = Rule(_S.CANCELLED, _never, (_E.REFUND_BY_POLICY, _E.NOTIFY_ACTOR), (_not_extra, _before_start))
_actor_cancel = Rule(
    _S.CANCELLED, _never, (_E.REFUND_ALL, _E.STRIKE_ACTOR, _E.NOTIFY_PLATFORM), (_not_extra, _before_start)
)


def _accepting(tell: Effect, *guards: Guard) -> Rule:
    return Rule(
        _S.ACCEPTED, _payment, (_E.OPEN_CHECKOUT, tell), (*guards, _in_time, _can_still_be_paid, _no_pencil_ahead)
    )


def _proposing(tell: Effect) -> Rule:
    return Rule(_S.RESCHEDULING, _new_time, (tell,), (_not_extra, _before_start))


def _agreeing(proposer: Party, tell: Effect) -> Rule:
    return Rule(_S.CONFIRMED, _start, (tell,), (_claimed_by(proposer), _in_time, _time_ahead))


def _claiming(tell: Effect) -> Rule:
    return Rule(_S.NO_SHOW_CLAIMED, _after(deadline.CONTEST_WITHIN), (tell,), (_begun, _nothing_delivered))


def _contesting(claimant: Party) -> Rule:
    return Rule(_S.DISPUTED, _after(deadline.SETTLE_WITHIN), (*_BOTH, _E.NOTIFY_ADMIN), (_claimed_by(claimant),))


def _taking_back(claimant: Party, tell: Effect) -> Rule:
    return Rule(_S.IN_SESSION, _delivery, (tell,), (_claimed_by(claimant),))


TABLE: Final[Mapping[tuple[State, Step, Party], Rule]] = MappingProxyType(
    {
        # written, not sent
        (_S.DRAFT, _T.SEND, _P): Rule(_S.REQUESTED, _answer, (_E.NOTIFY_ACTOR,), (_can_be_sent,)),
        (_S.DRAFT, _T.DISCARD, _P): Rule(_S.WITHDRAWN, _never),
        (_S.DRAFT, _T.EXPIRE, _C): Rule(_S.EXPIRED, _never, (_E.NOTIFY_PLATFORM,), (_due,)),
        # waiting for the actor's answer
        (_S.REQUESTED, _T.ACCEPT, _A): _accepting(_E.NOTIFY_PLATFORM, _not_pencil, _says_yes),
        (_S.REQUESTED, _T.PENCIL, _A): Rule(
            _S.PENCILLED, _pencil, (_E.NOTIFY_PLATFORM,), (_not_extra, _in_time, _can_still_be_paid, _says_yes)
        ),
        (_S.REQUESTED, _T.COUNTER, _A): Rule(
            _S.COUNTERED, _answer, (_E.NOTIFY_PLATFORM,), (_not_pencil, _in_time, _counters_left)
        ),
        (_S.REQUESTED, _T.EXTEND, _A): Rule(
            _S.REQUESTED, _extension, (_E.NOTIFY_PLATFORM,), (_not_extra, _in_time, _not_extended)
        ),
        (_S.REQUESTED, _T.DECLINE, _A): Rule(_S.DECLINED, _never, (_E.NOTIFY_PLATFORM,)),
        (_S.REQUESTED, _T.WITHDRAW, _P): Rule(_S.WITHDRAWN, _never, (_E.NOTIFY_ACTOR,)),
        (_S.REQUESTED, _T.EXPIRE, _C): _expired,
        (_S.REQUESTED, _T.CANCEL, _D): Rule(_S.CANCELLED, _never, _BOTH),
        (_S.REQUESTED, _T.DROP_EXTRA, _C): _dropped_extra,
        # waiting for the platform's answer to the actor's terms
        (_S.COUNTERED, _T.ACCEPT, _P): _accepting(_E.NOTIFY_ACTOR),
        (_S.COUNTERED, _T.COUNTER, _P): Rule(_S.REQUESTED, _answer, (_E.NOTIFY_ACTOR,), (_in_time, _counters_left)),
        (_S.COUNTERED, _T.WITHDRAW, _P): Rule(_S.WITHDRAWN, _never, (_E.NOTIFY_ACTOR,)),
        (_S.COUNTERED, _T.DECLINE, _A): Rule(_S.DECLINED, _never, (_E.NOTIFY_PLATFORM,)),
        (_S.COUNTERED, _T.EXPIRE, _C): _expired,
        (_S.COUNTERED, _T.CANCEL, _D): Rule(_S.CANCELLED, _never, _BOTH),
        (_S.COUNTERED, _T.DROP_EXTRA, _C): _dropped_extra,
        # a ranked hold that costs nothing; the first may confirm it at any time
        (_S.PENCILLED, _T.FIRM_UP, _P): _accepting(_E.NOTIFY_ACTOR),
        (_S.PENCILLED, _T.CHALLENGE, _P): Rule(_S.PENCILLED, _same, (_E.NOTIFY_ACTOR,), (_in_time, _some_pencil_ahead)),
        (_S.PENCILLED, _T.FACE_CHALLENGE, _C): Rule(
            _S.PENCILLED, _challenge, (_E.NOTIFY_PLATFORM,), (_in_time, _is_first)
        ),
        (_S.PENCILLED, _T.MOVE_UP, _C): Rule(_S.PENCILLED, _promotion, (_E.NOTIFY_PLATFORM,), (_in_time, _is_first)),
        (_S.PENCILLED, _T.WITHDRAW, _P): Rule(_S.WITHDRAWN, _never, (_E.NOTIFY_ACTOR,)),
        (_S.PENCILLED, _T.DECLINE, _A): Rule(_S.DECLINED, _never, (_E.NOTIFY_PLATFORM,)),
        (_S.PENCILLED, _T.EXPIRE, _C): _expired,
        (_S.PENCILLED, _T.CANCEL, _D): Rule(_S.CANCELLED, _never, _BOTH),
        # held for the platform, waiting for its payment; only a verified payment confirms, hence the clock
        (_S.ACCEPTED, _T.CONFIRM, _C): Rule(_S.CONFIRMED, _start, _BOTH, (_before_end,)),
        (_S.ACCEPTED, _T.WITHDRAW, _P): Rule(_S.WITHDRAWN, _never, (_E.CLOSE_CHECKOUT, _E.NOTIFY_ACTOR)),
        (_S.ACCEPTED, _T.CANCEL, _A): Rule(_S.CANCELLED, _never, (_E.STRIKE_ACTOR, *_CALLED_OFF)),
        (_S.ACCEPTED, _T.CANCEL, _D): Rule(_S.CANCELLED, _never, _CALLED_OFF),
        (_S.ACCEPTED, _T.LAPSE, _C): Rule(_S.LAPSED, _never, _CALLED_OFF, (_due,)),
        (_S.ACCEPTED, _T.DROP_EXTRA, _C): Rule(_S.WITHDRAWN, _never, _CALLED_OFF, (_only_extra,)),
        # paid; waiting for the start
        (_S.CONFIRMED, _T.START, _C): Rule(_S.IN_SESSION, _delivery, _BOTH, (_due, _signed)),
        (_S.CONFIRMED, _T.START, _P): Rule(_S.IN_SESSION, _delivery, (_E.NOTIFY_ACTOR,), (_not_extra, _signed)),
        (_S.CONFIRMED, _T.STOP_UNSIGNED, _C): Rule(_S.CANCELLED, _never, _PAID_BACK, (_due, _unsigned)),
        (_S.CONFIRMED, _T.PROPOSE_TIME, _P): _proposing(_E.NOTIFY_ACTOR),
        (_S.CONFIRMED, _T.PROPOSE_TIME, _A): _proposing(_E.NOTIFY_PLATFORM),
        (_S.CONFIRMED, _T.CANCEL, _P): _platform_cancel,
        (_S.CONFIRMED, _T.CANCEL, _A): _actor_cancel,
        (_S.CONFIRMED, _T.CANCEL, _D): _admin_stop,
        (_S.CONFIRMED, _T.CLOSE_EXTRA, _C): Rule(_S.COMPLETED, _never, _DONE, (_only_extra,)),
        (_S.CONFIRMED, _T.SPLIT_EXTRA, _C): Rule(_S.COMPLETED, _never, (_E.REFUND_PART, *_DONE), (_only_extra,)),
        (_S.CONFIRMED, _T.DROP_EXTRA, _C): Rule(_S.CANCELLED, _never, _PAID_BACK, (_only_extra,)),
        # paid and held, while the two sides talk about another time
        (_S.RESCHEDULING, _T.AGREE_TIME, _A): _agreeing(_P, _E.NOTIFY_PLATFORM),
        (_S.RESCHEDULING, _T.AGREE_TIME, _P): _agreeing(_A, _E.NOTIFY_ACTOR),
        (_S.RESCHEDULING, _T.KEEP_TIME, _A): Rule(_S.CONFIRMED, _start, (_E.NOTIFY_PLATFORM,)),
        (_S.RESCHEDULING, _T.KEEP_TIME, _P): Rule(_S.CONFIRMED, _start, (_E.NOTIFY_ACTOR,)),
        (_S.RESCHEDULING, _T.KEEP_TIME, _C): Rule(_S.CONFIRMED, _start, _BOTH, (_due,)),
        (_S.RESCHEDULING, _T.CANCEL, _P): _platform_cancel,
        (_S.RESCHEDULING, _T.CANCEL, _A): _actor_cancel,
        (_S.RESCHEDULING, _T.CANCEL, _D): _admin_stop,
        # under way
        (_S.IN_SESSION, _T.DELIVER, _A): _delivered,
        (_S.IN_SESSION, _T.STOP_UNDELIVERED, _C): Rule(_S.CANCELLED, _never, _LET_DOWN, (_due,)),
        (_S.IN_SESSION, _T.CLAIM_NO_SHOW, _P): _claiming(_E.NOTIFY_ACTOR),
        (_S.IN_SESSION, _T.CLAIM_NO_SHOW, _A): _claiming(_E.NOTIFY_PLATFORM),
        (_S.IN_SESSION, _T.DISPUTE, _P): _disputed,
        (_S.IN_SESSION, _T.DISPUTE, _A): _disputed,
        (_S.IN_SESSION, _T.CANCEL, _D): _admin_stop,
        # one side reported the other missing; silence agrees
        (_S.NO_SHOW_CLAIMED, _T.CONTEST, _A): _contesting(_P),
        (_S.NO_SHOW_CLAIMED, _T.CONTEST, _P): _contesting(_A),
        (_S.NO_SHOW_CLAIMED, _T.TAKE_BACK, _P): _taking_back(_P, _E.NOTIFY_ACTOR),
        (_S.NO_SHOW_CLAIMED, _T.TAKE_BACK, _A): _taking_back(_A, _E.NOTIFY_PLATFORM),
        (_S.NO_SHOW_CLAIMED, _T.CONCEDE, _A): Rule(_S.CANCELLED, _never, _LET_DOWN, (_claimed_by(_P),)),
        (_S.NO_SHOW_CLAIMED, _T.CONCEDE, _P): Rule(_S.COMPLETED, _never, _DONE, (_claimed_by(_A),)),
        (_S.NO_SHOW_CLAIMED, _T.STOP_ABSENT, _C): Rule(_S.CANCELLED, _never, _LET_DOWN, (_due, _claimed_by(_P))),
        (_S.NO_SHOW_CLAIMED, _T.CLOSE_ABSENT, _C): Rule(_S.COMPLETED, _never, _DONE, (_due, _claimed_by(_A))),
        (_S.NO_SHOW_CLAIMED, _T.CANCEL, _D): _admin_stop,
        # takes delivered, waiting for the platform
        (_S.DELIVERED, _T.APPROVE, _P): _approved,
        (_S.DELIVERED, _T.APPROVE, _C): Rule(_S.COMPLETED, _never, _DONE, (_due,)),
        (_S.DELIVERED, _T.REQUEST_CHANGES, _P): Rule(
            _S.CHANGES_REQUESTED, _after(deadline.PICKUPS_WITHIN), (_E.NOTIFY_ACTOR,), (_pickups_left,)
        ),
        (_S.DELIVERED, _T.DISPUTE, _P): _disputed,
        # pick-ups asked for, waiting for the actor
        (_S.CHANGES_REQUESTED, _T.DELIVER, _A): _delivered,
        (_S.CHANGES_REQUESTED, _T.APPROVE, _P): _approved,
        (_S.CHANGES_REQUESTED, _T.DISPUTE, _P): _disputed,
        (_S.CHANGES_REQUESTED, _T.DISPUTE, _A): _disputed,
        (_S.CHANGES_REQUESTED, _T.DISPUTE, _C): Rule(
            _S.DISPUTED, _after(deadline.SETTLE_WITHIN), (*_BOTH, _E.NOTIFY_ADMIN), (_due,)
        ),
        # for an admin to settle
        (_S.DISPUTED, _T.RELEASE, _D): _approved,
        (_S.DISPUTED, _T.SPLIT, _D): Rule(_S.COMPLETED, _never, (_E.REFUND_PART, *_DONE)),
        (_S.DISPUTED, _T.REFUND, _D): _admin_stop,
        (_S.DISPUTED, _T.ESCALATE, _C): Rule(_S.DISPUTED, _after(deadline.SETTLE_WITHIN), (_E.NOTIFY_ADMIN,), (_due,)),
    }
)
"""Every step there is. What is not here is refused."""

_BY_EVENT: Final = frozenset({_T.CONFIRM, _T.FACE_CHALLENGE, _T.MOVE_UP, _T.CLOSE_EXTRA, _T.SPLIT_EXTRA, _T.DROP_EXTRA})
"""What the clock's side does because something else happened, not because a deadline passed."""


def take_step(facts: Facts, step: Step, party: Party, now: datetime) -> Transition:
    """Where `step` by `party` leads; refuses, in a sentence, what the table or a guard does not let by."""
    rule = TABLE.get((facts.state, step, party))
    if rule is None:
        raise _refusal(facts.state, step, party)
    for guard in rule.guards:
        guard(facts, now)
    return Transition(facts.state, rule.after, rule.timer(facts, now), rule.effects)


def can_take(facts: Facts, step: Step, party: Party, now: datetime) -> bool:
    """Whether `take_step` would allow it: what a page asks before it shows a button."""
    try:
        take_step(facts, step, party, now)
    except Refused:
        return False
    return True


def steps_due(facts: Facts) -> tuple[Step, ...]:
    """What the clock should try, in order, once the deadline of this state has passed."""
    return tuple(
        step for (state, step, party) in TABLE if state == facts.state and party == _C and step not in _BY_EVENT
    )


def _refusal(state: State, step: Step, party: Party) -> Refused:
    able = [WHO[p] for p in Party if (state, step, p) in TABLE]
    if able:
        return Forbidden(f"Only {' or '.join(able)} can {DOING[step]} now. Nothing was changed.")
    return Conflict(f"You cannot {DOING[step]} now: {WHERE[state]}. Nothing was changed.")
