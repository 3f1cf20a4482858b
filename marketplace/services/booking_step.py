"""One step in the life of a booking: a guarded row, its event, the work, the money and the notices that follow."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final

from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from marketplace.domain.availability import Interval
from marketplace.domain.booking import Effect, Facts, Party, State, Step, Transition, take_step
from marketplace.domain.booking_state import CALLED_OFF, WISHES
from marketplace.domain.cancellation import Settlement, Tier, settle_cancel, settle_share
from marketplace.domain.capture import TakeFacts, TakeState, arrived_since
from marketplace.domain.errors import Conflict, Forbidden, NotFound, SlotTaken
from marketplace.domain.money import WHOLE_BP, Money
from marketplace.domain.rate import Quote, Usage
from marketplace.models import Booking, BookingEvent, CaptureSession, ChangeOrder, Flag, Grant, Take
from marketplace.services import payment, payout, saved_card
from marketplace.services.audit import record_audit
from marketplace.services.booking_notice import tell_of_step
from marketplace.services.burden import settle_left
from marketplace.services.charge_plan import is_charged, pay_by_of
from marketplace.services.pencil import count_pencils_ahead


@dataclass(frozen=True, slots=True)
class By:
    """Who takes a step: the party, and the account of the person (None for the clock)."""

    party: Party
    account_id: int | None = None


CLOCK: Final = By(Party.CLOCK)


@dataclass(frozen=True, slots=True)
class Also:
    """What else a step writes or needs to know.

    `refund_bp`: the share refunded by a step that splits the payment. `says_yes`: the actor said yes to what the
    request asks of them. `slot`: the time the booking moves to. `columns`: further columns of the row.
    """

    refund_bp: int = WHOLE_BP
    says_yes: bool = False
    slot: Interval | None = None
    columns: Mapping[str, Any] = field(default_factory=dict)


def take_one_step(
    db: Session, booking: Booking, step: Step, by: By, now: datetime, reason: str = "", also: Also = Also()
) -> Transition:
    """Take one step of the table, whole or not at all: the guarded row, its event and audit, the work, money, notices.

    Refuses what the table refuses, a booking that moved meanwhile (Conflict) and a slot another holds (SlotTaken).
    What follows for other bookings (pencils, change orders) is `booking_follow.take_booking_step`'s to do.
    """
    facts = facts_of(db, booking)
    facts = replace(facts, says_yes=facts.says_yes or also.says_yes)
    if also.slot is not None:
        facts = replace(facts, starts_at=also.slot.starts_at, ends_at=also.slot.ends_at)
    transition = take_step(facts, step, by.party, now)
    columns = {**_columns(facts.state, step, by, now), **_times(booking, also.slot), **also.columns}
    _write_state(db, booking, transition, now, columns)
    record_step(db, booking, transition.before, transition.after, step.value, by, reason, now)
    _WORK.get(step, _nothing)(db, booking, by, now)
    _move_money(db, booking, transition, by, also.refund_bp, reason, now)
    tell_of_step(db, booking, transition, step, reason, now)
    return transition


_MARKS: Final[Mapping[Step, str]] = MappingProxyType(
    {
        Step.EXTEND: "extended_at",
        Step.PENCIL: "pencilled_at",
        Step.CHALLENGE: "challenge_made_at",
        Step.FACE_CHALLENGE: "challenged_at",
    }
)
"""The column that says when a step was taken, where later rules ask for it."""


UNSENT: Final = "unsent"
"""What a draft that ended was asked as: its actor never learns of it."""


def _columns(before: State, step: Step, by: By, now: datetime) -> dict[str, Any]:
    claims = step in (Step.PROPOSE_TIME, Step.CLAIM_NO_SHOW)
    marks: dict[str, Any] = {_MARKS[step]: now} if step in _MARKS else {}
    if before == State.DRAFT and step != Step.SEND:
        marks["asked_as"] = UNSENT
    return {"claimed_by": by.party if claims else None, **marks}


def _times(booking: Booking, slot: Interval | None) -> dict[str, datetime]:
    """The booking's four times moved to `slot`, its buffers kept."""
    if slot is None:
        return {}
    return {
        "starts_at": slot.starts_at,
        "ends_at": slot.ends_at,
        "busy_from": slot.starts_at - (booking.starts_at - booking.busy_from),
        "busy_until": slot.ends_at + (booking.busy_until - booking.ends_at),
    }


