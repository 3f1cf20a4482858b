"""Rows for tests of the tables: as little as the database demands."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta

from sqlalchemy.orm import Session

from marketplace.jobs import Job
from marketplace.models import Account, Actor, Booking, Brief, Member, Platform

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
_numbers = itertools.count(1)


def no_jobs(job: Job, ids: tuple[int | str, ...]) -> None:
    """Rows for tests ask for no work."""
    raise AssertionError(f"nothing should have asked for {job} {ids}")


def add_actor(db: Session) -> Actor:
    """An actor without an account."""
    number = next(_numbers)
    actor = Actor(slug=f"actor-{number}", name=f"Actor {number}", created_at=NOW, updated_at=NOW)
    db.add(actor)
    db.flush()
    return actor


def add_platform(db: Session) -> Member:
    """A platform with one member."""
    number = next(_numbers)
    platform = Platform(slug=f"platform-{number}", name=f"Platform {number}", created_at=NOW)
    account = Account(email=f"m{number}@example.com", name="M", fs_uniquifier=f"m{number}")
    db.add_all([platform, account])
    db.flush()
    member = Member(platform_id=platform.id, account_id=account.id, created_at=NOW)
    db.add(member)
    db.flush()
    return member


def add_booking(
    db: Session,
    member: Member,
    actor: Actor,
    *,
    starts_at: datetime,
    state: str,
    length: timedelta = timedelta(hours=1),
    buffer: timedelta = timedelta(0),
) -> Booking:
    """A booking of an hour for 108.00."""
    brief = Brief(platform_id=member.platform_id, project="Heiress", created_at=NOW)
    db.add(brief)
    db.flush()
    booking = Booking(
        platform_id=member.platform_id, member_id=member.id, actor_id=actor.id, brief_id=brief.id, state=state,
        starts_at=starts_at, ends_at=starts_at + length, busy_from=starts_at - buffer,
        busy_until=starts_at + length + buffer, actor_zone="UTC", platform_zone="UTC", currency="USD",
        total_minor=10_800, fee_minor=800, net_minor=10_000, quote={}, cancellation="standard",
        request_token=f"token-{next(_numbers)}", created_at=NOW, updated_at=NOW,
    )  # fmt: skip
    db.add(booking)
    db.flush()
    return booking
