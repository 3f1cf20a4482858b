"""The life of a booking as one table: state x step x party -> the next state, its deadline and what must follow."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from marketplace.domain.errors import Conflict, Forbidden, Refused


class State(StrEnum):
    """Where a booking is."""

    REQUESTED = "requested"
    ACCEPTED = "accepted"
    CONFIRMED = "confirmed"
    IN_SESSION = "in_session"
    DELIVERED = "delivered"
    CHANGES_REQUESTED = "changes_requested"
    DISPUTED = "disputed"
    COMPLETED = "completed"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"
    LAPSED = "lapsed"
    CANCELLED = "cancelled"


class Step(StrEnum):
    """What can be asked of a booking."""

    ACCEPT = "accept"
    DECLINE = "decline"
    WITHDRAW = "withdraw"
    EXPIRE = "expire"
    CONFIRM = "confirm"
    LAPSE = "lapse"
    START = "start"
    STOP_UNSIGNED = "stop_unsigned"
    DELIVER = "deliver"
    STOP_UNDELIVERED = "stop_undelivered"
    REQUEST_CHANGES = "request_changes"
    APPROVE = "approve"
    DISPUTE = "dispute"
    ESCALATE = "escalate"
    RELEASE = "release"
    SPLIT = "split"
    REFUND = "refund"
    CANCEL = "cancel"


class Party(StrEnum):
    """On whose side a step is taken. The clock is time passing and facts verified from outside, never a person."""

    PLATFORM = "platform"
    ACTOR = "actor"
    ADMIN = "admin"
    CLOCK = "clock"


class Effect(StrEnum):
    """What must follow a step, done by the service in the same transaction (or enqueued in it)."""

    OPEN_CHECKOUT = "open_checkout"
    CLOSE_CHECKOUT = "close_checkout"
    REFUND_BY_POLICY = "refund_by_policy"
    REFUND_ALL = "refund_all"
    REFUND_PART = "refund_part"
    CREATE_PAYOUT = "create_payout"
    STRIKE_ACTOR = "strike_actor"
    NOTIFY_PLATFORM = "notify_platform"
    NOTIFY_ACTOR = "notify_actor"
    NOTIFY_ADMIN = "notify_admin"


OCCUPYING: Final = frozenset(
    {
        State.ACCEPTED,
        State.CONFIRMED,
        State.IN_SESSION,
        State.DELIVERED,
        State.CHANGES_REQUESTED,
        State.DISPUTED,
        State.COMPLETED,
    }
)
"""States that hold the slot: the database lets no two of one actor overlap."""

ENDED: Final = frozenset(
    {State.COMPLETED, State.DECLINED, State.WITHDRAWN, State.EXPIRED, State.LAPSED, State.CANCELLED}
)
"""States nothing leaves."""

ANSWER_WITHIN: Final = timedelta(hours=72)
ANSWER_BEFORE_START: Final = timedelta(hours=24)
PAY_WITHIN: Final = timedelta(hours=24)
PAY_AT_LEAST: Final = timedelta(minutes=30)
"""A hosted checkout cannot be given less, so nothing is accepted later than twice this before the start."""
DELIVER_WITHIN: Final = timedelta(days=7)
PICKUPS_WITHIN: Final = timedelta(days=7)
APPROVE_WITHIN: Final = timedelta(days=7)
SETTLE_WITHIN: Final = timedelta(days=14)


class TooLate(Conflict):
    """The deadline of the state, or the session's own time, has passed."""

    code = "too_late"


class TooEarly(Refused):
    """The clock asked before it was time: harmless, and how a timer that fires twice does nothing."""

    code = "too_early"


class NotReady(Refused):
    """Something else has to happen first."""

    code = "not_ready"


@dataclass(frozen=True, slots=True)
class Facts:
    """All that the table's guards look at. Times are UTC instants; `starts_at`-`ends_at` is the slot.

    `takes` counts the takes that arrived whole since the last delivery or request for changes.
    """

    state: State
    starts_at: datetime
    ends_at: datetime
    deadline_at: datetime | None
    has_grant: bool = False
    takes: int = 0
    pickups_left: int = 0


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


