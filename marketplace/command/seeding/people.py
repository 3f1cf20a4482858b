"""Accounts, platforms and actors of the demo."""

from __future__ import annotations

import random
import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from marketplace.command.seeding.price import CURRENCY, card_of, limits_of
from marketplace.command.seeding.studio import Made
from marketplace.domain.availability import DayWindow, WeeklyWindow
from marketplace.domain.cancellation import Tier
from marketplace.models import Account, Actor, BookOut, Clip, Member, Platform
from marketplace.sandbox.demo.trade import ADMINS, HOUSES, House
from marketplace.sandbox.demo.world import Person, Reel
from marketplace.services import actor as actors
from marketplace.services.account import Decider, give_role, join_as_actor, verify_actor, vet_platform
from marketplace.services.actor import Credit, Language, Profile
from marketplace.services.boundary import save_limits
from marketplace.services.hours import CalendarRules, save_hours

JOINED = timedelta(days=210)
"""How long before now the first of them joined."""


class Register:
    """Makes accounts that all have the demo's password, already hashed."""

    def __init__(self, db: Session, hashed: str, now: datetime) -> None:
        self.db, self.now, self._hashed = db, now, hashed

    def account(self, email: str, name: str, zone: str = "UTC") -> Account:
        """Somebody who can sign in."""
        account = Account(
            email=email,
            name=name,
            zone=zone,
            password=self._hashed,
            fs_uniquifier=secrets.token_hex(32),
            confirmed_at=self.now - JOINED,
            create_datetime=self.now - JOINED,
        )
        self.db.add(account)
        self.db.flush()
        return account


def add_admins(register: Register) -> list[Account]:
    """The admins, Dana first."""
    admins = [register.account(email, name, "Europe/London") for name, email in ADMINS]
    for account in admins:
        give_role(register.db, account, "admin")
    register.db.flush()
    return admins


def add_platforms(register: Register, by: Decider) -> list[Platform]:
    """Every platform with its members, ReelForge first; all but the newest are vetted."""
    return [_add_platform(register, house, by, place) for place, house in enumerate(HOUSES)]


def _add_platform(register: Register, house: House, by: Decider, place: int) -> Platform:
    db, joined = register.db, register.now - JOINED + timedelta(days=9 * place)
    platform = Platform(
        slug=house.slug,
        name=house.name,
        site_url=f"https://{house.slug}.example",
        about=house.about,
        country=house.country,
        zone=house.zone,
        currency=CURRENCY,
        created_at=joined if house.vetted else register.now - timedelta(days=2),
    )
    db.add(platform)
    for name, email, duty in house.members:
        account = register.account(email, name, house.zone)
        db.add(Member(platform=platform, account=account, duty=duty, created_at=platform.created_at))
        give_role(db, account, "member")
    db.flush()
    if house.vetted:
        reason = "Company register and domain checked."
        vet_platform(db, platform_id=platform.id, by=by, reason=reason, now=joined + timedelta(days=1))
    return platform


def add_actor(register: Register, person: Person, portrait_key: str, clips: Mapping[Reel, Made], by: Decider) -> Actor:
    """An actor with everything a page needs; listed if they are."""
    db, chance = register.db, random.Random(f"join {person.number}")
    joined = register.now - JOINED + timedelta(days=chance.randrange(0, 20))
    account = register.account(person.email, person.origin.name, person.origin.zone)
    actor = join_as_actor(db, account=account, born_on=person.born_on, now=joined)
    actors.save_profile(db, actor_id=actor.id, profile=_profile(person), now=joined)
    actors.set_portrait(db, actor_id=actor.id, key=portrait_key, now=joined)
    save_limits(db, actor_id=actor.id, limits=limits_of(person), now=joined)
    card, tier = card_of(person), Tier(person.cancellation)
    actors.save_rate(db, actor_id=actor.id, card=card, cancellation=tier, now=joined)
    windows = [WeeklyWindow(day, DayWindow(start, end)) for day, start, end in person.hours]
    rules = CalendarRules(person.origin.zone, 30, chance.choice((12, 24, 24, 48)) * 60, 2, 6)
    save_hours(db, actor_id=actor.id, windows=windows, rules=rules, now=joined)
    for position, reel in enumerate(person.reels):
        _add_clip(db, actor, reel, clips[reel], position, joined)
    _add_book_outs(db, actor, chance, register.now)
    if person.verified:
        verify_actor(db, actor_id=actor.id, by=by, reason="Passport seen.", now=joined + timedelta(days=2))
    if person.published:
        actors.publish(db, actor_id=actor.id, now=joined + timedelta(days=2))
    return actor


def _profile(person: Person) -> Profile:
    return Profile(
        name=person.origin.name,
        headline=person.headline,
        bio=person.bio,
        city=person.origin.city,
        country=person.origin.country,
        playing_age=person.ages,
        union_status=person.union,
        languages=tuple(_language(part) for part in person.origin.languages.split(",")),
        skills=person.skills,
        credits=tuple(Credit(*row) for row in person.credits),
        boundaries=person.boundaries,
    )


def _language(part: str) -> Language:
    code, _, accents = part.strip().partition(":")
    return Language(code, accents.replace("|", ", "))


def _add_clip(db: Session, actor: Actor, reel: Reel, made: Made, position: int, at: datetime) -> None:
    clip = Clip(
        actor_id=actor.id,
        title=reel.title,
        role=reel.role,
        state="ready",
        storage_key=made.stored.key,
        poster_key=made.poster_key,
        content_type=made.video.content_type,
        bytes=made.stored.bytes,
        sha256=made.stored.sha256,
        duration_ms=made.video.duration_ms,
        width=made.video.width,
        height=made.video.height,
        position=position,
        created_at=at,
    )
    db.add(clip)
    db.flush()
    playings = [(one.flavour, one.intensity, one.display) for one in reel.playings]
    stretches = actors.even_stretches(playings, made.video.duration_ms)
    actors.save_clip(
        db,
        actor_id=actor.id,
        clip_id=clip.id,
        title=reel.title,
        role=reel.role,
        stretches=stretches,
        is_shown=True,
        now=at,
    )


def _add_book_outs(db: Session, actor: Actor, chance: random.Random, now: datetime) -> None:
    """A holiday or a shoot, for about every second one."""
    if chance.random() < 0.5:
        start = (now + timedelta(days=chance.randrange(6, 30))).replace(hour=0, minute=0, second=0, microsecond=0)
        end = start + timedelta(days=chance.randrange(1, 6))
        reason = chance.choice(("Shooting a series", "Holiday", "Stage run", "Family"))
        db.add(
            BookOut(actor_id=actor.id, starts_at=start, ends_at=end, reason=reason, created_at=now - timedelta(days=9))
        )
