"""The life of bookings: each use case loads, asks the domain's table, writes one guarded step and what follows it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from marketplace.domain.availability import Interval
from marketplace.domain.booking import ENDED, Party, State, Step, steps_due
from marketplace.domain.booking_deadline import check_request
from marketplace.domain.cancellation import Tier
from marketplace.domain.capture import check_accepting
from marketplace.domain.consent import check_specific
from marketplace.domain.errors import Conflict, Forbidden, Invalid, NotFound, Refused, SlotTaken
from marketplace.domain.flavour import VOCABULARY, Display, Intensity
from marketplace.domain.money import WHOLE_BP
from marketplace.domain.rate import Ask, Quote, Usage, make_quote
from marketplace.models import Actor, Beat, Booking, BookingEvent, Brief, Payment, Platform
from marketplace.services import payment
from marketplace.services.account import check_may_ask
from marketplace.services.availability import get_calendar
from marketplace.services.booking_follow import take_booking_step
from marketplace.services.booking_notice import tell_of_request
from marketplace.services.booking_step import (
    CLOCK,
    Also,
    By,
    cancellation_of,
    facts_of,
    find_session,
    get_booking,
    of_actor,
    of_platform,
    record_step,
    take_facts,
)
from marketplace.services.consent import draft_terms
from marketplace.services.rate import get_rate_card

REASON_LONGEST: Final = 1_000


class PriceChanged(Conflict):
    """The price is no longer the one that was shown."""

    code = "price_changed"


@dataclass(frozen=True, slots=True)
class BeatAsk:
    """One moment wanted: from one flavour to another, or holding one."""

    from_flavour: str
    intensity: str
    display: str
    to_flavour: str | None = None
    seconds: int = 8
    line: str = ""


@dataclass(frozen=True, slots=True)
class Request:
    """What a platform asks of an actor.

    `token` is the form's own: the same one again means the same booking. `shown_total_minor` is the total the member
    saw; any other price is refused rather than charged.
    """

    token: str
    actor_id: int
    starts_at: datetime
    minutes: int
    usage: Usage
    project: str
    character: str
    purpose: str
    beats: tuple[BeatAsk, ...] = ()
    take_sets: int = 1
    message: str = ""
    shown_total_minor: int | None = None

    @property
    def slot(self) -> Interval:
        """The time asked for."""
        return Interval(self.starts_at, self.starts_at + timedelta(minutes=self.minutes))


# requesting --------------------------------------------------------------------------------------


def request_booking(
    db: Session, *, platform_id: int, member_id: int, by: By, ask: Request, fee_bp: int, now: datetime
) -> int:
    """Ask an actor for a slot; returns the booking's id. Nothing is held and nothing charged yet.

    The price, the cancellation terms and both zones are frozen into the booking. The same `ask.token` again returns
    the booking it made. Refuses times that are not free (SlotTaken), prices that changed and briefs too vague to
    consent to.
    """
    if (made := find_by_token(db, platform_id=platform_id, token=ask.token)) is not None:
        return made
    platform, actor = _customer(db, platform_id), _bookable(db, ask.actor_id)
    priced = get_rate_card(db, actor.id)
    quote = make_quote(priced.card, Ask(ask.minutes, ask.usage, ask.starts_at, ask.take_sets), fee_bp, now)
    _check_price(quote, ask)
    deadline_at = check_request(ask.starts_at, now)
    _check_free(db, actor, ask.slot, now)
    try:
        with db.begin_nested():
            brief = _write_brief(db, platform_id, ask, now)
            booking = _write_booking(
                db, platform, actor, member_id, brief, ask, quote, priced.cancellation, deadline_at, now
            )
    except IntegrityError:
        # the same form arrived twice at once, and the other was faster
        if (made := find_by_token(db, platform_id=platform_id, token=ask.token)) is None:
            raise
        return made
    check_specific(draft_terms(booking))
    record_step(db, booking, None, State.REQUESTED, "request", by, "", now)
    tell_of_request(db, booking, now)
    return booking.id


def find_by_token(db: Session, *, platform_id: int, token: str) -> int | None:
    """The booking that a form's token has already made for this platform, if it has."""
    return db.scalar(select(Booking.id).where(Booking.request_token == token, Booking.platform_id == platform_id))


def _customer(db: Session, platform_id: int) -> Platform:
    platform = db.get_one(Platform, platform_id)
    if platform.suspended_at is not None:
        raise Forbidden("Your platform is suspended, so it cannot book. Nothing was requested.")
    check_may_ask(db, platform)
    return platform


def _bookable(db: Session, actor_id: int) -> Actor:
    actor = db.get(Actor, actor_id)
    if actor is None or not actor.listed:
        raise NotFound("This actor cannot be booked now. Nothing was requested.")
    return actor


