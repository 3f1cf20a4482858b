"""What the marketplace asks of a platform's money: a checkout, its end, and refunds. Each is a row in the outbox."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import and_, or_, select, update
from sqlalchemy.orm import Session

from marketplace.domain import ledger as books
from marketplace.domain.errors import Conflict, NotFound, Refused
from marketplace.domain.money import Money
from marketplace.domain.payment import State, is_paid
from marketplace.domain.payout import LEAVING, MOVED
from marketplace.domain.refund import Burden
from marketplace.models import Booking, Dispute, OutboxCommand, Payment, PaymentEvent, Payout, Refund
from marketplace.models.column import sum_of
from marketplace.services import ledger
from marketplace.services.charge_plan import charge_at_of
from marketplace.services.notice import notify_admins
from marketplace.services.once import insert_once
from marketplace.services.outbox import NO_WAIT, add_command, next_version

SHORTEST: Final = timedelta(minutes=35)
LONGEST: Final = timedelta(hours=24) - timedelta(minutes=5)
"""Stripe wants 30 minutes to 24 hours from when it makes the checkout; a worker may come a little later than we ask."""
LINK_MARGIN: Final = timedelta(minutes=20)
"""A checkout to pay by hand closes so long before its deadline: what was paid in it has then been seen by a poll."""
REOPEN_AFTER: Final = timedelta(minutes=5)
MOST_CHECKOUTS: Final = 4
"""So often a checkout is asked for while its slot is held."""
MOVING: Final = ("reversing", "pending", "succeeded")
"""Refunds that are made or on their way."""
CAME_BACK: Final = ("failed", "repaid")
"""Refunds that were made and came back: the platform is owed them beside the booking, or has been repaid by bank. One
that was made once more is "retried", and its new row counts."""
OWED: Final = ("owed", "refused")
"""Refunds that the platform is owed and that wait: for the bank's decision, or for an admin after Stripe refused."""
REFUNDS_PATH: Final = "/admin/refund"
REFUNDABLE: Final = (State.CAPTURED, State.PARTLY_REFUNDED)
SUCCESS_PATH: Final = "/platform/booking/{id}/paid?session={{CHECKOUT_SESSION_ID}}"
CANCEL_PATH: Final = "/platform/booking/{id}"


class RefundTooLarge(Refused):
    """More than is left of the payment."""

    code = "refund_too_large"


def reference_of(booking: Booking) -> str:
    """A booking's name at Stripe: its id, and a mark that keeps two installations on one Stripe account apart."""
    mark = hashlib.sha256(booking.request_token.encode()).hexdigest()[:8]
    return f"bk_{booking.id}_{mark}"


def open_checkout(db: Session, booking: Booking, now: datetime) -> None:
    """The actor has accepted: ask for a hosted checkout of the frozen total, open no longer than the slot is held.

    For a session far ahead it only saves a card, which is charged near the session.
    """
    payment_id = insert_once(
        db,
        Payment,
        booking_id=booking.id,
        platform_id=booking.platform_id,
        state=State.OPENING,
        currency=booking.currency,
        amount_minor=booking.total_minor,
        refunded_minor=0,
        expires_at=_closes_at(booking, now),
        charge_at=charge_at_of(db, booking, now),
        created_at=now,
        updated_at=now,
    )
    if payment_id is None:
        return
    payment = db.get_one(Payment, payment_id)
    record_payment_event(db, payment, None, State.OPENING, "The actor has accepted.", now)
    _ask_for_checkout(db, booking, payment, f"checkout:{reference_of(booking)}:v1", now)


def reopen_checkout(db: Session, booking: Booking, payment: Payment, now: datetime) -> bool:
    """Stripe would not make the checkout, or its answer never came: ask once more, in a while and with a new key.

    False when that was done often enough, or the slot is not held for the platform any more.
    """
    key = next_version(db, f"checkout:{reference_of(booking)}")
    opens_at = now + REOPEN_AFTER
    is_too_late = booking.deadline_at is not None and opens_at >= booking.deadline_at
    if booking.state != "accepted" or is_too_late or int(key.rpartition(":v")[2]) > MOST_CHECKOUTS:
        return False
    payment.expires_at = _closes_at(booking, opens_at)
    _ask_for_checkout(db, booking, payment, key, now, REOPEN_AFTER)
    return True


def ask_for_link(
    db: Session, booking: Booking, payment: Payment, pay_by: datetime, now: datetime, wait: timedelta = NO_WAIT
) -> None:
    """The bank refused the saved card: ask for a hosted checkout in which the platform pays itself, until `pay_by`."""
    opens_at = now + wait
    payment.checkout_url = None
    payment.expires_at = min(max(pay_by - LINK_MARGIN, opens_at + SHORTEST), opens_at + LONGEST)
    _ask_for_checkout(db, booking, payment, next_version(db, f"checkout:{reference_of(booking)}"), now, wait)


