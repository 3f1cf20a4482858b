"""Payouts: made when the work is accepted, decided by admins, sent by the clock, read by actors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median_low
from typing import Any, Final

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from marketplace.domain import ledger as books
from marketplace.domain.booking import Party
from marketplace.domain.errors import Conflict, NotFound
from marketplace.domain.money import Money
from marketplace.domain.payment import State as PaymentState
from marketplace.domain.payment import is_paid
from marketplace.domain.payout import (
    REVIEW_WITHIN,
    TRANSFER_TAKES,
    UNDO_WITHIN,
    Facts,
    RiskFacts,
    State,
    Step,
    Transition,
    find_reasons,
    risk_level,
    take_step,
)
from marketplace.models import (
    Actor,
    Booking,
    BookingEvent,
    ConnectAccount,
    Dispute,
    Flag,
    Payment,
    Payout,
    PayoutEvent,
    Refund,
)
from marketplace.services import ledger
from marketplace.services.audit import record_audit
from marketplace.services.notice import accounts_of_actor, notify
from marketplace.services.once import insert_once
from marketplace.services.outbox import add_command, has_open_command, next_version
from marketplace.services.payment import reference_of

PATH: Final = "/actor/earnings"
DEFAULT_LIMIT_MINOR: Final = 200_000


@dataclass(frozen=True, slots=True)
class Decision:
    """Who decides, and what the actor will read of it. `limit_minor` is the amount above which two must approve."""

    principal_id: int | None
    words: str = ""
    limit_minor: int = DEFAULT_LIMIT_MINOR
    ip: str | None = None


# making ------------------------------------------------------------------------------------------


def create_payout(
    db: Session,
    booking: Booking,
    now: datetime,
    *,
    amount_minor: int | None = None,
    limit_minor: int = DEFAULT_LIMIT_MINOR,
) -> int | None:
    """The actor has earned money: a payout for review, with the reasons to look closer. Its id, or None if it is there.

    `amount_minor` is the actor's part where the booking's money is shared; left out, the price's net amount.
    """
    amount = Money(booking.net_minor if amount_minor is None else amount_minor, booking.currency)
    if not amount:
        return None
    reasons = find_reasons(_risk_facts(db, booking, amount, limit_minor), now)
    payout_id = insert_once(
        db,
        Payout,
        booking_id=booking.id,
        actor_id=booking.actor_id,
        state=State.REVIEW,
        currency=amount.currency,
        amount_minor=amount.minor,
        netted_minor=0,
        reversed_minor=0,
        approvals=0,
        risk=risk_level(reasons),
        reasons=[reason.to_json() for reason in reasons],
        words="",
        expected_on=(now + REVIEW_WITHIN + TRANSFER_TAKES).date(),
        review_due_at=now + REVIEW_WITHIN,
        created_at=now,
        updated_at=now,
    )
    if payout_id is None:
        return None
    payout = db.get_one(Payout, payout_id)
    _record(db, payout, "create", Party.CLOCK, None, State.REVIEW, Decision(None), now)
    _tell(db, payout, "review", f"{amount} is being reviewed", "Your payout is with us for review.", now)
    return payout.id


def _risk_facts(db: Session, booking: Booking, amount: Money, limit_minor: int) -> RiskFacts:
    actor_id = booking.actor_id
    earlier = _earlier_amounts(db, actor_id, amount.currency)
    account = find_account(db, actor_id)
    return RiskFacts(
        amount=amount,
        limit_minor=limit_minor,
        earlier_payouts=len(earlier),
        usual_minor=median_low(earlier) if earlier else None,
        bank_changed_at=account.bank_changed_at if account else None,
        account_ready=account is not None and account.state == "active",
        open_disputes=_count(db, select(func.count()).where(Dispute.booking_id == booking.id, Dispute.state == "open")),
        earlier_disputes=_count(
            db,
            select(func.count())
            .select_from(Dispute)
            .join(Booking, Booking.id == Dispute.booking_id)
            .where(Booking.actor_id == actor_id, Dispute.booking_id != booking.id),
        ),
        score_flags=_count(
            db,
            select(func.count()).where(
                Flag.actor_id == actor_id, Flag.state == "open", Flag.social_account_id.is_not(None)
            ),
        ),
        accepted_by_clock=_accepted_by_clock(db, booking.id),
    )


def _earlier_amounts(db: Session, actor_id: int, currency: str) -> Sequence[int]:
    sent = select(Payout.amount_minor).where(
        Payout.actor_id == actor_id, Payout.currency == currency, Payout.transferred_at.is_not(None)
    )
    return db.scalars(sent).all()


def _accepted_by_clock(db: Session, booking_id: int) -> bool:
    step = select(BookingEvent.id).where(
        BookingEvent.booking_id == booking_id, BookingEvent.step == "approve", BookingEvent.party == Party.CLOCK
    )
    return db.scalar(step.limit(1)) is not None


def _count(db: Session, query: Any) -> int:
    return int(db.scalar(query) or 0)


# deciding ----------------------------------------------------------------------------------------


def approve_payout(
    db: Session, *, payout_id: int, by: Decision, now: datetime, undo_within: timedelta = UNDO_WITHIN
) -> State:
    """One admin's approval; the state after it. Above the limit a second admin has to approve as well.

    Refuses (Conflict) when someone else has just decided, one's own payout (NotYours), and what something blocks.
    """
    return _decide(db, payout_id, Step.APPROVE, by, now, undo_within)


def hold_payout(db: Session, *, payout_id: int, by: Decision, now: datetime) -> State:
    """Stop a payout for a reason the actor reads."""
    return _decide(db, payout_id, Step.HOLD, by, now)


def resume_payout(db: Session, *, payout_id: int, by: Decision, now: datetime) -> State:
    """Take a held payout back into review."""
    return _decide(db, payout_id, Step.RESUME, by, now)


def reject_payout(db: Session, *, payout_id: int, by: Decision, now: datetime) -> State:
    """Refuse a payout for a reason the actor reads; the money stays with the booking."""
    return _decide(db, payout_id, Step.REJECT, by, now)


def undo_approval(db: Session, *, payout_id: int, by: Decision, now: datetime) -> State:
    """Take an approval back while nothing has moved."""
    return _decide(db, payout_id, Step.UNDO, by, now)


def _decide(
    db: Session, payout_id: int, step: Step, by: Decision, now: datetime, undo_within: timedelta = UNDO_WITHIN
) -> State:
    payout = get_payout(db, payout_id, lock=True)
    transition = take_step(facts_of(db, payout, by), step, Party.ADMIN, now)
    approvals = payout.approvals + 1 if step == Step.APPROVE else 0
    undo_until = now + undo_within if transition.after == State.APPROVED else None
    _move(db, payout, transition, now, approvals=approvals, undo_until=undo_until, words=by.words.strip())
    _record(db, payout, step, Party.ADMIN, transition.before, transition.after, by, now)
    _tell_decision(db, payout, step, transition.after, by, now)
    return transition.after


def facts_of(db: Session, payout: Payout, by: Decision) -> Facts:
    """What the table's guards look at, read now."""
    return Facts(
        state=State(payout.state),
        amount=Money(payout.amount_minor, payout.currency),
        limit_minor=by.limit_minor,
        approvers=approvers_of(db, payout),
        principal_id=by.principal_id,
        beneficiary_id=db.scalar(select(Actor.account_id).where(Actor.id == payout.actor_id)),
        undo_until=payout.undo_until,
        words=by.words,
        blocks=blocks_of(db, payout),
        reversed_minor=payout.reversed_minor,
    )


