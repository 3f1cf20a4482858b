"""What is told of a booking: a title for every step, both sides of what changes their calendars."""

from __future__ import annotations

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.domain.booking import TABLE, Party, State, Step
from marketplace.models import Notice
from marketplace.services.booking import cancel_booking
from marketplace.services.booking_letter import settles_time
from marketplace.services.booking_notice import _TITLES
from tests.services.stage import NOW, Story


def told(db: Session, account_id: int | None) -> list[str]:
    return list(db.scalars(select(Notice.title).where(Notice.account_id == account_id).order_by(Notice.id)))


@pytest.mark.parametrize("step", list(Step))
def test_every_step_has_a_title_that_names_only_what_is_known(step: Step) -> None:
    title = _TITLES[step].format(actor="Imani", platform="ReelForge", time="Tue 24 Nov, 14:00")
    assert 8 < len(title) < 100


def test_who_cancels_has_it_taken_out_of_the_calendar_too(db: Session) -> None:
    story = Story(db).accept().pay()
    cancel_booking(db, booking=story.booking, by=story.mira, now=NOW)
    assert told(db, story.mira.account_id)[-1] == told(db, story.imani.account_id)[-1] == "Cancelled: Mon 30 Nov, 10:00"


def test_calling_off_what_was_not_paid_tells_the_other_side_alone(db: Session) -> None:
    story = Story(db).accept()
    before = told(db, story.imani.account_id)
    cancel_booking(db, booking=story.booking, by=story.imani, now=NOW, reason="Ill.")
    named = {party for state, step, party in TABLE if state == State.ACCEPTED and step == Step.CANCEL}
    assert Party.ACTOR in named
    assert not settles_time(Step.CANCEL, State.ACCEPTED)
    assert told(db, story.mira.account_id)[-1].startswith("Cancelled")
    assert len(told(db, story.imani.account_id)) <= len(before) + 1


def test_a_signed_consent_is_not_asked_for_again(db: Session) -> None:
    story = Story(db).accept().sign().pay()
    words = db.scalars(select(Notice.words).where(Notice.kind == "booking.confirm")).all()
    assert story.id
    assert all("The consent is signed" in one for one in words)