def _check_price(quote: Quote, ask: Request) -> None:
    if ask.shown_total_minor is not None and ask.shown_total_minor != quote.total.minor:
        raise PriceChanged(f"The price is now {quote.total}, not what you saw. Look again before you ask.")


def _check_free(db: Session, actor: Actor, slot: Interval, now: datetime) -> None:
    if not get_calendar(db, actor.id, slot).is_free(slot, now):
        raise SlotTaken("This time is not free. Nothing was requested or charged.")


def _write_brief(db: Session, platform_id: int, ask: Request, now: datetime) -> Brief:
    brief = Brief(
        platform_id=platform_id,
        project=ask.project.strip(),
        character=ask.character.strip(),
        synopsis=ask.purpose.strip(),
        created_at=now,
    )
    brief.beats = [
        Beat(
            position=position,
            from_flavour=VOCABULARY.get(beat.from_flavour).slug,
            to_flavour=VOCABULARY.get(beat.to_flavour).slug if beat.to_flavour else None,
            intensity=Intensity.read(beat.intensity).word,
            display=Display.read(beat.display).word,
            seconds=beat.seconds,
            line=beat.line,
        )
        for position, beat in enumerate(ask.beats)
    ]
    db.add(brief)
    db.flush()
    return brief


def _write_booking(
    db: Session,
    platform: Platform,
    actor: Actor,
    member_id: int,
    brief: Brief,
    ask: Request,
    quote: Quote,
    tier: Tier,
    deadline_at: datetime,
    now: datetime,
) -> Booking:
    buffer = timedelta(minutes=actor.buffer_minutes)
    booking = Booking(
        platform=platform,
        member_id=member_id,
        actor=actor,
        brief=brief,
        state=State.REQUESTED,
        version=1,
        deadline_at=deadline_at,
        starts_at=ask.slot.starts_at,
        ends_at=ask.slot.ends_at,
        busy_from=ask.slot.starts_at - buffer,
        busy_until=ask.slot.ends_at + buffer,
        actor_zone=actor.zone,
        platform_zone=platform.zone,
        currency=quote.currency,
        total_minor=quote.total.minor,
        fee_minor=quote.fee.minor,
        net_minor=quote.net.minor,
        quote=quote.to_json(),
        usage={"scope": ask.usage.scope.value, "term": ask.usage.term.value, "take_sets": ask.take_sets},
        cancellation=tier,
        message=ask.message.strip(),
        request_token=ask.token,
        created_at=now,
        updated_at=now,
    )
    db.add(booking)
    db.flush()
    return booking


# steps of people ---------------------------------------------------------------------------------


def accept_booking(db: Session, *, booking_id: int, actor_id: int, by: By, now: datetime) -> None:
    """The actor takes the booking: the slot is held while the platform pays. Refuses a slot another holds."""
    take_booking_step(db, of_actor(db, booking_id, actor_id), Step.ACCEPT, by, now)


def decline_booking(db: Session, *, booking_id: int, actor_id: int, by: By, reason: str, now: datetime) -> None:
    """The actor says no, with a reason the platform reads."""
    take_booking_step(db, of_actor(db, booking_id, actor_id), Step.DECLINE, by, now, _reason(reason))


def withdraw_booking(db: Session, *, booking_id: int, platform_id: int, by: By, now: datetime) -> None:
    """The platform takes back what is not paid yet."""
    take_booking_step(db, of_platform(db, booking_id, platform_id), Step.WITHDRAW, by, now)


def cancel_booking(
    db: Session, *, booking: Booking, by: By, now: datetime, reason: str = "", shown_refund_minor: int | None = None
) -> None:
    """Call a booking off; a paid one is refunded by its terms, in full when the actor or an admin cancels.

    `shown_refund_minor` is what the page promised before the click: any other amount is refused rather than applied.
    """
    settled = cancellation_of(booking, by.party, now)
    if (
        shown_refund_minor is not None
        and booking.state == State.CONFIRMED
        and settled.refund.minor != shown_refund_minor
    ):
        raise PriceChanged(f"The refund is now {settled.refund}. Look again before you cancel. Nothing was changed.")
    take_booking_step(db, booking, Step.CANCEL, by, now, _reason(reason) if by.party == Party.ACTOR else reason.strip())


def start_session(db: Session, *, booking_id: int, platform_id: int, by: By, now: datetime) -> None:
    """The platform starts early, giving up its right to cancel. Refused without a signed consent."""
    take_booking_step(db, of_platform(db, booking_id, platform_id), Step.START, by, now)


def deliver_booking(db: Session, *, booking_id: int, actor_id: int, by: By, now: datetime) -> None:
    """The actor hands the takes over for review. Refused without a new take that can be played."""
    take_booking_step(db, of_actor(db, booking_id, actor_id), Step.DELIVER, by, now)