def answer_deadline(starts_at: datetime, now: datetime) -> datetime:
    """Until when the actor may answer a request.

    72 h, but no later than 24 h before the start; a request made less than 48 h ahead has half of the time left.
    """
    halfway = now + (starts_at - now) / 2
    return min(now + ANSWER_WITHIN, max(starts_at - ANSWER_BEFORE_START, halfway))


def payment_deadline(starts_at: datetime, now: datetime) -> datetime:
    """Until when an accepted booking is held unpaid: 24 h, or half of the time left before the start if that is less.

    Never under the half hour a hosted checkout needs, because nothing is accepted in the last hour.
    """
    return min(now + PAY_WITHIN, now + (starts_at - now) / 2)


def check_request(starts_at: datetime, now: datetime) -> datetime:
    """The answer deadline of a new request; refuses a slot too near to be answered and paid."""
    if starts_at - now < 4 * PAY_AT_LEAST:
        raise TooLate("This time is too near to be accepted and paid for. Nothing was requested.")
    return answer_deadline(starts_at, now)


def _never(facts: Facts, now: datetime) -> datetime | None:
    return None


def _payment(facts: Facts, now: datetime) -> datetime | None:
    return payment_deadline(facts.starts_at, now)


def _start(facts: Facts, now: datetime) -> datetime | None:
    return facts.starts_at


def _delivery(facts: Facts, now: datetime) -> datetime | None:
    return max(facts.ends_at, now) + DELIVER_WITHIN


def _after(span: timedelta) -> Timer:
    return lambda facts, now: now + span


def _due(facts: Facts, now: datetime) -> None:
    if facts.deadline_at is None or now < facts.deadline_at:
        raise TooEarly("It is not time for this yet. Nothing was changed.")


def _in_time(facts: Facts, now: datetime) -> None:
    if facts.deadline_at is not None and now >= facts.deadline_at:
        raise TooLate("The time for this has passed. Nothing was changed.")


def _can_still_be_paid(facts: Facts, now: datetime) -> None:
    if facts.starts_at - now < 2 * PAY_AT_LEAST:
        raise TooLate("The session starts too soon to be accepted and paid for. Nothing was booked.")


def _before_end(facts: Facts, now: datetime) -> None:
    if now >= facts.ends_at:
        raise TooLate("The booked time is over. The payment is returned in full.")


def _before_start(facts: Facts, now: datetime) -> None:
    if now >= facts.starts_at:
        raise TooLate("The booked time has begun, so it can no longer be cancelled here. Nothing was changed.")


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


_P, _A, _D, _C = Party.PLATFORM, Party.ACTOR, Party.ADMIN, Party.CLOCK
_S, _T, _E = State, Step, Effect
_BOTH = (_E.NOTIFY_PLATFORM, _E.NOTIFY_ACTOR)
_CALLED_OFF = (_E.CLOSE_CHECKOUT, *_BOTH)
_PAID_BACK = (_E.REFUND_ALL, *_BOTH)
_DONE = (_E.CREATE_PAYOUT, *_BOTH)

_approved = Rule(_S.COMPLETED, _never, _DONE)
_disputed = Rule(_S.DISPUTED, _after(SETTLE_WITHIN), (*_BOTH, _E.NOTIFY_ADMIN))
_delivered = Rule(_S.DELIVERED, _after(APPROVE_WITHIN), (_E.NOTIFY_PLATFORM,), (_some_take,))
_admin_stop = Rule(_S.CANCELLED, _never, _PAID_BACK)

