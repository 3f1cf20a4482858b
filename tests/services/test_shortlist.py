"""A platform's list is its own, note included."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from marketplace.domain.errors import Invalid, NotFound
from marketplace.services.shortlist import forget_actor, list_saved, note_on_actor, save_actor, saved_ids
from tests.services.stage import NOW, add_actor, add_member


def test_actors_are_saved_once_newest_first_and_forgotten(db: Session) -> None:
    mine, first, second = add_member(db).platform_id, add_actor(db, "First"), add_actor(db, "Second")
    for hours, actor in enumerate((first, second, first)):
        save_actor(db, platform_id=mine, slug=actor.slug, now=NOW + timedelta(hours=hours))
        db.flush()
    assert [one.card.name for one in list_saved(db, platform_id=mine, now=NOW)] == ["Second", "First"]
    forget_actor(db, platform_id=mine, slug=first.slug)
    forget_actor(db, platform_id=mine, slug=first.slug)
    assert saved_ids(db, mine) == {second.id}


def test_a_list_and_its_notes_are_the_platforms_own(db: Session) -> None:
    mine, other, actor = add_member(db).platform_id, add_member(db).platform_id, add_actor(db)
    save_actor(db, platform_id=mine, slug=actor.slug, now=NOW)
    db.flush()
    note_on_actor(db, platform_id=mine, slug=actor.slug, note=" Right for Vera ")
    assert [one.note for one in list_saved(db, platform_id=mine, now=NOW)] == ["Right for Vera"]
    assert list_saved(db, platform_id=other, now=NOW) == []
    with pytest.raises(NotFound):
        note_on_actor(db, platform_id=other, slug=actor.slug, note="x")
    with pytest.raises(Invalid):
        note_on_actor(db, platform_id=mine, slug=actor.slug, note="x" * 501)


def test_who_is_not_listed_is_not_saved_and_leaves_the_list(db: Session) -> None:
    mine, actor = add_member(db).platform_id, add_actor(db)
    save_actor(db, platform_id=mine, slug=actor.slug, now=NOW)
    actor.listed = False
    db.flush()
    assert list_saved(db, platform_id=mine, now=NOW) == []
    with pytest.raises(NotFound):
        save_actor(db, platform_id=mine, slug=actor.slug, now=NOW)