def approvers_of(db: Session, payout: Payout) -> frozenset[int]:
    """The accounts whose approval stands: the last ones without anything else between."""
    events = db.scalars(select(PayoutEvent).where(PayoutEvent.payout_id == payout.id).order_by(PayoutEvent.id.desc()))
    standing: set[int] = set()
    for event in events:
        if event.step != Step.APPROVE or len(standing) >= payout.approvals:
            break
        if event.principal_id is not None:
            standing.add(event.principal_id)
    return frozenset(standing)


def blocks_of(db: Session, payout: Payout) -> tuple[str, ...]:
    """Why no money may leave for this payout now, in sentences."""
    payment = db.scalar(select(Payment).where(Payment.booking_id == payout.booking_id))
    refunding = select(Refund.id).where(
        Refund.booking_id == payout.booking_id, Refund.state.in_(("reversing", "pending"))
    )
    checks = (
        (payment is None or not is_paid(PaymentState(payment.state)), "The platform's payment has not arrived."),
        (payment is not None and payment.state == PaymentState.DISPUTED, "The platform's bank disputes the payment."),
        (payment is not None and payment.state == PaymentState.LOST, "The platform's bank has taken the payment back."),
        (db.scalar(refunding.limit(1)) is not None, "A refund of this booking is still on its way."),
        (not is_account_active(db, payout.actor_id), "The actor's payout account at Stripe is not ready."),
        (
            has_open_command(db, about="payout", about_id=payout.id, kind="transfer.create"),
            "An earlier transfer of this payout is not settled yet.",
        ),
    )
    return tuple(sentence for applies, sentence in checks if applies)


