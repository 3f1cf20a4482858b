"""Accounts: who joins as what, and what admins decide about them."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final, Literal, TypeVar

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from marketplace.domain.errors import Conflict, Invalid, NotFound
from marketplace.domain.line import check_line
from marketplace.domain.platform import UNPAID, check_unpaid
from marketplace.models import Account, Actor, Booking, Member, Payment, Platform, Role
from marketplace.services.audit import record_audit
from marketplace.services.once import insert_once

ADULT_YEARS = 18
SLUG_LENGTH = 60
MOST_TRIES = 20
Page = TypeVar("Page", Platform, Actor)
RoleName = Literal["member", "actor", "admin"]
Subject = Literal["platform", "actor"]
MODEL: dict[str, type[Platform] | type[Actor]] = {"platform": Platform, "actor": Actor}


# addresses under /actor/ that are the product's own: nobody's page may hide behind them
RESERVED: Final = frozenset(
    {
        "book-out", "booking", "calendar", "clip", "document", "earnings", "extra-hours", "hours", "network", "payout",
        "payout-account", "portrait", "profile", "publish", "rate", "session", "statement", "statement.csv",
        "statement.pdf", "upload",
    }
)  # fmt: skip


@dataclass(frozen=True)
class Decider:
    """The admin who decides, and from where."""

    account_id: int
    ip: str | None = None


def join_as_platform(db: Session, *, account: Account, platform_name: str, now: datetime) -> Member:
    """A new platform with this account as its owner; limited (see `check_may_ask`) until it pays or is vetted."""
    name = check_line(platform_name, field="platform_name")
    db.flush()  # the account needs its zone and its number
    platform = _insert(db, Platform, name, zone=account.zone, created_at=now)
    owner = Member(platform=platform, account=account, created_at=now)
    db.add(owner)
    give_role(db, account, "member")
    db.flush()
    return owner


def join_as_actor(db: Session, *, account: Account, born_on: date, now: datetime) -> Actor:
    """A new actor's page, not listed yet. Refuses anyone under 18 on the day of `now`."""
    if not is_adult(born_on, now.date()):
        raise Invalid("Marquee is for people who are 18 or older. No account was made.", field="born_on")
    name = check_line(account.name, field="name")
    db.flush()  # the account needs its zone and its number
    whose = {"account_id": account.id, "zone": account.zone, "born_on": born_on}
    actor = _insert(db, Actor, name, **whose, created_at=now, updated_at=now)
    give_role(db, account, "actor")
    db.flush()
    return actor


def set_zone(db: Session, *, account_id: int, zone: str) -> None:
    """The zone that this account is shown times in, on every page and in every mail."""
    db.execute(update(Account).where(Account.id == account_id).values(zone=zone))


def is_adult(born_on: date, today: date) -> bool:
    """Whether somebody born on that day has had their 18th birthday by today."""
    had_birthday = (today.month, today.day) >= (born_on.month, born_on.day)
    return today.year - born_on.year - (not had_birthday) >= ADULT_YEARS


def give_role(db: Session, account: Account, name: RoleName) -> None:
    """Add a role to an account; the roles themselves are rows, made when first given."""
    role = db.scalar(select(Role).where(Role.name == name)) or _new_role(db, name)
    if role not in account.roles:
        account.roles.append(role)


def _new_role(db: Session, name: RoleName) -> Role:
    db.flush()
    insert_once(db, Role, name=name)
    return db.scalars(select(Role).where(Role.name == name)).one()


def _insert(db: Session, model: type[Page], name: str, **values: object) -> Page:
    """A new page with a name, under an address of its own: the next one where another was faster to take it."""
    for _ in range(MOST_TRIES):
        made = insert_once(db, model, slug=free_slug(db, model, name), name=name, **values)
        if made is not None:
            return db.get_one(model, made)
    raise Conflict("No free address was found for this name. Nothing was changed. Please try again.")


