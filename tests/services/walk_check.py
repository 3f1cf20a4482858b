"""What must hold of bookings after every step, asked of the rows themselves and not of the code that wrote them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from itertools import combinations, pairwise
from typing import Any, Final

from sqlalchemy import inspect, select
from sqlalchemy.orm import Session

from marketplace.domain.booking import ENDED, OCCUPYING, TABLE, Effect, Party, State, Step
from marketplace.domain.cancellation import Settlement, Tier, settle_cancel
from marketplace.domain.rate import Quote
from marketplace.models import (
    Audit,
    Base,
    Booking,
    BookingEvent,
    CaptureSession,
    ChangeOrder,
    Flag,
    Grant,
    Notice,
    Offer,
    OutboxCommand,
    Payment,
    PaymentEvent,
    Payout,
    PayoutEvent,
    Refund,
    Take,
    TimeProposal,
)

TABLES: Final[tuple[type[Base], ...]] = (
    Audit, Booking, BookingEvent, CaptureSession, ChangeOrder, Flag, Grant, Notice, Offer, OutboxCommand, Payment,
    PaymentEvent, Payout, PayoutEvent, Refund, Take, TimeProposal,
)  # fmt: skip

PRICE: Final = ("currency", "total_minor", "fee_minor", "net_minor", "quote", "usage", "cancellation")
FOLLOWS: Final = frozenset({Step.FACE_CHALLENGE, Step.MOVE_UP, Step.CLOSE_EXTRA, Step.SPLIT_EXTRA, Step.DROP_EXTRA})
"""The only steps that one booking's step takes for others."""

HOLDS: Final = frozenset({Step.ACCEPT, Step.FIRM_UP})
IN_TIME: Final = frozenset(
    {
        Step.ACCEPT, Step.PENCIL, Step.COUNTER, Step.EXTEND, Step.FIRM_UP, Step.CHALLENGE, Step.MOVE_UP,
        Step.FACE_CHALLENGE, Step.AGREE_TIME,
    }
)  # fmt: skip
"""Steps that nobody takes any more once the state's deadline has passed."""


@dataclass
class Shot:
    """Every row that belongs to bookings, as it was at one moment."""

    rows: Mapping[type[Base], Sequence[Any]]

    @classmethod
    def of(cls, db: Session) -> Shot:
        return cls({table: _read(db, table) for table in TABLES})

    def changes(self, other: Shot) -> list[str]:
        """The tables in which two pictures differ."""
        return [table.__name__ for table in TABLES if self.rows[table] != other.rows[table]]

    @cached_property
    def bookings(self) -> Mapping[int, Any]:
        return {row.id: row for row in self.rows[Booking]}

    @cached_property
    def events(self) -> Mapping[int, list[Any]]:
        return _by_booking(self.rows[BookingEvent])

    @cached_property
    def refunds(self) -> Mapping[int, list[Any]]:
        return _by_booking(self.rows[Refund])

    @cached_property
    def payments(self) -> Mapping[int, Any]:
        return {row.booking_id: row for row in self.rows[Payment]}

    @cached_property
    def payouts(self) -> Mapping[int, Any]:
        return {row.booking_id: row for row in self.rows[Payout]}

    @cached_property
    def audits(self) -> Mapping[int, list[Any]]:
        """What the audit trail says of each booking's steps."""
        found: dict[int, list[Any]] = defaultdict(list)
        for row in self.rows[Audit]:
            if row.about == "booking" and row.step != "sign_consent":
                found[row.about_id].append(row)
        return found

    def overdue(self, now: datetime) -> list[Any]:
        """Bookings past their deadline."""
        return [row for row in self.bookings.values() if row.deadline_at is not None and row.deadline_at <= now]


def _read(db: Session, table: type[Base]) -> Sequence[Any]:
    mapped = inspect(table)
    return db.execute(select(*mapped.columns).order_by(*mapped.primary_key)).all()


def _by_booking(rows: Sequence[Any]) -> Mapping[int, list[Any]]:
    found: dict[int, list[Any]] = defaultdict(list)
    for row in rows:
        found[row.booking_id].append(row)
    return found


# at every moment ---------------------------------------------------------------------------------


def find_broken(shot: Shot) -> Iterator[str]:
    """Everything that is wrong in this picture; nothing, if all is well."""
    yield from _overlaps(shot)
    for booking in shot.bookings.values():
        yield from _life(shot, booking)
        yield from _money(shot, booking)
    yield from _ended_extras(shot)
    yield from _pencils(shot)


def _overlaps(shot: Shot) -> Iterator[str]:
    holding = [row for row in shot.bookings.values() if row.state in OCCUPYING and not row.is_extra]
    for one, other in combinations(holding, 2):
        if one.actor_id == other.actor_id and touch(one, other):
            yield f"bookings {one.id} and {other.id} hold the same time of actor {one.actor_id}"


def touch(one: Any, other: Any) -> bool:
    """Whether two bookings meet, buffers included."""
    return bool(one.busy_from < other.busy_until and other.busy_from < one.busy_until)


