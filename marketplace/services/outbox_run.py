"""One command of the outbox from lease to result: the same for a worker, the sweep and a page that cannot wait."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.gateways.payment.base import PaymentGateway
from marketplace.models import Booking, Payout, Refund
from marketplace.services import connect, evidence, outbox, payment, payment_sync, payout_send, saved_card_sync
from marketplace.services.notice import notify_admins
from marketplace.services.outbox import Command
from marketplace.services.outbox_call import OTHER_AMOUNT, Answer, call_stripe, look_up
from marketplace.services.payout_step import get_payout
from marketplace.services.take_back import reopen_won

NOBODY_WAITS: Final = ("charge.return", "account.create")
"""Kinds whose refusal changes nothing that anybody would look at: people are told."""
UnitOfWork = Callable[[], AbstractContextManager[Session]]
Clock = Callable[[], datetime]


def run_command(
    gateway: PaymentGateway, unit_of_work: UnitOfWork, command_id: int, *, base_url: str, clock: Clock
) -> str | None:
    """Lease, call outside any transaction, settle; the outcome, or None when it was not to be carried out now.

    Killed at any point, it is found again when its lease is over and called with the same key and parameters.
    """
    with unit_of_work() as db:
        command = outbox.claim_command(db, command_id, base_url=base_url, now=clock())
    if command is None:
        return None
    answer = call_stripe(gateway, command)
    with unit_of_work() as db:
        settle(db, command, answer, now=clock())
    return answer.outcome


def run_look_up(gateway: PaymentGateway, unit_of_work: UnitOfWork, command: Command, *, clock: Clock) -> str:
    """Find out at Stripe what became of a command whose answer was lost; the outcome.

    A try that breaks is counted and put behind the others, and its fault goes on to the caller.
    """
    try:
        return _find_out(gateway, unit_of_work, command, clock)
    except Exception as error:
        with unit_of_work() as db:
            _put_off(db, command, Answer("later", words=f"{type(error).__name__}: {error}"), clock())
        raise


def _find_out(gateway: PaymentGateway, unit_of_work: UnitOfWork, command: Command, clock: Clock) -> str:
    with unit_of_work() as db:
        note_unknown(db, command, now=clock())
    answer = look_up(gateway, command)
    with unit_of_work() as db:
        if answer.outcome == "later":
            _put_off(db, command, answer, clock())
        else:
            settle(db, command, answer, now=clock())
    return answer.outcome


def _put_off(db: Session, command: Command, answer: Answer, now: datetime) -> None:
    is_hopeless = outbox.postpone(db, command, error=answer.words, now=now)
    if is_hopeless or answer.code == OTHER_AMOUNT:
        _tell_admins(db, command, answer.words, now)


def settle(db: Session, command: Command, answer: Answer, *, now: datetime) -> None:
    """Write what became of a command, and what follows from it, in one transaction; once."""
    if answer.outcome == "later":
        if outbox.settle_later(db, command, error=answer.words, now=now) == "unknown":
            note_unknown(db, command, now=now)
        return
    if answer.outcome == "done":
        if outbox.settle_done(db, command, stripe_id=answer.stripe_id, answer=answer.facts, now=now):
            _note_done(db, command, answer, now)
        return
    if answer.outcome == "lost":
        if outbox.settle_lost(db, command, error=answer.words, now=now):
            note_unknown(db, command, now=now)
            _tell_admins(db, command, answer.words, now)
        return
    if answer.outcome == "dead":
        ours = outbox.settle_dead(db, command, error=answer.words, now=now)
    else:
        ours = outbox.settle_refused(db, command, error=answer.words, code=answer.code, now=now)
    if ours:
        _note_refused(db, command, answer, now)


def note_unknown(db: Session, command: Command, *, now: datetime) -> None:
    """Say that nobody knows: people see it until the look-up has told."""
    if command.kind == "transfer.create":
        payout_send.note_transfer_unknown(db, payout_id=command.about_id, now=now)


def _note_done(db: Session, command: Command, answer: Answer, now: datetime) -> None:
    made = answer.stripe_id or ""
    if command.kind == "checkout.create":
        payment_sync.note_checkout(
            db, payment_id=command.about_id, checkout_id=made, url=answer.facts.get("url"), now=now
        )
    elif command.kind == "transfer.create":
        payout_send.note_transfer(db, payout_id=command.about_id, transfer_id=made, now=now)
    elif command.kind == "refund.create":
        _note_refund(db, command.about_id, made, now)
    elif command.kind == "transfer.reverse":
        _note_reversal(db, command, made, answer.facts["amount_minor"], now)
    elif command.kind in ("checkout.expire", "card.charge", "charge.return"):
        payment_sync.ask_for_sync(db, command.about_id)
    elif command.kind == "dispute.submit":
        evidence.note_submitted(db, dispute_id=command.about_id, now=now)
    elif command.kind == "account.create":
        connect.note_opened(db, actor_id=command.about_id, stripe_account_id=made, now=now)


def _note_refused(db: Session, command: Command, answer: Answer, now: datetime) -> None:
    if command.kind == "checkout.create":
        payment_sync.note_checkout_refused(db, payment_id=command.about_id, words=answer.words, now=now)
    elif command.kind == "transfer.create":
        payout_send.note_transfer_refused(db, payout_id=command.about_id, words=answer.words, code=answer.code, now=now)
    elif command.kind == "refund.create":
        _note_refund_refused(db, command.about_id, answer.words, now)
    elif command.kind == "transfer.reverse":
        _note_not_reversed(db, command, answer.words, now)
    elif command.kind == "card.charge":
        saved_card_sync.note_charge_refused(
            db, payment_id=command.about_id, words=answer.words, code=answer.code, now=now
        )
    elif command.kind == "dispute.submit":
        evidence.note_submit_refused(db, dispute_id=command.about_id, words=answer.words, now=now)
    elif command.kind in ("checkout.expire", "charge.return"):
        # it is over already, perhaps because it has been paid, or was refunded by hand
        payment_sync.ask_for_sync(db, command.about_id)
    if answer.outcome == "dead" or command.kind in NOBODY_WAITS:
        _tell_admins(db, command, answer.words, now)


def _note_refund(db: Session, refund_id: int, stripe_refund_id: str, now: datetime) -> None:
    """The refund exists; the checkout is read again, which books it."""
    refund = db.get_one(Refund, refund_id)
    if refund.stripe_refund_id is None:
        refund.stripe_refund_id = stripe_refund_id
        refund.updated_at = now
    payment_sync.ask_for_sync(db, refund.payment_id)


def _note_refund_refused(db: Session, refund_id: int, words: str, now: datetime) -> None:
    refund = db.get_one(Refund, refund_id)
    refund.state = "refused"
    refund.updated_at = now
    notify_admins(
        db,
        key=f"refund:{refund.id}:refused:{now.isoformat()}",
        kind="payment",
        title="Stripe refused a refund",
        words=words,
        path=payment.REFUNDS_PATH,
        now=now,
    )


def _note_not_reversed(db: Session, command: Command, words: str, now: datetime) -> None:
    """The actor no longer has it. A refund is made all the same, and the actor owes it; while a bank decides, as much
    of their other payouts waits."""
    if command.about == "refund":
        _go_on_with_refund(db, command.about_id, now)
        return
    row = db.get_one(Payout, command.about_id)
    notify_admins(
        db,
        key=f"payout:{row.id}:kept:{command.key}",
        kind="payment",
        title="A disputed payout could not be taken back",
        words=f"Booking {row.booking_id}: as much of the actor's other payouts waits. Stripe said: {words}",
        path="/admin/dispute",
        now=now,
    )


def _note_taken_back(db: Session, command: Command, reversal_id: str, amount_minor: int, now: datetime) -> None:
    """What came back waits for the bank; if that has decided meanwhile, it is reviewed at once."""
    locked = get_payout(db, command.about_id, lock=True)
    payout_send.note_reversal(db, payout=locked, reversal_id=reversal_id, amount_minor=amount_minor, now=now)
    reopen_won(db, locked.booking_id, now)


def _note_reversal(db: Session, command: Command, reversal_id: str, amount_minor: int, now: datetime) -> None:
    if command.about == "payout":
        _note_taken_back(db, command, reversal_id, amount_minor, now)
        return
    refund = db.get_one(Refund, command.about_id)
    paid_out = db.scalars(select(Payout).where(Payout.booking_id == refund.booking_id)).one()
    locked = get_payout(db, paid_out.id, lock=True)
    payout_send.note_reversal(db, payout=locked, reversal_id=reversal_id, amount_minor=amount_minor, now=now)
    _go_on_with_refund(db, refund.id, now)


def _go_on_with_refund(db: Session, refund_id: int, now: datetime) -> None:
    refund = db.get_one(Refund, refund_id)
    if refund.state == "reversing":
        payment.send_refund(db, db.get_one(Booking, refund.booking_id), refund, now)


def _tell_admins(db: Session, command: Command, words: str, now: datetime) -> None:
    outbox.tell_admins(db, command_id=command.id, call=f"{command.kind} ({command.key})", words=words, now=now)
