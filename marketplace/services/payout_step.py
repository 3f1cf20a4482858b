"""One step in the life of a payout: what its guards look at, the guarded row, the trail and the audit."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import dropwhile
from typing import Any, Final

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from marketplace.domain.booking import Party
from marketplace.domain.errors import Conflict, NotFound
from marketplace.domain.money import Money
from marketplace.domain.payment import State as PaymentState
from marketplace.domain.payment import is_paid
from marketplace.domain.payout import (
    REVIEW_WITHIN,
    STOPPED,
    TRANSFER_TAKES,
    Facts,
    State,
    Step,
    Transition,
    take_step,
)
from marketplace.models import (
    Account,
    Actor,
    Booking,
    ConnectAccount,
    Mismatch,
    Payment,
    Payout,
    PayoutEvent,
    Refund,
    Role,
)
from marketplace.services.audit import record_audit
from marketplace.services.outbox import has_open_command
from marketplace.services.payment import left_beside_owed
from marketplace.services.payout_notice import tell_decision
from marketplace.services.stake import hold_words

DEFAULT_LIMIT_MINOR: Final = 200_000
DECIDES_AGAINST: Final = (Step.HOLD, Step.ASK, Step.REJECT)
STOPS: Final = (*DECIDES_AGAINST, Step.RECORD_REFUSAL)
NOT_YET: Final = "Nothing was sent yet."
"""Ends the words of a hold for what passes by itself: then it comes back into review."""
FAILED_SEND: Final = "fail_to_send"
"""In the trail of a payout: a try to send it broke, and nothing changed."""
PASSING: Final = frozenset({FAILED_SEND, Step.SEND, Step.WAIT_FOR_FUNDS})
"""Steps that an approval outlives."""


@dataclass(frozen=True, slots=True)
class Decision:
    """Who decides, and what the actor will read of it. `limit_minor` is the amount above which two must approve.

    `until` is when a hold shall be looked at again.
    """

    principal_id: int | None
    words: str = ""
    limit_minor: int = DEFAULT_LIMIT_MINOR
    ip: str | None = None
    until: datetime | None = None


def get_payout(db: Session, payout_id: int, *, lock: bool = False) -> Payout:
    """A payout by its id, read now; refuses one that is not there. With `lock` other writers of it wait."""
    query = select(Payout).where(Payout.id == payout_id).execution_options(populate_existing=True)
    payout = db.scalar(query.with_for_update() if lock else query)
    if payout is None:
        raise NotFound("There is no such payout.")
    return payout


def facts_of(db: Session, payout: Payout, by: Decision) -> Facts:
    """What the table's guards look at, read now."""
    events = _newest_first(db, payout)
    owner = db.scalar(select(Actor.account_id).where(Actor.id == payout.actor_id))
    return Facts(
        state=State(payout.state),
        amount=Money(payout.amount_minor, payout.currency),
        limit_minor=by.limit_minor,
        approvers=_standing(events, payout.approvals),
        principal_id=by.principal_id,
        beneficiary_id=owner,
        rejecter_id=_last_of(events, Step.REJECT),
        decider_id=_last_of(dropwhile(lambda event: event.step != Step.APPEAL, events), *DECIDES_AGAINST),
        undo_until=payout.undo_until,
        words=by.words,
        blocks=blocks_of(db, payout),
        reversed_minor=payout.reversed_minor,
        is_asked=payout.asked_at is not None,
        is_appealed=payout.appealed_at is not None,
        has_others=payout.appealed_at is None or count_other_admins(db, by.principal_id, owner) > 0,
        held_until=payout.held_until,
        until=by.until,
    )


def count_other_admins(db: Session, *ids: int | None) -> int:
    """How many admins there are who can decide besides these accounts."""
    admins = select(func.count()).select_from(Account).join(Account.roles).where(Role.name == "admin", Account.active)
    return int(db.scalar(admins.where(Account.id.not_in([each for each in ids if each is not None]))) or 0)


def _newest_first(db: Session, payout: Payout) -> Sequence[PayoutEvent]:
    events = select(PayoutEvent).where(PayoutEvent.payout_id == payout.id)
    return db.scalars(events.order_by(PayoutEvent.id.desc())).all()


def _last_of(events: Iterable[PayoutEvent], *steps: Step) -> int | None:
    """Who took one of these steps last; None for the clock."""
    return next((event.principal_id for event in events if event.step in steps), None)


def approvers_of(db: Session, payout: Payout) -> frozenset[int]:
    """The accounts whose approval stands: the last ones without anything else between."""
    return _standing(_newest_first(db, payout), payout.approvals)


def _standing(events: Iterable[PayoutEvent], approvals: int) -> frozenset[int]:
    standing: set[int] = set()
    for event in events:
        if event.step in PASSING:
            continue
        if event.step != Step.APPROVE or len(standing) >= approvals:
            break
        if event.principal_id is not None:
            standing.add(event.principal_id)
    return frozenset(standing)


def count_since_approval(db: Session, payout: Payout, step: str) -> int:
    """How often a step was taken since the payout was last approved."""
    approved = select(func.max(PayoutEvent.id)).where(
        PayoutEvent.payout_id == payout.id, PayoutEvent.step == Step.APPROVE
    )
    taken = select(func.count()).where(
        PayoutEvent.payout_id == payout.id,
        PayoutEvent.step == step,
        PayoutEvent.id > func.coalesce(approved.scalar_subquery(), 0),
    )
    return db.scalar(taken) or 0


