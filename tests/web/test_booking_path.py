"""The steps of a booking stand in the order they were done, and the next one is marked."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from marketplace.domain.booking import Party
from marketplace.services.booking_page import read_booking
from marketplace.web.booking_path import Station, path_of
from tests.services.stage import Story


def path(db: Session, *steps: str) -> list[Station]:
    """The path of a booking that took these steps an hour apart."""
    story = Story(db, name="Imani Okafor")
    for step in steps:
        story.now += timedelta(hours=1)
        getattr(story, step)()
    db.flush()
    return path_of(read_booking(db, story.booking, Party.PLATFORM, story.now), "UTC")


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
    stations = path(db, *steps)
    assert [one.words for one in stations if one.tone == "ok"] == done
    assert [one.words for one in stations[: len(done)]] == done
    assert [one.words for one in stations if one.tone == "now"] == [following]
    assert stations[len(done)].words == following
