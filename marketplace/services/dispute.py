"""Disputes between the two sides of a booking: all that an admin reads before deciding."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.domain.booking import Party, State
from marketplace.domain.cancellation import Settlement, settle_share
from marketplace.domain.errors import Invalid, NotFound
from marketplace.domain.money import WHOLE_BP
from marketplace.models import Account, Booking, BookingEvent, Dispute, Message
from marketplace.services.booking_page import BookingDetail, read_booking
from marketplace.services.booking_step import get_booking, quote_of
from marketplace.services.capture import TakeRow, read_takes
from marketplace.services.change_order import settle_whole
from marketplace.services.consent import draft_terms

CLAIMED = (State.NO_SHOW_CLAIMED, State.DISPUTED)
"""States into which a side brings a booking by saying what went wrong."""


@dataclass(frozen=True)
class Said:
    """One message of the thread."""

    at: datetime
    party: Party
    name: str
    words: str


@dataclass(frozen=True)
class Claim:
    """Why a side asked for a decision, in its own words."""

    at: datetime
    party: Party
    words: str


@dataclass(frozen=True)
class Case:
    """A disputed booking with the evidence: claims, the signed terms, every take, the thread."""

    detail: BookingDetail
    claims: Sequence[Claim]
    terms: tuple[str, ...]
    takes: Sequence[TakeRow]
    thread: Sequence[Said]
    chargebacks: Sequence[Dispute]

    @property
    def is_open(self) -> bool:
        """Whether it still waits for a decision."""
        return self.detail.state == State.DISPUTED


def read_case(db: Session, *, booking_id: int, now: datetime) -> Case:
    """A booking that is or was in dispute, or whose payment was; any other is nobody's case and not found."""
    booking = get_booking(db, booking_id)
    claims = _claims(db, booking_id)
    chargebacks = db.scalars(select(Dispute).where(Dispute.booking_id == booking_id).order_by(Dispute.id)).all()
    if not claims and not chargebacks:
        raise NotFound("There is no dispute about this booking.")
    detail = read_booking(db, booking, Party.ADMIN, now)
    return Case(
        detail=detail,
        claims=claims,
        terms=draft_terms(booking, training=detail.grant.training).sentences() if detail.grant else (),
        takes=read_takes(db, detail.session) if detail.session else (),
        thread=_thread(db, booking_id),
        chargebacks=chargebacks,
    )


def share_of(db: Session, booking: Booking, refund_percent: int) -> Settlement:
    """What each side would get of the booking and its paid change orders; refuses a part that is none."""
    if not 0 <= refund_percent <= 100:
        raise Invalid("Give the platform’s part as a whole number from 0 to 100.", field="refund_percent")
    bp = refund_percent * WHOLE_BP // 100
    return settle_whole(db, booking, settle_share(quote_of(booking), bp), bp)


def _claims(db: Session, booking_id: int) -> list[Claim]:
    opened = select(BookingEvent.at, BookingEvent.party, BookingEvent.reason).where(
        BookingEvent.booking_id == booking_id, BookingEvent.after.in_(CLAIMED), BookingEvent.reason != ""
    )
    return [Claim(at, Party(party), words) for at, party, words in db.execute(opened.order_by(BookingEvent.id))]


def _thread(db: Session, booking_id: int) -> list[Said]:
    rows = db.execute(
        select(Message.created_at, Message.party, Account.name, Message.words)
        .join(Account, Account.id == Message.account_id)
        .where(Message.booking_id == booking_id)
        .order_by(Message.created_at, Message.id)
    )
    return [Said(at, Party(party), name, words) for at, party, name, words in rows]
