"""Reminders go out before deadlines and sessions, once, to whoever has to act, on their own clock."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.domain.booking import ENDED, Party, State
from marketplace.domain.booking_state import ANSWERED_BY_OTHER
from marketplace.domain.booking_text import OUTLOOK
from marketplace.models import Account, Booking, Notice
from marketplace.services.account import give_role
from marketplace.services.reminder import NOT_BY_DEADLINE, REMINDERS, find_due, remind
from tests.services.stage import NOW, Story, add_account, at
from tests.statements import counted

HOUR = timedelta(hours=1)


def sweep(db: Session, now: datetime) -> None:
    for reminder in REMINDERS:
        remind(db, reminder, now=now)


def told(db: Session) -> list[tuple[int, str, str]]:
    """(account, kind, title) of every reminder, in order."""
    rows = select(Notice.account_id, Notice.kind, Notice.title).where(Notice.kind.startswith("reminder."))
    return [(row[0], row[1], row[2]) for row in db.execute(rows.order_by(Notice.id))]


def titles(db: Session, kind: str) -> list[str]:
    return [title for _, found, title in told(db) if found == f"reminder.{kind}"]


def put(story: Story, state: State, deadline_at: datetime, **columns: object) -> None:
    """The booking as it would be in that state, untouched for a week."""
    booking = story.booking
    booking.state, booking.deadline_at, booking.updated_at = state, deadline_at, NOW - timedelta(days=7)
    for name, value in columns.items():
        setattr(booking, name, value)
    story.db.flush()


def every(hours: Iterable[float], db: Session, moment: datetime) -> None:
    for before in hours:
        sweep(db, moment - before * HOUR)


def test_an_unanswered_request_is_reminded_of_a_day_and_three_hours_before(db: Session) -> None:
    story = Story(db, starts_at=at(30, 9))
    deadline = story.booking.deadline_at
    assert deadline == NOW + 72 * HOUR
    every((72, 30, 24.1), db, deadline)
    assert told(db) == []
    every((24, 23, 4, 3.1), db, deadline)
    assert told(db) == [
        (
            story.imani.account_id,
            "reminder.deadline",
            "Accept, decline or counter by Thu 26 Nov, 09:00: ReelForge, Heiress",
        )
    ]
    every((3, 2, 1, 0, -1), db, deadline)
    assert len(told(db)) == 2
    words = db.scalars(select(Notice.words).where(Notice.kind == "reminder.deadline")).first()
    assert words == (
        "You can accept, decline or counter until Thu 26 Nov, 09:00, UTC. "
        "If nothing happens, the request expires. Nothing is charged."
    )


def test_an_answered_request_is_not_reminded_of(db: Session) -> None:
    story = Story(db)
    deadline = story.booking.deadline_at
    story.accept()
    assert deadline is not None
    every((24, 3), db, deadline)
    assert all(account_id == story.mira.account_id for account_id, _, _ in told(db))


def test_nobody_is_reminded_of_what_they_were_told_just_now(db: Session) -> None:
    story = Story(db, starts_at=at(30, 9)).accept()
    deadline = story.booking.deadline_at
    assert deadline == NOW + 24 * HOUR
    sweep(db, NOW + HOUR / 12)
    assert told(db) == []
    sweep(db, NOW + 8 * HOUR)
    assert titles(db, "deadline") == ["Pay by Tue 24 Nov, 09:00: Imani Okafor, Heiress"]


def test_a_worker_that_was_away_reminds_once_of_what_is_still_to_come(db: Session) -> None:
    story = Story(db, starts_at=at(30, 9))
    deadline = story.booking.deadline_at
    assert deadline is not None
    sweep(db, deadline - HOUR)
    sweep(db, deadline - HOUR)
    assert len(told(db)) == 1
    sweep(db, deadline + HOUR)
    assert len(told(db)) == 1


def test_a_new_version_is_reminded_of_anew(db: Session) -> None:
    story = Story(db, starts_at=at(30, 9))
    deadline = story.booking.deadline_at
    assert deadline is not None
    sweep(db, deadline - 20 * HOUR)
    story.booking.version += 1
    db.flush()
    sweep(db, deadline - 20 * HOUR)
    assert len(told(db)) == 2


def test_the_clock_in_a_reminder_is_the_readers(db: Session) -> None:
    story = Story(db, starts_at=at(30, 9), zone="Asia/Kolkata")
    db.get_one(Account, story.imani.account_id).zone = "America/New_York"
    db.flush()
    assert story.booking.deadline_at is not None
    sweep(db, story.booking.deadline_at - 20 * HOUR)
    assert "by Thu 26 Nov, 04:00" in titles(db, "deadline")[0]
    assert "New York time" in (db.scalar(select(Notice.words).where(Notice.kind == "reminder.deadline")) or "")


def test_takes_that_will_count_as_accepted_are_reminded_of_two_days_before(db: Session) -> None:
    story = Story(db).delivered()
    deadline = story.booking.deadline_at
    assert deadline is not None
    sweep(db, deadline - 49 * HOUR)
    assert titles(db, "deadline") == []
    sweep(db, deadline - 48 * HOUR)
    (title,) = titles(db, "deadline")
    assert title.startswith("Accept the takes, ask for pick-ups or dispute them by")
    every((30, 24, 3), db, deadline)
    assert len(titles(db, "deadline")) == 3
    assert {account_id for account_id, _, _ in told(db)} == {story.mira.account_id}


def test_a_missing_signature_is_reminded_of_two_days_before_the_start(db: Session) -> None:
    story = Story(db, starts_at=at(30, 10)).accept().pay()
    starts_at = story.booking.starts_at
    every((49,), db, starts_at)
    assert titles(db, "consent") == []
    every((48, 47), db, starts_at)
    assert titles(db, "consent") == ["Sign the consent by Mon 30 Nov, 10:00: ReelForge, Heiress"]
    path = db.scalar(select(Notice.path).where(Notice.kind == "reminder.consent"))
    assert path == f"/actor/booking/{story.id}/consent"
    story.sign()
    every((24, 3), db, starts_at)
    assert len(titles(db, "consent")) == 1


def test_both_sides_are_told_of_a_session_the_day_before_and_the_hour_before(db: Session) -> None:
    story = Story(db, starts_at=at(30, 10), zone="Africa/Lagos").confirmed()
    starts_at = story.booking.starts_at
    every((25, 24, 23, 2), db, starts_at)
    assert sorted(titles(db, "session")) == [
        "Session on Mon 30 Nov, 10:00: Imani Okafor, Heiress",
        "Session on Mon 30 Nov, 11:00: ReelForge, Heiress",
    ]
    every((1, 0.5, 0, -1), db, starts_at)
    assert sorted(titles(db, "session"))[2:] == [
        "Session starts at 10:00: Imani Okafor, Heiress",
        "Session starts at 11:00: ReelForge, Heiress",
    ]


def test_a_cancelled_session_is_not_reminded_of(db: Session) -> None:
    story = Story(db).confirmed()
    story.booking.state = State.CANCELLED
    db.flush()
    every((48, 24, 3, 1), db, story.booking.starts_at)
    assert told(db) == []


@pytest.mark.parametrize("state", sorted(set(State) - ENDED - NOT_BY_DEADLINE))
def test_every_state_that_waits_for_somebody_is_reminded_of(db: Session, state: State) -> None:
    story = Story(db, starts_at=at(30, 10))
    admin = add_account(db, "Ada")
    give_role(db, admin, "admin")
    db.flush()
    put(story, state, NOW + 20 * HOUR, claimed_by=Party.ACTOR, pencilled_at=NOW - timedelta(days=2))
    sweep(db, NOW)
    party = Party.PLATFORM if state in ANSWERED_BY_OTHER else OUTLOOK[state].waiting_for
    who = {Party.PLATFORM: story.mira, Party.ACTOR: story.imani}
    expected = who[party].account_id if party in who else admin.id
    assert [account_id for account_id, kind, _ in told(db) if kind == "reminder.deadline"] == [expected]


@pytest.mark.parametrize("state", sorted(ANSWERED_BY_OTHER))
def test_the_side_that_proposed_is_not_reminded_to_answer_itself(db: Session, state: State) -> None:
    story = Story(db, starts_at=at(30, 10))
    put(story, state, NOW + 20 * HOUR, claimed_by=Party.PLATFORM)
    sweep(db, NOW)
    assert [account_id for account_id, _, _ in told(db)] == [story.imani.account_id]


@pytest.mark.parametrize("state", sorted(ENDED | {State.DRAFT}))
def test_what_nobody_waits_for_is_left_alone(db: Session, state: State) -> None:
    story = Story(db)
    put(story, state, NOW + 20 * HOUR)
    sweep(db, NOW)
    assert told(db) == []


def test_only_the_first_pencil_is_reminded_to_confirm(db: Session) -> None:
    first, second = Story(db, starts_at=at(30, 10)), Story(db, starts_at=at(30, 10))
    put(first, State.PENCILLED, NOW + 20 * HOUR, pencilled_at=NOW - 2 * HOUR)
    put(second, State.PENCILLED, NOW + 20 * HOUR, pencilled_at=NOW - HOUR, actor_id=first.actor_id)
    sweep(db, NOW)
    assert [account_id for account_id, _, _ in told(db)] == [first.mira.account_id]
    put(first, State.WITHDRAWN, NOW)
    sweep(db, NOW)
    assert [account_id for account_id, _, _ in told(db)][1:] == [second.mira.account_id]


def test_a_pencil_on_a_time_that_is_held_is_not_reminded_to_confirm(db: Session) -> None:
    held, pencil = Story(db, starts_at=at(30, 10)), Story(db, starts_at=at(30, 10))
    put(pencil, State.PENCILLED, NOW + 20 * HOUR, pencilled_at=NOW - HOUR, actor_id=held.actor_id)
    put(held, State.ACCEPTED, NOW + 100 * HOUR)
    sweep(db, NOW)
    assert told(db) == []


def test_many_bookings_take_no_more_statements_than_one(db: Session) -> None:
    for _ in range(3):
        put(Story(db, starts_at=at(30, 10)), State.REQUESTED, NOW + 20 * HOUR)
    with counted(db) as sent:
        found = [len(find_due(db, reminder, now=NOW)) for reminder in REMINDERS]
    assert sum(found) == 3
    assert len(sent) == len(REMINDERS)


def test_a_batch_is_bounded_and_the_next_one_goes_on(db: Session) -> None:
    for _ in range(5):
        put(Story(db, starts_at=at(30, 10)), State.REQUESTED, NOW + 20 * HOUR)
    (line,) = [one for one in REMINDERS if one.name == "deadline-24" and one.party == Party.ACTOR]
    assert [remind(db, line, now=NOW, limit=2) for _ in range(4)] == [2, 2, 1, 0]
    assert db.scalar(select(Booking.id).limit(1)) is not None