def find_account(db: Session, actor_id: int) -> ConnectAccount | None:
    """The actor's account at Stripe, as it was when last read."""
    return db.scalar(select(ConnectAccount).where(ConnectAccount.actor_id == actor_id))


def is_account_active(db: Session, actor_id: int) -> bool:
    """Whether Stripe lets the actor receive."""
    account = find_account(db, actor_id)
    return account is not None and account.state == "active"


def _move(db: Session, payout: Payout, transition: Transition, now: datetime, **values: Any) -> None:
    """The guarded update: one row still as it was read, approvals included, or a refusal."""
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


def _record(
    db: Session,
    payout: Payout,
    step: str,
    party: Party,
    before: State | None,
    after: State,
    by: Decision,
    now: datetime,
) -> None:
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


# sending -----------------------------------------------------------------------------------------


def find_due_payouts(db: Session, *, now: datetime, limit: int = 100) -> Sequence[int]:
    """Approved payouts whose time to undo is over, oldest first."""
    due = select(Payout.id).where(Payout.state == State.APPROVED, Payout.undo_until <= now)
    return db.scalars(due.order_by(Payout.undo_until, Payout.id).limit(limit)).all()


def send_payout(db: Session, *, payout_id: int, now: datetime) -> State:
    """Book what is earned, take off what the actor owes, and ask for the one transfer. The state after it.

    What came up since the approval (a dispute, a refund, a restricted account) holds the payout instead.
    """
    payout = get_payout(db, payout_id, lock=True)
    facts = facts_of(db, payout, Decision(None))
    if facts.state == State.APPROVED and facts.blocks:
        hold_by_clock(db, payout, f"{facts.blocks[0]} Nothing was sent.", now)
        return State.HELD
    transition = take_step(facts, Step.SEND, Party.CLOCK, now)
    booking = db.get_one(Booking, payout.booking_id)
    if not _is_covered(db, payout):
        hold_by_clock(db, payout, "The booking's funds in our books do not cover it. Nothing was sent.", now)
        return State.HELD
    key = next_version(db, f"transfer:{reference_of(booking)}")
    _earn(db, payout, booking, now)
    netted = _net(db, payout, key, now)
    _move(db, payout, transition, now, netted_minor=payout.netted_minor + netted)
    _record(db, payout, Step.SEND, Party.CLOCK, transition.before, transition.after, Decision(None), now)
    return _ask_for_transfer(db, payout, booking, key, now)


def _is_covered(db: Session, payout: Payout) -> bool:
    """Whether the booking's money has been earned before, or is there to be earned."""
    if ledger.is_posted(db, books.earn_key(payout.booking_id)):
        return True
    funds = -ledger.balance_of(db, books.funds_of(payout.booking_id), payout.currency)
    return funds >= payout.amount_minor


def _earn(db: Session, payout: Payout, booking: Booking, now: datetime) -> None:
    """What is left of the booking's money becomes the actor's part and our fee, once."""
    if ledger.is_posted(db, books.earn_key(booking.id)):
        return
    funds = -ledger.balance_of(db, books.funds_of(booking.id), payout.currency)
    actor_part = Money(payout.amount_minor, payout.currency)
    fee_part = Money(funds - payout.amount_minor, payout.currency)
    earned = books.payout_earned(
        booking_id=booking.id, actor_id=payout.actor_id, actor_part=actor_part, fee_part=fee_part
    )
    ledger.post(db, earned, now=now)


def _net(db: Session, payout: Payout, key: str, now: datetime) -> int:
    """Take off what the actor owes from an earlier refund; how much, in minor units."""
    owed = ledger.balance_of(db, books.receivable_from(payout.actor_id), payout.currency)
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


def hold_by_clock(db: Session, payout: Payout, words: str, now: datetime) -> None:
    """Something came up by itself: stop what has not moved; what has moved or is held is left as it is."""
    facts = Facts(State(payout.state), Money(payout.amount_minor, payout.currency), DEFAULT_LIMIT_MINOR)
    if facts.state not in (State.REVIEW, State.APPROVED):
        return
    transition = take_step(facts, Step.HOLD, Party.CLOCK, now)
    by = Decision(None, words)
    _move(db, payout, transition, now, approvals=0, undo_until=None, words=words)
    _record(db, payout, Step.HOLD, Party.CLOCK, transition.before, transition.after, by, now)
    _tell_decision(db, payout, Step.HOLD, transition.after, by, now)