def _ask_for_checkout(
    db: Session, booking: Booking, payment: Payment, key: str, now: datetime, wait: timedelta = NO_WAIT
) -> None:
    add_command(
        db,
        kind="checkout.create",
        about="payment",
        about_id=payment.id,
        key=key,
        params=_checkout_params(booking, payment, reference_of(booking)),
        now=now,
        wait=wait,
    )


def _closes_at(booking: Booking, now: datetime) -> datetime:
    held_until = booking.deadline_at or now + LONGEST
    return min(max(held_until, now + SHORTEST), now + LONGEST)


def _checkout_params(booking: Booking, payment: Payment, reference: str) -> dict[str, Any]:
    closes_at = payment.expires_at or booking.starts_at
    pays_by_hand = payment.state == State.ACTION_REQUIRED
    customer = {"customer_id": payment.customer_id} if pays_by_hand and payment.customer_id else {}
    return {
        "mode": "setup" if payment.charge_at is not None and not pays_by_hand else "payment",
        **customer,
        "amount_minor": payment.amount_minor,
        "currency": payment.currency,
        "description": f"Capture session with {booking.actor.name}",
        "reference": reference,
        "transfer_group": reference,
        "success_path": SUCCESS_PATH.format(id=booking.id),
        "cancel_path": CANCEL_PATH.format(id=booking.id),
        "expires_at_s": int(closes_at.timestamp()),
        "metadata": {"booking": str(booking.id), "payment": str(payment.id), "reference": reference},
    }


def close_checkout(db: Session, booking: Booking, now: datetime) -> None:
    """The booking is off before it was paid: nobody may pay for it any more. What is paid all the same goes back."""
    payment = find_payment(db, booking.id)
    if payment is None or payment.checkout_session_id is None or payment.state != State.CHECKOUT_OPEN:
        return
    expire_checkout(db, booking, payment, now)


def expire_checkout(db: Session, booking: Booking, payment: Payment, now: datetime) -> None:
    """Have the payment's checkout closed at Stripe, if it is still open there."""
    add_command(
        db,
        kind="checkout.expire",
        about="payment",
        about_id=payment.id,
        key=f"expire:{payment.checkout_session_id}:v1",
        params={"checkout_id": payment.checkout_session_id},
        now=now,
    )


def refund_booking(db: Session, booking: Booking, amount_minor: int, reason: str, now: datetime) -> int | None:
    """Give money back to the platform; the refund's id, or None where nothing was paid or nothing is asked.

    Refuses (RefundTooLarge) more than is left, before Stripe is asked: two refunds at once cannot both pass, for the
    second waits for the first. Where the actor has been sent their part, that is taken back first. While the
    platform's bank disputes the payment Stripe refunds nothing: the refund is recorded as owed, and made once the
    dispute is won. What the bank has taken back is not owed a second time.
    """
    payment = find_payment(db, booking.id, lock=True)
    if payment is None or not is_paid(State(payment.state)) or amount_minor <= 0:
        return None
    left = Money(left_to_refund(db, payment), payment.currency)
    if payment.state in (State.REFUNDED, State.LOST):
        amount_minor = min(amount_minor, left.minor)
        if amount_minor <= 0:
            return None
    if amount_minor > left.minor:
        raise RefundTooLarge(f"Only {left} is left of this payment. Nothing was refunded.")
    refuse_while_leaving(db, booking.id)
    refund = Refund(
        payment_id=payment.id,
        booking_id=booking.id,
        state="pending" if payment.state in REFUNDABLE else "owed",
        currency=payment.currency,
        amount_minor=amount_minor,
        reason=reason,
        created_at=now,
        updated_at=now,
    )
    db.add(refund)
    db.flush()
    if refund.state == "owed":
        _tell_owed(db, refund, now)
    else:
        start_refund(db, booking, refund, now)
    return refund.id


def refuse_while_leaving(db: Session, booking_id: int) -> None:
    """Whether the actor already has their part must be certain before it is taken back; it does not leave meanwhile."""
    payout = select(Payout).where(Payout.booking_id == booking_id).execution_options(populate_existing=True)
    held = db.scalar(payout.with_for_update())
    if held is not None and held.state in LEAVING:
        raise Conflict("The actor's payout is just being sent. Try again in a few minutes. Nothing was refunded.")


