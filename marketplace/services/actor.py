"""An actor's own page: profile, clips, rate and hours, and what is still missing before platforms can see it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from marketplace.domain.cancellation import Tier
from marketplace.domain.errors import Invalid, NotFound, Refused
from marketplace.domain.flavour import VOCABULARY, Display, Intensity
from marketplace.domain.line import check_line
from marketplace.domain.rate import RateCard, usage_to_json
from marketplace.models import (
    Actor,
    ActorLanguage,
    Clip,
    ClipFlavour,
    ConnectAccount,
    Rate,
    SocialAccount,
    WeeklyHours,
)

MOST_LINES: Final = 40
INTENSITIES: Final = tuple(step.word for step in Intensity)
DISPLAYS: Final = tuple(step.word for step in Display)


@dataclass(frozen=True, slots=True)
class Language:
    """A language an actor plays in: ISO 639 code and the accents offered, as one line."""

    code: str
    accents: str = ""


@dataclass(frozen=True, slots=True)
class Credit:
    """A title somebody was in; `year` is None when it is not said."""

    title: str
    role: str = ""
    year: int | None = None

    def to_json(self) -> dict[str, Any]:
        """As the row keeps it."""
        return {"title": self.title, "role": self.role, "year": self.year}


@dataclass(frozen=True, slots=True)
class Profile:
    """What an actor says about themselves; all of it replaces what was there."""

    name: str
    headline: str
    bio: str
    city: str
    country: str | None
    playing_age: tuple[int, int]
    union_status: str
    languages: tuple[Language, ...]
    skills: tuple[str, ...]
    credits: tuple[Credit, ...]
    boundaries: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Stretch:
    """A part of a clip in one flavour, in milliseconds."""

    flavour: str
    intensity: str
    display: str
    starts_ms: int
    ends_ms: int


@dataclass(frozen=True, slots=True)
class SetUp:
    """What is there already; a page can be published once all but the money and the networks are."""

    has_profile: bool
    has_clip: bool
    has_rate: bool
    has_hours: bool
    can_be_paid: bool
    has_network: bool
    is_published: bool

    @property
    def can_publish(self) -> bool:
        """Whether platforms would find a whole page."""
        return self.has_profile and self.has_clip and self.has_rate and self.has_hours


def get_actor(db: Session, actor_id: int) -> Actor:
    """The actor; refused when there is none."""
    actor = db.get(Actor, actor_id)
    if actor is None:
        raise NotFound("There is no such actor.")
    return actor


def read_set_up(db: Session, actor_id: int) -> SetUp:
    """How far the page has come, in two statements."""
    actor = get_actor(db, actor_id)
    shown = exists().where(Clip.actor_id == actor_id, Clip.state == "ready", Clip.display_consent_at.is_not(None))
    proved = exists().where(
        SocialAccount.actor_id == actor_id, SocialAccount.proved_at.is_not(None), SocialAccount.opted_in_at.is_not(None)
    )
    paid = exists().where(ConnectAccount.actor_id == actor_id, ConnectAccount.state == "active")
    hours = exists().where(WeeklyHours.actor_id == actor_id)
    has_clip, has_hours, can_be_paid, has_network = db.execute(select(shown, hours, paid, proved)).one()
    return SetUp(
        has_profile=bool(actor.headline and actor.bio and actor.city and actor.languages),
        has_clip=has_clip,
        has_rate=actor.hourly_minor is not None,
        has_hours=has_hours,
        can_be_paid=can_be_paid,
        has_network=has_network,
        is_published=actor.published_at is not None,
    )


# the profile --------------------------------------------------------------------------------------


def save_profile(db: Session, *, actor_id: int, profile: Profile, now: datetime) -> None:
    """Replace the profile. Refuses a missing name, an impossible playing age and lists beyond all reason."""
    _check_profile(profile)
    actor = get_actor(db, actor_id)
    for name in ("name", "headline", "city", "union_status"):
        setattr(actor, name, check_line(getattr(profile, name), field=name))
    actor.bio, actor.country = profile.bio.strip(), profile.country
    actor.playing_age_from, actor.playing_age_to = profile.playing_age
    actor.skills, actor.boundaries = list(profile.skills), list(profile.boundaries)
    actor.credits = [credit.to_json() for credit in profile.credits]
    _save_languages(actor, profile.languages)
    actor.updated_at = now
    if actor.account is not None:
        actor.account.name = actor.name
    db.flush()


def _check_profile(profile: Profile) -> None:
    youngest, oldest = profile.playing_age
    if not profile.name.strip():
        raise Invalid("Enter your name as platforms should read it. Nothing was saved.", field="name")
    if not 18 <= youngest <= oldest <= 99:
        raise Invalid("A playing age runs from 18 at least, upwards. Nothing was saved.", field="playing_age_from")
    for name in ("skills", "credits", "boundaries", "languages"):
        if len(getattr(profile, name)) > MOST_LINES:
            raise Invalid(f"List {MOST_LINES} at most. Nothing was saved.", field=name)
    _check_lists(profile)


def _check_lists(profile: Profile) -> None:
    entries = {
        "skills": profile.skills,
        "boundaries": profile.boundaries,
        "credits": [words for credit in profile.credits for words in (credit.title, credit.role)],
        "languages": [language.accents for language in profile.languages],
    }
    for name, several in entries.items():
        for words in several:
            check_line(words, field=name)


def _save_languages(actor: Actor, languages: Sequence[Language]) -> None:
    """Rows that stay are kept, so that their keys are never inserted twice in one flush."""
    known = {row.language: row for row in actor.languages}
    wanted = {language.code: language for language in languages}
    actor.languages = [known.get(code) or ActorLanguage(language=code) for code in wanted]
    for position, (row, language) in enumerate(zip(actor.languages, wanted.values(), strict=True)):
        row.position, row.accents = position, language.accents.strip()[:160]


def set_portrait(db: Session, *, actor_id: int, key: str | None, now: datetime) -> str | None:
    """Show another portrait, or none; returns the key of the one before, whose file can go."""
    actor = get_actor(db, actor_id)
    before, actor.portrait_key, actor.updated_at = actor.portrait_key, key, now
    return before


def publish(db: Session, *, actor_id: int, now: datetime) -> None:
    """Let platforms find the page. Refuses one with gaps. Being listed is never consent to any use."""
    if not read_set_up(db, actor_id).can_publish:
        raise Refused(
            "Your page needs a profile, one clip shown, a rate and weekly hours first. It was not published.",
            code="not_ready",
        )
    actor = get_actor(db, actor_id)
    actor.published_at = actor.published_at or now
    actor.listed, actor.updated_at = actor.suspended_at is None, now


def unpublish(db: Session, *, actor_id: int, now: datetime) -> None:
    """Take the page out of search; bookings that run go on."""
    actor = get_actor(db, actor_id)
    actor.published_at, actor.listed, actor.updated_at = None, False, now


# clips --------------------------------------------------------------------------------------------


def list_clips(db: Session, actor_id: int) -> Sequence[Clip]:
    """All of the actor's clips in the order of the page, whatever their state."""
    return db.scalars(select(Clip).where(Clip.actor_id == actor_id).order_by(Clip.position, Clip.id)).all()