def _life(shot: Shot, booking: Any) -> Iterator[str]:
    events, audits = shot.events[booking.id], shot.audits[booking.id]
    chain = [None, *(event.after for event in events)]
    if [event.before for event in events] != chain[:-1] or chain[-1] != booking.state:
        yield f"booking {booking.id} is {booking.state}, but its events say {chain}"
    if [_said(event, event.before, event.after) for event in events] != [
        _said(row, row.before.get("state"), row.after["state"]) for row in audits
    ]:
        yield f"booking {booking.id}: events and audit tell different stories"
    if any(one.at > later.at for one, later in pairwise(events)):
        yield f"booking {booking.id}: its events are not in order"
    yield from _waiting(shot, booking)


def _said(row: Any, before: str | None, after: str) -> tuple[Any, ...]:
    return row.step, row.party, row.principal_id, before, after, row.reason, row.at


def _waiting(shot: Shot, booking: Any) -> Iterator[str]:
    waits = booking.state not in ENDED and not (booking.is_extra and booking.state == State.CONFIRMED)
    if waits != (booking.deadline_at is not None):
        yield f"booking {booking.id} is {booking.state} with the deadline {booking.deadline_at}"
    proposals = [row for row in shot.rows[TimeProposal] if row.booking_id == booking.id and row.state == "open"]
    if len(proposals) != (booking.state == State.RESCHEDULING):
        yield f"booking {booking.id} is {booking.state} with {len(proposals)} open proposals of another time"
    if (booking.claimed_by is not None) != (booking.state in (State.RESCHEDULING, State.NO_SHOW_CLAIMED)):
        yield f"booking {booking.id} is {booking.state} and waits for an answer to {booking.claimed_by}"
    begun = any(event.after == State.IN_SESSION for event in shot.events[booking.id])
    if begun and not any(row.booking_id == booking.id for row in shot.rows[Grant]):
        yield f"booking {booking.id} began without a consent"


def _ended_extras(shot: Shot) -> Iterator[str]:
    for order in shot.rows[ChangeOrder]:
        booking, extra = shot.bookings[order.booking_id], shot.bookings[order.extra_id]
        if booking.state in ENDED and extra.state not in ENDED:
            yield f"booking {booking.id} is {booking.state}, but its change order {extra.id} is {extra.state}"
        if extra.state == State.COMPLETED and booking.state != State.COMPLETED:
            yield f"change order {extra.id} is paid out, but its booking {booking.id} is {booking.state}"


def ladder(shot: Shot, booking: Any) -> list[Any]:
    """The pencils that touch a booking's time, first given first."""
    pencils = [
        row
        for row in shot.bookings.values()
        if row.state == State.PENCILLED and row.actor_id == booking.actor_id and touch(row, booking)
    ]
    return sorted(pencils, key=lambda row: (row.pencilled_at, row.id))


def _pencils(shot: Shot) -> Iterator[str]:
    for pencil in shot.bookings.values():
        if pencil.state != State.PENCILLED:
            continue
        if pencil.challenged_at is not None and ladder(shot, pencil)[0].id != pencil.id:
            yield f"pencil {pencil.id} is challenged, but it is not the first"


# money: what is recorded to be moved ---------------------------------------------------------------

_ALL_BACK: Final = frozenset(
    {
        (Step.CANCEL, Party.ACTOR), (Step.CANCEL, Party.ADMIN), (Step.REFUND, Party.ADMIN),
        (Step.CONCEDE, Party.ACTOR), (Step.WITHDRAW, Party.PLATFORM), (Step.LAPSE, Party.CLOCK),
        (Step.STOP_UNSIGNED, Party.CLOCK), (Step.STOP_ABSENT, Party.CLOCK), (Step.STOP_UNDELIVERED, Party.CLOCK),
        (Step.DROP_EXTRA, Party.CLOCK),
    }
)  # fmt: skip
_ALL_EARNED: Final = frozenset(
    {
        (Step.APPROVE, Party.PLATFORM), (Step.APPROVE, Party.CLOCK), (Step.RELEASE, Party.ADMIN),
        (Step.CONCEDE, Party.PLATFORM), (Step.CLOSE_ABSENT, Party.CLOCK), (Step.CLOSE_EXTRA, Party.CLOCK),
    }
)  # fmt: skip
_SHARED: Final = frozenset({(Step.SPLIT, Party.ADMIN), (Step.SPLIT_EXTRA, Party.CLOCK)})

_WITH_STRIKE: Final = frozenset((key for key, rule in TABLE.items() if Effect.STRIKE_ACTOR in rule.effects))


