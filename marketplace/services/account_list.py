"""Platforms and actors as admins look through them: lists by what they wait for, and one in full."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session, joinedload

from marketplace.domain.errors import NotFound
from marketplace.models import Account, Actor, Audit, Booking, ConnectAccount, Flag, Member, Payout, Platform

PAGE: Final = 50

PLATFORM_TABS: Final[dict[str, ColumnElement[bool]]] = {
    "new": Platform.vetted_at.is_(None) & Platform.suspended_at.is_(None),
    "vetted": Platform.vetted_at.is_not(None) & Platform.suspended_at.is_(None),
    "suspended": Platform.suspended_at.is_not(None),
}
ACTOR_TABS: Final[dict[str, ColumnElement[bool]]] = {
    "new": Actor.verified_at.is_(None) & Actor.suspended_at.is_(None),
    "verified": Actor.verified_at.is_not(None) & Actor.suspended_at.is_(None),
    "suspended": Actor.suspended_at.is_not(None),
}


@dataclass(frozen=True)
class PlatformRow:
    """A platform with how many bookings it has."""

    platform: Platform
    bookings: int


@dataclass(frozen=True)
class ActorRow:
    """An actor with how many bookings they have."""

    actor: Actor
    bookings: int


@dataclass(frozen=True)
class Change:
    """One line of an account's audit trail."""

    audit: Audit
    name: str | None


@dataclass(frozen=True)
class PlatformDetail:
    """A platform in full."""

    platform: Platform
    members: Sequence[Member]
    bookings: dict[str, int]
    trail: Sequence[Change]


@dataclass(frozen=True)
class ActorDetail:
    """An actor in full."""

    actor: Actor
    account: Account | None
    connect: ConnectAccount | None
    bookings: dict[str, int]
    payouts: dict[str, int]
    open_flags: int
    trail: Sequence[Change]


def count_platforms(db: Session) -> dict[str, int]:
    """How many platforms are in each tab."""
    return _counts(db, PLATFORM_TABS, select(func.count()).select_from(Platform))


def count_actors(db: Session) -> dict[str, int]:
    """How many actors are in each tab."""
    return _counts(db, ACTOR_TABS, select(func.count()).select_from(Actor))


def list_platforms(db: Session, *, tab: str, words: str = "", page: int = 1) -> tuple[list[PlatformRow], bool]:
    """A page of platforms, newest first, and whether more follow. `words` of a name look in every tab."""
    bookings = select(func.count()).where(Booking.platform_id == Platform.id).scalar_subquery()
    named = Platform.name.icontains(words.strip(), autoescape=True)
    query = select(Platform, bookings).where(named if words.strip() else PLATFORM_TABS[tab])
    rows, more = _page(db, query.order_by(Platform.created_at.desc(), Platform.id.desc()), page)
    return [PlatformRow(*row) for row in rows], more


def list_actors(db: Session, *, tab: str, words: str = "", page: int = 1) -> tuple[list[ActorRow], bool]:
    """A page of actors, newest first, and whether more follow. `words` of a name look in every tab."""
    bookings = select(func.count()).where(Booking.actor_id == Actor.id).scalar_subquery()
    named = Actor.name.icontains(words.strip(), autoescape=True)
    query = select(Actor, bookings).where(named if words.strip() else ACTOR_TABS[tab])
    rows, more = _page(db, query.order_by(Actor.created_at.desc(), Actor.id.desc()), page)
    return [ActorRow(*row) for row in rows], more


def read_platform(db: Session, platform_id: int) -> PlatformDetail:
    """One platform; refuses one that is not there."""
    platform = db.get(Platform, platform_id)
    if platform is None:
        raise NotFound("There is no such platform.")
    members = select(Member).where(Member.platform_id == platform_id).options(joinedload(Member.account))
    return PlatformDetail(
        platform=platform,
        members=db.scalars(members.order_by(Member.id)).all(),
        bookings=_by_state(db, Booking.state, Booking.platform_id == platform_id),
        trail=_trail(db, "platform", platform_id),
    )


def read_actor(db: Session, actor_id: int) -> ActorDetail:
    """One actor; refuses one that is not there."""
    actor = db.scalar(select(Actor).where(Actor.id == actor_id).options(joinedload(Actor.account)))
    if actor is None:
        raise NotFound("There is no such actor.")
    flags = select(func.count()).where(Flag.actor_id == actor_id, Flag.state.in_(("open", "appealed")))
    return ActorDetail(
        actor=actor,
        account=actor.account,
        connect=db.scalar(select(ConnectAccount).where(ConnectAccount.actor_id == actor_id)),
        bookings=_by_state(db, Booking.state, Booking.actor_id == actor_id),
        payouts=_by_state(db, Payout.state, Payout.actor_id == actor_id),
        open_flags=db.scalar(flags) or 0,
        trail=_trail(db, "actor", actor_id),
    )


def list_audit(
    db: Session, *, about: str = "", about_id: int | None = None, who: str = "", page: int = 1
) -> tuple[list[Change], bool]:
    """A page of the audit trail, newest first: of one noun, one thing, or one person's doing."""
    query = select(Audit, Account.name).outerjoin(Account, Account.id == Audit.principal_id)
    if about:
        query = query.where(Audit.about == about)
    if about_id is not None:
        query = query.where(Audit.about_id == about_id)
    if who.strip():
        query = query.where(Account.name.icontains(who.strip(), autoescape=True))
    rows, more = _page(db, query.order_by(Audit.id.desc()), page)
    return [Change(*row) for row in rows], more


def audited_nouns(db: Session) -> list[str]:
    """Every noun that the audit trail speaks of."""
    return list(db.scalars(select(Audit.about).distinct().order_by(Audit.about)))


def _counts(db: Session, tabs: dict[str, ColumnElement[bool]], count: Any) -> dict[str, int]:
    return {name: db.scalar(count.where(condition)) or 0 for name, condition in tabs.items()}


def _page(db: Session, query: Any, page: int) -> tuple[list[Any], bool]:
    rows = list(db.execute(query.offset((page - 1) * PAGE).limit(PAGE + 1)))
    return rows[:PAGE], len(rows) > PAGE


def _by_state(db: Session, state: Any, ours: Any) -> dict[str, int]:
    return dict(db.execute(select(state, func.count()).where(ours).group_by(state)).all())


def _trail(db: Session, about: str, about_id: int) -> list[Change]:
    return list_audit(db, about=about, about_id=about_id)[0]