def get_clip(db: Session, *, actor_id: int, clip_id: int) -> Clip:
    """The actor's own clip; anyone else's is not found."""
    clip = db.scalar(select(Clip).where(Clip.id == clip_id, Clip.actor_id == actor_id))
    if clip is None:
        raise NotFound("There is no such clip.")
    return clip


def save_clip(
    db: Session,
    *,
    actor_id: int,
    clip_id: int,
    title: str,
    role: str,
    stretches: Sequence[Stretch],
    is_shown: bool,
    now: datetime,
) -> None:
    """Replace a clip's words and flavours. Showing it is the actor's own consent, given and taken back here."""
    clip = get_clip(db, actor_id=actor_id, clip_id=clip_id)
    if not title.strip():
        raise Invalid("Give the clip a title. Nothing was saved.", field="title")
    clip.title, clip.role = check_line(title, field="title")[:120], check_line(role, field="role")[:120]
    clip.display_consent_at = (clip.display_consent_at or now) if is_shown else None
    clip.flavours = [_flavour_row(clip, stretch) for stretch in stretches]
    db.flush()


def _flavour_row(clip: Clip, stretch: Stretch) -> ClipFlavour:
    flavour = VOCABULARY.get(stretch.flavour)
    length = clip.duration_ms or stretch.ends_ms
    if not 0 <= stretch.starts_ms < stretch.ends_ms <= length:
        raise Invalid(
            "Each flavour needs a part of the clip: an end after its start. Nothing was saved.", field="flavours"
        )
    if stretch.intensity not in INTENSITIES or stretch.display not in DISPLAYS:
        raise Invalid("Choose an intensity and a display from the lists. Nothing was saved.", field="flavours")
    return ClipFlavour(
        actor_id=clip.actor_id,
        flavour=flavour.slug,
        family=flavour.family,
        intensity=stretch.intensity,
        display=stretch.display,
        starts_ms=stretch.starts_ms,
        ends_ms=stretch.ends_ms,
    )


