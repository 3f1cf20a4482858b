"""Brings a payment into line with what Stripe says of it now: the one place where money that came in is believed.

The success page, the webhook, the poll and the outbox all end here. What is read is the whole truth about the payment
(checkout, charge, refunds, disputes), so it does not matter which event came first, twice, or never.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, or_, select, update
from sqlalchemy.orm import Session

from marketplace.domain import ledger as books
from marketplace.domain.money import Money
from marketplace.domain.payment import Reading, State, can_move, is_paid, state_of
from marketplace.gateways.payment import base as stripe
from marketplace.jobs import Job, enqueue
from marketplace.models import Booking, Dispute, Payment, Refund
from marketplace.services import ledger
from marketplace.services.booking import confirm_paid_booking
from marketplace.services.dispute_sync import book_dispute
from marketplace.services.payment import (
    close_checkout,
    get_payment,
    record_payment_event,
    reopen_checkout,
)
from marketplace.services.payment_notice import tell_admins
from marketplace.services.refund import settle_owed
from marketplace.services.refund_sync import book_refund


@dataclass(frozen=True, slots=True)
class Seen:
    """All that Stripe knows of one checkout, read outside any transaction."""

    checkout: stripe.Checkout
    refunds: tuple[stripe.Refund, ...] = ()
    disputes: tuple[stripe.Dispute, ...] = ()


def read_checkout(gateway: stripe.PaymentGateway, checkout_id: str) -> Seen:
    """Read a checkout and what became of its charge. Never inside a transaction."""
    checkout = gateway.get_checkout(checkout_id)
    if checkout.charge is None or not checkout.charge.is_paid:
        return Seen(checkout)
    charge_id = checkout.charge.id
    # a refund that failed leaves no trace on the charge, a dispute does
    refunds = gateway.list_refunds(charge_id)
    disputes = gateway.list_disputes(charge_id) if checkout.charge.is_disputed else []
    return Seen(checkout, tuple(reversed(refunds)), tuple(reversed(disputes)))


def sync_checkout(db: Session, seen: Seen, *, now: datetime) -> State | None:
    """Converge on what was read: state, books, refunds, disputes, and the booking. The state now, None if not ours.

    Harmless to repeat, and to do at the same moment twice: the payment's row lets one through at a time, and every
    posting has its event's name.
    """
    payment = _find(db, seen.checkout)
    if payment is None:
        return None
    was_paid = is_paid(State(payment.state))
    payment.checkout_url = seen.checkout.url or payment.checkout_url
    if seen.checkout.is_paid and seen.checkout.charge is not None:
        _book_charge(db, payment, seen.checkout.charge, now)
        for refund in seen.refunds:
            book_refund(db, payment, refund, now)
        for dispute in seen.disputes:
            book_dispute(db, payment, dispute, now)
    _move(db, payment, _reading(db, payment, seen), now)
    settle_owed(db, payment, now)
    if is_paid(State(payment.state)) and not was_paid:
        confirm_paid_booking(db, booking_id=payment.booking_id, now=now)
    return State(payment.state)


def note_checkout(db: Session, *, payment_id: int, checkout_id: str, url: str | None, now: datetime) -> None:
    """Stripe has made the checkout: the platform can pay. If the booking is off meanwhile, it is closed at once."""
    payment = _hold(db, payment_id)
    if payment.checkout_session_id is None:
        payment.checkout_session_id = checkout_id
        payment.checkout_url = url
    if payment.state == State.OPENING:
        _write(db, payment, State.CHECKOUT_OPEN, "Stripe has made the checkout.", now)
    booking = db.get_one(Booking, payment.booking_id, populate_existing=True)
    if booking.state != "accepted":
        close_checkout(db, booking, now)


def note_checkout_refused(db: Session, *, payment_id: int, words: str, now: datetime) -> None:
    """Stripe will not make the checkout, or never did: it is asked for again while the slot is held, and the admins
    know why."""
    payment = _hold(db, payment_id)
    if payment.state != State.OPENING:
        return
    _write(db, payment, State.FAILED, words, now)
    booking = db.get_one(Booking, payment.booking_id, populate_existing=True)
    if reopen_checkout(db, booking, payment, now):
        _write(db, payment, State.OPENING, "A new checkout is asked for.", now)
    tell_admins(db, payment, "checkout_refused", "A checkout could not be made", words, now)


def _find(db: Session, checkout: stripe.Checkout) -> Payment | None:
    """Our payment, held for this transaction; by the checkout's id, or by what we wrote on it."""
    by_id = select(Payment.id).where(Payment.checkout_session_id == checkout.id)
    payment_id = db.scalar(by_id)
    if payment_id is not None:
        return _hold(db, payment_id)
    named = checkout.metadata.get("payment", "")
    payment = db.get(Payment, int(named)) if named.isdecimal() else None
    if payment is None or payment.checkout_session_id is not None:
        return None
    # the answer of the call that made it was lost, and the event comes first
    payment = _hold(db, payment.id)
    payment.checkout_session_id = checkout.id
    payment.checkout_url = checkout.url
    return payment