def start_refund(db: Session, booking: Booking, refund: Refund, now: datetime) -> None:
    """Take the actor's share back where they have it, else ask for the refund itself; again after a refusal, too."""
    if not _reverse_first(db, booking, refund, now):
        send_refund(db, booking, refund, now)


def _tell_owed(db: Session, refund: Refund, now: datetime) -> None:
    amount = Money(refund.amount_minor, refund.currency)
    notify_admins(
        db,
        key=f"refund:{refund.id}:owed",
        kind="payment",
        title="A refund is owed",
        words=f"Booking {refund.booking_id}: {amount} go back to the platform once its bank has decided the dispute.",
        path=REFUNDS_PATH,
        now=now,
    )


def refund_rest(db: Session, booking: Booking, reason: str, now: datetime) -> int | None:
    """Give back whatever has not been given back yet."""
    payment = find_payment(db, booking.id, lock=True)
    return None if payment is None else refund_booking(db, booking, left_to_refund(db, payment), reason, now)


def left_to_refund(db: Session, payment: Payment) -> int:
    """What has not been given back, nor is on its way or owed, nor taken by the platform's bank, in minor units."""
    owed = select(sum_of(Refund.amount_minor)).where(Refund.payment_id == payment.id, Refund.state.in_(OWED))
    return left_beside_owed(db, payment) - (db.scalar(owed) or 0)


def left_beside_owed(db: Session, payment: Payment) -> int:
    """What has not left the booking yet and is not on its way out, in minor units."""
    given = select(sum_of(Refund.amount_minor)).where(
        Refund.payment_id == payment.id, Refund.state.in_((*MOVING, *CAME_BACK))
    )
    lost = select(sum_of(Dispute.amount_minor)).where(Dispute.payment_id == payment.id, Dispute.state == "lost")
    return payment.amount_minor - (db.scalar(given) or 0) - (db.scalar(lost) or 0)


def _reverse_first(db: Session, booking: Booking, refund: Refund, now: datetime) -> bool:
    """Take the actor's share of the refund back before the refund itself; False when nothing was sent to them.

    What nobody has earned goes back first, then what the actor has earned and not been sent. A share that was asked
    for once is not asked for again, nor anything for a refund that is made a second time.
    """
    payout = db.scalar(select(Payout).where(Payout.booking_id == booking.id, Payout.state.in_(MOVED)))
    if payout is None or payout.stripe_transfer_id is None or refund.retry_of_id or _was_reversed(db, refund):
        return False
    _, share = share_of(refund.amount_minor - unearned_part(db, booking, refund.amount_minor), booking)
    amount = min((share - free_part(db, booking, share, but=refund.id)).minor, sent_part(db, payout))
    if amount <= 0:
        return False
    refund.state = "reversing"
    key = f"reversal:{reference_of(booking)}:{refund.id}:v1"
    add_command(
        db,
        kind="transfer.reverse",
        about="refund",
        about_id=refund.id,
        key=key,
        params={
            "transfer_id": payout.stripe_transfer_id,
            "amount_minor": amount,
            "metadata": {"reference": reference_of(booking), "refund": str(refund.id), "command": key},
        },
        now=now,
    )
    return True


def _was_reversed(db: Session, refund: Refund) -> bool:
    asked = select(OutboxCommand.id).where(
        OutboxCommand.about == "refund", OutboxCommand.about_id == refund.id, OutboxCommand.kind == "transfer.reverse"
    )
    return db.scalar(asked.limit(1)) is not None


def sent_part(db: Session, payout: Payout) -> int:
    """What of a payout the actor has at Stripe and nobody has asked back yet, in minor units."""
    refunds = select(Refund.id).where(Refund.booking_id == payout.booking_id)
    asked = select(OutboxCommand.params).where(
        OutboxCommand.kind == "transfer.reverse",
        OutboxCommand.state.in_(("pending", "leased", "unknown")),
        or_(
            and_(OutboxCommand.about == "refund", OutboxCommand.about_id.in_(refunds)),
            and_(OutboxCommand.about == "payout", OutboxCommand.about_id == payout.id),
        ),
    )
    leaving = sum(int(params["amount_minor"]) for params in db.scalars(asked))
    return max(payout.amount_minor - payout.netted_minor - payout.reversed_minor - leaving, 0)


