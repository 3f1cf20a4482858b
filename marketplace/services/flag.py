"""Flags and disputes: what admins should look at, and what they decide."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from marketplace.domain.booking import State
from marketplace.domain.errors import Conflict, Invalid
from marketplace.models import Actor, Booking, BookingEvent, Brief, Dispute, Flag, Platform, SocialAccount
from marketplace.services.account import Decider
from marketplace.services.audit import record_audit

LEAST_WORDS: Final = 10
OPEN: Final = ("open", "appealed")
Verdict = Literal["cleared", "kept"]


@dataclass(frozen=True)
class FlagRow:
    """A flag with whom and what it is about."""

    flag: Flag
    actor: Actor | None
    platform: Platform | None
    social_account: SocialAccount | None


@dataclass(frozen=True)
class ContestedRow:
    """A booking whose sides disagree, with the reason that was given."""

    booking: Booking
    actor: Actor
    platform: Platform
    project: str
    reason: str


@dataclass(frozen=True)
class DisputeRow:
    """A chargeback with its booking."""

    dispute: Dispute
    booking: Booking
    actor: Actor
    platform: Platform


def list_flags(db: Session, *, is_open: bool, limit: int = 100) -> list[FlagRow]:
    """Flags that wait for a decision, oldest first; or those decided, newest first."""
    state = Flag.state.in_(OPEN) if is_open else Flag.state.not_in(OPEN)
    order = Flag.opened_at if is_open else Flag.closed_at.desc()
    rows = db.execute(
        select(Flag, Actor, Platform, SocialAccount)
        .outerjoin(Actor, Actor.id == Flag.actor_id)
        .outerjoin(Platform, Platform.id == Flag.platform_id)
        .outerjoin(SocialAccount, SocialAccount.id == Flag.social_account_id)
        .where(state)
        .order_by(order, Flag.id)
        .limit(limit)
    )
    return [FlagRow(*row) for row in rows]


def list_contested(db: Session, *, limit: int = 100) -> list[ContestedRow]:
    """Bookings in dispute between their two sides, the first due first."""
    rows = db.execute(
        _bookings(Booking, Actor, Platform, Brief.project)
        .join(Brief, Brief.id == Booking.brief_id)
        .where(Booking.state == State.DISPUTED)
        .order_by(Booking.deadline_at, Booking.id)
        .limit(limit)
    ).all()
    return [
        ContestedRow(booking, actor, platform, project, _why(db, booking)) for booking, actor, platform, project in rows
    ]


def list_disputes(db: Session, *, limit: int = 100) -> list[DisputeRow]:
    """Chargebacks, open ones first."""
    rows = db.execute(
        _bookings(Dispute, Booking, Actor, Platform)
        .join(Dispute, Dispute.booking_id == Booking.id)
        .order_by(Dispute.closed_at.is_not(None), Dispute.opened_at.desc(), Dispute.id)
        .limit(limit)
    )
    return [DisputeRow(*row) for row in rows]


def decide_flag(db: Session, *, flag_id: int, verdict: Verdict, by: Decider, words: str, now: datetime) -> None:
    """Clear a flag or keep it, in words that whom it concerns can read. Refuses one that is decided."""
    if len(words.strip()) < LEAST_WORDS:
        raise Invalid("Say in a sentence why: it can be read by whom it concerns. Nothing was changed.", field="words")
    values: dict[str, Any] = {
        "state": verdict,
        "decision": words.strip(),
        "decided_by_id": by.account_id,
        "closed_at": now,
    }
    decided = update(Flag).where(Flag.id == flag_id, Flag.state.in_(OPEN)).values(values).returning(Flag.kind)
    kind = db.scalar(decided)
    if kind is None:
        raise Conflict("This flag has been decided already. Nothing was changed.")
    record_audit(
        db,
        about="flag",
        about_id=flag_id,
        step=verdict,
        party="admin",
        principal_id=by.account_id,
        before={"state": "open", "kind": kind},
        after={"state": verdict},
        reason=words.strip(),
        ip=by.ip,
        now=now,
    )


def _bookings(*columns: Any) -> Any:
    return (
        select(*columns)
        .select_from(Booking)
        .join(Actor, Actor.id == Booking.actor_id)
        .join(Platform, Platform.id == Booking.platform_id)
    )


def _why(db: Session, booking: Booking) -> str:
    opened = select(BookingEvent.reason).where(
        BookingEvent.booking_id == booking.id, BookingEvent.after == State.DISPUTED, BookingEvent.reason != ""
    )
    return db.scalar(opened.order_by(BookingEvent.id).limit(1)) or ""