# what Stripe has said ----------------------------------------------------------------------------


def note_transfer(db: Session, *, payout_id: int, transfer_id: str | None, now: datetime) -> None:
    """The transfer exists (or nothing was left to send): book it and tell the actor. Harmless to repeat."""
    payout = get_payout(db, payout_id, lock=True)
    if payout.state not in (State.SENDING, State.UNKNOWN):
        return
    transition = take_step(facts_of(db, payout, Decision(None)), Step.RECORD_TRANSFER, Party.CLOCK, now)
    _move(db, payout, transition, now, stripe_transfer_id=transfer_id, transferred_at=now, words="")
    amount = Money(payout.amount_minor - payout.netted_minor, payout.currency)
    if transfer_id is not None:
        made = books.transfer_made(
            transfer_id=transfer_id, booking_id=payout.booking_id, actor_id=payout.actor_id, amount=amount
        )
        ledger.post(db, made, now=now)
    _record(db, payout, Step.RECORD_TRANSFER, Party.CLOCK, transition.before, transition.after, Decision(None), now)
    _tell(db, payout, "transferred", f"{amount} is on its way", "Stripe pays it to your bank account.", now)


def note_transfer_refused(db: Session, *, payout_id: int, words: str, now: datetime) -> None:
    """Stripe has refused the transfer, or it never happened: the payout is held until a person decides again."""
    payout = get_payout(db, payout_id, lock=True)
    if payout.state not in (State.SENDING, State.UNKNOWN):
        return
    transition = take_step(facts_of(db, payout, Decision(None)), Step.RECORD_REFUSAL, Party.CLOCK, now)
    by = Decision(None, f"Stripe did not make the transfer: {words}")
    _move(db, payout, transition, now, approvals=0, undo_until=None, words=by.words)
    _record(db, payout, Step.RECORD_REFUSAL, Party.CLOCK, transition.before, transition.after, by, now)
    _tell_decision(db, payout, Step.HOLD, transition.after, by, now)


def note_transfer_unknown(db: Session, *, payout_id: int, now: datetime) -> None:
    """Nobody knows whether the transfer happened: it is looked up at Stripe before anything else."""
    payout = get_payout(db, payout_id, lock=True)
    if payout.state != State.SENDING:
        return
    transition = take_step(facts_of(db, payout, Decision(None)), Step.LOSE_TRACK, Party.CLOCK, now)
    _move(db, payout, transition, now)
    _record(db, payout, Step.LOSE_TRACK, Party.CLOCK, transition.before, transition.after, Decision(None), now)


def note_reversal(db: Session, *, payout: Payout, reversal_id: str, amount_minor: int, now: datetime) -> None:
    """A part of the transfer has come back: book it once and count it."""
    amount = Money(amount_minor, payout.currency)
    reversal = books.transfer_reversed(
        reversal_id=reversal_id, booking_id=payout.booking_id, actor_id=payout.actor_id, amount=amount
    )
    if not ledger.post(db, reversal, now=now):
        return
    payout.reversed_minor += amount_minor
    db.flush()
    transition = take_step(facts_of(db, payout, Decision(None)), Step.RECORD_REVERSAL, Party.CLOCK, now)
    _move(db, payout, transition, now)
    _record(db, payout, Step.RECORD_REVERSAL, Party.CLOCK, transition.before, transition.after, Decision(None), now)


# telling -----------------------------------------------------------------------------------------


def _tell_decision(db: Session, payout: Payout, step: Step, after: State, by: Decision, now: datetime) -> None:
    amount = Money(payout.amount_minor, payout.currency)
    if step == Step.HOLD:
        _tell(db, payout, f"held:{now.isoformat()}", f"{amount} is held", by.words, now)
    elif step == Step.REJECT:
        _tell(db, payout, "rejected", f"{amount} will not be paid out", by.words, now)
    elif after == State.APPROVED:
        _tell(db, payout, f"approved:{now.isoformat()}", f"{amount} is approved", "It leaves within minutes.", now)


def _tell(db: Session, payout: Payout, event: str, title: str, words: str, now: datetime) -> None:
    notify(
        db,
        account_ids=accounts_of_actor(db, payout.actor_id),
        key=f"payout:{payout.id}:{event}",
        kind="payout",
        title=title,
        words=words,
        path=PATH,
        now=now,
    )