def _write_state(
    db: Session, booking: Booking, transition: Transition, now: datetime, columns: Mapping[str, Any]
) -> None:
    """The guarded update: one row still in the state the step starts from, or nothing."""
    guarded = (
        update(Booking)
        .where(Booking.id == booking.id, Booking.state == transition.before, Booking.version == booking.version)
        .values(
            state=transition.after,
            deadline_at=transition.deadline_at,
            version=Booking.version + 1,
            updated_at=now,
            **columns,
        )
        .returning(Booking.id)
        .execution_options(synchronize_session=False)
    )
    try:
        with db.begin_nested():
            moved = db.execute(guarded).first()
    except IntegrityError as error:
        if not _is_overlap(error):
            raise
        raise SlotTaken("Another booking already holds this time. Nothing was booked or charged.") from None
    if moved is None:
        raise Conflict("Someone else has just changed this booking. Look again. Nothing was changed.")
    db.refresh(booking)


def _is_overlap(error: IntegrityError) -> bool:
    # the trigger's own word on SQLite, the constraint's name on PostgreSQL
    return "slot_taken" in str(error.orig) or "booking_slot" in str(error.orig)


def record_step(
    db: Session, booking: Booking, before: State | None, after: State, step: str, by: By, reason: str, now: datetime
) -> None:
    """Append what happened to the booking's own events and to the audit trail."""
    db.add(
        BookingEvent(
            booking_id=booking.id,
            at=now,
            principal_id=by.account_id,
            party=by.party,
            step=step,
            before=before,
            after=after,
            reason=reason,
        )
    )
    record_audit(
        db,
        about="booking",
        about_id=booking.id,
        step=step,
        party=by.party,
        principal_id=by.account_id,
        before={} if before is None else {"state": before.value},
        after={"state": after.value, "version": booking.version},
        reason=reason,
        now=now,
    )


def _move_money(
    db: Session, booking: Booking, transition: Transition, by: By, refund_bp: int, reason: str, now: datetime
) -> None:
    effects = transition.effects
    if Effect.OPEN_CHECKOUT in effects:
        payment.open_checkout(db, booking, now)
    if Effect.CLOSE_CHECKOUT in effects:
        payment.close_checkout(db, booking, now)
    if Effect.STRIKE_ACTOR in effects:
        _strike(db, booking, reason, now)
    if Effect.REFUND_ALL in effects:
        payment.refund_rest(db, booking, reason or "The booking was cancelled.", now)
    if Effect.REFUND_BY_POLICY in effects:
        _share_out(db, booking, what_is_owed(db, booking, by.party, now), reason, now)
    elif Effect.REFUND_PART in effects:
        _share_out(db, booking, settle_share(quote_of(booking), refund_bp), reason, now)
    elif Effect.CREATE_PAYOUT in effects:
        payout.create_payout(db, booking, now)
    if transition.after in CALLED_OFF:
        saved_card.let_go(db, booking, now)


def _share_out(db: Session, booking: Booking, agreed: Settlement, reason: str, now: datetime) -> None:
    settled = settle_left(db, booking, agreed)
    if settled.refund:
        payment.refund_booking(db, booking, settled.refund.minor, reason or "Cancelled by the terms agreed.", now)
    if settled.actor_keeps:
        payout.create_payout(db, booking, now, amount_minor=settled.actor_keeps.minor, fee_minor=settled.fee_kept.minor)