def free_part(db: Session, booking: Booking, wanted: Money, *, but: int | None = None) -> Money:
    """What of the actor's unsent earnings no refund on its way will take, up to `wanted`; `but` is not counted."""
    moving = db.scalars(
        select(Refund).where(Refund.booking_id == booking.id, Refund.state.in_(("reversing", "pending")))
    )
    taken = Money(0, booking.currency)
    for refund in moving:
        made = refund.stripe_refund_id is not None and ledger.is_posted(db, f"refund:{refund.stripe_refund_id}")
        if refund.id != but and not made and refund.retry_of_id is None:
            taken += share_of(refund.amount_minor, booking)[1]
    return max(unsent_part(db, booking, wanted + taken) - taken, Money(0, booking.currency))


def unearned_part(db: Session, booking: Booking, amount_minor: int) -> int:
    """How much of an amount is still the booking's own money, earned by nobody, in minor units."""
    funds = -ledger.balance_of(db, books.funds_of(booking.id), booking.currency)
    return min(max(funds, 0), amount_minor)


def unsent_part(db: Session, booking: Booking, wanted: Money) -> Money:
    """What of this booking's earnings has not been sent to the actor yet, nor is just being sent, up to `wanted`."""
    left = -ledger.balance_of(db, books.payable_to(booking.actor_id), booking.currency, booking_id=booking.id)
    leaving = db.scalar(
        select(Payout.amount_minor - Payout.netted_minor).where(
            Payout.booking_id == booking.id, Payout.state.in_(LEAVING)
        )
    )
    return Money(min(max(left - (leaving or 0), 0), wanted.minor), booking.currency)


def burden_of(db: Session, booking: Booking, amount: Money) -> Burden:
    """Who bears an amount of a booking whose money was earned: first what nobody has earned, then our fee and the
    actor's part as the price shares them."""
    free = Money(unearned_part(db, booking, amount.minor), amount.currency)
    fee, actor = share_of((amount - free).minor, booking)
    unsent = unsent_part(db, booking, actor)
    return Burden(free, fee, unsent, actor - unsent)


def share_of(amount_minor: int, booking: Booking) -> tuple[Money, Money]:
    """An amount of a booking's money as (our fee's part, the actor's part), in the proportion of its price."""
    fee, actor = Money(amount_minor, booking.currency).split([booking.fee_minor, booking.net_minor])
    return fee, actor


def send_refund(db: Session, booking: Booking, refund: Refund, now: datetime) -> None:
    """Ask for the refund itself; after a refusal with a new key."""
    payment = db.get_one(Payment, refund.payment_id)
    refund.state = "pending"
    refund.updated_at = now
    key = next_version(db, f"refund:{reference_of(booking)}:{refund.id}")
    add_command(
        db,
        kind="refund.create",
        about="refund",
        about_id=refund.id,
        key=key,
        params={
            "charge_id": payment.charge_id,
            "amount_minor": refund.amount_minor,
            "metadata": {"reference": reference_of(booking), "refund": str(refund.id), "command": key},
        },
        now=now,
    )


def find_payment(db: Session, booking_id: int, *, lock: bool = False) -> Payment | None:
    """The payment of a booking; `lock` makes every other writer of it wait until this transaction ends."""
    query = select(Payment).where(Payment.booking_id == booking_id).execution_options(populate_existing=True)
    return db.scalar(query.with_for_update() if lock else query)


def get_payment(db: Session, payment_id: int, *, lock: bool = False) -> Payment:
    """A payment by its id; refuses one that is not there."""
    query = select(Payment).where(Payment.id == payment_id).execution_options(populate_existing=True)
    payment = db.scalar(query.with_for_update() if lock else query)
    if payment is None:
        raise NotFound("There is no such payment.")
    return payment


def checkout_address(db: Session, *, booking_id: int, now: datetime) -> str | None:
    """Where the platform pays, while it can; None before Stripe has made it and after its time."""
    payment = find_payment(db, booking_id)
    if payment is None or payment.state not in (State.CHECKOUT_OPEN, State.ACTION_REQUIRED):
        return None
    return payment.checkout_url if payment.expires_at is None or now < payment.expires_at else None


def hold_payment(db: Session, payment_id: int) -> Payment:
    """Make other writers wait: the booking first, then its payment, the order in which every step takes them."""
    booking_id = select(Payment.booking_id).where(Payment.id == payment_id).scalar_subquery()
    db.execute(select(Booking.id).where(Booking.id == booking_id).with_for_update())
    return get_payment(db, payment_id, lock=True)


def move_payment(db: Session, payment: Payment, after: State, reason: str, now: datetime) -> None:
    """The guarded update, with its event; the row is held by this transaction, so it cannot miss."""
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


def record_payment_event(
    db: Session, payment: Payment, before: State | None, after: State, reason: str, now: datetime
) -> None:
    """Append what happened to a payment."""
    db.add(PaymentEvent(payment_id=payment.id, at=now, before=before, after=after, reason=reason))
