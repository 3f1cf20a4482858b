"""Calendar feeds: a secret address at which people's own calendar programs read their bookings."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, exists, or_, select, update
from sqlalchemy.orm import Session, joinedload

from marketplace.domain.availability import HORIZON
from marketplace.domain.booking_state import CALLED_OFF, OCCUPYING, Party, State
from marketplace.gateways.calendar.feed import FeedEntry
from marketplace.models import Account, Actor, Booking, BookingEvent, CalendarFeed, Member
from marketplace.services.booking_entry import entry_of
from marketplace.services.reader_zone import zone_for

BEHIND: Final = timedelta(days=60)
AHEAD: Final = HORIZON + timedelta(days=31)
CALLED_OFF_KEPT: Final = timedelta(days=30)
"""For so long a feed says that a booking was called off: programs that only see it vanish may keep it."""
MOST_ENTRIES: Final = 1_000
READ_NOTED_EVERY: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Feed:
    """What one address shows. `mark` changes whenever any of it does; `changed_at` is a booking's newest change."""

    feed_id: int
    name: str
    entries: tuple[FeedEntry, ...]
    changed_at: datetime
    mark: str
    is_note_due: bool


@dataclass(frozen=True, slots=True)
class _Owner:
    """Whose bookings a feed shows, and the zone they are told in."""

    name: str
    party: Party
    bookings: ColumnElement[bool]
    zone: str


# the address -------------------------------------------------------------------------------------


def find_feed(db: Session, account_id: int) -> CalendarFeed | None:
    """The account's live feed, if it has one. Its address cannot be read again."""
    live = select(CalendarFeed).where(CalendarFeed.account_id == account_id, CalendarFeed.revoked_at.is_(None))
    return db.scalars(live.order_by(CalendarFeed.id.desc()).limit(1)).first()


def issue_feed(db: Session, *, account_id: int, now: datetime) -> str:
    """The secret part of a new address, which is told this once; any address before it ends."""
    revoke_feed(db, account_id=account_id, now=now)
    token = secrets.token_urlsafe(32)
    db.add(CalendarFeed(account_id=account_id, token_sha256=_digest(token), created_at=now))
    db.flush()
    return token


def revoke_feed(db: Session, *, account_id: int, now: datetime) -> bool:
    """End the account's address; False when there was none."""
    live = update(CalendarFeed).where(CalendarFeed.account_id == account_id, CalendarFeed.revoked_at.is_(None))
    ended = db.execute(live.values(revoked_at=now).returning(CalendarFeed.id)).all()
    return bool(ended)


# what it shows -----------------------------------------------------------------------------------


def read_feed(db: Session, *, token: str, public_url: str, now: datetime) -> Feed | None:
    """The bookings at a secret address; None when it is not, or no longer, one.

    Bookings that hold a slot, from 60 days back to a month beyond the horizon, and for 30 days those of them that were
    called off. Requests, pencils and change orders are not in it.
    """
    live = select(CalendarFeed).where(CalendarFeed.token_sha256 == _digest(token), CalendarFeed.revoked_at.is_(None))
    feed = db.scalars(live).first()
    owner = _find_owner(db, feed.account_id) if feed else None
    if feed is None or owner is None:
        return None
    entries = tuple(_entry(booking, owner, public_url) for booking in _bookings(db, owner, now))
    return Feed(
        feed_id=feed.id,
        name=f"Marquee: {owner.name}",
        entries=entries,
        changed_at=max((entry.updated_at for entry in entries), default=feed.created_at),
        mark=_digest(repr((owner.name, entries))),
        is_note_due=feed.read_at is None or now - feed.read_at >= READ_NOTED_EVERY,
    )


def note_reading(db: Session, *, feed_id: int, now: datetime) -> None:
    """Remember that the address is in use, so that its owner can see it."""
    db.execute(update(CalendarFeed).where(CalendarFeed.id == feed_id).values(read_at=now))


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _find_owner(db: Session, account_id: int) -> _Owner | None:
    account = db.get(Account, account_id)
    if account is None or not account.active:
        return None
    if actor := db.scalars(select(Actor).where(Actor.account_id == account_id)).first():
        return _Owner(actor.name, Party.ACTOR, Booking.actor_id == actor.id, actor.zone)
    if member := db.scalars(select(Member).where(Member.account_id == account_id)).first():
        zone = zone_for(account.zone, member.platform.zone)
        return _Owner(member.platform.name, Party.PLATFORM, Booking.platform_id == member.platform_id, zone)
    return None


def _bookings(db: Session, owner: _Owner, now: datetime) -> Sequence[Booking]:
    once_held = exists().where(BookingEvent.booking_id == Booking.id, BookingEvent.after.in_(OCCUPYING))
    called_off = Booking.state.in_(CALLED_OFF) & (Booking.updated_at > now - CALLED_OFF_KEPT) & once_held
    shown = (
        select(Booking)
        .where(
            owner.bookings,
            Booking.is_extra.is_(False),
            Booking.starts_at > now - BEHIND,
            Booking.starts_at < now + AHEAD,
            or_(Booking.state.in_(OCCUPYING), called_off),
        )
        .options(joinedload(Booking.platform), joinedload(Booking.actor), joinedload(Booking.brief))
    )
    return db.scalars(shown.order_by(Booking.starts_at.desc(), Booking.id).limit(MOST_ENTRIES)).all()


def _entry(booking: Booking, owner: _Owner, public_url: str) -> FeedEntry:
    entry = entry_of(booking, owner.party, owner.zone, public_url)
    return replace(entry, tentative=booking.state == State.ACCEPTED)