TABLE: Final[Mapping[tuple[State, Step, Party], Rule]] = MappingProxyType(
    {
        # waiting for the actor's answer
        (_S.REQUESTED, _T.ACCEPT, _A): Rule(
            _S.ACCEPTED, _payment, (_E.OPEN_CHECKOUT, _E.NOTIFY_PLATFORM), (_in_time, _can_still_be_paid)
        ),
        (_S.REQUESTED, _T.DECLINE, _A): Rule(_S.DECLINED, _never, (_E.NOTIFY_PLATFORM,)),
        (_S.REQUESTED, _T.WITHDRAW, _P): Rule(_S.WITHDRAWN, _never, (_E.NOTIFY_ACTOR,)),
        (_S.REQUESTED, _T.EXPIRE, _C): Rule(_S.EXPIRED, _never, _BOTH, (_due,)),
        (_S.REQUESTED, _T.CANCEL, _D): Rule(_S.CANCELLED, _never, _BOTH),
        # held for the platform, waiting for its payment; only a verified payment confirms, hence the clock
        (_S.ACCEPTED, _T.CONFIRM, _C): Rule(_S.CONFIRMED, _start, _BOTH, (_before_end,)),
        (_S.ACCEPTED, _T.WITHDRAW, _P): Rule(_S.WITHDRAWN, _never, (_E.CLOSE_CHECKOUT, _E.NOTIFY_ACTOR)),
        (_S.ACCEPTED, _T.CANCEL, _A): Rule(_S.CANCELLED, _never, (_E.STRIKE_ACTOR, *_CALLED_OFF)),
        (_S.ACCEPTED, _T.CANCEL, _D): Rule(_S.CANCELLED, _never, _CALLED_OFF),
        (_S.ACCEPTED, _T.LAPSE, _C): Rule(_S.LAPSED, _never, _CALLED_OFF, (_due,)),
        # paid; waiting for the start
        (_S.CONFIRMED, _T.START, _C): Rule(_S.IN_SESSION, _delivery, _BOTH, (_due, _signed)),
        (_S.CONFIRMED, _T.START, _P): Rule(_S.IN_SESSION, _delivery, (_E.NOTIFY_ACTOR,), (_signed,)),
        (_S.CONFIRMED, _T.STOP_UNSIGNED, _C): Rule(_S.CANCELLED, _never, _PAID_BACK, (_due, _unsigned)),
        (_S.CONFIRMED, _T.CANCEL, _P): Rule(
            _S.CANCELLED, _never, (_E.REFUND_BY_POLICY, _E.NOTIFY_ACTOR), (_before_start,)
        ),
        (_S.CONFIRMED, _T.CANCEL, _A): Rule(
            _S.CANCELLED, _never, (_E.REFUND_ALL, _E.STRIKE_ACTOR, _E.NOTIFY_PLATFORM), (_before_start,)
        ),
        (_S.CONFIRMED, _T.CANCEL, _D): _admin_stop,
        # under way
        (_S.IN_SESSION, _T.DELIVER, _A): _delivered,
        (_S.IN_SESSION, _T.STOP_UNDELIVERED, _C): Rule(_S.CANCELLED, _never, (_E.STRIKE_ACTOR, *_PAID_BACK), (_due,)),
        (_S.IN_SESSION, _T.DISPUTE, _P): _disputed,
        (_S.IN_SESSION, _T.DISPUTE, _A): _disputed,
        (_S.IN_SESSION, _T.CANCEL, _D): _admin_stop,
        # takes delivered, waiting for the platform
        (_S.DELIVERED, _T.APPROVE, _P): _approved,
        (_S.DELIVERED, _T.APPROVE, _C): Rule(_S.COMPLETED, _never, _DONE, (_due,)),
        (_S.DELIVERED, _T.REQUEST_CHANGES, _P): Rule(
            _S.CHANGES_REQUESTED, _after(PICKUPS_WITHIN), (_E.NOTIFY_ACTOR,), (_pickups_left,)
        ),
        (_S.DELIVERED, _T.DISPUTE, _P): _disputed,
        # pick-ups asked for, waiting for the actor
        (_S.CHANGES_REQUESTED, _T.DELIVER, _A): _delivered,
        (_S.CHANGES_REQUESTED, _T.APPROVE, _P): _approved,
        (_S.CHANGES_REQUESTED, _T.DISPUTE, _P): _disputed,
        (_S.CHANGES_REQUESTED, _T.DISPUTE, _A): _disputed,
        (_S.CHANGES_REQUESTED, _T.DISPUTE, _C): Rule(
            _S.DISPUTED, _after(SETTLE_WITHIN), (*_BOTH, _E.NOTIFY_ADMIN), (_due,)
        ),
        # for an admin to settle
        (_S.DISPUTED, _T.RELEASE, _D): _approved,
        (_S.DISPUTED, _T.SPLIT, _D): Rule(_S.COMPLETED, _never, (_E.REFUND_PART, *_DONE)),
        (_S.DISPUTED, _T.REFUND, _D): _admin_stop,
        (_S.DISPUTED, _T.ESCALATE, _C): Rule(_S.DISPUTED, _after(SETTLE_WITHIN), (_E.NOTIFY_ADMIN,), (_due,)),
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
    return tuple(step for (state, step, party) in TABLE if state == facts.state and party == _C and step != _T.CONFIRM)


_DOING: Final[Mapping[Step, str]] = MappingProxyType(
    {
        _T.ACCEPT: "accept this request",
        _T.DECLINE: "decline this request",
        _T.WITHDRAW: "withdraw this request",
        _T.EXPIRE: "let this request expire",
        _T.CONFIRM: "confirm this booking",
        _T.LAPSE: "let this booking lapse",
        _T.START: "start the session",
        _T.STOP_UNSIGNED: "stop the session for want of consent",
        _T.DELIVER: "deliver takes",
        _T.STOP_UNDELIVERED: "stop the session for want of takes",
        _T.REQUEST_CHANGES: "ask for pick-ups",
        _T.APPROVE: "accept the takes",
        _T.DISPUTE: "open a dispute",
        _T.ESCALATE: "remind the admins",
        _T.RELEASE: "release the money",
        _T.SPLIT: "split the money",
        _T.REFUND: "refund the booking",
        _T.CANCEL: "cancel this booking",
    }
)

_WHERE: Final[Mapping[State, str]] = MappingProxyType(
    {
        _S.REQUESTED: "it is waiting for the actor's answer",
        _S.ACCEPTED: "it is accepted and waiting to be paid",
        _S.CONFIRMED: "it is paid and confirmed",
        _S.IN_SESSION: "the session is under way",
        _S.DELIVERED: "the takes are delivered and waiting for the platform",
        _S.CHANGES_REQUESTED: "pick-ups were asked for",
        _S.DISPUTED: "it is in dispute and an admin decides",
        _S.COMPLETED: "it is completed",
        _S.DECLINED: "the actor declined it",
        _S.WITHDRAWN: "the platform withdrew it",
        _S.EXPIRED: "it expired unanswered",
        _S.LAPSED: "it was not paid in time",
        _S.CANCELLED: "it was cancelled",
    }
)

_WHO: Final[Mapping[Party, str]] = MappingProxyType(
    {_P: "the platform", _A: "the actor", _D: "an admin", _C: "the marketplace itself"}
)


def _refusal(state: State, step: Step, party: Party) -> Refused:
    able = [_WHO[p] for p in Party if (state, step, p) in TABLE]
    if able:
        return Forbidden(f"Only {' or '.join(able)} can {_DOING[step]} now. Nothing was changed.")
    return Conflict(f"You cannot {_DOING[step]} now: {_WHERE[state]}. Nothing was changed.")


@dataclass(frozen=True, slots=True)
class Outlook:
    """What both sides read on the booking page: who must act, what they must do, and what happens if they do not."""

    waiting_for: Party | None
    must: str
    otherwise: str


OUTLOOK: Final[Mapping[State, Outlook]] = MappingProxyType(
    {
        _S.REQUESTED: Outlook(_A, "accept or decline", "the request expires. Nothing is charged."),
        _S.ACCEPTED: Outlook(_P, "pay", "the booking lapses and the time is free again. Nothing is charged."),
        _S.CONFIRMED: Outlook(
            _A, "sign the consent", "the booking is cancelled at its start and the platform is refunded in full."
        ),
        _S.IN_SESSION: Outlook(
            _A, "deliver the takes", "the booking is cancelled and the platform is refunded in full."
        ),
        _S.DELIVERED: Outlook(
            _P,
            "accept the takes, ask for pick-ups or dispute them",
            "the takes count as accepted and the payout starts.",
        ),
        _S.CHANGES_REQUESTED: Outlook(_A, "deliver the pick-ups", "an admin is asked to decide."),
        _S.DISPUTED: Outlook(_D, "decide how the money is shared", "the admins are reminded. The money stays held."),
        _S.COMPLETED: Outlook(None, "", ""),
        _S.DECLINED: Outlook(None, "", ""),
        _S.WITHDRAWN: Outlook(None, "", ""),
        _S.EXPIRED: Outlook(None, "", ""),
        _S.LAPSED: Outlook(None, "", ""),
        _S.CANCELLED: Outlook(None, "", ""),
    }
)
