"""Change orders: something more during a booking, that one side proposes, the other agrees to and the platform pays.

Its money lives in a booking of its own (`is_extra`), so that payment, payout and ledger keep their one rule for all;
it holds no time and ends with the booking it belongs to.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session

from marketplace.domain.booking import Party, State
from marketplace.domain.booking_deadline import ANSWER_WITHIN
from marketplace.domain.cancellation import Settlement, settle_share
from marketplace.domain.errors import Conflict, Invalid, NotFound
from marketplace.domain.money import WHOLE_BP, Money
from marketplace.domain.rate import Line, Quote, offer_bounds
from marketplace.models import Booking, ChangeOrder, Payment
from marketplace.services.booking_notice import accounts_of
from marketplace.services.booking_step import By, columns_of, quote_of, record_step, what_is_owed
from marketplace.services.burden import settle_left
from marketplace.services.charge_plan import UNCHARGED
from marketplace.services.notice import notify

OPEN_IN: Final = frozenset(
    {State.CONFIRMED, State.RESCHEDULING, State.IN_SESSION, State.DELIVERED, State.CHANGES_REQUESTED}
)
"""States of a booking in which more can be agreed: paid, and not settled yet."""

MOST_OPEN: Final = 3
WORDS_LONGEST: Final = 300
MOST_PICKUPS: Final = 3


@dataclass(frozen=True, slots=True)
class Extra:
    """What is proposed: in words, what the actor receives for it, and rounds of pick-ups it adds."""

    token: str
    words: str
    amount: Money
    pickups: int = 0


@dataclass(frozen=True, slots=True)
class ChangeOrderLine:
    """One change order as both sides read it on the booking's page."""

    id: int
    number: int
    party: Party
    words: str
    quote: Quote
    state: State
    deadline_at: datetime | None
    created_at: datetime
    is_charged: bool = True

    @property
    def is_paid(self) -> bool:
        """Whether money has come in for it and is still held."""
        return self.state == State.CONFIRMED and self.is_charged


def propose_change_order(db: Session, *, booking: Booking, by: By, ask: Extra, now: datetime) -> int:
    """Propose more; returns the id of the booking that carries it. The same token again returns what it made.

    Refused for bookings that are not paid or already settled, and while three proposals are open.
    """
    db.refresh(booking, with_for_update=True)  # it does not end while this is written, and numbers are taken in turn
    if (made := _find_made(db, booking, ask.token)) is not None:
        return made
    _check(db, booking, ask)
    extra = _write_extra(db, booking, by, ask, now)
    number = (db.scalar(select(func.max(ChangeOrder.number)).where(ChangeOrder.booking_id == booking.id)) or 0) + 1
    db.add(
        ChangeOrder(
            booking_id=booking.id,
            extra_id=extra.id,
            number=number,
            party=by.party,
            words=ask.words.strip(),
            created_at=now,
        )
    )
    db.flush()
    record_step(db, extra, None, State(extra.state), "propose_change_order", by, ask.words.strip(), now)
    _tell(db, booking, extra, by, now)
    return extra.id


def _find_made(db: Session, booking: Booking, token: str) -> int | None:
    made = select(ChangeOrder.extra_id).join(Booking, Booking.id == ChangeOrder.extra_id)
    return db.scalar(made.where(Booking.request_token == token, ChangeOrder.booking_id == booking.id))


def _check(db: Session, booking: Booking, ask: Extra) -> None:
    if booking.is_extra or booking.state not in OPEN_IN:
        raise Conflict("Changes can be agreed between the payment and the end of a booking. Nothing was proposed.")
    if not ask.words.strip() or len(ask.words) > WORDS_LONGEST:
        raise Invalid(f"Say what is wanted, in up to {WORDS_LONGEST} characters.", field="words", code="words")
    if not 0 <= ask.pickups <= MOST_PICKUPS:
        raise Invalid(f"Add up to {MOST_PICKUPS} rounds of pick-ups.", field="pickups", code="pickups")
    least, most = offer_bounds(booking.currency)
    if ask.amount.currency != booking.currency or not least <= ask.amount <= most:
        raise Invalid(f"An amount is between {least} and {most}.", field="amount", code="amount")
    if ask.amount != ask.amount.chargeable():
        raise Invalid(
            f"Cards cannot be charged that exactly: {ask.amount.chargeable()}.", field="amount", code="amount"
        )
    if sum(line.state in _WAITING for line in list_change_orders(db, booking.id)) >= MOST_OPEN:
        raise Conflict(f"{MOST_OPEN} change orders wait for an answer or a payment already. Nothing was proposed.")