# reading -----------------------------------------------------------------------------------------


def get_payout(db: Session, payout_id: int, *, lock: bool = False) -> Payout:
    """A payout by its id, read now; refuses one that is not there. With `lock` other writers of it wait."""
    query = select(Payout).where(Payout.id == payout_id).execution_options(populate_existing=True)
    payout = db.scalar(query.with_for_update() if lock else query)
    if payout is None:
        raise NotFound("There is no such payout.")
    return payout


def find_payout(db: Session, booking_id: int) -> Payout | None:
    """The payout of a booking, if the work has been accepted."""
    return db.scalar(select(Payout).where(Payout.booking_id == booking_id))


def list_queue(db: Session, *, state: State = State.REVIEW, limit: int = 100) -> Sequence[Payout]:
    """Payouts in a state as admins work through them: gravest first, then oldest."""
    queue = select(Payout).where(Payout.state == state)
    return db.scalars(queue.order_by(Payout.risk.desc(), Payout.created_at, Payout.id).limit(limit)).all()


def count_by_state(db: Session) -> dict[State, int]:
    """How many payouts are in each state."""
    rows = db.execute(select(Payout.state, func.count()).group_by(Payout.state))
    return {State(state): count for state, count in rows}


def read_trail(db: Session, payout_id: int) -> Sequence[PayoutEvent]:
    """What has happened to a payout, oldest first."""
    events = select(PayoutEvent).where(PayoutEvent.payout_id == payout_id)
    return db.scalars(events.order_by(PayoutEvent.at, PayoutEvent.id)).all()


@dataclass(frozen=True, slots=True)
class Earnings:
    """An actor's money in one currency, in minor units: held by bookings, in review, on hold, on its way, sent.

    `booked` is paid by platforms and not earned yet; `owed_back` is what later payouts will be reduced by.
    """

    currency: str
    booked_minor: int
    review_minor: int
    held_minor: int
    leaving_minor: int
    sent_minor: int
    owed_back_minor: int


def earnings_of(db: Session, actor_id: int) -> list[Earnings]:
    """Where an actor's money is, by currency."""
    rows = db.execute(
        select(
            Payout.currency,
            Payout.state,
            func.sum(Payout.amount_minor - Payout.netted_minor - Payout.reversed_minor),
        )
        .where(Payout.actor_id == actor_id)
        .group_by(Payout.currency, Payout.state)
    )
    sums: dict[tuple[str, str], int] = {(currency, state): int(amount) for currency, state, amount in rows}
    booked = _booked(db, actor_id)
    currencies = sorted({currency for currency, _ in sums} | set(booked))
    return [_earnings(db, actor_id, currency, sums, booked.get(currency, 0)) for currency in currencies]


def _earnings(db: Session, actor_id: int, currency: str, sums: dict[tuple[str, str], int], booked: int) -> Earnings:
    def of(*states: State) -> int:
        return sum(sums.get((currency, state), 0) for state in states)

    return Earnings(
        currency=currency,
        booked_minor=booked,
        review_minor=of(State.REVIEW),
        held_minor=of(State.HELD),
        leaving_minor=of(State.APPROVED, State.SENDING, State.UNKNOWN),
        sent_minor=of(State.TRANSFERRED, State.PARTLY_REVERSED, State.REVERSED),
        owed_back_minor=max(ledger.balance_of(db, books.receivable_from(actor_id), currency), 0),
    )


def _booked(db: Session, actor_id: int) -> dict[str, int]:
    """Net amounts of paid bookings whose work has not been accepted yet."""
    rows = db.execute(
        select(Booking.currency, func.sum(Booking.net_minor))
        .join(Payment, Payment.booking_id == Booking.id)
        .where(
            Booking.actor_id == actor_id,
            Booking.state.in_(("confirmed", "in_session", "delivered", "changes_requested", "disputed")),
            Payment.state.in_((PaymentState.CAPTURED, PaymentState.PARTLY_REFUNDED)),
        )
        .group_by(Booking.currency)
    )
    return {currency: int(amount) for currency, amount in rows}


def list_payouts_of(db: Session, actor_id: int, *, limit: int = 100) -> Sequence[Payout]:
    """An actor's payouts, newest first."""
    mine = select(Payout).where(Payout.actor_id == actor_id)
    return db.scalars(mine.order_by(Payout.created_at.desc(), Payout.id.desc()).limit(limit)).all()
