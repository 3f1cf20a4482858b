"""Random walks through the life of bookings: the people in them, and how each step of the table is asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final, Protocol, TypeVar

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from marketplace.domain.booking import TABLE, Party, State, Step
from marketplace.domain.boundary import TOPICS, Limit, Limits
from marketplace.domain.money import WHOLE_BP, Money
from marketplace.models import Actor, Booking, Member, Payment, Take
from marketplace.services.booking import (
    accept_booking,
    accept_counter,
    accept_delivery,
    cancel_booking,
    confirm_paid_booking,
    decline_booking,
    deliver_booking,
    dispute_booking,
    extend_answer,
    request_changes,
    settle_dispute,
    start_session,
    withdraw_booking,
)
from marketplace.services.booking_follow import take_booking_step
from marketplace.services.booking_pencil import challenge_pencil, confirm_pencil, give_pencil
from marketplace.services.booking_request import Request, discard_draft, request_booking
from marketplace.services.booking_step import By, find_session, get_booking, of_actor, of_platform, usage_of
from marketplace.services.booking_time import agree_time, keep_time, propose_time
from marketplace.services.boundary import save_limits
from marketplace.services.change_order import Extra, propose_change_order
from marketplace.services.no_show import claim_no_show, concede_no_show, contest_no_show, take_back_no_show
from marketplace.services.offer import Counter, counter_booking
from tests.services.stage import NOW, Story, add_account, add_actor, add_member, ask_for

T = TypeVar("T")


class Pick(Protocol):
    """Chooses one of several."""

    def __call__(self, choices: Sequence[T], /) -> T:
        """One of them."""


TOPIC: Final = "kissing"
FEE_BP: Final = 800


@dataclass(frozen=True)
class Cast:
    """Everyone in a walk: two platforms and two actors, an actor's whole day between buffers and one without."""

    members: tuple[Member, ...]
    actors: tuple[Actor, ...]
    admin_id: int


def add_cast(db: Session) -> Cast:
    """Write the people of a walk; the second actor wants to be asked about one topic."""
    first = add_actor(db, "Imani Okafor", buffer_minutes=30, cancellation="standard")
    second = add_actor(db, "Jonas Weber", cancellation="firm", hourly_minor=12_345)
    save_limits(
        db, actor_id=second.id, limits=Limits(MappingProxyType({TOPICS.get(TOPIC).slug: Limit.ASK}), 6), now=NOW
    )
    return Cast((add_member(db), add_member(db, "Nightjar")), (first, second), add_account(db, "Ada Admin").id)


@dataclass(frozen=True)
class Turn:
    """One step asked of one booking by one person. `pick` chooses whatever else it takes.

    `platform_id` and `actor_id` are those of the person who asks: a stranger's differ from the booking's.
    """

    db: Session
    booking_id: int
    by: By
    now: datetime
    pick: Pick
    platform_id: int
    actor_id: int

    @property
    def booking(self) -> Booking:
        """The booking as the asking side finds it; a stranger does not."""
        if self.by.party == Party.PLATFORM:
            return of_platform(self.db, self.booking_id, self.platform_id)
        if self.by.party == Party.ACTOR:
            return of_actor(self.db, self.booking_id, self.actor_id)
        return get_booking(self.db, self.booking_id)


def pick_start(pick: Pick, now: datetime) -> datetime:
    """When a session could start: one of a few times, so that many of them meet."""
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    days = pick([timedelta(days=days) for days in (3, 10)])
    return midnight + days + pick([timedelta(hours=hours) for hours in (9, 10.5, 13)])


def ask_pencil(db: Session, now: datetime, member: Member, actor: Actor, starts_at: datetime) -> int:
    """A platform asks for a pencil on a certain time."""
    return request_booking(
        db, platform_id=member.platform_id, member_id=member.id, by=By(Party.PLATFORM, member.account_id),
        ask=replace(ask_for(actor, starts_at), asked_as="pencil"), fee_bp=FEE_BP, now=now,
    )  # fmt: skip


def ask(db: Session, pick: Pick, now: datetime, member: Member, actor: Actor) -> int:
    """A platform asks an actor for some time, for the time itself or a pencil, at once or as a draft."""
    wanted = replace(_wanted(pick, now, actor), is_draft=pick((False, False, False, True)))
    return request_booking(
        db, platform_id=member.platform_id, member_id=member.id, by=By(Party.PLATFORM, member.account_id),
        ask=wanted, fee_bp=FEE_BP, now=now,
    )  # fmt: skip


