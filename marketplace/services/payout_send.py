"""Sending payouts: one transfer asked for when the time to undo is over, and what Stripe has said of it since."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.domain import ledger as books
from marketplace.domain.booking import Party
from marketplace.domain.money import Money
from marketplace.domain.payout import MOVED, State, Step, take_step
from marketplace.models import Actor, Booking, Payment, Payout, PayoutEvent
from marketplace.services import ledger
from marketplace.services.notice import notify_admins
from marketplace.services.outbox import add_command, next_version
from marketplace.services.payment import reference_of
from marketplace.services.payout_notice import tell, tell_decision
from marketplace.services.payout_step import (
    FAILED_SEND,
    NOT_YET,
    Decision,
    agreed_fee,
    count_since_approval,
    facts_of,
    find_account,
    get_payout,
    hold_by_clock,
    move,
    record,
)
from marketplace.services.payout_wait import NO_FUNDS, wait_for_funds
from marketplace.services.take_back import take_back_disputed

MOST_SENDS: Final = 5


def find_due_payouts(db: Session, *, now: datetime, limit: int = 100) -> Sequence[int]:
    """Approved payouts whose time to undo is over, oldest first."""
    due = select(Payout.id).where(Payout.state == State.APPROVED, Payout.undo_until <= now)
    return db.scalars(due.order_by(Payout.undo_until, Payout.id).limit(limit)).all()


def send_payout(db: Session, *, payout_id: int, now: datetime) -> State:
    """Book what is earned, take off what the actor owes, and ask for the one transfer. The state after it.

    What came up since the approval (a dispute, a refund, a restricted account) holds the payout instead.
    """
    payout = get_payout(db, payout_id, lock=True)
    _one_at_a_time(db, payout.actor_id)
    facts = facts_of(db, payout, Decision(None))
    if facts.state == State.APPROVED and facts.blocks:
        hold_by_clock(db, payout, f"{facts.blocks[0]} {NOT_YET}", now)
        return State.HELD
    transition = take_step(facts, Step.SEND, Party.CLOCK, now)
    booking = db.get_one(Booking, payout.booking_id)
    if not _is_covered(db, payout):
        hold_by_clock(db, payout, "The booking's funds in our books do not cover it. Nothing was sent.", now)
        return State.HELD
    key = next_version(db, f"transfer:{reference_of(booking)}")
    _earn(db, payout, booking, now)
    netted = _net(db, payout, key, now)
    move(db, payout, transition, now, netted_minor=payout.netted_minor + netted)
    record(db, payout, Step.SEND, Party.CLOCK, transition.before, transition.after, Decision(None), now)
    return _ask_for_transfer(db, payout, booking, key, now)


def _one_at_a_time(db: Session, actor_id: int) -> None:
    """Let other payouts of the actor wait: of two that left at once, each would count the other as what covers a
    dispute."""
    db.execute(select(Actor.id).where(Actor.id == actor_id).with_for_update(key_share=True))


def note_failed_send(db: Session, *, payout_id: int, error: str, now: datetime) -> None:
    """A fault of ours broke the sending: counted in the trail, and after several the payout is held for a person."""
    payout = get_payout(db, payout_id, lock=True)
    if payout.state != State.APPROVED:
        return
    failed = PayoutEvent(
        payout_id=payout.id, at=now, party=Party.CLOCK, step=FAILED_SEND,
        before=payout.state, after=payout.state, reason=error,
    )  # fmt: skip
    db.add(failed)
    db.flush()
    if count_since_approval(db, payout, FAILED_SEND) >= MOST_SENDS:
        hold_by_clock(db, payout, "Something is wrong on our side and is being looked at. Nothing was sent.", now)
        _tell_admins(db, payout, error, now)


def _tell_admins(db: Session, payout: Payout, error: str, now: datetime) -> None:
    notify_admins(
        db,
        key=f"payout:{payout.id}:broken:{now.isoformat()}",
        kind="outbox",
        title=f"Payout po_{payout.id} cannot be sent",
        words=f"Sending it broke {MOST_SENDS} times ({error}). It is held; nothing was sent.",
        path=f"/admin/payout/{payout.id}",
        now=now,
    )


def _is_covered(db: Session, payout: Payout) -> bool:
    """Whether the booking's money is there to be earned, or what was earned before is still to be sent."""
    if ledger.is_posted(db, books.earn_key(payout.booking_id)):
        unsent = -ledger.balance_of(
            db, books.payable_to(payout.actor_id), payout.currency, booking_id=payout.booking_id
        )
        return unsent >= payout.amount_minor - payout.netted_minor
    funds = -ledger.balance_of(db, books.funds_of(payout.booking_id), payout.currency)
    return funds >= payout.amount_minor


def _earn(db: Session, payout: Payout, booking: Booking, now: datetime) -> None:
    """The booking's money becomes the actor's part and our fee, once; no more than was agreed when it was made.

    What is left beyond that is not ours: it stays with the booking until it has gone back.
    """
    if ledger.is_posted(db, books.earn_key(booking.id)):
        return
    funds = -ledger.balance_of(db, books.funds_of(booking.id), payout.currency)
    agreed = agreed_fee(booking, payout.amount_minor) if payout.fee_minor is None else payout.fee_minor
    actor_part = Money(payout.amount_minor, payout.currency)
    fee_part = Money(min(agreed, funds - payout.amount_minor), payout.currency)
    earned = books.payout_earned(
        booking_id=booking.id, actor_id=payout.actor_id, actor_part=actor_part, fee_part=fee_part
    )
    ledger.post(db, earned, now=now)