def _strike(db: Session, booking: Booking, reason: str, now: datetime) -> None:
    db.add(
        Flag(
            kind="booking_let_down",
            actor_id=booking.actor_id,
            words=f"Booking {booking.id} was called off or not delivered by the actor. {reason}".strip(),
            evidence={"booking_id": booking.id, "state": booking.state},
            opened_at=now,
        )
    )


# the work itself ---------------------------------------------------------------------------------


def _begin_session(db: Session, booking: Booking, by: By, now: datetime) -> None:
    db.add(CaptureSession(booking_id=booking.id, started_at=now))
    db.flush()


def _mark_delivered(db: Session, booking: Booking, by: By, now: datetime) -> None:
    get_session(db, booking.id).delivered_at = now


def _count_changes(db: Session, booking: Booking, by: By, now: datetime) -> None:
    get_session(db, booking.id).changes_asked += 1


def _mark_accepted(db: Session, booking: Booking, by: By, now: datetime) -> None:
    """Silence accepts everything that can be played, a member what was selected, an admin what was selected or, where
    nothing was, everything: it was paid for. The grant's term begins."""
    session = get_session(db, booking.id)
    session.accepted_at = now
    if by.party == Party.CLOCK or (by.party == Party.ADMIN and not _any_selected(db, session.id)):
        ready = update(Take).where(Take.capture_session_id == session.id, Take.state == TakeState.READY)
        db.execute(ready.where(Take.selected_at.is_(None)).values(selected_at=now))
    term = usage_of(booking).term
    db.execute(update(Grant).where(Grant.booking_id == booking.id).values(expires_at=months_later(now, term.months)))


def _any_selected(db: Session, capture_session_id: int) -> bool:
    selected = select(Take.id).where(Take.capture_session_id == capture_session_id, Take.selected_at.is_not(None))
    return db.scalar(selected.limit(1)) is not None


def _nothing(db: Session, booking: Booking, by: By, now: datetime) -> None:
    pass


_WORK: Final[Mapping[Step, Callable[[Session, Booking, By, datetime], None]]] = MappingProxyType(
    {
        Step.START: _begin_session,
        Step.DELIVER: _mark_delivered,
        Step.REQUEST_CHANGES: _count_changes,
        Step.APPROVE: _mark_accepted,
        Step.RELEASE: _mark_accepted,
        Step.SPLIT: _mark_accepted,
    }
)


def months_later(at: datetime, months: int) -> datetime:
    """The same day of a later month, or that month's last."""
    year, month = divmod(at.year * 12 + at.month - 1 + months, 12)
    for day in (at.day, 30, 29, 28):
        try:
            return at.replace(year=year, month=month + 1, day=day)
        except ValueError:
            continue
    raise AssertionError("every month has a 28th")


# reading -----------------------------------------------------------------------------------------


def get_booking(db: Session, booking_id: int) -> Booking:
    """A booking by its id, for admins and the clock; refuses one that is not there."""
    booking = db.get(Booking, booking_id, populate_existing=True)
    if booking is None:
        raise NotFound("There is no such booking.")
    return booking


def of_platform(db: Session, booking_id: int, platform_id: int) -> Booking:
    """A booking of this platform; another's is not found."""
    booking = get_booking(db, booking_id)
    if booking.platform_id != platform_id:
        raise NotFound("There is no such booking.")
    return booking


def of_actor(db: Session, booking_id: int, actor_id: int) -> Booking:
    """A booking of this actor; another's, or a draft that was not sent, is not found."""
    booking = get_booking(db, booking_id)
    if booking.actor_id != actor_id or booking.state == State.DRAFT or booking.asked_as == UNSENT:
        raise NotFound("There is no such booking.")
    return booking


def check_in_good_standing(booking: Booking) -> None:
    """Refuse anything new for an actor or a platform that is suspended."""
    if booking.actor.suspended_at is not None:
        raise Forbidden("This actor's account is suspended, so nothing new can be booked. Nothing was changed.")
    if booking.platform.suspended_at is not None:
        raise Forbidden("This platform is suspended, so nothing new can be booked. Nothing was changed.")