def even_stretches(playings: Sequence[tuple[str, str, str]], duration_ms: int) -> list[Stretch]:
    """(flavour, intensity, display) in equal parts of a clip, one after another."""
    count = len(playings)
    edges = [duration_ms * i // count for i in range(count + 1)] if count else []
    return [Stretch(*playing, edges[i], edges[i + 1]) for i, playing in enumerate(playings)]


def delete_clip(db: Session, *, actor_id: int, clip_id: int) -> tuple[str, ...]:
    """Remove a clip; returns the keys of its files, which can go once this is committed."""
    clip = get_clip(db, actor_id=actor_id, clip_id=clip_id)
    db.delete(clip)
    return tuple(key for key in (clip.storage_key, clip.poster_key) if key)


def move_clip(db: Session, *, actor_id: int, clip_id: int, up: bool) -> None:
    """Swap a clip with its neighbour; the first stays first, the last stays last."""
    order = list(list_clips(db, actor_id))
    place = order.index(get_clip(db, actor_id=actor_id, clip_id=clip_id))
    other = place - 1 if up else place + 1
    if 0 <= other < len(order):
        order[place], order[other] = order[other], order[place]
    for position, clip in enumerate(order):
        clip.position = position


# the rate -----------------------------------------------------------------------------------------


def save_rate(db: Session, *, actor_id: int, card: RateCard, cancellation: Tier, now: datetime) -> Rate:
    """Replace the price list; bookings made before keep their own frozen quote."""
    row = db.scalar(select(Rate).where(Rate.actor_id == actor_id))
    if row is None:
        row = Rate(actor_id=actor_id, version=0)
        db.add(row)
    row.version = (row.version or 0) + 1
    row.currency, row.hourly_minor, row.minimum_minutes = card.currency, card.hour.minor, card.minimum_minutes
    row.take_set_minor = card.take_set.minor if card.take_set else 0
    row.revision_minor = card.revision.minor if card.revision else 0
    row.rush_bp, row.usage, row.cancellation = card.rush_bp, usage_to_json(card.usage_bp), cancellation.value
    row.territory = {one.value: bp for one, bp in card.territory_bp.items()}
    row.exclusivity = {one.value: bp for one, bp in card.exclusivity_bp.items()}
    row.pickups_included = card.pickups_included
    row.updated_at = now
    actor = get_actor(db, actor_id)
    actor.hourly_minor, actor.currency, actor.updated_at = card.hour.minor, card.currency, now
    db.flush()
    return row
