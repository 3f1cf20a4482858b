"""The people and things that tests of the booking services need: small, real rows with sensible defaults."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from datetime import UTC, datetime, time, timedelta

from sqlalchemy.orm import Session

from marketplace.domain.flavour import VOCABULARY
from marketplace.jobs import Job
from marketplace.models import (
    Account,
    Actor,
    ActorLanguage,
    Clip,
    ClipFlavour,
    Member,
    Platform,
    Rate,
    WeeklyHours,
)

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
"""A Monday morning."""

_numbers = itertools.count(1)


class Recorder:
    """Takes the jobs that a transaction sends, and keeps them."""

    def __init__(self) -> None:
        self.jobs: list[tuple[Job, tuple[int | str, ...]]] = []

    def __call__(self, job: Job, ids: tuple[int | str, ...]) -> None:
        self.jobs.append((job, ids))


def at(day: int, hour: float, *, month: int = 11) -> datetime:
    """A UTC instant of 2026."""
    return datetime.combine(datetime(2026, month, day, tzinfo=UTC), time(), UTC) + timedelta(hours=hour)


def add_account(db: Session, name: str, *, zone: str = "UTC") -> Account:
    """Somebody who could sign in."""
    number = next(_numbers)
    account = Account(
        email=f"{number}@example.com", name=name, zone=zone, fs_uniquifier=f"stage-{number}", confirmed_at=NOW
    )
    db.add(account)
    db.flush()
    return account


def add_member(db: Session, platform: str = "ReelForge", *, zone: str = "Europe/London") -> Member:
    """A platform and its casting lead."""
    number = next(_numbers)
    account = add_account(db, "Mira Castell", zone=zone)
    row = Platform(slug=f"platform-{number}", name=platform, zone=zone, created_at=NOW, vetted_at=NOW)
    member = Member(platform=row, account_id=account.id, created_at=NOW)
    db.add_all([row, member])
    db.flush()
    return member


def add_actor(
    db: Session,
    name: str = "Imani Okafor",
    *,
    zone: str = "UTC",
    hourly_minor: int | None = 18_000,
    currency: str = "USD",
    score: float | None = 80.0,
    hours: tuple[int, int] | None = (9, 17),
    languages: Iterable[str] = ("en",),
    flavours: Iterable[tuple[str, str, str]] = (),
    cancellation: str = "standard",
    buffer_minutes: int = 0,
    listed: bool = True,
    ages: tuple[int, int] = (25, 35),
    city: str = "Lagos",
    verified: bool = False,
) -> Actor:
    """A listed actor with an account, a rate and the same hours every day.

    `flavours` are (slug, intensity, display), a clip each.
    """
    number = next(_numbers)
    actor = Actor(
        account_id=add_account(db, name, zone=zone).id,
        slug=f"actor-{number}", name=name, city=city, zone=zone, listed=listed, published_at=NOW,
        playing_age_from=ages[0], playing_age_to=ages[1], hourly_minor=hourly_minor,
        currency=currency if hourly_minor else None, buffer_minutes=buffer_minutes, notice_minutes=24 * 60,
        verified_at=NOW if verified else None,
        score_points=score, score_low=score and score - 3, score_high=score and score + 3,
        score_confidence="high" if score else None, created_at=NOW, updated_at=NOW,
    )  # fmt: skip
    actor.languages = [ActorLanguage(language=code, position=i) for i, code in enumerate(languages)]
    db.add(actor)
    db.flush()
    if hourly_minor:
        db.add(
            Rate(
                actor_id=actor.id, currency=currency, hourly_minor=hourly_minor, cancellation=cancellation,
                updated_at=NOW,
            )
        )  # fmt: skip
    if hours:
        add_hours(db, actor, *hours)
    for slug, intensity, display in flavours:
        add_clip(db, actor, slug, intensity, display)
    db.flush()
    return actor


def add_hours(db: Session, actor: Actor, first: int, last: int, days: Iterable[int] = range(7)) -> None:
    """The same opening on several weekdays, in whole hours of the actor's clock."""
    db.add_all(
        WeeklyHours(actor_id=actor.id, weekday=day, starts_minute=60 * first, ends_minute=60 * last) for day in days
    )
    db.flush()


def add_clip(
    db: Session, actor: Actor, slug: str, intensity: str = "medium", display: str = "natural", *, shown: bool = True
) -> Clip:
    """A clip of eight seconds in one flavour; shown on the page unless told otherwise."""
    number = next(_numbers)
    clip = Clip(
        actor_id=actor.id, title=slug, state="ready", storage_key=f"clip/{number}.mp4", content_type="video/mp4",
        bytes=1, sha256="0" * 64, duration_ms=8000, display_consent_at=NOW if shown else None, position=number,
        created_at=NOW,
    )  # fmt: skip
    clip.flavours = [
        ClipFlavour(
            actor_id=actor.id, flavour=slug, family=VOCABULARY.get(slug).family, intensity=intensity, display=display,
            starts_ms=0, ends_ms=8000,
        )
    ]  # fmt: skip
    db.add(clip)
    db.flush()
    return clip