def free_slug(db: Session, model: type[Platform] | type[Actor], name: str) -> str:
    """A readable address for a name that nobody has yet: "Zoë Ngô" is "zoe-ngo", then "zoe-ngo-2"."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    base = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:SLUG_LENGTH] or "page"
    taken = RESERVED | set(db.scalars(select(model.slug).where(model.slug.startswith(base, autoescape=True))))
    number, slug = 1, base
    while slug in taken:
        number += 1
        slug = f"{base}-{number}"
    return slug


def check_may_ask(db: Session, platform: Platform) -> None:
    """Refuse a request beyond the few that a platform may have before it is vetted or has paid for a booking.

    The platform's row is locked, so that two requests at once are counted one after the other.
    """
    if platform.vetted_at is not None:
        return
    db.refresh(platform, with_for_update=True)
    ours = select(func.count()).select_from(Booking).where(Booking.platform_id == platform.id)
    paid = db.scalar(ours.where(Booking.id.in_(select(Payment.booking_id).where(Payment.captured_at.is_not(None)))))
    unpaid = db.scalar(ours.where(Booking.state.in_(sorted(UNPAID)))) or 0
    check_unpaid(is_known=bool(paid), unpaid=unpaid)


def vet_platform(db: Session, *, platform_id: int, by: Decider, reason: str, now: datetime) -> None:
    """Lift a new platform's limits."""
    _mark(
        db,
        "platform",
        platform_id,
        "vet",
        {"vetted_at": now},
        before={"vetted_at": None},
        by=by,
        reason=reason,
        now=now,
    )


def verify_actor(db: Session, *, actor_id: int, by: Decider, reason: str, now: datetime) -> None:
    """Record that an actor's identity has been checked."""
    _mark(
        db,
        "actor",
        actor_id,
        "verify",
        {"verified_at": now},
        before={"verified_at": None},
        by=by,
        reason=reason,
        now=now,
    )


def suspend(db: Session, *, about: Subject, about_id: int, by: Decider, reason: str, now: datetime) -> None:
    """Stop new bookings and leave the search; running bookings and money already earned go on. Needs a reason."""
    if not reason.strip():
        raise Invalid("Say why: they will read it. Nothing was changed.", field="reason")
    values: dict[str, object] = {"suspended_at": now}
    if about == "actor":
        values["listed"] = False
    _mark(db, about, about_id, "suspend", values, before={"suspended_at": None}, by=by, reason=reason, now=now)


def restore(db: Session, *, about: Subject, about_id: int, by: Decider, reason: str, now: datetime) -> None:
    """Undo a suspension; a published actor is listed again."""
    values: dict[str, object] = {"suspended_at": None}
    if about == "actor":
        values["listed"] = Actor.published_at.is_not(None)
    _mark(db, about, about_id, "restore", values, before=None, by=by, reason=reason, now=now)


def _mark(
    db: Session,
    about: Subject,
    about_id: int,
    step: str,
    values: dict[str, object],
    *,
    before: dict[str, None] | None,
    by: Decider,
    reason: str,
    now: datetime,
) -> None:
    """Set columns where they are as `before` says (`None`: where it is suspended) and write it into the audit trail."""
    model = MODEL[about]
    if db.get(model, about_id) is None:
        raise NotFound(f"There is no such {about}. Nothing was changed.")
    here = [getattr(model, name).is_(value) for name, value in before.items()] if before else []
    here = here or [model.suspended_at.is_not(None)]
    done = db.execute(update(model).where(model.id == about_id, *here).values(values).returning(model.id))
    if done.first() is None:
        raise Conflict("This has been decided already. Nothing was changed.")
    record_audit(
        db,
        about=about,
        about_id=about_id,
        step=step,
        party="admin",
        principal_id=by.account_id,
        before=before or {"suspended": True},
        after={"step": step},
        reason=reason,
        now=now,
        ip=by.ip,
    )
