"""One chargeback as admins read it: what the bank took, what that does to everyone's money, and the evidence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.domain.evidence import EDITABLE, KINDS
from marketplace.domain.money import Money
from marketplace.domain.payout import LEAVING, MOVED, ON_HAND
from marketplace.models import Actor, Booking, Brief, Dispute, DisputeEvidence, Payment, Payout, Platform
from marketplace.services.account_list import Change, list_audit
from marketplace.services.evidence import files_of, get_dispute
from marketplace.services.evidence_text import propose_words, texts_of
from marketplace.services.payment import free_part, share_of
from marketplace.services.refund_list import bearers_of


@dataclass(frozen=True)
class Chargeback:
    """A dispute with its people. `bearers` are there once it is lost; `effect` says in a sentence, with a place for
    its amount, where the actor's part is; `free_kinds` are the points that no file speaks to yet."""

    dispute: Dispute
    booking: Booking
    platform: Platform
    actor: Actor
    project: str
    payment: Payment
    payout: Payout | None
    bearers: Sequence[tuple[str, int]]
    effect: tuple[str, Money]
    files: Sequence[DisputeEvidence]
    texts: dict[str, str]
    words: str
    trail: Sequence[Change]

    @property
    def is_editable(self) -> bool:
        """Whether evidence can still be written and sent."""
        return self.dispute.state == "open" and self.dispute.evidence_state in EDITABLE

    @property
    def free_kinds(self) -> dict[str, str]:
        """What a further file may show."""
        taken = {file.kind for file in self.files}
        return {kind: words for kind, words in KINDS.items() if kind not in taken}


def read_chargeback(db: Session, dispute_id: int) -> Chargeback:
    """One dispute in full; refuses one that is not there."""
    dispute = get_dispute(db, dispute_id)
    platform, actor, project, payment = db.execute(
        select(Platform, Actor, Brief.project, Payment)
        .select_from(Booking)
        .join(Platform, Platform.id == Booking.platform_id)
        .join(Actor, Actor.id == Booking.actor_id)
        .join(Brief, Brief.id == Booking.brief_id)
        .join(Payment, Payment.booking_id == Booking.id)
        .where(Booking.id == dispute.booking_id)
    ).one()
    booking = db.get_one(Booking, dispute.booking_id)
    payout = db.scalar(select(Payout).where(Payout.booking_id == booking.id))
    return Chargeback(
        dispute=dispute,
        booking=booking,
        platform=platform,
        actor=actor,
        project=project,
        payment=payment,
        payout=payout,
        bearers=bearers_of(db, f"dispute_lost:{dispute.stripe_dispute_id}"),
        effect=_effect(db, dispute, booking, actor, payout),
        files=files_of(db, dispute_id),
        texts=texts_of(db, dispute),
        words=dispute.evidence_words or propose_words(db, dispute),
        trail=list_audit(db, about="dispute", about_id=dispute_id)[0],
    )


def _effect(db: Session, dispute: Dispute, booking: Booking, actor: Actor, payout: Payout | None) -> tuple[str, Money]:
    """Where the actor's part is while the bank decides: a sentence with a place for the amount, and that."""
    nothing = Money(0, dispute.currency)
    if dispute.state != "open":
        return "", nothing
    if payout is None or payout.state in ON_HAND:
        return "Nothing of this booking has been paid out, and nothing is until the bank has decided.", nothing
    if payout.state in LEAVING:
        return "A transfer was under way. It is taken back once Stripe has made it.", nothing
    if payout.state not in MOVED:
        return "This booking pays nothing out any more.", nothing
    back = free_part(db, booking, Money(payout.amount_minor, payout.currency))
    if back:
        return f"{{}} came back from {actor.name}: paid again if the dispute is won, lost if it is not.", back
    share = share_of(min(dispute.amount_minor, booking.total_minor), booking)[1]
    return f"{{}} is with {actor.name}. So much of their other payouts waits until the bank has decided.", share
