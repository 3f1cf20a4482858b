"""Books each dispute of a payment as Stripe has it now; while one is open nothing of the booking moves."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.domain import ledger as books
from marketplace.domain.money import Money
from marketplace.gateways.payment import base as stripe
from marketplace.models import Booking, Dispute, Payment
from marketplace.services import ledger
from marketplace.services.payment import share_of, unearned_part, unsent_part
from marketplace.services.payment_notice import tell_admins
from marketplace.services.payout import find_payout
from marketplace.services.payout_step import get_payout, hold_by_clock


def book_dispute(db: Session, payment: Payment, seen: stripe.Dispute, now: datetime) -> None:
    """One dispute as Stripe has it: open, won or lost; while it is open nothing of the booking moves."""
    row = db.scalar(select(Dispute).where(Dispute.stripe_dispute_id == seen.id))
    if row is None:
        row = _open_dispute(db, payment, seen, now)
    _post_dispute(db, payment, seen, now)
    state = "open" if seen.is_open else ("lost" if seen.state == "lost" else "won")
    if row.state != state:
        row.state = state
        row.closed_at = None if state == "open" else now
        tell_admins(db, payment, f"dispute:{seen.id}:{state}", f"A dispute was {state}", seen.id, now)
    db.flush()


def _open_dispute(db: Session, payment: Payment, seen: stripe.Dispute, now: datetime) -> Dispute:
    row = Dispute(
        payment_id=payment.id,
        booking_id=payment.booking_id,
        stripe_dispute_id=seen.id,
        state="open",
        currency=seen.currency,
        amount_minor=seen.amount_minor,
        fee_minor=seen.fee_minor,
        reason=seen.reason,
        evidence_due_at=seen.answer_by,
        opened_at=seen.created_at,
    )
    db.add(row)
    payout = find_payout(db, payment.booking_id)
    if payout is not None:
        hold_by_clock(db, get_payout(db, payout.id, lock=True), "The platform's bank disputes the payment.", now)
    words = f"{Money(seen.amount_minor, seen.currency)}, reason given: {seen.reason}."
    tell_admins(db, payment, f"dispute:{seen.id}", "A payment is disputed", words, now)
    return row


def _post_dispute(db: Session, payment: Payment, seen: stripe.Dispute, now: datetime) -> None:
    taken, fee = Money(seen.withdrawn_minor, seen.currency), Money(seen.fee_minor, seen.currency)
    booking_id = payment.booking_id
    if not taken:
        return
    ledger.post(db, books.dispute_opened(dispute_id=seen.id, booking_id=booking_id, amount=taken, fee=fee), now=now)
    if seen.returned_minor:
        back = Money(seen.returned_minor, seen.currency)
        ledger.post(db, books.dispute_won(dispute_id=seen.id, booking_id=booking_id, amount=back), now=now)
    elif seen.state == "lost":
        _post_loss(db, payment, seen, taken, now)


def _post_loss(db: Session, payment: Payment, seen: stripe.Dispute, amount: Money, now: datetime) -> None:
    """What nobody has earned goes first; what was earned is lost by our fee and, as a debt, by the actor."""
    booking = db.get_one(Booking, payment.booking_id)
    funds = Money(unearned_part(db, booking, amount.minor), amount.currency)
    fee_part, actor_part = share_of((amount - funds).minor, booking)
    payable = unsent_part(db, booking, actor_part)
    lost = books.dispute_lost(
        dispute_id=seen.id,
        booking_id=booking.id,
        actor_id=booking.actor_id,
        funds_part=funds,
        fee_part=fee_part,
        payable_part=payable,
        receivable_part=actor_part - payable,
        loss_part=Money(0, amount.currency),
    )
    ledger.post(db, lost, now=now)
