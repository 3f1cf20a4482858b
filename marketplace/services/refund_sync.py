"""Books each refund of a payment as Stripe has it now."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.domain import ledger as books
from marketplace.domain.money import Money
from marketplace.gateways.payment import base as stripe
from marketplace.models import Booking, Payment, Refund
from marketplace.services import ledger
from marketplace.services.burden import lower_payout, weigh_refund
from marketplace.services.payment import REFUNDS_PATH, burden_of
from marketplace.services.payment_notice import tell_admins
from marketplace.services.refund_back import find_failed


def book_refund(db: Session, payment: Payment, seen: stripe.Refund, now: datetime) -> None:
    """One refund as Stripe has it: ours by its mark, or one that was made by hand in Stripe's own pages."""
    known = find_refund(db, payment, seen)
    # one of ours that was called off is owed like one that came back: we had promised it
    came_back = seen.state == "failed" or (seen.state == "canceled" and known is not None)
    if seen.is_unmade and not came_back:
        return
    refund = known or _adopt(db, payment, seen, now)
    refund.stripe_refund_id = seen.id
    _post_refund(db, payment, refund, seen, now)
    if came_back:
        _fail_refund(db, payment, refund, seen, now)
    elif refund.state != seen.state and not ledger.is_posted(db, f"refund_fail:{seen.id}"):
        refund.state = seen.state  # what has come back stays so: this may have been read before
        refund.updated_at = now
    db.flush()


def find_refund(db: Session, payment: Payment, seen: stripe.Refund) -> Refund | None:
    """Our row of a refund at Stripe."""
    row = db.scalar(select(Refund).where(Refund.stripe_refund_id == seen.id))
    named = seen.metadata.get("refund", "")
    if row is not None or not named.isdecimal():
        return row
    row = db.get(Refund, int(named))
    return row if row is not None and row.payment_id == payment.id and row.stripe_refund_id is None else None


def _adopt(db: Session, payment: Payment, seen: stripe.Refund, now: datetime) -> Refund:
    """Made in Stripe's own pages: again for one that came back, where the amount says so; else out of the booking."""
    booking = db.get_one(Booking, payment.booking_id)
    failed, amount = find_failed(db, booking, seen.amount_minor), Money(seen.amount_minor, seen.currency)
    if failed is not None:
        failed.state, failed.updated_at = "retried", now
    else:
        burden = weigh_refund(db, booking, payment, amount, pays_owed=True)
        lower_payout(db, booking, burden, "A refund was made to the platform.", now)
    refund = Refund(
        payment_id=payment.id,
        booking_id=payment.booking_id,
        state="pending",
        currency=seen.currency,
        amount_minor=seen.amount_minor,
        reason="Made in Stripe's own pages.",
        retry_of_id=failed.id if failed is not None else None,
        created_at=seen.created_at,
        updated_at=now,
    )
    db.add(refund)
    tell_admins(db, payment, f"refund:{seen.id}", "A refund was made outside Marquee", seen.id, now)
    return refund


def _post_refund(db: Session, payment: Payment, refund: Refund, seen: stripe.Refund, now: datetime) -> None:
    """Out of what nobody has earned, and what is beyond that out of our fee and the actor's part; one that is made
    again out of what the platform is owed."""
    if ledger.is_posted(db, f"refund:{seen.id}"):
        return
    booking = db.get_one(Booking, payment.booking_id)
    amount = Money(seen.amount_minor, seen.currency)
    if refund.retry_of_id is not None:
        again = books.refund_made_again(
            refund_id=seen.id, booking_id=booking.id, platform_id=payment.platform_id, amount=amount
        )
        ledger.post(db, again, now=now)
        return
    if not ledger.is_posted(db, books.earn_key(booking.id)):
        ledger.post(db, books.refund_before_earning(refund_id=seen.id, booking_id=booking.id, amount=amount), now=now)
        return
    burden = burden_of(db, booking, amount)
    after = books.refund_after_earning(
        refund_id=seen.id,
        booking_id=booking.id,
        actor_id=booking.actor_id,
        funds_part=burden.free,
        fee_part=burden.fee,
        payable_part=burden.unsent,
        receivable_part=burden.sent,
    )
    ledger.post(db, after, now=now)


def _fail_refund(db: Session, payment: Payment, refund: Refund, seen: stripe.Refund, now: datetime) -> None:
    failed = books.refund_failed(
        refund_id=seen.id,
        booking_id=payment.booking_id,
        platform_id=payment.platform_id,
        amount=Money(seen.amount_minor, seen.currency),
    )
    if not ledger.post(db, failed, now=now):
        return
    refund.state = "failed"
    refund.updated_at = now
    words = "The platform's bank sent the refund back. The platform must be repaid in another way."
    tell_admins(db, payment, f"refund_failed:{seen.id}", "A refund came back", words, now, path=REFUNDS_PATH)
