"""The life of bookings: each use case loads, asks the domain's table, writes one guarded step and what follows it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.domain.booking import ENDED, Party, State, Step, steps_due
from marketplace.domain.capture import check_accepting
from marketplace.domain.errors import Invalid, Refused
from marketplace.domain.money import WHOLE_BP
from marketplace.models import Booking
from marketplace.services import payment
from marketplace.services.booking_follow import take_booking_step
from marketplace.services.booking_letter import was_confirmed
from marketplace.services.booking_request import PriceChanged
from marketplace.services.booking_step import (
    CLOCK,
    Also,
    By,
    check_in_good_standing,
    facts_of,
    find_session,
    get_booking,
    of_actor,
    of_platform,
    take_facts,
)
from marketplace.services.change_order import settle_whole_cancel
from marketplace.services.own_money import refuse_own

REASON_LONGEST: Final = 1_000


# steps of people ---------------------------------------------------------------------------------


def accept_booking(
    db: Session, *, booking_id: int, actor_id: int, by: By, says_yes: bool = False, now: datetime
) -> None:
    """The actor takes the booking: the slot is held while the platform pays. Refuses a slot another holds.

    `says_yes`: the actor agreed, in so many words, to what the request asks of them (`booking.asks_yes`).
    """
    booking = of_actor(db, booking_id, actor_id)
    check_in_good_standing(booking)
    take_booking_step(db, booking, Step.ACCEPT, by, now, _agreed_to(booking, says_yes), Also(says_yes=says_yes))


def accept_counter(
    db: Session, *, booking_id: int, platform_id: int, by: By, shown_total_minor: int, now: datetime
) -> None:
    """The platform takes the actor's terms: the slot is held while it pays.

    `shown_total_minor` is what the page showed: any other total is refused rather than accepted.
    """
    booking = of_platform(db, booking_id, platform_id)
    if booking.total_minor != shown_total_minor:
        raise PriceChanged("The terms have changed meanwhile. Look again before you accept. Nothing was booked.")
    check_in_good_standing(booking)
    take_booking_step(db, booking, Step.ACCEPT, by, now)


def _agreed_to(booking: Booking, says_yes: bool) -> str:
    return "Yes to: " + "; ".join(booking.asks_yes) if booking.asks_yes and says_yes else ""


def extend_answer(db: Session, *, booking_id: int, actor_id: int, by: By, now: datetime) -> None:
    """The actor takes a day more to answer, once."""
    take_booking_step(db, of_actor(db, booking_id, actor_id), Step.EXTEND, by, now)


def decline_booking(db: Session, *, booking_id: int, actor_id: int, by: By, reason: str, now: datetime) -> None:
    """The actor says no, with a reason the platform reads."""
    take_booking_step(db, of_actor(db, booking_id, actor_id), Step.DECLINE, by, now, _reason(reason))


def withdraw_booking(db: Session, *, booking_id: int, platform_id: int, by: By, now: datetime) -> None:
    """The platform takes back what is not paid yet."""
    take_booking_step(db, of_platform(db, booking_id, platform_id), Step.WITHDRAW, by, now)


def cancel_booking(
    db: Session, *, booking: Booking, by: By, now: datetime, reason: str = "", shown_refund_minor: int | None = None
) -> None:
    """Call a booking off; a paid one is refunded by its terms, in full when the actor or an admin cancels.

    `shown_refund_minor` is what the page promised before the click: any other amount is refused rather than applied.
    """
    settled = settle_whole_cancel(db, booking, by.party, now)
    if (
        shown_refund_minor is not None
        and booking.state in (State.CONFIRMED, State.RESCHEDULING)
        and settled.refund.minor != shown_refund_minor
    ):
        raise PriceChanged(f"The refund is now {settled.refund}. Look again before you cancel. Nothing was changed.")
    take_booking_step(db, booking, Step.CANCEL, by, now, _reason(reason) if by.party == Party.ACTOR else reason.strip())


def start_session(db: Session, *, booking_id: int, platform_id: int, by: By, now: datetime) -> None:
    """The platform starts early, giving up its right to cancel. Refused without a signed consent."""
    take_booking_step(db, of_platform(db, booking_id, platform_id), Step.START, by, now)


def deliver_booking(db: Session, *, booking_id: int, actor_id: int, by: By, now: datetime) -> None:
    """The actor hands the takes over for review. Refused without a new take that can be played."""
    take_booking_step(db, of_actor(db, booking_id, actor_id), Step.DELIVER, by, now)


def request_changes(db: Session, *, booking_id: int, platform_id: int, by: By, reason: str, now: datetime) -> None:
    """The platform asks for pick-ups, as often as the quote includes."""
    take_booking_step(db, of_platform(db, booking_id, platform_id), Step.REQUEST_CHANGES, by, now, _reason(reason))


def accept_delivery(db: Session, *, booking_id: int, platform_id: int, by: By, now: datetime) -> None:
    """The platform accepts the takes it selected; the actor's payout begins. Refused when none is selected."""
    booking = of_platform(db, booking_id, platform_id)
    session = find_session(db, booking.id)
    if session is not None and booking.state in (State.DELIVERED, State.CHANGES_REQUESTED):
        check_accepting(take_facts(db, session.id))
    take_booking_step(db, booking, Step.APPROVE, by, now)