def agreed_fee(booking: Booking, amount_minor: int) -> int:
    """Our part beside an actor's part of `amount_minor`, in the proportion of the price, in minor units.

    Rounded down: the doubtful unit is never ours.
    """
    return booking.fee_minor * amount_minor // booking.net_minor if booking.net_minor else booking.fee_minor


def blocks_of(db: Session, payout: Payout) -> tuple[str, ...]:
    """Why no money may leave for this payout now, in sentences."""
    payment = db.scalar(select(Payment).where(Payment.booking_id == payout.booking_id))
    stake = hold_words(db, payout)
    refunds = set(db.scalars(select(Refund.state).where(Refund.booking_id == payout.booking_id)))
    checks = (
        (payment is None or not is_paid(PaymentState(payment.state)), "The platform's payment has not arrived."),
        (payment is not None and payment.state == PaymentState.DISPUTED, "The platform's bank disputes the payment."),
        (_is_lost(db, payment), "The platform's bank has taken the payment back."),
        (bool(refunds & {"reversing", "pending"}), "A refund of this booking is still on its way."),
        ("owed" in refunds, "The platform is still owed a refund of this booking."),
        ("refused" in refunds, "Stripe refused the refund that the platform is owed. Try that again first."),
        (stake is not None, stake or ""),
        (not is_account_active(db, payout.actor_id), "The actor's payout account at Stripe is not ready."),
        (
            has_open_command(db, about="payout", about_id=payout.id, kind="transfer.create"),
            "An earlier transfer of this payout is not settled yet.",
        ),
        (bool(open_mismatches(db, payout.booking_id)), "Our books and Stripe's differ about this booking."),
    )
    return tuple(sentence for applies, sentence in checks if applies)


def open_mismatches(db: Session, booking_id: int) -> tuple[int, ...]:
    """What the reconciliation has found about a booking and nobody has settled yet, newest first."""
    found = select(Mismatch.id).where(Mismatch.booking_id == booking_id, Mismatch.state == "open")
    return tuple(db.scalars(found.order_by(Mismatch.id.desc()).limit(10)))


def _is_lost(db: Session, payment: Payment | None) -> bool:
    """Whether the bank has taken back all that was left; what it left is paid out."""
    return payment is not None and payment.state == PaymentState.LOST and left_beside_owed(db, payment) <= 0


def find_account(db: Session, actor_id: int) -> ConnectAccount | None:
    """The actor's account at Stripe, as it was when last read."""
    return db.scalar(select(ConnectAccount).where(ConnectAccount.actor_id == actor_id))


def is_account_active(db: Session, actor_id: int) -> bool:
    """Whether Stripe lets the actor receive."""
    account = find_account(db, actor_id)
    return account is not None and account.state == "active"


def move(db: Session, payout: Payout, transition: Transition, now: datetime, **values: Any) -> None:
    """The guarded update: one row still as it was read, approvals included, or a refusal."""
    values = {**_afresh(transition, now), **values}
    guarded = (
        update(Payout)
        .where(Payout.id == payout.id, Payout.state == transition.before, Payout.approvals == payout.approvals)
        .values(state=transition.after, updated_at=now, **values)
        .returning(Payout.id)
        .execution_options(synchronize_session=False)
    )
    if db.execute(guarded).first() is None:
        raise Conflict("Someone else has just decided on this payout. Look again. Nothing was changed.")
    db.refresh(payout)


def _afresh(transition: Transition, now: datetime) -> dict[str, Any]:
    """What a step does to the marks of the one before: each hold or rejection, and each review, starts anew.

    An appeal stands until a person stops the payout again.
    """
    values: dict[str, Any] = {}
    if transition.before in STOPPED or transition.after in STOPPED:
        values |= {"asked_at": None, "held_until": None}
    if transition.after in STOPPED:
        values |= {"appealed_at": None}
    if transition.before in STOPPED and transition.after == State.REVIEW:
        values |= {"review_due_at": now + REVIEW_WITHIN, "expected_on": (now + REVIEW_WITHIN + TRANSFER_TAKES).date()}
    if transition.after in STOPPED:
        values |= {"expected_on": None}
    return values


def record(
    db: Session,
    payout: Payout,
    step: str,
    party: Party,
    before: State | None,
    after: State,
    by: Decision,
    now: datetime,
) -> None:
    """Append what happened to the payout's own trail and to the audit."""
    words = by.words.strip()
    db.add(
        PayoutEvent(
            payout_id=payout.id,
            at=now,
            principal_id=by.principal_id,
            party=party,
            step=step,
            before=before,
            after=after,
            reason=words,
        )
    )
    record_audit(
        db,
        about="payout",
        about_id=payout.id,
        step=step,
        party=party,
        principal_id=by.principal_id,
        before={"state": before} if before else {},
        after={"state": after, "approvals": payout.approvals},
        reason=words,
        ip=by.ip,
        now=now,
    )


def hold_by_clock(db: Session, payout: Payout, words: str, now: datetime) -> None:
    """Something came up by itself: stop what has not moved; what has moved or is held is left as it is.

    An appeal that nobody has decided on outlives it.
    """
    facts = Facts(State(payout.state), Money(payout.amount_minor, payout.currency), DEFAULT_LIMIT_MINOR)
    if facts.state not in (State.REVIEW, State.APPROVED):
        return
    transition = take_step(facts, Step.HOLD, Party.CLOCK, now)
    by = Decision(None, words)
    appealed_at = payout.appealed_at
    move(db, payout, transition, now, approvals=0, undo_until=None, words=words, appealed_at=appealed_at)
    record(db, payout, Step.HOLD, Party.CLOCK, transition.before, transition.after, by, now)
    tell_decision(db, payout, Step.HOLD, transition.after, words, now)
