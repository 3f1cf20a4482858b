"""The people and things that tests of the booking services need: small, real rows with sensible defaults."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from datetime import UTC, datetime, time, timedelta
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from marketplace.domain.booking import Party, State
from marketplace.domain.flavour import VOCABULARY
from marketplace.domain.rate import Usage, UsageScope, UsageTerm
from marketplace.models import (
    Account,
    Actor,
    ActorLanguage,
    Booking,
    BookingEvent,
    Clip,
    ClipFlavour,
    Member,
    Payment,
    Payout,
    Platform,
    Rate,
    Take,
    WeeklyHours,
)
from marketplace.services.booking import (
    accept_booking,
    advance_due_booking,
    confirm_paid_booking,
    deliver_booking,
)
from marketplace.services.booking_request import AskedAs, BeatAsk, Request, request_booking
from marketplace.services.booking_step import By, get_booking, get_session
from marketplace.services.consent import shown_digest, sign_consent

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
"""A Monday morning."""

_numbers = itertools.count(1)


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
        actor_id=actor.id, title=slug, state="ready", storage_key=f"clip/00/{number:040x}.mp4",
        content_type="video/mp4", bytes=1, sha256="0" * 64, duration_ms=8000,
        display_consent_at=NOW if shown else None, position=number,
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


PURPOSE = "Driving performance for Vera in episodes 3 to 8."
ONE_TITLE = Usage(UsageScope.ONE_TITLE, UsageTerm.MONTHS_12)


def ask_for(
    actor: Actor,
    starts_at: datetime,
    *,
    minutes: int = 120,
    asked_as: AskedAs = "booking",
    token: str | None = None,
    shown_total_minor: int | None = None,
) -> Request:
    """A request for an actor's time, as a form would make it."""
    return Request(
        token=token or f"token-{next(_numbers)}",
        actor_id=actor.id,
        starts_at=starts_at,
        minutes=minutes,
        asked_as=asked_as,
        usage=ONE_TITLE,
        project="Heiress",
        character="Vera",
        purpose=PURPOSE,
        beats=(BeatAsk("cold-fury", "high", "contained"),),
        shown_total_minor=shown_total_minor,
    )


def request(db: Session, member: Member, actor: Actor, starts_at: datetime, *, now: datetime = NOW, **ask: Any) -> int:
    """A booking that waits for the actor's answer; returns its id."""
    return request_booking(
        db, platform_id=member.platform_id, member_id=member.id, by=By(Party.PLATFORM, member.account_id),
        ask=ask_for(actor, starts_at, **ask), fee_bp=800, now=now,
    )  # fmt: skip


class Story:
    """One booking on its way through its life, with everyone in it."""

    def __init__(self, db: Session, *, starts_at: datetime | None = None, now: datetime = NOW, **actor: Any) -> None:
        self._begin(db, add_member(db), add_actor(db, **actor), starts_at or at(30, 10), now)

    @classmethod
    def of(cls, db: Session, *, platform_id: int, actor_id: int, starts_at: datetime, now: datetime) -> Story:
        """A booking between people who are there already."""
        story = cls.__new__(cls)
        member = db.scalars(select(Member).where(Member.platform_id == platform_id)).first()
        assert member is not None
        story._begin(db, member, db.get_one(Actor, actor_id), starts_at, now)
        return story

    def _begin(self, db: Session, member: Member, actor: Actor, starts_at: datetime, now: datetime) -> None:
        self._know(db, member, actor, now)
        self.id = request(db, member, actor, starts_at, now=now)

    def _know(self, db: Session, member: Member, actor: Actor, now: datetime) -> None:
        self.db, self.now, self.member, self.actor = db, now, member, actor
        self.platform_id, self.actor_id = member.platform_id, actor.id
        self.mira = By(Party.PLATFORM, member.account_id)
        self.imani = By(Party.ACTOR, actor.account_id)

    @classmethod
    def resume(cls, db: Session, booking: Booking, now: datetime) -> Story:
        """A booking that is there already."""
        story = cls.__new__(cls)
        story._know(db, db.get_one(Member, booking.member_id), db.get_one(Actor, booking.actor_id), now)
        story.id = booking.id
        return story

    @staticmethod
    def by_actor(db: Session, actor_id: int) -> By:
        """The actor, from an id alone."""
        return By(Party.ACTOR, db.get_one(Actor, actor_id).account_id)

    @property
    def booking(self) -> Booking:
        """The row, as it is now."""
        return get_booking(self.db, self.id)

    @property
    def payment(self) -> Payment | None:
        """The payment's row, as it is now."""
        found = select(Payment).where(Payment.booking_id == self.id).execution_options(populate_existing=True)
        return self.db.scalar(found)

    @property
    def payout(self) -> Payout | None:
        """The payout's row, as it is now."""
        return self.db.scalar(select(Payout).where(Payout.booking_id == self.id))

    @property
    def steps(self) -> list[tuple[str, str, str | None, str]]:
        """(step, party, before, after) of everything that happened."""
        events = select(BookingEvent).where(BookingEvent.booking_id == self.id).order_by(BookingEvent.id)
        return [(one.step, one.party, one.before, one.after) for one in self.db.scalars(events)]

    def accept(self) -> Story:
        """The actor says yes."""
        accept_booking(self.db, booking_id=self.id, actor_id=self.actor_id, by=self.imani, now=self.now)
        return self

    def pay(self) -> Story:
        """The platform's money has been captured, as Stripe would have told us."""
        self.db.execute(
            update(Payment).where(Payment.booking_id == self.id).values(state="captured", captured_at=self.now)
        )
        confirm_paid_booking(self.db, booking_id=self.id, now=self.now)
        return self

    def sign(self) -> Story:
        """The actor signs the consent."""
        sign_consent(
            self.db, booking_id=self.id, actor_id=self.actor_id, account_id=self.imani.account_id or 0,
            signed_name=self.actor.name, shown_sha256=shown_digest(self.booking), now=self.now,
        )  # fmt: skip
        return self

    def start(self) -> Story:
        """The booked time begins."""
        self.now = max(self.now, self.booking.starts_at)
        assert advance_due_booking(self.db, booking_id=self.id, now=self.now) == State.IN_SESSION
        return self

    def add_take(self, state: str = "ready") -> Take:
        """A take arrives."""
        session = get_session(self.db, self.id)
        number = next(_numbers)
        self.now += timedelta(minutes=1)
        take = Take(
            capture_session_id=session.id, number=number, state=state, storage_key=f"take/00/{number:040x}.mp4",
            content_type="video/mp4", bytes=1, sha256="0" * 64, duration_ms=8000, created_at=self.now,
        )  # fmt: skip
        self.db.add(take)
        self.db.flush()
        return take

    def deliver(self) -> Story:
        """The actor hands one new take over."""
        self.add_take()
        self.now += timedelta(minutes=1)
        deliver_booking(self.db, booking_id=self.id, actor_id=self.actor_id, by=self.imani, now=self.now)
        return self

    def confirmed(self) -> Story:
        """Accepted, paid and signed."""
        return self.accept().pay().sign()

    def delivered(self) -> Story:
        """Takes wait for the platform."""
        return self.confirmed().start().deliver()
