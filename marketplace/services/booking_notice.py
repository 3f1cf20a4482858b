"""What each side is told when a booking moves: a sentence per step and reader, times in the reader's zone."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from marketplace.domain.booking import Effect, Party, State, Step, Transition
from marketplace.domain.booking_text import OUTLOOK
from marketplace.models import Booking
from marketplace.services.notice import accounts_of_actor, accounts_of_admins, accounts_of_platform, notify

_TITLES: Final[Mapping[Step, str]] = MappingProxyType(
    {
        Step.SEND: "{platform} asks to book you: {time}",
        Step.DISCARD: "Draft discarded: {time}",
        Step.ACCEPT: "Terms accepted: {time}",
        Step.COUNTER: "Counter-offer: {actor} for {platform}, {time}",
        Step.EXTEND: "{actor} takes another day to answer: {time}",
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


def tell_of_request(db: Session, booking: Booking, now: datetime) -> None:
    """The actor hears of a new request, with the net amount first."""
    _tell(
        db, booking, Party.ACTOR, "request", "{platform} asks to book you: {time}", _next(booking, State.REQUESTED), now
    )


def tell_of_step(db: Session, booking: Booking, transition: Transition, step: Step, reason: str, now: datetime) -> None:
    """Everyone the table names hears of the step, once."""
    words = " ".join(part for part in (reason, _next(booking, transition.after)) if part)
    for effect, party in (
        (Effect.NOTIFY_PLATFORM, Party.PLATFORM),
        (Effect.NOTIFY_ACTOR, Party.ACTOR),
        (Effect.NOTIFY_ADMIN, Party.ADMIN),
    ):
        if effect in transition.effects:
            _tell(db, booking, party, step.value, _TITLES[step], words, now)


def _tell(db: Session, booking: Booking, party: Party, kind: str, title: str, words: str, now: datetime) -> None:
    accounts, zone, path = {
        Party.PLATFORM: (accounts_of_platform, booking.platform_zone, f"/platform/booking/{booking.id}"),
        Party.ACTOR: (accounts_of_actor, booking.actor_zone, f"/actor/booking/{booking.id}"),
        Party.ADMIN: (lambda db, _id: accounts_of_admins(db), "UTC", "/admin"),
    }[party]
    facts = {"actor": booking.actor.name, "platform": booking.platform.name, "time": _time(booking.starts_at, zone)}
    notify(
        db,
        account_ids=accounts(db, booking.platform_id if party == Party.PLATFORM else booking.actor_id),
        key=f"booking:{booking.id}:{kind}:{booking.version}",
        kind=f"booking.{kind}",
        title=title.format(**facts),
        words=words,
        path=path,
        now=now,
    )


def _next(booking: Booking, state: State) -> str:
    outlook = OUTLOOK[state]
    if outlook.waiting_for is None:
        return ""
    who = {Party.PLATFORM: booking.platform.name, Party.ACTOR: booking.actor.name, Party.ADMIN: "An admin"}
    return f"Next: {who[outlook.waiting_for]} can {outlook.must}. If nothing happens, {outlook.otherwise}"


def _time(at: datetime, zone: str) -> str:
    local = at.astimezone(ZoneInfo(zone))
    return f"{local:%a} {local.day} {local:%b, %H:%M}"