def _wanted(pick: Pick, now: datetime, actor: Actor) -> Request:
    return replace(
        ask_for(actor, pick_start(pick, now)),
        asked_as=pick(("booking", "pencil", "pencil")),
        topics=pick(((), (), (TOPIC,))),
    )


def _send(turn: Turn) -> None:
    """Send a draft, as its form would: with everything in it filled in once more."""
    draft = turn.booking
    wanted = replace(_wanted(turn.pick, turn.now, draft.actor), draft_id=draft.id)
    request_booking(
        turn.db, platform_id=turn.platform_id, member_id=draft.member_id, by=turn.by, ask=wanted, fee_bp=FEE_BP,
        now=turn.now,
    )  # fmt: skip


def _accept(turn: Turn) -> None:
    db, by, now = turn.db, turn.by, turn.now
    if by.party == Party.PLATFORM:
        total = turn.booking.total_minor
        accept_counter(
            db, booking_id=turn.booking_id, platform_id=turn.platform_id, by=by, shown_total_minor=total, now=now
        )
        return
    says_yes = turn.pick((True, True, False))
    accept_booking(db, booking_id=turn.booking_id, actor_id=turn.actor_id, by=by, says_yes=says_yes, now=now)


def _pencil(turn: Turn) -> None:
    give_pencil(
        turn.db, booking_id=turn.booking_id, actor_id=turn.actor_id, by=turn.by,
        says_yes=turn.pick((True, True, False)), now=turn.now,
    )  # fmt: skip


def _counter(turn: Turn) -> None:
    booking = turn.booking
    offered = Money(turn.pick((20_000, 30_000, 45_050)), booking.currency)
    ask = Counter(usage_of(booking), turn.pick((1, 2)), offered=offered, words="Other terms.")
    counter_booking(turn.db, booking=booking, by=turn.by, ask=ask, now=turn.now)


def _propose_time(turn: Turn) -> None:
    starts_at = pick_start(turn.pick, turn.now)
    propose_time(turn.db, booking=turn.booking, by=turn.by, starts_at=starts_at, words="Better then.", now=turn.now)


def _deliver(turn: Turn) -> None:
    session = find_session(turn.db, turn.booking_id)
    if session is not None and turn.pick((True, True, False)):
        Story.resume(turn.db, turn.booking, turn.now - timedelta(seconds=90)).add_take()
    deliver_booking(turn.db, booking_id=turn.booking_id, actor_id=turn.actor_id, by=turn.by, now=turn.now)


def _approve(turn: Turn) -> None:
    session = find_session(turn.db, turn.booking_id)
    if session is not None and turn.pick((True, True, False)):
        turn.db.execute(update(Take).where(Take.capture_session_id == session.id).values(selected_at=turn.now))
    accept_delivery(turn.db, booking_id=turn.booking_id, platform_id=turn.platform_id, by=turn.by, now=turn.now)


def _settle(refund_bp: int | None) -> Callable[[Turn], None]:
    def settle(turn: Turn) -> None:
        share = turn.pick((1, 2_500, 5_000, 9_999)) if refund_bp is None else refund_bp
        settle_dispute(
            turn.db, booking_id=turn.booking_id, by=turn.by, refund_bp=share, reason="Heard both.", now=turn.now
        )

    return settle


def _pay(turn: Turn) -> None:
    pay(turn.db, turn.booking_id, turn.now)


def pay(db: Session, booking_id: int, now: datetime) -> None:
    """The platform's money has been captured, as Stripe would have told us; nobody pays for what was never held."""
    opened = update(Payment).where(Payment.booking_id == booking_id).values(state="captured", captured_at=now)
    db.execute(opened)
    confirm_paid_booking(db, booking_id=booking_id, now=now)


def _by_table(step: Step) -> Callable[[Turn], None]:
    return lambda turn: take_booking_step(turn.db, turn.booking, step, turn.by, turn.now)


