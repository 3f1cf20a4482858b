"""The platform sees what was delivered, judges it in its time, and nobody else's takes."""

from __future__ import annotations

import pytest
from sqlalchemy.orm import Session

from marketplace.domain.errors import Conflict, Invalid, NotFound
from marketplace.models import Take
from marketplace.services.booking import accept_delivery, request_changes
from marketplace.services.booking_step import get_session
from marketplace.services.capture import TakeRow, add_note, read_takes, select_take
from tests.services.stage import Story


def shown(story: Story) -> list[TakeRow]:
    return read_takes(story.db, get_session(story.db, story.id), delivered_only=True)


def select(story: Story, take_id: int, *, selected: bool = True, platform_id: int | None = None) -> None:
    select_take(
        story.db, platform_id=platform_id or story.platform_id, take_id=take_id, selected=selected, now=story.now
    )
    story.db.flush()


def note(story: Story, take_id: int, words: str, at_ms: int = 0) -> None:
    add_note(
        story.db, platform_id=story.platform_id, account_id=story.mira.account_id or 0, take_id=take_id, at_ms=at_ms,
        words=words, now=story.now,
    )  # fmt: skip
    story.db.flush()


def test_only_delivered_takes_that_can_be_played_are_shown(db: Session) -> None:
    story = Story(db).confirmed().start()
    story.add_take("refused")
    story.deliver()
    story.add_take()
    assert [take.state for take in shown(story)] == ["ready"]
    assert len(read_takes(db, get_session(db, story.id))) == 3


def test_a_selection_is_made_and_taken_back(db: Session) -> None:
    story = Story(db).delivered()
    (take,) = shown(story)
    select(story, take.id)
    assert shown(story)[0].is_selected
    select(story, take.id, selected=False)
    assert not shown(story)[0].is_selected


def test_another_platforms_take_is_not_found(db: Session) -> None:
    story, stranger = Story(db).delivered(), Story(db)
    with pytest.raises(NotFound):
        select(story, shown(story)[0].id, platform_id=stranger.platform_id)


def test_a_take_not_delivered_yet_is_not_found(db: Session) -> None:
    story = Story(db).delivered()
    late = story.add_take()
    with pytest.raises(NotFound):
        select(story, late.id)


def test_nothing_is_judged_after_acceptance(db: Session) -> None:
    story = Story(db).delivered()
    (take,) = shown(story)
    select(story, take.id)
    accept_delivery(db, booking_id=story.id, platform_id=story.platform_id, by=story.mira, now=story.now)
    with pytest.raises(Conflict):
        select(story, take.id, selected=False)
    with pytest.raises(Conflict):
        note(story, take.id, "One more thing")


def test_takes_that_came_with_the_pickups_are_new(db: Session) -> None:
    story = Story(db).delivered()
    request_changes(
        db, booking_id=story.id, platform_id=story.platform_id, by=story.mira, reason="Colder", now=story.now
    )
    story.add_take()
    assert [take.is_new for take in read_takes(db, get_session(db, story.id))] == [False, True]


def test_notes_stand_at_their_moment_in_order(db: Session) -> None:
    story = Story(db).delivered()
    take_id = shown(story)[0].id
    note(story, take_id, " Later ", 6_000)
    note(story, take_id, "Sooner", 1_500)
    assert [(one.at_ms, one.words, one.by) for one in shown(story)[0].notes] == [
        (1_500, "Sooner", "Mira Castell"),
        (6_000, "Later", "Mira Castell"),
    ]


@pytest.mark.parametrize(("words", "at_ms"), [(" ", 0), ("x" * 2001, 0), ("Here", -1), ("Here", 8_001)])
def test_a_note_without_words_or_outside_the_take_is_refused(db: Session, words: str, at_ms: int) -> None:
    story = Story(db).delivered()
    with pytest.raises(Invalid):
        note(story, shown(story)[0].id, words, at_ms)


def test_a_take_says_which_engines_would_not_take_it(db: Session) -> None:
    story = Story(db).delivered()
    take = db.get_one(Take, shown(story)[0].id)
    take.duration_ms, take.width, take.height = 41_000, 1080, 1920
    db.flush()
    assert shown(story)[0].misfits == (
        "too long for Act-Two (30 s at most)",
        "too long for Kling, video orientation (30 s at most)",
        "too long for Kling, image orientation (10 s at most)",
    )