def _hold(db: Session, payment_id: int) -> Payment:
    """Make other writers wait: the booking first, then its payment, the order in which every step takes them."""
    booking_id = select(Payment.booking_id).where(Payment.id == payment_id).scalar_subquery()
    db.execute(select(Booking.id).where(Booking.id == booking_id).with_for_update())
    return get_payment(db, payment_id, lock=True)


def _book_charge(db: Session, payment: Payment, charge: stripe.Charge, now: datetime) -> None:
    if charge.amount_minor != payment.amount_minor or charge.currency != payment.currency:
        charged, asked = Money(charge.amount_minor, charge.currency), Money(payment.amount_minor, payment.currency)
        tell_admins(db, payment, "amount", "A charge differs from its price", f"{charged}, not {asked}.", now)
    amount = Money(charge.amount_minor, charge.currency)
    booked = ledger.post(
        db, books.charge_captured(charge_id=charge.id, booking_id=payment.booking_id, amount=amount), now=now
    )
    if booked:
        payment.charge_id = charge.id
        payment.payment_intent_id = charge.payment_intent_id
        payment.captured_at = charge.created_at
    settled = charge.settled
    if settled is not None and settled.fee_minor:
        fee = Money(settled.fee_minor, settled.currency)
        ledger.post(db, books.stripe_fee(transaction_id=settled.id, booking_id=payment.booking_id, amount=fee), now=now)


# state -------------------------------------------------------------------------------------------


def _reading(db: Session, payment: Payment, seen: Seen) -> Reading:
    given = [refund.amount_minor for refund in seen.refunds if refund.state in ("succeeded", "pending")]
    payment.refunded_minor = min(sum(given), payment.amount_minor)
    charge = seen.checkout.charge
    return Reading(
        checkout=seen.checkout.state,
        is_paid=seen.checkout.is_paid and charge is not None,
        has_saved_card=seen.checkout.setup_intent_id is not None,
        captured_minor=charge.amount_minor if charge else 0,
        refunded_minor=sum(given),
        has_open_dispute=any(dispute.is_open for dispute in seen.disputes),
        has_lost_dispute=any(dispute.state == "lost" for dispute in seen.disputes),
    )


def _move(db: Session, payment: Payment, reading: Reading, now: datetime) -> None:
    after = state_of(reading)
    if can_move(State(payment.state), after):
        _write(db, payment, after, "Read at Stripe.", now)


def _write(db: Session, payment: Payment, after: State, reason: str, now: datetime) -> None:
    """The guarded update; the row is ours for this transaction, so it cannot miss."""
    before = State(payment.state)
    db.flush()
    db.execute(
        update(Payment)
        .where(Payment.id == payment.id, Payment.state == before)
        .values(state=after, updated_at=now)
        .execution_options(synchronize_session=False)
    )
    record_payment_event(db, payment, before, after, reason, now)
    db.flush()
    db.refresh(payment)


def ask_for_sync(db: Session, payment_id: int) -> None:
    """Have the payment's checkout read again soon."""
    checkout_id = db.scalar(select(Payment.checkout_session_id).where(Payment.id == payment_id))
    if checkout_id is not None:
        enqueue(db, Job.SYNC_CHECKOUT, checkout_id)


def list_open_checkouts(db: Session, *, limit: int = 200) -> list[str]:
    """Checkouts whose end we have not seen, or with a refund or dispute under way: read now and then, in case no event
    ever comes. In no order, so that of more than `limit` none that cannot be read keeps the others out."""
    refunding = select(Refund.payment_id).where(Refund.state == "pending", Refund.stripe_refund_id.is_not(None))
    disputed = select(Dispute.payment_id).where(Dispute.state == "open")
    waiting = select(Payment.checkout_session_id).where(
        Payment.checkout_session_id.is_not(None),
        or_(
            Payment.state.in_((State.CHECKOUT_OPEN, State.PROCESSING)),
            Payment.id.in_(refunding),
            Payment.id.in_(disputed),
        ),
    )
    return [each for each in db.scalars(waiting.order_by(func.random()).limit(limit)) if each]