DO: Final[Mapping[Step, Callable[[Turn], None]]] = MappingProxyType(
    {
        **{step: _by_table(step) for step in Step},
        Step.SEND: _send,
        Step.DISCARD: lambda t: discard_draft(
            t.db, booking_id=t.booking_id, platform_id=t.platform_id, by=t.by, now=t.now
        ),
        Step.ACCEPT: _accept,
        Step.COUNTER: _counter,
        Step.EXTEND: lambda t: extend_answer(t.db, booking_id=t.booking_id, actor_id=t.actor_id, by=t.by, now=t.now),
        Step.DECLINE: lambda t: decline_booking(
            t.db, booking_id=t.booking_id, actor_id=t.actor_id, by=t.by, reason="Away.", now=t.now
        ),
        Step.WITHDRAW: lambda t: withdraw_booking(
            t.db, booking_id=t.booking_id, platform_id=t.platform_id, by=t.by, now=t.now
        ),
        Step.PENCIL: _pencil,
        Step.FIRM_UP: lambda t: confirm_pencil(
            t.db, booking_id=t.booking_id, platform_id=t.platform_id, by=t.by, now=t.now
        ),
        Step.CHALLENGE: lambda t: challenge_pencil(
            t.db, booking_id=t.booking_id, platform_id=t.platform_id, by=t.by, now=t.now
        ),
        Step.CONFIRM: _pay,
        Step.PROPOSE_TIME: _propose_time,
        Step.AGREE_TIME: lambda t: agree_time(t.db, booking=t.booking, by=t.by, now=t.now),
        Step.KEEP_TIME: lambda t: keep_time(t.db, booking=t.booking, by=t.by, now=t.now),
        Step.START: lambda t: start_session(
            t.db, booking_id=t.booking_id, platform_id=t.platform_id, by=t.by, now=t.now
        ),
        Step.CLAIM_NO_SHOW: lambda t: claim_no_show(t.db, booking=t.booking, by=t.by, words="Nobody came.", now=t.now),
        Step.CONTEST: lambda t: contest_no_show(t.db, booking=t.booking, by=t.by, words="I was there.", now=t.now),
        Step.CONCEDE: lambda t: concede_no_show(t.db, booking=t.booking, by=t.by, now=t.now),
        Step.TAKE_BACK: lambda t: take_back_no_show(t.db, booking=t.booking, by=t.by, now=t.now),
        Step.DELIVER: _deliver,
        Step.REQUEST_CHANGES: lambda t: request_changes(
            t.db, booking_id=t.booking_id, platform_id=t.platform_id, by=t.by, reason="Colder.", now=t.now
        ),
        Step.APPROVE: _approve,
        Step.DISPUTE: lambda t: dispute_booking(t.db, booking=t.booking, by=t.by, reason="Not agreed.", now=t.now),
        Step.RELEASE: _settle(0),
        Step.SPLIT: _settle(None),
        Step.REFUND: _settle(WHOLE_BP),
        Step.CANCEL: lambda t: cancel_booking(t.db, booking=t.booking, by=t.by, reason="It is off.", now=t.now),
    }
)
"""How a step is asked for. What has no service of its own goes to the table as it is."""

BY_EVENT: Final = frozenset({Step.FACE_CHALLENGE, Step.MOVE_UP, Step.CLOSE_EXTRA, Step.SPLIT_EXTRA, Step.DROP_EXTRA})
"""What only another booking's step brings about."""


def moves_of(state: State) -> list[tuple[Step, Party]]:
    """What a person, or a payment, can do with a booking now; what keeps it alive is likelier."""
    moves: list[tuple[Step, Party]] = []
    for (before, step, party), rule in TABLE.items():
        if before == state and (party != Party.CLOCK or step == Step.CONFIRM):
            ends = rule.after in (State.DECLINED, State.WITHDRAWN, State.CANCELLED)
            moves += [(step, party)] * (1 if ends else 4)
    return moves


def propose_extra(turn: Turn, token: str) -> int:
    """One side wants something more in a booking."""
    booking = turn.booking
    wanted = Extra(token, "One more take set in rain", Money(turn.pick((5_000, 9_001)), "USD"), turn.pick((0, 1)))
    return propose_change_order(turn.db, booking=booking, by=turn.by, ask=wanted, now=turn.now)


def open_payment(db: Session, booking_id: int) -> Payment | None:
    """The booking's payment, while money can still arrive by it."""
    paying = select(Payment).where(Payment.booking_id == booking_id, Payment.state.in_(("opening", "processing")))
    return db.scalar(paying)
