"""A dispute meets a payout: stopped while nothing has moved, taken back when it was just sent, paid again when won."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.domain.booking import Party
from marketplace.domain.dispute import TAKE_BACK_WITHIN
from marketplace.domain.money import Money
from marketplace.domain.payout import MOVED, REVIEW_WITHIN, TRANSFER_TAKES, State, Step, take_step
from marketplace.models import Booking, Dispute, Payout
from marketplace.services.outbox import add_command, withdraw_command
from marketplace.services.payment import free_part, reference_of, sent_part
from marketplace.services.payout_notice import tell, tell_decision
from marketplace.services.payout_step import NOT_YET, Decision, facts_of, get_payout, hold_by_clock, move, record

DISPUTED = "The platform’s bank disputes the payment."


def guard_payout(db: Session, booking_id: int, dispute: Dispute, now: datetime) -> None:
    """The bank has taken the payment: nothing leaves any more, and what has just left is asked back."""
    payout_id = db.scalar(select(Payout.id).where(Payout.booking_id == booking_id))
    if payout_id is None:
        return
    payout = get_payout(db, payout_id, lock=True)
    hold_by_clock(db, payout, DISPUTED, now)
    if payout.state == State.SENDING:
        _stop(db, payout, now)
    take_back(db, payout, dispute, now)


def _stop(db: Session, payout: Payout, now: datetime) -> None:
    """Withdraw a transfer that no worker has taken yet; once one has, it is certain only when Stripe has answered."""
    words = f"{DISPUTED} Stripe was not asked."
    if not withdraw_command(db, about="payout", about_id=payout.id, kind="transfer.create", words=words, now=now):
        return
    by = Decision(None, f"{DISPUTED} {NOT_YET}")
    transition = take_step(facts_of(db, payout, Decision(None)), Step.RECORD_REFUSAL, Party.CLOCK, now)
    move(db, payout, transition, now, approvals=0, undo_until=None, words=by.words)
    record(db, payout, Step.RECORD_REFUSAL, Party.CLOCK, transition.before, transition.after, by, now)
    tell_decision(db, payout, Step.HOLD, transition.after, by.words, now)


def take_back_disputed(db: Session, payout: Payout, now: datetime) -> None:
    """A transfer that was under way when its payment was disputed: it exists now, and is asked back at once."""
    disputes = db.scalars(select(Dispute).where(Dispute.booking_id == payout.booking_id, Dispute.state == "open"))
    for dispute in disputes.all():
        take_back(db, payout, dispute, now)


def take_back(db: Session, payout: Payout, dispute: Dispute, now: datetime) -> None:
    """Ask Stripe for all that the actor has of the booking, once for each dispute, unless it was sent long ago."""
    sent_at = payout.transferred_at
    if payout.state not in MOVED or payout.stripe_transfer_id is None or sent_at is None:
        return
    amount = sent_part(db, payout)
    if now - sent_at > TAKE_BACK_WITHIN or amount <= 0:
        return
    reference = reference_of(db.get_one(Booking, payout.booking_id))
    key = f"reversal:{reference}:{dispute.stripe_dispute_id}:v1"
    asked = add_command(
        db,
        kind="transfer.reverse",
        about="payout",
        about_id=payout.id,
        key=key,
        params={
            "transfer_id": payout.stripe_transfer_id,
            "amount_minor": amount,
            "metadata": {"reference": reference, "payout": str(payout.id), "command": key},
        },
        now=now,
    )
    if asked is not None:
        words = f"{DISPUTED} What was sent is taken back; it is paid again when the dispute is won."
        title = f"{Money(amount, payout.currency)} is taken back for now"
        tell(db, payout, f"disputed:{dispute.stripe_dispute_id}", title, words, now)


def reopen_won(db: Session, booking_id: int, now: datetime) -> None:
    """No dispute is open any more: what came back and is still the actor's is reviewed, to be sent again."""
    disputed = select(Dispute.state).where(Dispute.booking_id == booking_id)
    states = set(db.scalars(disputed))
    payout_id = db.scalar(select(Payout.id).where(Payout.booking_id == booking_id))
    if payout_id is None or not states or "open" in states:
        return
    payout = get_payout(db, payout_id, lock=True)
    if payout.state in (State.REVERSED, State.PARTLY_REVERSED):
        _reopen(db, payout, Party.CLOCK, Decision(None, "The dispute is over."), now)


def reopen_payout(db: Session, *, payout_id: int, by: Decision, now: datetime) -> bool:
    """An admin wants what came back sent to the actor again; False where nothing of it is the actor's."""
    return _reopen(db, get_payout(db, payout_id, lock=True), Party.ADMIN, by, now)


def _reopen(db: Session, payout: Payout, party: Party, by: Decision, now: datetime) -> bool:
    """Back into review with exactly what the books owe the actor of this booking, as if it had not been sent."""
    transition = take_step(facts_of(db, payout, by), Step.REOPEN, party, now)
    booking = db.get_one(Booking, payout.booking_id)
    unsent = free_part(db, booking, Money(payout.amount_minor, payout.currency))
    if not unsent:
        return False
    move(
        db,
        payout,
        transition,
        now,
        amount_minor=payout.netted_minor + unsent.minor,
        reversed_minor=0,
        approvals=0,
        stripe_transfer_id=None,
        transferred_at=None,
        words=by.words.strip(),
        review_due_at=now + REVIEW_WITHIN,
        expected_on=(now + REVIEW_WITHIN + TRANSFER_TAKES).date(),
    )
    record(db, payout, Step.REOPEN, party, transition.before, transition.after, by, now)
    tell(db, payout, f"reopened:{now.isoformat()}", f"{unsent} is being reviewed again", by.words.strip(), now)
    return True