def _net(db: Session, payout: Payout, key: str, now: datetime) -> int:
    """Take off what the actor owes from an earlier refund; how much, in minor units."""
    owed = ledger.locked_balance_of(db, books.receivable_from(payout.actor_id), payout.currency)
    amount = min(max(owed, 0), payout.amount_minor - payout.netted_minor)
    if amount:
        netted = books.receivable_netted(
            command_key=key,
            booking_id=payout.booking_id,
            actor_id=payout.actor_id,
            amount=Money(amount, payout.currency),
        )
        ledger.post(db, netted, now=now)
    return amount


def _ask_for_transfer(db: Session, payout: Payout, booking: Booking, key: str, now: datetime) -> State:
    amount = payout.amount_minor - payout.netted_minor
    if amount == 0:
        note_transfer(db, payout_id=payout.id, transfer_id=None, now=now)
        return State.TRANSFERRED
    payment = db.scalars(select(Payment).where(Payment.booking_id == booking.id)).one()
    account = find_account(db, payout.actor_id)
    add_command(
        db,
        kind="transfer.create",
        about="payout",
        about_id=payout.id,
        key=key,
        params={
            "amount_minor": amount,
            "currency": payout.currency,
            "account_id": account.stripe_account_id if account else None,
            "charge_id": payment.charge_id,
            "transfer_group": reference_of(booking),
            "description": f"Booking {booking.id}",
            "metadata": {"booking": str(booking.id), "payout": str(payout.id), "command": key},
        },
        now=now,
    )
    return State.SENDING


# what Stripe has said ----------------------------------------------------------------------------


def note_transfer(db: Session, *, payout_id: int, transfer_id: str | None, now: datetime) -> None:
    """The transfer exists (or nothing was left to send): book it and tell the actor. Harmless to repeat."""
    payout = get_payout(db, payout_id, lock=True)
    if payout.state not in (State.SENDING, State.UNKNOWN):
        return
    transition = take_step(facts_of(db, payout, Decision(None)), Step.RECORD_TRANSFER, Party.CLOCK, now)
    move(db, payout, transition, now, stripe_transfer_id=transfer_id, transferred_at=now, words="")
    amount = Money(payout.amount_minor - payout.netted_minor, payout.currency)
    if transfer_id is not None:
        made = books.transfer_made(
            transfer_id=transfer_id, booking_id=payout.booking_id, actor_id=payout.actor_id, amount=amount
        )
        ledger.post(db, made, now=now)
    record(db, payout, Step.RECORD_TRANSFER, Party.CLOCK, transition.before, transition.after, Decision(None), now)
    title = f"{amount} is on its way"
    tell(db, payout, f"transferred:{transfer_id or 'netted'}", title, "Stripe pays it to your bank account.", now)
    take_back_disputed(db, payout, now)


def note_transfer_refused(db: Session, *, payout_id: int, words: str, code: str = "", now: datetime) -> None:
    """Stripe has refused the transfer, or it never happened: the payout is held until a person decides again.

    With `code` for a balance that is short it waits for funds instead.
    """
    payout = get_payout(db, payout_id, lock=True)
    if payout.state not in (State.SENDING, State.UNKNOWN):
        return
    if code == NO_FUNDS and wait_for_funds(db, payout, words, now):
        return
    transition = take_step(facts_of(db, payout, Decision(None)), Step.RECORD_REFUSAL, Party.CLOCK, now)
    by = Decision(None, f"Stripe did not make the transfer: {words}")
    move(db, payout, transition, now, approvals=0, undo_until=None, words=by.words)
    record(db, payout, Step.RECORD_REFUSAL, Party.CLOCK, transition.before, transition.after, by, now)
    tell_decision(db, payout, Step.HOLD, transition.after, words, now)


def note_transfer_unknown(db: Session, *, payout_id: int, now: datetime) -> None:
    """Nobody knows whether the transfer happened: it is looked up at Stripe before anything else."""
    payout = get_payout(db, payout_id, lock=True)
    if payout.state != State.SENDING:
        return
    transition = take_step(facts_of(db, payout, Decision(None)), Step.LOSE_TRACK, Party.CLOCK, now)
    move(db, payout, transition, now)
    record(db, payout, Step.LOSE_TRACK, Party.CLOCK, transition.before, transition.after, Decision(None), now)


def note_reversal(db: Session, *, payout: Payout, reversal_id: str, amount_minor: int, now: datetime) -> bool:
    """A part of the transfer has come back: book it once and count it; False when that was done before.

    It settles what the actor owes of this booking; beyond that it is owed to them again.
    """
    amount = Money(amount_minor, payout.currency)
    owed = _owed_of(db, payout, amount)
    reversal = books.transfer_reversed(
        reversal_id=reversal_id,
        booking_id=payout.booking_id,
        actor_id=payout.actor_id,
        receivable_part=owed,
        payable_part=amount - owed,
    )
    if not ledger.post(db, reversal, now=now):
        return False
    if payout.state not in MOVED:
        return True  # money of an earlier transfer: the payout has been opened again since
    payout.reversed_minor += amount_minor
    db.flush()
    gone = replace(facts_of(db, payout, Decision(None)), reversed_minor=payout.reversed_minor + payout.netted_minor)
    transition = take_step(gone, Step.RECORD_REVERSAL, Party.CLOCK, now)
    move(db, payout, transition, now)
    record(db, payout, Step.RECORD_REVERSAL, Party.CLOCK, transition.before, transition.after, Decision(None), now)
    return True


def _owed_of(db: Session, payout: Payout, amount: Money) -> Money:
    """What the actor owes of this booking and has not paid with another, up to `amount`."""
    place = books.receivable_from(payout.actor_id)
    whole = ledger.locked_balance_of(db, place, payout.currency)  # nobody gives it up meanwhile
    owed = min(whole, ledger.balance_of(db, place, payout.currency, booking_id=payout.booking_id))
    return Money(min(max(owed, 0), amount.minor), amount.currency)
