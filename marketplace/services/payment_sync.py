"""Brings a payment into line with what Stripe says of it now: the one place where money that came in is believed.

The success page, the webhook, the poll and the outbox all end here. What is read is the whole truth about the payment
(checkout, charge, refunds, disputes), so it does not matter which event came first, twice, or never.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from marketplace.domain import ledger as books
from marketplace.domain.money import Money
from marketplace.domain.payment import Reading, State, can_move, is_paid, state_of
from marketplace.gateways.payment import base as stripe
from marketplace.jobs import Job, enqueue
from marketplace.models import Booking, Dispute, Payment, Refund
from marketplace.models.column import sum_of
from marketplace.services import ledger
from marketplace.services.booking import confirm_paid_booking
from marketplace.services.charge_plan import UNCHARGED
from marketplace.services.dispute_sync import book_dispute
from marketplace.services.double_charge import book_double
from marketplace.services.payment import (
    close_checkout,
    expire_checkout,
    hold_payment,
    move_payment,
    reference_of,
    reopen_checkout,
)
from marketplace.services.payment_notice import tell_admins
from marketplace.services.refund import settle_owed
from marketplace.services.refund_sync import book_refund
from marketplace.services.saved_card import keep_card, list_cards_to_read, renew_link
from marketplace.services.saved_card_sync import confirm_with_card, note_charged


@dataclass(frozen=True, slots=True)
class SeenCharge:
    """A charge that was paid, and what became of it, oldest first."""

    charge: stripe.Charge
    refunds: tuple[stripe.Refund, ...] = ()
    disputes: tuple[stripe.Dispute, ...] = ()


@dataclass(frozen=True, slots=True)
class Seen:
    """All that Stripe knows of one payment, read outside any transaction: its checkout, its charges, its saved card."""

    checkout: stripe.Checkout
    charges: tuple[SeenCharge, ...] = ()
    card: stripe.SavedCard | None = None

    def own(self, charge_id: str | None) -> SeenCharge | None:
        """The charge that pays: the one we know, else the first. Any other is one too many."""
        known = [each for each in self.charges if each.charge.id == charge_id]
        return next(iter((*known, *self.charges)), None)


def read_checkout(gateway: stripe.PaymentGateway, checkout_id: str) -> Seen:
    """Read a checkout and what became of its charges. Never inside a transaction."""
    checkout = gateway.get_checkout(checkout_id)
    card = None
    if checkout.setup_intent_id is not None and checkout.state == "complete":
        card = gateway.get_saved_card(checkout.setup_intent_id)
    charges = _charges_of(gateway, checkout, card.customer_id if card else checkout.customer_id)
    return Seen(checkout, tuple(_follow(gateway, charge) for charge in charges), card)


def _charges_of(
    gateway: stripe.PaymentGateway, checkout: stripe.Checkout, customer_id: str | None
) -> list[stripe.Charge]:
    """What was paid, oldest first: in the checkout itself, or by the card of its customer while they were away."""
    found = [checkout.charge] if checkout.charge is not None and checkout.is_paid else []
    if customer_id is not None and (named := checkout.metadata.get("payment")):
        tried = [each for each in gateway.list_charges(customer_id) if each.metadata.get("payment") == named]
        found += [each.charge for each in tried if each.charge is not None]
    paid = {charge.id: charge for charge in found if charge.is_paid}
    return sorted(paid.values(), key=lambda charge: (charge.created_at, charge.id))


def _follow(gateway: stripe.PaymentGateway, charge: stripe.Charge) -> SeenCharge:
    # a refund that failed leaves no trace on the charge, a dispute does
    refunds = gateway.list_refunds(charge.id)
    disputes = gateway.list_disputes(charge.id) if charge.is_disputed else []
    return SeenCharge(charge, tuple(reversed(refunds)), tuple(reversed(disputes)))


def sync_checkout(db: Session, seen: Seen, *, now: datetime) -> State | None:
    """Converge on what was read: state, books, refunds, disputes, and the booking. The state now, None if not ours.

    Harmless to repeat, and to do at the same moment twice: the payment's row lets one through at a time, and every
    posting has its event's name.
    """
    payment = _find(db, seen.checkout)
    if payment is None:
        return None
    before = State(payment.state)
    if seen.checkout.url is not None and payment.checkout_session_id == seen.checkout.id:
        payment.checkout_url = seen.checkout.url
    own = seen.own(payment.charge_id)
    _book(db, payment, seen, own, now)
    _move(db, payment, _reading(db, payment, seen, own), now)
    settle_owed(db, payment, now)
    _follow_up(db, payment, seen, before, now)
    return State(payment.state)


def _book(db: Session, payment: Payment, seen: Seen, own: SeenCharge | None, now: datetime) -> None:
    if seen.card is not None:
        keep_card(db, payment, seen.card.customer_id, seen.card.payment_method_id, now)
    if own is None:
        return
    _book_charge(db, payment, own.charge, now)
    for refund in own.refunds:
        book_refund(db, payment, refund, now)
    for dispute in own.disputes:
        book_dispute(db, payment, dispute, now)
    for other in seen.charges:
        if other.charge.id != own.charge.id:
            book_double(db, payment, other.charge, other.refunds, now)


def _follow_up(db: Session, payment: Payment, seen: Seen, before: State, now: datetime) -> None:
    """What the payment's new state means for its booking, and for a checkout that nobody needs any more."""
    after = State(payment.state)
    booking = db.get_one(Booking, payment.booking_id)
    if after == State.CARD_SAVED and before != after:
        confirm_with_card(db, payment, now)
    elif is_paid(after) and not is_paid(before):
        was_over = before in (State.EXPIRED, State.FAILED)
        confirm_paid_booking(db, booking_id=payment.booking_id, paid_late=was_over, now=now)
        if before in UNCHARGED:
            note_charged(db, payment, now)
    if payment.charge_at is not None and is_paid(after) and seen.checkout.state == "open":
        expire_checkout(db, booking, payment, now)
    if after == State.ACTION_REQUIRED and seen.checkout.state == "expired":
        renew_link(db, booking, payment, now)