def quote_of(booking: Booking) -> Quote:
    """The price as it was frozen."""
    return Quote.from_json(booking.quote)


def columns_of(quote: Quote) -> dict[str, Any]:
    """A price as the row of a booking keeps it: whole, and its sums beside it."""
    return {
        "currency": quote.currency,
        "total_minor": quote.total.minor,
        "fee_minor": quote.fee.minor,
        "net_minor": quote.net.minor,
        "quote": quote.to_json(),
    }


def usage_of(booking: Booking) -> Usage:
    """The usage as it was frozen."""
    return Usage.from_json(booking.usage)


def cancellation_of(booking: Booking, party: Party, now: datetime) -> Settlement:
    """What each side gets if `party` cancels the paid booking now."""
    return settle_cancel(quote_of(booking), Tier(booking.cancellation), party, booking.starts_at, now)


def what_is_owed(db: Session, booking: Booking, party: Party, now: datetime) -> Settlement:
    """The same, but nothing while a card is only saved: then nothing was charged, and cancelling costs nothing."""
    if is_charged(db, booking.id):
        return cancellation_of(booking, party, now)
    nothing = Money(0, booking.currency)
    return Settlement(nothing, nothing, nothing)


def find_session(db: Session, booking_id: int) -> CaptureSession | None:
    """The capture session of a booking, once it has begun."""
    return db.scalar(select(CaptureSession).where(CaptureSession.booking_id == booking_id))


def get_session(db: Session, booking_id: int) -> CaptureSession:
    """The capture session of a booking; refuses when it has not begun."""
    session = find_session(db, booking_id)
    if session is None:
        raise NotFound("This session has not started.")
    return session


def take_facts(db: Session, capture_session_id: int) -> list[TakeFacts]:
    """What the rules need to know of a session's takes."""
    columns = select(Take.state, Take.created_at, Take.selected_at).where(Take.capture_session_id == capture_session_id)
    return [TakeFacts(TakeState(state), at, selected is not None) for state, at, selected in db.execute(columns)]


def facts_of(db: Session, booking: Booking) -> Facts:
    """What the table's guards look at, read now."""
    state, session = State(booking.state), find_session(db, booking.id)
    granted = select(func.count()).where(Grant.booking_id == booking.id, Grant.revoked_at.is_(None))
    return Facts(
        state=state,
        starts_at=booking.starts_at,
        ends_at=booking.ends_at,
        deadline_at=booking.deadline_at,
        is_pencil=booking.asked_as == "pencil",
        is_extra=booking.is_extra,
        says_yes=not booking.asks_yes,
        is_extended=booking.extended_at is not None,
        counters=booking.counters,
        pencils_ahead=count_pencils_ahead(db, booking) if state in WISHES and not booking.is_extra else 0,
        is_challenger=booking.challenge_made_at is not None,
        claimed_by=claimant_of(booking),
        is_charged=is_charged(db, booking.id),
        pay_by=pay_by_of(db, booking.id),
        has_grant=bool(db.scalar(granted)),
        takes=arrived_since(take_facts(db, session.id), session.delivered_at) if session else 0,
        pickups_left=pickups_included(db, booking) - (session.changes_asked if session else 0),
    )


def claimant_of(booking: Booking) -> Party | None:
    """The side whose proposal or report waits for an answer."""
    return Party(booking.claimed_by) if booking.claimed_by else None


def pickups_included(db: Session, booking: Booking) -> int:
    """Rounds of pick-ups that the quote and the paid change orders cover together."""
    paid = select(Booking.quote).join(ChangeOrder, ChangeOrder.extra_id == Booking.id)
    extras = db.scalars(paid.where(ChangeOrder.booking_id == booking.id, Booking.state == State.CONFIRMED))
    return quote_of(booking).pickups_included + sum(int(quote["pickups_included"]) for quote in extras)
