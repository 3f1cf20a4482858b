"""The life of a booking as one table: state x step x party -> the next state, its deadline and what must follow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Final

from marketplace.domain import booking_deadline as deadline
from marketplace.domain import booking_guard as guard
from marketplace.domain import booking_timer as timer
from marketplace.domain.booking_deadline import TooLate
from marketplace.domain.booking_facts import MOST_COUNTERS, Facts, NotReady, TooEarly
from marketplace.domain.booking_guard import Guard
from marketplace.domain.booking_state import ENDED, OCCUPYING, Effect, Party, State, Step
from marketplace.domain.booking_text import DOING, WHERE, WHO
from marketplace.domain.booking_timer import Timer
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


# the table ---------------------------------------------------------------------------------------

_P, _A, _D, _C = Party.PLATFORM, Party.ACTOR, Party.ADMIN, Party.CLOCK
_S, _T, _E = State, Step, Effect
_BOTH = (_E.NOTIFY_PLATFORM, _E.NOTIFY_ACTOR)
_CALLED_OFF = (_E.CLOSE_CHECKOUT, *_BOTH)
_PAID_BACK = (_E.REFUND_ALL, *_BOTH)
_LET_DOWN = (_E.REFUND_ALL, _E.STRIKE_ACTOR, *_BOTH)
_DONE = (_E.CREATE_PAYOUT, *_BOTH)

_approved = Rule(_S.COMPLETED, timer.never, _DONE)
_disputed = Rule(_S.DISPUTED, timer.after(deadline.SETTLE_WITHIN), (*_BOTH, _E.NOTIFY_ADMIN), (guard.in_time,))
_delivered = Rule(
    _S.DELIVERED, timer.after(deadline.APPROVE_WITHIN), (_E.NOTIFY_PLATFORM,), (guard.in_time, guard.some_take)
)
_admin_stop = Rule(_S.CANCELLED, timer.never, _PAID_BACK)
_dropped_extra = Rule(_S.WITHDRAWN, timer.never, _BOTH, (guard.only_extra,))
_countering = (guard.not_extra, guard.in_time, guard.counters_left)
_expired = Rule(_S.EXPIRED, timer.never, _BOTH, (guard.due,))

_platform_cancel = Rule(
    _S.CANCELLED, timer.never, (_E.REFUND_BY_POLICY, _E.NOTIFY_ACTOR), (guard.not_extra, guard.before_start)
)
_actor_cancel = Rule(
    _S.CANCELLED,
    timer.never,
    (_E.REFUND_ALL, _E.STRIKE_ACTOR, _E.NOTIFY_PLATFORM),
    (guard.not_extra, guard.before_start),
)


def _accepting(tell: Effect, *guards: Guard) -> Rule:
    return Rule(
        _S.ACCEPTED,
        timer.payment,
        (_E.OPEN_CHECKOUT, tell),
        (*guards, guard.in_time, guard.can_still_be_paid, guard.no_pencil_ahead),
    )


def _proposing(tell: Effect) -> Rule:
    return Rule(_S.RESCHEDULING, timer.new_time, (tell,), (guard.not_extra, guard.before_start))


def _agreeing(proposer: Party, tell: Effect) -> Rule:
    return Rule(_S.CONFIRMED, timer.start, (tell,), (guard.claimed_by(proposer), guard.in_time, guard.time_ahead))


def _charged(state: State, deadline_of: Timer) -> Rule:
    return Rule(state, deadline_of, (_E.NOTIFY_PLATFORM,), (guard.charged,))


def _asking_payment(state: State, deadline_of: Timer) -> Rule:
    return Rule(state, deadline_of, (_E.NOTIFY_PLATFORM,), (guard.uncharged,))


def _claiming(tell: Effect) -> Rule:
    return Rule(
        _S.NO_SHOW_CLAIMED,
        timer.after(deadline.CONTEST_WITHIN),
        (tell,),
        (guard.in_time, guard.begun, guard.nothing_delivered),
    )


def _contesting(claimant: Party) -> Rule:
    return Rule(
        _S.DISPUTED,
        timer.after(deadline.SETTLE_WITHIN),
        (*_BOTH, _E.NOTIFY_ADMIN),
        (guard.claimed_by(claimant), guard.in_time),
    )


def _taking_back(claimant: Party, tell: Effect) -> Rule:
    to_deliver = timer.own_delivery if claimant == _A else timer.delivery
    return Rule(_S.IN_SESSION, to_deliver, (tell,), (guard.claimed_by(claimant), guard.in_time))


TABLE: Final[Mapping[tuple[State, Step, Party], Rule]] = MappingProxyType(
    {
        # written, not sent
        (_S.DRAFT, _T.SEND, _P): Rule(_S.REQUESTED, timer.answer, (_E.NOTIFY_ACTOR,), (guard.can_be_sent,)),
        (_S.DRAFT, _T.DISCARD, _P): Rule(_S.WITHDRAWN, timer.never),
        (_S.DRAFT, _T.EXPIRE, _C): Rule(_S.EXPIRED, timer.never, (_E.NOTIFY_PLATFORM,), (guard.due,)),
        # waiting for the actor's answer
        (_S.REQUESTED, _T.ACCEPT, _A): _accepting(_E.NOTIFY_PLATFORM, guard.not_pencil, guard.says_yes),
        (_S.REQUESTED, _T.PENCIL, _A): Rule(
            _S.PENCILLED,
            timer.pencil,
            (_E.NOTIFY_PLATFORM,),
            (guard.not_extra, guard.in_time, guard.can_still_be_paid, guard.says_yes),
        ),
        (_S.REQUESTED, _T.COUNTER, _A): Rule(
            _S.COUNTERED,
            timer.answer,
            (_E.NOTIFY_PLATFORM,),
            (guard.not_pencil, guard.says_yes, *_countering),
        ),
        (_S.REQUESTED, _T.EXTEND, _A): Rule(
            _S.REQUESTED,
            timer.extension,
            (_E.NOTIFY_PLATFORM,),
            (guard.not_extra, guard.in_time, guard.not_extended, guard.gains_time),
        ),
        (_S.REQUESTED, _T.DECLINE, _A): Rule(_S.DECLINED, timer.never, (_E.NOTIFY_PLATFORM,)),
        (_S.REQUESTED, _T.WITHDRAW, _P): Rule(_S.WITHDRAWN, timer.never, (_E.NOTIFY_ACTOR,)),
        (_S.REQUESTED, _T.EXPIRE, _C): _expired,
        (_S.REQUESTED, _T.CANCEL, _D): Rule(_S.CANCELLED, timer.never, _BOTH),
        (_S.REQUESTED, _T.DROP_EXTRA, _C): _dropped_extra,
        # waiting for the platform's answer to the actor's terms
        (_S.COUNTERED, _T.ACCEPT, _P): _accepting(_E.NOTIFY_ACTOR),
        (_S.COUNTERED, _T.COUNTER, _P): Rule(_S.REQUESTED, timer.answer, (_E.NOTIFY_ACTOR,), _countering),
        (_S.COUNTERED, _T.WITHDRAW, _P): Rule(_S.WITHDRAWN, timer.never, (_E.NOTIFY_ACTOR,)),
        (_S.COUNTERED, _T.DECLINE, _A): Rule(_S.DECLINED, timer.never, (_E.NOTIFY_PLATFORM,)),
        (_S.COUNTERED, _T.EXPIRE, _C): _expired,
        (_S.COUNTERED, _T.CANCEL, _D): Rule(_S.CANCELLED, timer.never, _BOTH),
        (_S.COUNTERED, _T.DROP_EXTRA, _C): _dropped_extra,
        # a ranked hold that costs nothing; the first may confirm it at any time
        (_S.PENCILLED, _T.FIRM_UP, _P): _accepting(_E.NOTIFY_ACTOR),
        (_S.PENCILLED, _T.CHALLENGE, _P): Rule(
            _S.PENCILLED, timer.same, (_E.NOTIFY_ACTOR,), (guard.in_time, guard.some_pencil_ahead)
        ),
        (_S.PENCILLED, _T.FACE_CHALLENGE, _C): Rule(
            _S.PENCILLED, timer.challenge, (_E.NOTIFY_PLATFORM,), (guard.in_time, guard.is_first)
        ),
        (_S.PENCILLED, _T.MOVE_UP, _C): Rule(
            _S.PENCILLED, timer.promotion, (_E.NOTIFY_PLATFORM,), (guard.in_time, guard.is_first)
        ),
        (_S.PENCILLED, _T.WITHDRAW, _P): Rule(_S.WITHDRAWN, timer.never, (_E.NOTIFY_ACTOR,)),
        (_S.PENCILLED, _T.DECLINE, _A): Rule(_S.DECLINED, timer.never, (_E.NOTIFY_PLATFORM,)),
        (_S.PENCILLED, _T.EXPIRE, _C): _expired,
        (_S.PENCILLED, _T.CANCEL, _D): Rule(_S.CANCELLED, timer.never, _BOTH),
        # held for the platform, waiting for its payment; only a verified payment confirms, hence the clock
        (_S.ACCEPTED, _T.CONFIRM, _C): Rule(_S.CONFIRMED, timer.start, _BOTH, (guard.before_end,)),
        (_S.ACCEPTED, _T.SAVE_CARD, _C): Rule(_S.CONFIRMED, timer.start, _BOTH, (guard.before_end,)),
        (_S.ACCEPTED, _T.WITHDRAW, _P): Rule(_S.WITHDRAWN, timer.never, (_E.CLOSE_CHECKOUT, _E.NOTIFY_ACTOR)),
        (_S.ACCEPTED, _T.CANCEL, _A): Rule(
            _S.CANCELLED, timer.never, (_E.STRIKE_ACTOR, *_CALLED_OFF), (guard.in_time,)
        ),
        (_S.ACCEPTED, _T.CANCEL, _D): Rule(_S.CANCELLED, timer.never, _CALLED_OFF),
        (_S.ACCEPTED, _T.LAPSE, _C): Rule(_S.LAPSED, timer.never, _CALLED_OFF, (guard.due,)),
        (_S.ACCEPTED, _T.DROP_EXTRA, _C): Rule(_S.WITHDRAWN, timer.never, _CALLED_OFF, (guard.only_extra,)),
        # a card is saved: charged near the start, or paid by hand where the bank refuses, or else called off
        (_S.CONFIRMED, _T.CHARGE, _C): _charged(_S.CONFIRMED, timer.start),
        (_S.CONFIRMED, _T.ASK_PAYMENT, _C): _asking_payment(_S.CONFIRMED, timer.start),
        (_S.CONFIRMED, _T.STOP_UNPAID, _C): Rule(_S.CANCELLED, timer.never, _PAID_BACK, (guard.due, guard.uncharged)),
        # paid; waiting for the start
        (_S.CONFIRMED, _T.START, _C): Rule(
            _S.IN_SESSION, timer.delivery, _BOTH, (guard.due, guard.charged, guard.signed)
        ),
        (_S.CONFIRMED, _T.START, _P): Rule(
            _S.IN_SESSION, timer.delivery, (_E.NOTIFY_ACTOR,), (guard.not_extra, guard.charged, guard.signed)
        ),
        (_S.CONFIRMED, _T.STOP_UNSIGNED, _C): Rule(_S.CANCELLED, timer.never, _PAID_BACK, (guard.due, guard.unsigned)),
        (_S.CONFIRMED, _T.PROPOSE_TIME, _P): _proposing(_E.NOTIFY_ACTOR),
        (_S.CONFIRMED, _T.PROPOSE_TIME, _A): _proposing(_E.NOTIFY_PLATFORM),
        (_S.CONFIRMED, _T.CANCEL, _P): _platform_cancel,
        (_S.CONFIRMED, _T.CANCEL, _A): _actor_cancel,
        (_S.CONFIRMED, _T.CANCEL, _D): _admin_stop,
        (_S.CONFIRMED, _T.CLOSE_EXTRA, _C): Rule(_S.COMPLETED, timer.never, _DONE, (guard.only_extra,)),
        (_S.CONFIRMED, _T.SPLIT_EXTRA, _C): Rule(
            _S.COMPLETED, timer.never, (_E.REFUND_PART, *_DONE), (guard.only_extra,)
        ),
        (_S.CONFIRMED, _T.DROP_EXTRA, _C): Rule(_S.CANCELLED, timer.never, _PAID_BACK, (guard.only_extra,)),
        # paid and held, while the two sides talk about another time
        (_S.RESCHEDULING, _T.CHARGE, _C): _charged(_S.RESCHEDULING, timer.same),
        (_S.RESCHEDULING, _T.ASK_PAYMENT, _C): _asking_payment(_S.RESCHEDULING, timer.same_or_paid),
        (_S.RESCHEDULING, _T.AGREE_TIME, _A): _agreeing(_P, _E.NOTIFY_PLATFORM),
        (_S.RESCHEDULING, _T.AGREE_TIME, _P): _agreeing(_A, _E.NOTIFY_ACTOR),
        (_S.RESCHEDULING, _T.KEEP_TIME, _A): Rule(_S.CONFIRMED, timer.start, (_E.NOTIFY_PLATFORM,)),
        (_S.RESCHEDULING, _T.KEEP_TIME, _P): Rule(_S.CONFIRMED, timer.start, (_E.NOTIFY_ACTOR,)),
        (_S.RESCHEDULING, _T.KEEP_TIME, _C): Rule(_S.CONFIRMED, timer.start, _BOTH, (guard.due,)),
        (_S.RESCHEDULING, _T.CANCEL, _P): _platform_cancel,
        (_S.RESCHEDULING, _T.CANCEL, _A): _actor_cancel,
        (_S.RESCHEDULING, _T.CANCEL, _D): _admin_stop,
        # under way
        (_S.IN_SESSION, _T.DELIVER, _A): _delivered,
        (_S.IN_SESSION, _T.STOP_UNDELIVERED, _C): Rule(_S.CANCELLED, timer.never, _LET_DOWN, (guard.due,)),
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
        (_S.NO_SHOW_CLAIMED, _T.CONCEDE, _A): Rule(_S.CANCELLED, timer.never, _LET_DOWN, (guard.claimed_by(_P),)),
        (_S.NO_SHOW_CLAIMED, _T.CONCEDE, _P): Rule(_S.COMPLETED, timer.never, _DONE, (guard.claimed_by(_A),)),
        (_S.NO_SHOW_CLAIMED, _T.STOP_ABSENT, _C): Rule(
            _S.CANCELLED, timer.never, _LET_DOWN, (guard.due, guard.claimed_by(_P))
        ),
        (_S.NO_SHOW_CLAIMED, _T.CLOSE_ABSENT, _C): Rule(
            _S.COMPLETED, timer.never, _DONE, (guard.due, guard.claimed_by(_A))
        ),
        (_S.NO_SHOW_CLAIMED, _T.CANCEL, _D): _admin_stop,
        # takes delivered, waiting for the platform
        (_S.DELIVERED, _T.APPROVE, _P): _approved,
        (_S.DELIVERED, _T.APPROVE, _C): Rule(_S.COMPLETED, timer.never, _DONE, (guard.due,)),
        (_S.DELIVERED, _T.REQUEST_CHANGES, _P): Rule(
            _S.CHANGES_REQUESTED,
            timer.after(deadline.PICKUPS_WITHIN),
            (_E.NOTIFY_ACTOR,),
            (guard.in_time, guard.pickups_left),
        ),
        (_S.DELIVERED, _T.DISPUTE, _P): _disputed,
        # pick-ups asked for, waiting for the actor
        (_S.CHANGES_REQUESTED, _T.DELIVER, _A): _delivered,
        (_S.CHANGES_REQUESTED, _T.APPROVE, _P): _approved,
        (_S.CHANGES_REQUESTED, _T.DISPUTE, _P): _disputed,
        (_S.CHANGES_REQUESTED, _T.DISPUTE, _A): _disputed,
        (_S.CHANGES_REQUESTED, _T.DISPUTE, _C): Rule(
            _S.DISPUTED, timer.after(deadline.SETTLE_WITHIN), (*_BOTH, _E.NOTIFY_ADMIN), (guard.due,)
        ),
        # for an admin to settle
        (_S.DISPUTED, _T.RELEASE, _D): _approved,
        (_S.DISPUTED, _T.SPLIT, _D): Rule(_S.COMPLETED, timer.never, (_E.REFUND_PART, *_DONE)),
        (_S.DISPUTED, _T.REFUND, _D): _admin_stop,
        (_S.DISPUTED, _T.ESCALATE, _C): Rule(
            _S.DISPUTED, timer.after(deadline.SETTLE_WITHIN), (_E.NOTIFY_ADMIN,), (guard.due,)
        ),
    }
)
"""Every step there is. What is not here is refused."""

_BY_EVENT: Final = frozenset(
    {
        _T.CONFIRM,
        _T.SAVE_CARD,
        _T.CHARGE,
        _T.ASK_PAYMENT,
        _T.FACE_CHALLENGE,
        _T.MOVE_UP,
        _T.CLOSE_EXTRA,
        _T.SPLIT_EXTRA,
        _T.DROP_EXTRA,
    }
)
"""What the clock's side does because something else happened, not because a deadline passed."""


def take_step(facts: Facts, step: Step, party: Party, now: datetime) -> Transition:
    """Where `step` by `party` leads; refuses, in a sentence, what the table or a guard does not let by."""
    rule = TABLE.get((facts.state, step, party))
    if rule is None:
        raise _refusal(facts.state, step, party)
    for check in rule.guards:
        check(facts, now)
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