def note_checkout(db: Session, *, payment_id: int, checkout_id: str, url: str | None, now: datetime) -> None:
    """Stripe has made the checkout: the platform can pay. If the booking is off meanwhile, it is closed at once."""
    payment = hold_payment(db, payment_id)
    if payment.checkout_session_id is None:
        payment.checkout_session_id = checkout_id
        payment.checkout_url = url
    booking = db.get_one(Booking, payment.booking_id, populate_existing=True)
    if payment.charge_at is not None and payment.state not in (State.OPENING, State.CHECKOUT_OPEN):
        if payment.checkout_session_id == checkout_id:
            return  # its own event came before the answer that made it
        # a link beside a saved card takes the place of the checkout that saved it, also to be closed at once
        payment.checkout_session_id, payment.checkout_url = checkout_id, url
        if payment.state != State.ACTION_REQUIRED:
            expire_checkout(db, booking, payment, now)
        return
    if payment.state == State.OPENING:
        move_payment(db, payment, State.CHECKOUT_OPEN, "Stripe has made the checkout.", now)
    if booking.state != "accepted":
        close_checkout(db, booking, now)


def note_checkout_refused(db: Session, *, payment_id: int, words: str, now: datetime) -> None:
    """Stripe will not make the checkout, or never did: it is asked for again while the slot is held, and the admins
    know why."""
    payment = hold_payment(db, payment_id)
    booking = db.get_one(Booking, payment.booking_id, populate_existing=True)
    if payment.state == State.ACTION_REQUIRED:
        renew_link(db, booking, payment, now, is_refused=True)
    elif payment.state == State.OPENING:
        move_payment(db, payment, State.FAILED, words, now)
        if reopen_checkout(db, booking, payment, now):
            move_payment(db, payment, State.OPENING, "A new checkout is asked for.", now)
    else:
        return
    tell_admins(db, payment, "checkout_refused", "A checkout could not be made", words, now)


def _find(db: Session, checkout: stripe.Checkout) -> Payment | None:
    """Our payment, held for this transaction; by the checkout's id, or by what we wrote on it: number and reference,
    for another installation on the same Stripe account has the same numbers."""
    by_id = select(Payment.id).where(Payment.checkout_session_id == checkout.id)
    payment_id = db.scalar(by_id)
    if payment_id is not None:
        return hold_payment(db, payment_id)
    named = checkout.metadata.get("payment", "")
    payment = db.get(Payment, int(named)) if named.isdecimal() else None
    if payment is None or payment.checkout_session_id is not None:
        return None
    if checkout.metadata.get("reference") != reference_of(db.get_one(Booking, payment.booking_id)):
        return None
    # the answer of the call that made it was lost, and the event comes first
    payment = hold_payment(db, payment.id)
    if payment.checkout_session_id is None:
        payment.checkout_session_id, payment.checkout_url = checkout.id, checkout.url
    return payment if payment.checkout_session_id == checkout.id else None


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


def _reading(db: Session, payment: Payment, seen: Seen, own: SeenCharge | None) -> Reading:
    """Refunds and disputes go by our rows: what was read before one of them came may be written after it."""
    if own is None:
        return Reading(seen.checkout.state, is_paid=False, has_saved_card=seen.card is not None)
    unmade = [refund.id for refund in own.refunds if refund.is_unmade]
    refunds = select(sum_of(Refund.amount_minor)).where(
        Refund.payment_id == payment.id,
        Refund.state.in_(("succeeded", "pending")),
        Refund.stripe_refund_id.is_not(None),
        Refund.stripe_refund_id.not_in(unmade),
    )
    given = db.scalar(refunds) or 0
    disputes = set(db.scalars(select(Dispute.state).where(Dispute.payment_id == payment.id)))
    payment.refunded_minor = min(given, payment.amount_minor)
    return Reading(
        checkout=seen.checkout.state,
        is_paid=True,
        captured_minor=own.charge.amount_minor,
        refunded_minor=given,
        has_open_dispute="open" in disputes,
        has_lost_dispute="lost" in disputes,
    )


def _move(db: Session, payment: Payment, reading: Reading, now: datetime) -> None:
    after = state_of(reading)
    if can_move(State(payment.state), after):
        move_payment(db, payment, after, "Read at Stripe.", now)


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
            Payment.state.in_((State.CHECKOUT_OPEN, State.PROCESSING, State.CHARGE_DUE, State.ACTION_REQUIRED)),
            Payment.id.in_(refunding),
            Payment.id.in_(disputed),
        ),
    )
    under_way = [each for each in db.scalars(waiting.order_by(func.random()).limit(limit)) if each]
    return under_way + list_cards_to_read(db)