_WAITING: Final = frozenset({State.REQUESTED, State.COUNTERED, State.ACCEPTED})


def _write_extra(db: Session, booking: Booking, by: By, ask: Extra, now: datetime) -> Booking:
    fee_bp = quote_of(booking).fee_bp
    quote = Quote(
        (Line("change", ask.words.strip(), ask.amount),), fee_bp, ask.amount.share(fee_bp).chargeable(), ask.pickups
    )
    extra = Booking(
        is_extra=True,
        platform_id=booking.platform_id,
        member_id=booking.member_id,
        actor_id=booking.actor_id,
        brief_id=booking.brief_id,
        # the side that did not propose has to answer
        state=State.REQUESTED if by.party == Party.PLATFORM else State.COUNTERED,
        deadline_at=now + ANSWER_WITHIN,
        starts_at=booking.starts_at,
        ends_at=booking.ends_at,
        busy_from=booking.busy_from,
        busy_until=booking.busy_until,
        actor_zone=booking.actor_zone,
        platform_zone=booking.platform_zone,
        **columns_of(quote),
        usage=booking.usage,
        cancellation=booking.cancellation,
        message=ask.words.strip(),
        request_token=ask.token,
        created_at=now,
        updated_at=now,
    )
    db.add(extra)
    db.flush()
    return extra


def _tell(db: Session, booking: Booking, extra: Booking, by: By, now: datetime) -> None:
    asks_actor = by.party == Party.PLATFORM
    asker, reader = (booking.platform.name, Party.ACTOR) if asks_actor else (booking.actor.name, Party.PLATFORM)
    accounts, _, path = accounts_of(db, booking, reader)
    notify(
        db,
        account_ids=accounts,
        key=f"change_order:{extra.id}",
        kind="booking.change_order",
        title=f"{asker} proposes a change order",
        words=f"{extra.message} Nothing is charged unless both sides agree.",
        path=path,
        now=now,
    )


def list_change_orders(db: Session, booking_id: int) -> Sequence[ChangeOrderLine]:
    """Every change order of a booking, oldest first."""
    uncharged = exists().where(Payment.booking_id == Booking.id, Payment.state.in_(UNCHARGED))
    columns = select(ChangeOrder, Booking, ~uncharged).join(Booking, Booking.id == ChangeOrder.extra_id)
    found = db.execute(columns.where(ChangeOrder.booking_id == booking_id).order_by(ChangeOrder.number)).all()
    return [
        ChangeOrderLine(
            id=extra.id,
            number=order.number,
            party=Party(order.party),
            words=order.words,
            quote=quote_of(extra),
            state=State(extra.state),
            deadline_at=extra.deadline_at,
            created_at=order.created_at,
            is_charged=is_charged,
        )
        for order, extra, is_charged in found
    ]


def paid_extras(db: Session, booking_id: int) -> list[Quote]:
    """What was paid for change orders and is still held."""
    return [line.quote for line in list_change_orders(db, booking_id) if line.is_paid]


def settle_whole(db: Session, booking: Booking, settled: Settlement, bp: int) -> Settlement:
    """`settled` for the booking itself, and its paid change orders with `bp` basis points of them refunded."""
    own = settle_left(db, booking, settled)
    return sum((settle_share(quote, bp) for quote in paid_extras(db, booking.id)), start=own)


def settle_whole_cancel(db: Session, booking: Booking, party: Party, now: datetime) -> Settlement:
    """Who gets what if `party` cancels now: the booking by its terms, change orders in full, for no work was done."""
    return settle_whole(db, booking, what_is_owed(db, booking, party, now), WHOLE_BP)


def parent_of(db: Session, extra_id: int) -> int | None:
    """The booking a change order belongs to, or None for a booking that is none."""
    return db.scalar(select(ChangeOrder.booking_id).where(ChangeOrder.extra_id == extra_id))


def check_open(booking: Booking) -> None:
    """Refuse to agree to more once the booking itself is in question or over."""
    if booking.state not in OPEN_IN:
        raise Conflict("This booking is settled or in question, so nothing more can be agreed. Nothing was changed.")


def get_extra(db: Session, booking: Booking, extra_id: int) -> Booking:
    """The booking that carries a change order of `booking`; another's is not found."""
    if parent_of(db, extra_id) != booking.id:
        raise NotFound("There is no such change order.")
    return db.get_one(Booking, extra_id, populate_existing=True)
