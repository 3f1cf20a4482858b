"""Refunds that an admin decides on: who bears what is shown first, and exactly that is done."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.domain.errors import Conflict, Invalid, NotFound
from marketplace.domain.money import Money
from marketplace.domain.payment import State, is_paid
from marketplace.domain.refund import Burden
from marketplace.models import Booking, Payment, Refund
from marketplace.services.account import Decider
from marketplace.services.audit import record_audit
from marketplace.services.burden import lower_payout, weigh_refund
from marketplace.services.notice import accounts_of_platform, notify
from marketplace.services.own_money import refuse_own
from marketplace.services.payment import (
    RefundTooLarge,
    find_payment,
    left_to_refund,
    refund_booking,
    refuse_while_leaving,
)
from marketplace.services.refund import SHORTEST_WORDS

NOT_PAID = "Nothing has been paid for this booking, so there is nothing to give back."


@dataclass(frozen=True, slots=True)
class Basis:
    """What can be given back of a booking now."""

    booking: Booking
    payment: Payment
    left: Money

    @property
    def is_disputed(self) -> bool:
        """While the bank has not decided, a refund is only recorded as owed."""
        return self.payment.state in (State.DISPUTED, State.LOST)


def read_basis(db: Session, booking_id: int) -> Basis:
    """What is left of a booking's payment; refuses (NotFound) a booking that nobody has paid for."""
    booking = db.get(Booking, booking_id, populate_existing=True)
    payment = find_payment(db, booking_id)
    if booking is None or payment is None or not is_paid(State(payment.state)):
        raise NotFound(NOT_PAID)
    return Basis(booking, payment, Money(left_to_refund(db, payment), payment.currency))


def preview_refund(db: Session, basis: Basis, amount: Money) -> Burden:
    """Who bears `amount`. Refuses nothing or less (Invalid) and more than is left (RefundTooLarge)."""
    _check(basis, amount)
    return weigh_refund(db, basis.booking, basis.payment, amount)


def _check(basis: Basis, amount: Money) -> None:
    if amount.minor <= 0:
        raise Invalid("Give an amount above zero. Nothing was refunded.", field="amount")
    if amount > basis.left:
        raise RefundTooLarge(f"Only {basis.left} is left of this payment. Nothing was refunded.")


def refund_by_hand(
    db: Session, *, booking_id: int, amount: Money, shown: Burden, by: Decider, words: str, now: datetime
) -> int:
    """Give `amount` back to the platform, which reads `words`; the refund's id.

    `shown` is what the admin saw: anything else is refused (Conflict) rather than done. Refuses more than is left
    before Stripe is asked, and one's own booking (NotYours). Of two at once the second waits for the first and then
    sees what is left.
    """
    if len(words.strip()) < SHORTEST_WORDS:
        raise Invalid("Say in a sentence why: the platform reads it. Nothing was refunded.", field="words")
    db.execute(select(Booking.id).where(Booking.id == booking_id).with_for_update())
    find_payment(db, booking_id, lock=True)
    refuse_while_leaving(db, booking_id)
    basis = read_basis(db, booking_id)
    refuse_own(db, basis.booking, by.account_id)
    burden = preview_refund(db, basis, amount)
    if burden != shown:
        raise Conflict("What this refund means has changed meanwhile. Look at it again. Nothing was refunded.")
    refund_id = refund_booking(db, basis.booking, amount.minor, words.strip(), now)
    if refund_id is None:
        raise Conflict(f"{NOT_PAID} Nothing was refunded.")
    lower_payout(db, basis.booking, burden, words.strip(), now)
    refund = db.get_one(Refund, refund_id)
    _tell(db, basis, refund, words.strip(), now)
    _audit(db, refund, burden, by, words.strip(), now)
    return refund_id


def _tell(db: Session, basis: Basis, refund: Refund, words: str, now: datetime) -> None:
    amount = Money(refund.amount_minor, refund.currency)
    notify(
        db,
        account_ids=accounts_of_platform(db, basis.booking.platform_id),
        key=f"refund:{refund.id}:by_hand",
        kind="payment",
        title=f"{amount} go back to you" if refund.state != "owed" else f"{amount} are owed to you",
        words=words,
        path=f"/platform/booking/{basis.booking.id}",
        booking_id=basis.booking.id,
        now=now,
    )


def _audit(db: Session, refund: Refund, burden: Burden, by: Decider, words: str, now: datetime) -> None:
    parts = {"free": burden.free, "fee": burden.fee, "actor_unsent": burden.unsent, "actor_sent": burden.sent}
    record_audit(
        db,
        about="refund",
        about_id=refund.id,
        step="give_back",
        party="admin",
        principal_id=by.account_id,
        before={},
        after={"state": refund.state, **{name: str(part) for name, part in parts.items()}},
        reason=words,
        ip=by.ip,
        now=now,
    )