def _money(shot: Shot, booking: Any) -> Iterator[str]:
    payment, payout = shot.payments.get(booking.id), shot.payouts.get(booking.id)
    back = sum(refund.amount_minor for refund in shot.refunds[booking.id])
    earned, fee = (payout.amount_minor, payout.fee_minor) if payout else (0, 0)
    held = any(event.after == State.ACCEPTED for event in shot.events[booking.id])
    if (payment is not None) != held:
        yield f"booking {booking.id} was held: {held}, has a payment: {payment is not None}"
    if payment is not None and payment.amount_minor != booking.total_minor:
        yield f"booking {booking.id} costs {booking.total_minor}, its payment is {payment.amount_minor}"
    captured = payment.amount_minor if payment is not None and payment.state == "captured" else 0
    if back + earned + fee > captured:
        yield f"booking {booking.id}: {captured} captured, {back} back, {earned} earned, {fee} fee"
    if captured and booking.state in ENDED:
        yield from _settled(shot, booking, captured, Shares(back, earned, fee))
    elif booking.state not in ENDED and (earned or (back and booking.state != State.ACCEPTED)):
        yield f"booking {booking.id} is {booking.state}, but {back} go back and {earned} are earned"
    yield from _strikes(shot, booking)


@dataclass(frozen=True)
class Shares:
    """How a booking's money is shared out, in minor units."""

    back: int
    earned: int
    fee: int


def _settled(shot: Shot, booking: Any, captured: int, shares: Shares) -> Iterator[str]:
    last = shot.events[booking.id][-1]
    how = Step(last.step), Party(last.party)
    if how in _SHARED:
        right = shares.back + shares.earned + shares.fee == captured
    else:
        right = shares == _due_shares(booking, how, last.at, captured)
    if not right:
        yield f"booking {booking.id} ended by {how[0]} of {how[1]} with {captured} captured, shared as {shares}"


def _due_shares(booking: Any, how: tuple[Step, Party], at: datetime, captured: int) -> Shares:
    if how in _ALL_BACK:
        return Shares(captured, 0, 0)
    if how in _ALL_EARNED:
        return Shares(0, booking.net_minor, booking.fee_minor)
    assert how == (Step.CANCEL, Party.PLATFORM), how
    terms: Settlement = settle_cancel(
        Quote.from_json(booking.quote), Tier(booking.cancellation), Party.PLATFORM, booking.starts_at, at
    )
    return Shares(terms.refund.minor, terms.actor_keeps.minor, terms.fee_kept.minor)


def _strikes(shot: Shot, booking: Any) -> Iterator[str]:
    struck = sum(flag.evidence.get("booking_id") == booking.id for flag in shot.rows[Flag])
    events = [event for event in shot.events[booking.id] if event.before is not None]
    deserved = sum((State(one.before), Step(one.step), Party(one.party)) in _WITH_STRIKE for one in events)
    if struck != deserved:
        yield f"booking {booking.id}: {struck} strikes, {deserved} deserved"


# from one moment to the next ---------------------------------------------------------------------


def find_broken_step(before: Shot, after: Shot, now: datetime, asked: int | None) -> Iterator[str]:
    """Everything that is wrong with what happened between two pictures, in one unit of work asked of one booking."""
    for booking in after.bookings.values():
        was = before.bookings.get(booking.id)
        new = after.events[booking.id][len(before.events[booking.id]) :]
        if was is None:
            continue
        written_over = was.state == State.DRAFT and booking.state == State.REQUESTED
        if booking.version - was.version != len(new) + written_over:
            yield f"booking {booking.id} went from version {was.version} to {booking.version} with {len(new)} events"
        if was.state in ENDED and booking != was:
            yield f"booking {booking.id} was {was.state} and changed all the same"
        if was.state in OCCUPYING and any(getattr(was, name) != getattr(booking, name) for name in PRICE):
            yield f"booking {booking.id} was {was.state} and changed its price"
        if booking.id != asked and any(one.step not in FOLLOWS or one.party != Party.CLOCK for one in new):
            yield f"booking {booking.id} was not asked, but took {[one.step for one in new]}"
        if len(new) > 1:
            yield f"booking {booking.id} took {[one.step for one in new]} at once"
        for event in new:
            yield from _line(before, was, event, now)


def _line(before: Shot, was: Any, event: Any, now: datetime) -> Iterator[str]:
    step, party = Step(event.step), Party(event.party)
    rule = TABLE.get((State(event.before), step, party))
    if rule is None or rule.after != event.after:
        yield f"booking {was.id}: {event.before} -> {event.after} by {step} of {party} is no line of the table"
    if event.at != now:
        yield f"booking {was.id}: {step} was written at {event.at}, not {now}"
    late = was.deadline_at is not None and now >= was.deadline_at
    if late and step in IN_TIME:
        yield f"booking {was.id}: {step} after its deadline"
    if party == Party.CLOCK and step not in FOLLOWS and step != Step.CONFIRM and not late:
        yield f"booking {was.id}: {step} by the clock before its deadline"
    if step in HOLDS and not was.is_extra:
        ahead = [row.id for row in ladder(before, was) if was.state != State.PENCILLED or _ranks(row, was)]
        if ahead:
            yield f"booking {was.id}: {step} past the pencils {ahead}"


def _ranks(one: Any, other: Any) -> bool:
    return bool((one.pencilled_at, one.id) < (other.pencilled_at, other.id))
