"""The steps of a booking stand in the order they were done, and the next one is marked."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from marketplace.domain.booking import Party
from marketplace.services.booking_page import read_booking
from marketplace.services.booking_pencil import give_pencil
from marketplace.web.booking_path import Station, path_of
from tests.services.stage import Story


def path(db: Session, *steps: str) -> list[Station]:
    """The path of a booking that took these steps an hour apart."""
    story = Story(db, name="Imani Okafor")
    for step in steps:
        story.now += timedelta(hours=1)
        getattr(story, step)()
    return stations(story)


def stations(story: Story) -> list[Station]:
    """The path as the platform reads it now."""
    story.db.flush()
    return path_of(read_booking(story.db, story.booking, Party.PLATFORM, story.now), "UTC")


@pytest.mark.parametrize(
    ("steps", "done", "following"),
    [
        ((), ["Requested"], "Imani accepts"),
        (("accept",), ["Requested", "Accepted by Imani"], "ReelForge pays"),
        (("accept", "sign"), ["Requested", "Accepted by Imani", "Consent signed"], "ReelForge pays"),
        (
            ("accept", "pay"),
            ["Requested", "Accepted by Imani", "Paid, held until the takes are accepted"],
            "Imani signs the consent",
        ),
        (
            ("accept", "pay", "sign"),
            ["Requested", "Accepted by Imani", "Paid, held until the takes are accepted", "Consent signed"],
            "Session",
        ),
    ],
)
def test_what_is_done_comes_before_the_one_step_that_is_next(
    db: Session, steps: tuple[str, ...], done: list[str], following: str
) -> None:
    drawn = path(db, *steps)
    assert [one.words for one in drawn if one.tone == "ok"] == done
    assert [one.words for one in drawn[: len(done)]] == done
    assert [one.words for one in drawn if one.tone == "now"] == [following]
    assert drawn[len(done)].words == following


def test_a_pencil_is_given_by_the_actor_and_confirmed_by_the_platform(db: Session) -> None:
    story = Story(db, name="Imani Okafor")
    story.booking.asked_as = "pencil"
    asked = stations(story)
    assert [one.words for one in asked[:4]] == [
        "Requested", "Imani gives a pencil", "ReelForge confirms the pencil", "ReelForge pays",
    ]  # fmt: skip
    assert [one.tone for one in asked[:2]] == ["ok", "now"]
    give_pencil(db, booking_id=story.id, actor_id=story.actor_id, by=story.imani, now=story.now)
    given = stations(story)
    assert [one.words for one in given[:3]] == ["Requested", "Pencil given by Imani", "ReelForge confirms the pencil"]
    assert [one.tone for one in given[:3]] == ["ok", "ok", "now"]
