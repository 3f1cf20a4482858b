"""An actor's own page: what is saved, what is refused, and when it can be published."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.domain.availability import DayWindow, WeeklyWindow
from marketplace.domain.cancellation import Tier
from marketplace.domain.errors import Invalid, NotFound, Refused
from marketplace.domain.money import Money
from marketplace.domain.rate import RateCard
from marketplace.models import Actor, Clip, Rate
from marketplace.services import actor as actors
from marketplace.services.actor import Credit, Language, Profile, Stretch, even_stretches
from marketplace.services.hours import CalendarRules, save_hours
from tests.services.stage import NOW, add_actor, add_clip

PROFILE = Profile(
    name="Imani Okafor",
    headline="Cold fury and quiet relief",
    bio="I play turns.",
    city="Lagos",
    country="NG",
    playing_age=(25, 35),
    union_status="Non-union",
    languages=(Language("en", "Nigerian, London"), Language("yo")),
    skills=("Fencing",),
    credits=(Credit("The Prenup", "Lead", 2025),),
    boundaries=("No nudity",),
)
RULES = CalendarRules("Africa/Lagos", 30, 24 * 60, 2, 6)


def window(weekday: int, start: int, end: int) -> WeeklyWindow:
    return WeeklyWindow(weekday, DayWindow(start * 60, end * 60))


def test_a_profile_replaces_what_was_there_and_the_account_takes_the_name(db: Session) -> None:
    actor = add_actor(db, "Before", languages=("fr", "en"))
    actors.save_profile(db, actor_id=actor.id, profile=PROFILE, now=NOW)
    db.expire_all()
    found = db.get_one(Actor, actor.id)
    assert [(row.language, row.accents) for row in found.languages] == [("en", "Nigerian, London"), ("yo", "")]
    assert found.credits == [{"title": "The Prenup", "role": "Lead", "year": 2025}]
    assert found.account is not None
    assert (found.name, found.account.name, found.country) == ("Imani Okafor", "Imani Okafor", "NG")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": " "}, "name"),
        ({"playing_age": (17, 30)}, "playing_age_from"),
        ({"playing_age": (40, 30)}, "playing_age_from"),
        ({"skills": ("x",) * 41}, "skills"),
        ({"name": "Evil\nBcc: x@x.example"}, "name"),
        ({"headline": "a\x00b"}, "headline"),
        ({"skills": ("a\rb",)}, "skills"),
    ],
)
def test_a_profile_that_makes_no_sense_names_the_field(db: Session, change: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid, match="Nothing was saved") as refused:
        actors.save_profile(db, actor_id=add_actor(db).id, profile=replace(PROFILE, **change), now=NOW)
    assert refused.value.field == field


def test_a_page_is_published_only_when_it_is_whole(db: Session) -> None:
    actor = add_actor(db, hourly_minor=None, hours=None, listed=False)
    actor.published_at = None
    with pytest.raises(Refused, match="not published"):
        actors.publish(db, actor_id=actor.id, now=NOW)
    actors.save_profile(db, actor_id=actor.id, profile=PROFILE, now=NOW)
    card = RateCard(Money(18_000, "USD"))
    actors.save_rate(db, actor_id=actor.id, card=card, cancellation=Tier.FIRM, now=NOW)
    save_hours(db, actor_id=actor.id, windows=[window(0, 9, 13)], rules=RULES, now=NOW)
    add_clip(db, actor, "relief", shown=False)
    assert not actors.read_set_up(db, actor.id).can_publish
    add_clip(db, actor, "relief")
    actors.publish(db, actor_id=actor.id, now=NOW)
    after = [(actor.listed, actor.published_at)]
    actors.unpublish(db, actor_id=actor.id, now=NOW)
    after.append((actor.listed, actor.published_at))
    assert after == [(True, NOW), (False, None)]


def test_a_suspended_actor_is_not_listed_by_publishing(db: Session) -> None:
    actor = add_actor(db, flavours=[("relief", "low", "natural")], listed=False)
    actors.save_profile(db, actor_id=actor.id, profile=PROFILE, now=NOW)
    actor.suspended_at = NOW
    actors.publish(db, actor_id=actor.id, now=NOW)
    assert not actor.listed


def test_a_new_rate_has_a_new_version_and_is_repeated_on_the_list(db: Session) -> None:
    actor = add_actor(db, hourly_minor=9_000)
    card = RateCard(Money(20_000, "USD"), minimum_minutes=60, take_set=Money(5_000, "USD"), rush_bp=2_500)
    actors.save_rate(db, actor_id=actor.id, card=card, cancellation=Tier.FLEXIBLE, now=NOW)
    row = db.scalars(select(Rate).where(Rate.actor_id == actor.id)).one()
    assert (row.version, row.hourly_minor, row.take_set_minor, row.cancellation) == (2, 20_000, 5_000, "flexible")
    assert (actor.hourly_minor, actor.currency) == (20_000, "USD")


def test_flavours_of_a_clip_are_saved_with_their_family(db: Session) -> None:
    actor = add_actor(db)
    clip = add_clip(db, actor, "relief", shown=False)
    stretches = even_stretches([("cold-fury", "high", "contained"), ("dread", "low", "natural")], 8000)
    save(db, clip, stretches)
    assert [(part.flavour, part.family, part.starts_ms, part.ends_ms) for part in clip.flavours] == [
        ("cold-fury", "anger", 0, 4000),
        ("dread", "fear", 4000, 8000),
    ]
    assert clip.display_consent_at == NOW


@pytest.mark.parametrize(
    "stretch",
    [
        Stretch("no-such-flavour", "high", "natural", 0, 1000),
        Stretch("dread", "extreme", "natural", 0, 1000),
        Stretch("dread", "high", "natural", 1000, 1000),
        Stretch("dread", "high", "natural", 0, 9000),
    ],
)
def test_a_flavour_outside_the_vocabulary_or_the_clip_is_refused(db: Session, stretch: Stretch) -> None:
    clip = add_clip(db, add_actor(db), "relief")
    with pytest.raises(Invalid):
        save(db, clip, [stretch])


def save(db: Session, clip: Clip, stretches: list[Stretch]) -> None:
    actors.save_clip(
        db, actor_id=clip.actor_id, clip_id=clip.id, title="T", role="", stretches=stretches, is_shown=True, now=NOW
    )


def test_clips_change_places_and_are_deleted_with_their_files_named(db: Session) -> None:
    actor = add_actor(db)
    first, second, third = (add_clip(db, actor, slug) for slug in ("relief", "dread", "awe"))
    actors.move_clip(db, actor_id=actor.id, clip_id=third.id, up=True)
    assert [clip.id for clip in actors.list_clips(db, actor.id)] == [first.id, third.id, second.id]
    actors.move_clip(db, actor_id=actor.id, clip_id=first.id, up=True)
    assert actors.list_clips(db, actor.id)[0].id == first.id
    key = second.storage_key
    assert actors.delete_clip(db, actor_id=actor.id, clip_id=second.id) == (key,)
    with pytest.raises(NotFound):
        actors.get_clip(db, actor_id=add_actor(db).id, clip_id=first.id)
