"""Scenes in which a worker can die: everything up to the errand is done, the errand itself is not."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from marketplace.domain.booking import Party
from marketplace.gateways.payment.base import ReversalOrder, SavedCardOrder
from marketplace.jobs import Job
from marketplace.models import Booking, Dispute, OutboxCommand, Payment
from marketplace.services import connect
from marketplace.services.account import Decider
from marketplace.services.booking import withdraw_booking
from marketplace.services.booking_step import By
from marketplace.services.evidence import send_evidence
from marketplace.services.payment import reference_of, refund_booking
from marketplace.services.payout_send import send_payout
from marketplace.services.saved_card import start_charge
from marketplace.services.stripe_event import store_event
from tests.services.money_stage import MoneyStage
from tests.services.stage import Story, add_actor
from workers.task import TASKS

UNDO_OVER = timedelta(minutes=11)


@dataclass(frozen=True)
class Scene:
    """An errand ready to be done: jobs with their ids, or the names of sweeps, and the row that tells how it ended."""

    work: list[list[Any]]
    row_id: int


def _command(stage: MoneyStage, kind: str, row_id: int) -> Scene:
    """The newest command, which must be of this kind, as the job that its transaction asked for."""
    stage.queue.clear()
    with stage.tools.reading() as db:
        newest = db.scalars(select(OutboxCommand).order_by(OutboxCommand.id.desc()).limit(1)).one()
    assert newest.kind == kind
    return Scene([[Job.RUN_OUTBOX.value, newest.id]], row_id)


def _event(stage: MoneyStage, kind: str, row_id: int) -> Scene:
    """Stripe's newest event of a kind has been stored and answered, and its job sent."""
    event = stage.stand.event(stage.stand.events(kind)[-1])
    with stage.tools.unit_of_work() as db:
        store_event(db, event, now=stage.now)
    stage.queue.clear()
    return Scene([[Job.PROCESS_STRIPE_EVENT.value, event.id]], row_id)


# commands ----------------------------------------------------------------------------------------


def checkout_asked(stage: MoneyStage) -> Scene:
    """The actor has said yes."""
    starts_at = (stage.now + timedelta(days=7)).replace(hour=10, minute=0, second=0, microsecond=0)
    with stage.tools.unit_of_work() as db:
        booking_id = Story(db, starts_at=starts_at, now=stage.now).accept().id
    return _command(stage, "checkout.create", booking_id)


def checkout_ended(stage: MoneyStage) -> Scene:
    """The platform has withdrawn what it has not paid."""
    booking_id = stage.accepted()
    with stage.tools.unit_of_work() as db:
        platform_id = db.get_one(Booking, booking_id).platform_id
        by = By(Party.PLATFORM)
        withdraw_booking(db, booking_id=booking_id, platform_id=platform_id, by=by, now=stage.now)
    return _command(stage, "checkout.expire", booking_id)


def payout_due(stage: MoneyStage) -> Scene:
    """A payout has been approved, and the time to undo is over."""
    _, payout_id = stage.earned()
    stage.approve(payout_id, stage.add_admin())
    stage.later(UNDO_OVER)
    return Scene([["payout.send", payout_id]], payout_id)


def transfer_asked(stage: MoneyStage) -> Scene:
    """The actor's transfer has been asked for."""
    _, payout_id = stage.earned()
    stage.approve(payout_id, stage.add_admin())
    stage.later(UNDO_OVER)
    with stage.tools.unit_of_work() as db:
        send_payout(db, payout_id=payout_id, now=stage.now)
    return _command(stage, "transfer.create", payout_id)


def _sent(stage: MoneyStage) -> int:
    scene = transfer_asked(stage)
    stage.take(Job.RUN_OUTBOX, (scene.work[0][1],))
    stage.work()
    return scene.row_id