def dispute_booking(db: Session, *, booking: Booking, by: By, reason: str, now: datetime) -> None:
    """Either side asks an admin to decide; the money stays held."""
    take_booking_step(db, booking, Step.DISPUTE, by, now, _reason(reason))


def settle_dispute(db: Session, *, booking_id: int, by: By, refund_bp: int, reason: str, now: datetime) -> None:
    """An admin decides: `refund_bp` of the payment goes back to the platform, the rest is the actor's and the fee."""
    if not 0 <= refund_bp <= WHOLE_BP:
        raise Invalid("The share refunded is between 0 and 100 %.", field="refund_bp")
    booking = get_booking(db, booking_id)
    refuse_own(db, booking, by.account_id)
    step = {0: Step.RELEASE, WHOLE_BP: Step.REFUND}.get(refund_bp, Step.SPLIT)
    take_booking_step(db, booking, step, by, now, _reason(reason), Also(refund_bp=refund_bp))


# steps of the clock ------------------------------------------------------------------------------


def confirm_paid_booking(db: Session, *, booking_id: int, now: datetime, paid_late: bool = False) -> bool:
    """The payment has been captured: the booking is confirmed, or the money goes back when the slot is gone.

    True when it is confirmed or was already past that. Harmless to repeat: a booking whose late payment has been sent
    back is left alone. `paid_late`: the payment was over before, so that nobody has decided about its money.
    """
    booking = get_booking(db, booking_id)
    if booking.state == State.ACCEPTED:
        try:
            take_booking_step(db, booking, Step.CONFIRM, CLOCK, now)
        except Refused as refusal:
            return _send_back(db, booking, refusal.sentence, now)
        return True
    # the refund of one that was confirmed was decided when it ended
    if booking.state in _NEVER_CONFIRMED and (paid_late or not was_confirmed(db, booking.id)):
        return _send_back(db, booking, "The payment arrived after the booking had ended.", now)
    return booking.state not in ENDED or booking.state == State.COMPLETED


_NEVER_CONFIRMED: Final = frozenset({State.WITHDRAWN, State.LAPSED, State.CANCELLED})


def _send_back(db: Session, booking: Booking, reason: str, now: datetime) -> bool:
    paid = payment.find_payment(db, booking.id, lock=True)
    if paid is not None and (left := payment.left_to_refund(db, paid)):
        payment.refund_booking(db, booking, left, reason, now)
    return False


def find_due(db: Session, *, now: datetime, limit: int = 200) -> Sequence[int]:
    """Bookings whose deadline has passed, the longest overdue first."""
    waiting = select(Booking.id).where(Booking.deadline_at <= now, Booking.state.not_in(ENDED))
    return db.scalars(waiting.order_by(Booking.deadline_at, Booking.id).limit(limit)).all()


def advance_due_booking(db: Session, *, booking_id: int, now: datetime) -> State | None:
    """Take the clock's step for a booking past its deadline: the state it is in now, or None if nothing was due.

    Asked twice, or late, it changes nothing but the delay.
    """
    booking = get_booking(db, booking_id)
    if booking.state == State.ACCEPTED and _is_paying(db, booking):
        return None
    for step in steps_due(facts_of(db, booking)):
        try:
            with db.begin_nested():
                take_booking_step(db, booking, step, CLOCK, now)
        except Refused:
            continue
        return State(booking.state)
    return None


def _is_paying(db: Session, booking: Booking) -> bool:
    """Whether money is on its way right now; the answer comes within minutes, and decides. What goes back does not."""
    paid = payment.find_payment(db, booking.id)
    if paid is None or paid.state != "captured":
        return paid is not None and paid.state == "processing"
    return payment.left_to_refund(db, paid) > 0


def _reason(reason: str) -> str:
    words = reason.strip()
    if not words or len(words) > REASON_LONGEST:
        raise Invalid(f"Give a reason of up to {REASON_LONGEST} characters.", field="reason", code="reason")
    return words