def request_changes(db: Session, *, booking_id: int, platform_id: int, by: By, reason: str, now: datetime) -> None:
    """The platform asks for pick-ups, as often as the quote includes."""
    take_booking_step(db, of_platform(db, booking_id, platform_id), Step.REQUEST_CHANGES, by, now, _reason(reason))


def accept_delivery(db: Session, *, booking_id: int, platform_id: int, by: By, now: datetime) -> None:
    """The platform accepts the takes it selected; the actor's payout begins. Refused when none is selected."""
    booking = of_platform(db, booking_id, platform_id)
    session = find_session(db, booking.id)
    if session is not None and booking.state in (State.DELIVERED, State.CHANGES_REQUESTED):
        check_accepting(take_facts(db, session.id))
    take_booking_step(db, booking, Step.APPROVE, by, now)


def dispute_booking(db: Session, *, booking: Booking, by: By, reason: str, now: datetime) -> None:
    """Either side asks an admin to decide; the money stays held."""
    take_booking_step(db, booking, Step.DISPUTE, by, now, _reason(reason))


def settle_dispute(db: Session, *, booking_id: int, by: By, refund_bp: int, reason: str, now: datetime) -> None:
    """An admin decides: `refund_bp` of the payment goes back to the platform, the rest is the actor's and the fee."""
    if not 0 <= refund_bp <= WHOLE_BP:
        raise Invalid("The share refunded is between 0 and 100 %.", field="refund_bp")
    step = {0: Step.RELEASE, WHOLE_BP: Step.REFUND}.get(refund_bp, Step.SPLIT)
    take_booking_step(db, get_booking(db, booking_id), step, by, now, _reason(reason), Also(refund_bp=refund_bp))


# steps of the clock ------------------------------------------------------------------------------


def confirm_paid_booking(db: Session, *, booking_id: int, now: datetime) -> bool:
    """The payment has been captured: the booking is confirmed, or the money goes back when the slot is gone.

    True when it is confirmed or was already past that. Harmless to repeat: a booking whose late payment has been sent
    back is left alone.
    """
    booking = get_booking(db, booking_id)
    if booking.state == State.ACCEPTED:
        try:
            take_booking_step(db, booking, Step.CONFIRM, CLOCK, now)
        except Refused as refusal:
            return _send_back(db, booking, refusal.sentence, now)
        return True
    if booking.state in _NEVER_CONFIRMED and not _was_paid_before(db, booking.id):
        return _send_back(db, booking, "The payment arrived after the booking had ended.", now)
    return booking.state not in ENDED or booking.state == State.COMPLETED


_NEVER_CONFIRMED: Final = frozenset({State.WITHDRAWN, State.LAPSED, State.CANCELLED})


def _was_paid_before(db: Session, booking_id: int) -> bool:
    """Whether the booking ever was confirmed: then its refund was decided when it ended."""
    confirmed = select(BookingEvent.id).where(
        BookingEvent.booking_id == booking_id, BookingEvent.after == State.CONFIRMED
    )
    return db.scalar(confirmed.limit(1)) is not None


def _send_back(db: Session, booking: Booking, reason: str, now: datetime) -> bool:
    paid = payment.find_payment(db, booking.id, lock=True)
    if paid is not None and (left := payment.left_to_refund(db, paid)):
        payment.refund_booking(db, booking, left, reason, now)
    return False


def find_due(db: Session, *, now: datetime, limit: int = 200) -> Sequence[int]:
    """Bookings whose deadline has passed, the longest overdue first."""
    waiting = select(Booking.id).where(Booking.deadline_at <= now, Booking.state.not_in(ENDED))
    return db.scalars(waiting.order_by(Booking.deadline_at, Booking.id).limit(limit)).all()


def advance_due_booking(db: Session, *, booking_id: int, now: datetime) -> State | None:
    """Take the clock's step for a booking past its deadline: the state it is in now, or None if nothing was due.

    Asked twice, or late, it changes nothing but the delay.
    """
    booking = get_booking(db, booking_id)
    if booking.state == State.ACCEPTED and _is_paying(db, booking):
        return None
    for step in steps_due(facts_of(db, booking)):
        try:
            take_booking_step(db, booking, step, CLOCK, now)
        except Refused:
            continue
        return State(booking.state)
    return None


def _is_paying(db: Session, booking: Booking) -> bool:
    """Whether money is on its way right now; the answer comes within minutes, and decides."""
    state = db.scalar(select(Payment.state).where(Payment.booking_id == booking.id))
    return state in ("processing", "captured")


def _reason(reason: str) -> str:
    words = reason.strip()
    if not words or len(words) > REASON_LONGEST:
        raise Invalid(f"Give a reason of up to {REASON_LONGEST} characters.", field="reason", code="reason")
    return words
