"""Who bears a refund, reckoned before it is asked for, and the payout that becomes smaller by the actor's part."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.domain import ledger as books
from marketplace.domain.booking import Party
from marketplace.domain.cancellation import Settlement
from marketplace.domain.money import Money
from marketplace.domain.payout import ON_HAND, State, Step, Transition, take_step
from marketplace.domain.refund import Burden, shrink
from marketplace.models import Booking, Payment, Payout
from marketplace.services import ledger
from marketplace.services.payment import (
    find_payment,
    free_part,
    left_beside_owed,
    left_to_refund,
    share_of,
    unearned_part,
)
from marketplace.services.payout_notice import tell
from marketplace.services.payout_step import Decision, agreed_fee, facts_of, get_payout, hold_by_clock, move, record

LOWERABLE = ON_HAND | {State.REJECTED}


def weigh_refund(db: Session, booking: Booking, payment: Payment, amount: Money, *, pays_owed: bool = False) -> Burden:
    """Who bears `amount`, no more than is left, if it goes back now: by the same rule by which it is booked later.

    `pays_owed`: it has gone already, without us, so refunds that the platform was owed are paid by it first.
    """
    nothing = Money(0, amount.currency)
    if ledger.is_posted(db, books.earn_key(booking.id)):
        free = Money(unearned_part(db, booking, amount.minor), amount.currency)
        fee, actor = share_of((amount - free).minor, booking)
        unsent = free_part(db, booking, actor)
        return Burden(free, fee, unsent, actor - unsent)
    fee_claim, actor_claim = claims_of(db, booking, payment)
    left = Money((left_beside_owed if pays_owed else left_to_refund)(db, payment), amount.currency)
    free = min(amount, max(left - fee_claim - actor_claim, nothing))
    fee_left, actor_left = shrink(fee_claim, actor_claim, amount - free)
    return Burden(free, fee_claim - fee_left, actor_claim - actor_left, nothing)


def claims_of(db: Session, booking: Booking, payment: Payment) -> tuple[Money, Money]:
    """What our fee and the actor are to get of money that nobody has earned yet."""
    payout = db.scalar(select(Payout).where(Payout.booking_id == booking.id))
    if payout is None:
        return share_of(left_to_refund(db, payment), booking)
    if payout.state not in LOWERABLE:
        return Money(0, booking.currency), Money(0, booking.currency)
    return Money(fee_of(booking, payout), booking.currency), Money(payout.amount_minor, booking.currency)


def fee_of(booking: Booking, payout: Payout) -> int:
    """Our part beside a payout, as it was agreed when that was made, in minor units."""
    return agreed_fee(booking, payout.amount_minor) if payout.fee_minor is None else payout.fee_minor


def lower_payout(db: Session, booking: Booking, burden: Burden, words: str, now: datetime) -> None:
    """Take the actor's part, and ours, off a payout that has not left. Approvals count no more: it is another amount.

    Nothing left of it: it has gone back to the platform. The actor reads `words`.
    """
    payout_id = db.scalar(select(Payout.id).where(Payout.booking_id == booking.id, Payout.state.in_(LOWERABLE)))
    if payout_id is None or not (burden.unsent or burden.fee):
        return
    payout = get_payout(db, payout_id, lock=True)
    if payout.state not in LOWERABLE:
        return  # it has just left: the refund is booked out of what was earned
    amount = payout.amount_minor - burden.unsent.minor
    is_earned = ledger.is_posted(db, books.earn_key(booking.id))
    fee = payout.fee_minor if is_earned else fee_of(booking, payout) - burden.fee.minor
    if payout.state == State.APPROVED:
        hold_by_clock(db, payout, f"The amount has changed: {words}", now)
    was = Money(payout.amount_minor, payout.currency)
    _write(db, payout, amount, fee, words, now)
    if payout.state != State.RETURNED:
        title = f"{was} became {Money(amount, payout.currency)}"
        tell(db, payout, f"lowered:{now.isoformat()}", title, words, now)


def _write(db: Session, payout: Payout, amount: int, fee: int | None, words: str, now: datetime) -> None:
    before = State(payout.state)
    transition, step = Transition(before, before), "lower"
    if amount - payout.netted_minor <= 0:
        transition = take_step(facts_of(db, payout, Decision(None)), Step.USE_UP, Party.CLOCK, now)
        step = Step.USE_UP
        tell(
            db,
            payout,
            "returned",
            f"{Money(payout.amount_minor, payout.currency)} went back to the platform",
            words,
            now,
        )
    move(db, payout, transition, now, amount_minor=amount, fee_minor=fee, approvals=0, words=words)
    record(db, payout, step, Party.CLOCK, before, transition.after, Decision(None, words), now)


def settle_left(db: Session, booking: Booking, settled: Settlement) -> Settlement:
    """A share of the price as a share of what is still there: what went back by hand before is shared no more."""
    payment = find_payment(db, booking.id)
    whole = settled.refund + settled.actor_keeps + settled.fee_kept
    left = whole if payment is None else Money(min(left_to_refund(db, payment), whole.minor), whole.currency)
    if left == whole or not whole:
        return settled
    refund, actor, fee = left.split([settled.refund.minor, settled.actor_keeps.minor, settled.fee_kept.minor])
    return Settlement(refund, actor, fee)