def _refund(stage: MoneyStage, booking_id: int) -> int:
    with stage.tools.unit_of_work() as db:
        booking = db.get_one(Booking, booking_id)
        refund_id = refund_booking(db, booking, booking.total_minor // 2, "Agreed by both.", stage.now)
    assert refund_id
    return refund_id


def refund_asked(stage: MoneyStage) -> Scene:
    """Half of the price goes back before anybody has earned it."""
    return _command(stage, "refund.create", _refund(stage, stage.paid()))


def reversal_asked(stage: MoneyStage) -> Scene:
    """Half of the price goes back after the actor has been sent their part: that comes back first."""
    booking_id = stage.payout(_sent(stage)).booking_id
    return _command(stage, "transfer.reverse", _refund(stage, booking_id))


def charge_asked(stage: MoneyStage) -> Scene:
    """The day to charge the saved card has come."""
    starts_at = (stage.now + timedelta(days=90)).replace(hour=10, minute=0, second=0, microsecond=0)
    with stage.tools.unit_of_work() as db:
        booking_id = Story(db, starts_at=starts_at, now=stage.now).accept().id
    stage.work()
    stage.sync(stage.pay(booking_id))
    with stage.tools.unit_of_work() as db:
        payment = db.scalars(select(Payment).where(Payment.booking_id == booking_id)).one()
        payment.charge_at = stage.now
        db.flush()
        assert start_charge(db, payment_id=payment.id, now=stage.now)
    return _command(stage, "card.charge", booking_id)


def second_charge_found(stage: MoneyStage) -> Scene:
    """Stripe was paid twice for one booking: the second payment goes back."""
    scene = charge_asked(stage)
    stage.take(Job.RUN_OUTBOX, (scene.work[0][1],))
    stage.work()
    payment = stage.payment(scene.row_id)
    with stage.tools.reading() as db:
        group = reference_of(db.get_one(Booking, scene.row_id))
    order = SavedCardOrder(
        payment.amount_minor, payment.currency, "Twice", group, payment.customer_id or "",
        payment.payment_method_id or "", {"payment": str(payment.id)},
    )  # fmt: skip
    stage.stand.gateway.charge_saved_card(order, idempotency_key=f"twice {payment.id}")
    stage.take(Job.SYNC_CHECKOUT, (payment.checkout_session_id or "",))
    job, ids = stage.queue.popleft()
    TASKS[job.value].function(stage.tools, *ids)
    return _command(stage, "charge.return", scene.row_id)


def evidence_ready(stage: MoneyStage) -> Scene:
    """An admin has answered a chargeback."""
    booking_id = stage.paid()
    stage.stand.control("dispute", charge=stage.payment(booking_id).charge_id)
    stage.sync(stage.payment(booking_id).checkout_session_id or "")
    by = Decider(stage.add_admin())
    with stage.tools.unit_of_work() as db:
        dispute_id = db.scalars(select(Dispute.id).where(Dispute.booking_id == booking_id)).one()
        send_evidence(db, dispute_id=dispute_id, words="The session took place.", by=by, now=stage.now)
    stage.queue.clear()
    TASKS[Job.SEND_EVIDENCE.value].function(stage.tools, dispute_id)
    return _command(stage, "dispute.submit", dispute_id)


def account_asked(stage: MoneyStage) -> Scene:
    """An actor wants a payout account."""
    with stage.tools.unit_of_work() as db:
        actor = add_actor(db)
        actor.country = "GB"
        connect.open_account(db, actor_id=actor.id, now=stage.now)
        actor_id = actor.id
    return _command(stage, "account.create", actor_id)


# events, readings and sweeps ---------------------------------------------------------------------


def paid_by_event(stage: MoneyStage) -> Scene:
    """Stripe tells of a payment."""
    booking_id = stage.accepted()
    stage.pay(booking_id)
    return _event(stage, "checkout.session.completed", booking_id)


def paid_by_page(stage: MoneyStage) -> Scene:
    """The platform comes back from the hosted page."""
    booking_id = stage.accepted()
    return Scene([[Job.SYNC_CHECKOUT.value, stage.pay(booking_id)]], booking_id)


def paid_too_late(stage: MoneyStage) -> Scene:
    """The booking was off when its money came: all of it goes back."""
    scene = checkout_ended(stage)
    return Scene([[Job.SYNC_CHECKOUT.value, stage.pay(scene.row_id)]], scene.row_id)


def disputed_by_event(stage: MoneyStage) -> Scene:
    """The platform's bank takes the money back while its payout waits for review."""
    booking_id, payout_id = stage.earned()
    stage.stand.control("dispute", charge=stage.payment(booking_id).charge_id)
    return _event(stage, "charge.dispute.created", payout_id)


def refund_failed_by_event(stage: MoneyStage) -> Scene:
    """A refund comes back from the bank."""
    booking_id = stage.paid()
    refund_id = _refund(stage, booking_id)
    stage.work()
    made = stage.stand.server.sandbox.state.all("refund")[-1]["id"]
    stage.stand.control(f"refund/{made}/fail")
    return _event(stage, "refund.failed", refund_id)


def reversed_by_hand(stage: MoneyStage) -> Scene:
    """Somebody takes a transfer back in Stripe's own pages."""
    payout_id = _sent(stage)
    order = ReversalOrder(stage.payout(payout_id).stripe_transfer_id or "", 1_000)
    stage.stand.gateway.reverse_transfer(order, idempotency_key=f"by hand {payout_id}")
    return _event(stage, "transfer.reversed", payout_id)


def unpaid_in_time(stage: MoneyStage) -> Scene:
    """The time to pay is over, and the slot is free again."""
    booking_id = stage.accepted()
    stage.later(timedelta(hours=25))
    return Scene([["booking.advance", booking_id]], booking_id)
