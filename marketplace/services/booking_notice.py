"""What each side is told when a booking moves: a sentence per step and reader, times in the reader's zone."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Final

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from marketplace.domain.booking import Effect, Party, State, Step, Transition
from marketplace.domain.booking_state import WISHES
from marketplace.domain.booking_text import Ahead, outlook_of
from marketplace.models import Booking, Grant
from marketplace.services.booking_letter import settles_time
from marketplace.services.charge_plan import pay_by_of
from marketplace.services.notice import accounts_of_actor, accounts_of_admins, accounts_of_platform, notify
from marketplace.services.pencil import read_ahead
from marketplace.services.reader_zone import by_zone, time_words

_TITLES: Final[Mapping[Step, str]] = MappingProxyType(
    {
        Step.SEND: "{platform} asks to book you: {time}",
        Step.DISCARD: "Draft discarded: {time}",
        Step.ACCEPT: "Terms accepted: {time}",
        Step.COUNTER: "Counter-offer: {actor} for {platform}, {time}",
        Step.EXTEND: "{actor} takes more time to answer: {time}",
        Step.PENCIL: "{actor} gave you a pencil: {time}",
        Step.FIRM_UP: "{platform} confirmed its pencil: {time}",
        Step.CHALLENGE: "{platform} challenged the first pencil: {time}",
        Step.FACE_CHALLENGE: "Your pencil is challenged: {time}",
        Step.MOVE_UP: "Your pencil is now the first: {time}",
        Step.PROPOSE_TIME: "Another time is proposed: {actor} for {platform}",
        Step.AGREE_TIME: "New time agreed: {time}",
        Step.KEEP_TIME: "The time stays: {time}",
        Step.CLAIM_NO_SHOW: "Reported as not there: {actor} for {platform}",
        Step.TAKE_BACK: "The report was taken back: {actor} for {platform}",
        Step.CONTEST: "In dispute, a no-show: {actor} for {platform}",
        Step.CONCEDE: "The no-show is settled: {actor} for {platform}",
        Step.STOP_ABSENT: "Cancelled, the actor was not there: {time}",
        Step.CLOSE_ABSENT: "Closed, the platform was not there: {time}",
        Step.CLOSE_EXTRA: "Change order completed: {actor} for {platform}",
        Step.SPLIT_EXTRA: "Change order settled: {actor} for {platform}",
        Step.DROP_EXTRA: "Change order ended: {actor} for {platform}",
        Step.DECLINE: "{actor} declined: {time}",
        Step.WITHDRAW: "{platform} withdrew: {time}",
        Step.EXPIRE: "Request expired: {time}",
        Step.CONFIRM: "Booked and paid: {time}",
        Step.SAVE_CARD: "Booked, card saved: {time}",
        Step.CHARGE: "The booking is paid: {time}",
        Step.ASK_PAYMENT: "Pay to keep the booking: {time}",
        Step.STOP_UNPAID: "Cancelled, not paid in time: {time}",
        Step.LAPSE: "Not paid in time: {time}",
        Step.START: "Session started: {actor} for {platform}",
        Step.STOP_UNSIGNED: "Cancelled, consent not signed: {time}",
        Step.DELIVER: "{actor} delivered takes",
        Step.STOP_UNDELIVERED: "Cancelled, nothing delivered: {time}",
        Step.REQUEST_CHANGES: "{platform} asks for pick-ups",
        Step.APPROVE: "Takes accepted: {actor} for {platform}",
        Step.DISPUTE: "In dispute: {actor} for {platform}",
        Step.ESCALATE: "Dispute still open: {actor} for {platform}",
        Step.RELEASE: "Dispute settled: {actor} for {platform}",
        Step.SPLIT: "Dispute settled: {actor} for {platform}",
        Step.REFUND: "Dispute settled: {actor} for {platform}",
        Step.CANCEL: "Cancelled: {time}",
    }
)


_EXTRA_TITLES: Final[Mapping[Step, str]] = MappingProxyType(
    {
        Step.ACCEPT: "Change order agreed, to be paid: {actor} for {platform}",
        Step.CONFIRM: "Change order paid: {actor} for {platform}",
        Step.SAVE_CARD: "Change order agreed, card saved: {actor} for {platform}",
        Step.CHARGE: "Change order paid: {actor} for {platform}",
        Step.ASK_PAYMENT: "Change order to be paid: {actor} for {platform}",
        Step.STOP_UNPAID: "Change order not paid in time: {actor} for {platform}",
        Step.DECLINE: "Change order declined: {actor} for {platform}",
        Step.WITHDRAW: "Change order taken back: {actor} for {platform}",
        Step.EXPIRE: "Change order not answered in time: {actor} for {platform}",
        Step.LAPSE: "Change order not paid in time: {actor} for {platform}",
        Step.CLOSE_EXTRA: "Change order completed: {actor} for {platform}",
        Step.SPLIT_EXTRA: "Change order settled with its booking: {actor} for {platform}",
        Step.DROP_EXTRA: "Change order ended with its booking: {actor} for {platform}",
    }
)


def tell_of_request(db: Session, booking: Booking, now: datetime) -> None:
    """The actor hears of a new request, with the net amount first."""
    words = _next(db, booking, State.REQUESTED)
    _tell(db, booking, Party.ACTOR, "request", "{platform} asks to book you: {time}", words, now)


def tell_of_step(db: Session, booking: Booking, transition: Transition, step: Step, reason: str, now: datetime) -> None:
    """Everyone the table names hears of the step, once; both sides of what changes their calendars."""
    words = " ".join(part for part in (reason, _next(db, booking, transition.after)) if part)
    title = _EXTRA_TITLES.get(step, "Change order: {actor} for {platform}") if booking.is_extra else _TITLES[step]
    for party in _readers(transition, step):
        _tell(db, booking, party, step.value, title, reason if booking.is_extra else words, now)


def _readers(transition: Transition, step: Step) -> list[Party]:
    named = {
        Party.PLATFORM: Effect.NOTIFY_PLATFORM,
        Party.ACTOR: Effect.NOTIFY_ACTOR,
        Party.ADMIN: Effect.NOTIFY_ADMIN,
    }
    both = settles_time(step, transition.before)
    return [party for party, effect in named.items() if effect in transition.effects or (both and party != Party.ADMIN)]


def accounts_of(db: Session, booking: Booking, party: Party) -> tuple[list[int], str, str]:
    """Who reads on that side of a booking, the zone that side agreed in, and the page it reads on."""
    if party == Party.PLATFORM:
        members = accounts_of_platform(db, booking.platform_id)
        return list(members), booking.platform_zone, f"/platform/booking/{booking.id}"
    if party == Party.ACTOR:
        return list(accounts_of_actor(db, booking.actor_id)), booking.actor_zone, f"/actor/booking/{booking.id}"
    return list(accounts_of_admins(db)), "UTC", f"/admin/dispute/{booking.id}"


def _tell(db: Session, booking: Booking, party: Party, kind: str, title: str, words: str, now: datetime) -> None:
    account_ids, side_zone, path = accounts_of(db, booking, party)
    for zone, readers in by_zone(db, account_ids, side_zone).items():
        time = time_words(booking.starts_at, zone)
        notify(
            db,
            account_ids=readers,
            key=f"booking:{booking.id}:{kind}:{booking.version}",
            kind=f"booking.{kind}",
            title=title.format(actor=booking.actor.name, platform=booking.platform.name, time=time),
            words=words,
            path=path,
            now=now,
            booking_id=booking.id,
        )


def _next(db: Session, booking: Booking, state: State) -> str:
    outlook = outlook_of(
        state,
        Party(booking.claimed_by) if booking.claimed_by else None,
        is_pencil=booking.asked_as == "pencil",
        ahead=read_ahead(db, booking) if state in WISHES else Ahead.NOTHING,
        must_pay=pay_by_of(db, booking.id) is not None,
    )
    if outlook.waiting_for is None:
        return ""
    if state == State.CONFIRMED and outlook.waiting_for == Party.ACTOR and _is_signed(db, booking.id):
        return "The consent is signed. The session starts by itself at the booked time."
    who = {Party.PLATFORM: booking.platform.name, Party.ACTOR: booking.actor.name, Party.ADMIN: "An admin"}
    return f"Next: {who[outlook.waiting_for]} can {outlook.must}. If nothing happens, {outlook.otherwise}"


def _is_signed(db: Session, booking_id: int) -> bool:
    signed = (Grant.booking_id == booking_id) & Grant.revoked_at.is_(None)
    return bool(db.scalar(select(exists().where(signed))))
