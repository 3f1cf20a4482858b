"""Books each dispute of a payment as Stripe has it now; while one is open nothing of the booking moves."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.domain import ledger as books
from marketplace.domain.dispute import reason_words
from marketplace.domain.money import Money
from marketplace.gateways.payment import base as stripe
from marketplace.models import Booking, Dispute, Payment
from marketplace.services import ledger
from marketplace.services.burden import lower_payout, weigh_refund
from marketplace.services.payment import burden_of
from marketplace.services.payment_notice import tell_admins
from marketplace.services.payout import find_payout
from marketplace.services.payout_step import get_payout, hold_by_clock
from marketplace.services.refund_back import settle_due
from marketplace.services.take_back import DISPUTED, guard_payout, reopen_won

LOST = "The platform’s bank has taken the payment back."


def book_dispute(db: Session, payment: Payment, seen: stripe.Dispute, now: datetime) -> None:
    """One dispute as Stripe has it: open, won or lost; while it is open nothing of the booking moves."""
    row = db.scalar(select(Dispute).where(Dispute.stripe_dispute_id == seen.id))
    if row is None:
        row = _open_dispute(db, payment, seen, now)
    if _post_dispute(db, payment, seen, now) and seen.is_open:
        guard_payout(db, payment.booking_id, row, now)
    state = "open" if seen.is_open else ("lost" if seen.state == "lost" else "won")
    if row.state != state:
        row.state = state
        row.closed_at = None if state == "open" else now
        tell_admins(db, payment, f"dispute:{seen.id}:{state}", f"A dispute was {state}", seen.id, now)
        db.flush()
        reopen_won(db, payment.booking_id, now)
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
    db.flush()
    payout = find_payout(db, payment.booking_id)
    if payout is not None:
        hold_by_clock(db, get_payout(db, payout.id, lock=True), DISPUTED, now)
    words = f"{Money(seen.amount_minor, seen.currency)}. {reason_words(seen.reason)}."
    tell_admins(db, payment, f"dispute:{seen.id}", "A payment is disputed", words, now)
    return row


def _post_dispute(db: Session, payment: Payment, seen: stripe.Dispute, now: datetime) -> bool:
    """Book what has moved; True when that the bank has taken the money is new."""
    taken, fee = Money(seen.withdrawn_minor, seen.currency), Money(seen.fee_minor, seen.currency)
    booking_id = payment.booking_id
    if not taken:
        return False
    opened = books.dispute_opened(dispute_id=seen.id, booking_id=booking_id, amount=taken, fee=fee)
    is_new = ledger.post(db, opened, now=now)
    if seen.returned_minor:
        back = Money(seen.returned_minor, seen.currency)
        ledger.post(db, books.dispute_won(dispute_id=seen.id, booking_id=booking_id, amount=back), now=now)
    elif seen.state == "lost":
        _post_loss(db, payment, seen, taken, now)
    return is_new


def _post_loss(db: Session, payment: Payment, seen: stripe.Dispute, amount: Money, now: datetime) -> None:
    """What the platform was owed goes first, then what nobody has earned; what was earned is lost by our fee and, as
    far as it was sent and not taken back, as a debt of the actor."""
    booking = db.get_one(Booking, payment.booking_id)
    if ledger.is_posted(db, f"dispute_lost:{seen.id}"):
        return
    due = settle_due(db, payment, amount, now)
    lower_payout(db, booking, weigh_refund(db, booking, payment, amount - due, pays_owed=True), LOST, now)
    burden = burden_of(db, booking, amount - due)
    lost = books.dispute_lost(
        dispute_id=seen.id,
        booking_id=booking.id,
        actor_id=booking.actor_id,
        funds_part=burden.free,
        fee_part=burden.fee,
        payable_part=burden.unsent,
        receivable_part=burden.sent,
        loss_part=Money(0, amount.currency),
        due=(books.refund_due_to(payment.platform_id), due),
    )
    ledger.post(db, lost, now=now)
