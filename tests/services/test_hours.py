"""An actor's hours: the week, the rules, days out and extra hours by the actor's clock, and what a move changes."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from marketplace.domain.availability import DayWindow, DoubledTime, Interval, SkippedTime, WeeklyWindow
from marketplace.domain.errors import Invalid, NotFound
from marketplace.models import Actor, Booking, BookOut, CalendarSource, ExtraHours
from marketplace.services import hours
from marketplace.services.availability import free_slots
from marketplace.services.hours import CalendarRules, Claims
from tests.services.stage import NOW, add_actor, add_member, at, request

RULES = CalendarRules("Africa/Lagos", 30, 24 * 60, 2, 6)
TODAY = NOW.date()
EVENING = DayWindow(18 * 60, 21 * 60)
NO_FOLDS = (None, None)


def window(weekday: int, start: int, end: int) -> WeeklyWindow:
    return WeeklyWindow(weekday, DayWindow(start * 60, end * 60))


def move(db: Session, actor: Actor, zone: str) -> None:
    week = hours.list_hours(db, actor.id)
    hours.save_hours(db, actor_id=actor.id, windows=week, rules=replace(RULES, zone=zone), now=NOW)


def test_hours_come_back_in_order_and_may_not_overlap(db: Session) -> None:
    actor = add_actor(db)
    windows = [window(2, 14, 18), window(0, 9, 13), window(2, 9, 13)]
    hours.save_hours(db, actor_id=actor.id, windows=windows, rules=RULES, now=NOW)
    assert hours.list_hours(db, actor.id) == [window(0, 9, 13), window(2, 9, 13), window(2, 14, 18)]
    assert (actor.zone, actor.buffer_minutes, actor.most_per_day) == ("Africa/Lagos", 30, 2)
    with pytest.raises(Invalid, match="overlap") as refused:
        hours.save_hours(db, actor_id=actor.id, windows=[window(1, 9, 13), window(1, 12, 15)], rules=RULES, now=NOW)
    assert refused.value.field == "day1"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"zone": "Mars/Olympus"}, "zone"),
        ({"buffer_minutes": 241}, "buffer_minutes"),
        ({"notice_minutes": 61 * 24 * 60}, "notice_hours"),
        ({"most_per_day": 0}, "most_per_week"),
        ({"most_per_day": 7}, "most_per_week"),
    ],
)
def test_rules_beyond_reason_are_refused(db: Session, change: dict[str, Any], field: str) -> None:
    actor = add_actor(db)
    rules = replace(RULES, **change)
    with pytest.raises(Invalid) as refused:
        hours.save_hours(db, actor_id=actor.id, windows=[], rules=rules, now=NOW)
    assert refused.value.field == field


# days out ----------------------------------------------------------------------------------------


def test_days_are_taken_out_and_given_back_by_their_owner_alone(db: Session) -> None:
    actor, other = add_actor(db, zone="Europe/Berlin"), add_actor(db)
    first = TODAY + timedelta(days=3)
    hours.add_book_out(db, actor_id=actor.id, first=first, last=first, reason=" Holiday ", now=NOW)
    [row] = hours.list_book_outs(db, actor.id, now=NOW)
    assert (row.starts_at, row.ends_at, row.reason) == (at(25, 23), at(26, 23), "Holiday")
    with pytest.raises(NotFound):
        hours.remove_book_out(db, actor_id=other.id, book_out_id=row.id)
    hours.remove_book_out(db, actor_id=actor.id, book_out_id=row.id)
    assert list(hours.list_book_outs(db, actor.id, now=NOW)) == []


@pytest.mark.parametrize(
    ("first", "last", "field"),
    [
        (TODAY + timedelta(days=3), TODAY + timedelta(days=2), "book_out_to"),
        (TODAY - timedelta(days=3), TODAY - timedelta(days=2), "book_out_to"),
        (TODAY, date(9999, 12, 31), "book_out_to"),
        (date(1, 1, 1), TODAY, "book_out_from"),
    ],
)
def test_days_that_make_no_sense_are_refused(db: Session, first: date, last: date, field: str) -> None:
    actor = add_actor(db)
    with pytest.raises(Invalid, match="Nothing was saved") as refused:
        hours.add_book_out(db, actor_id=actor.id, first=first, last=last, reason="", now=NOW)
    assert refused.value.field == field


def test_taking_days_out_says_what_platforms_have_in_them(db: Session) -> None:
    actor, member = add_actor(db), add_member(db)
    for day, state in ((26, "confirmed"), (27, "requested"), (28, "pencilled"), (29, "declined"), (30, "confirmed")):
        booking_id = request(db, member, actor, at(day, 10))
        db.execute(update(Booking).where(Booking.id == booking_id).values(state=state))
    days = (date(2026, 11, 26), date(2026, 11, 29))
    claims = hours.add_book_out(db, actor_id=actor.id, first=days[0], last=days[1], reason="", now=NOW)
    assert claims == Claims(sessions=1, wishes=2)


def test_exceptions_are_counted(db: Session) -> None:
    actor = add_actor(db)
    db.add_all(
        ExtraHours(actor_id=actor.id, starts_at=at(24, 18), ends_at=at(24, 19), created_at=NOW)
        for _ in range(hours.MOST_EXCEPTIONS)
    )
    with pytest.raises(Invalid, match="200 already"):
        extra(db, actor, date(2026, 11, 25))


# extra hours -------------------------------------------------------------------------------------


def extra(
    db: Session, actor: Actor, on: date, open_at: DayWindow = EVENING, folds: tuple[int | None, int | None] = NO_FOLDS,
    now: datetime = NOW,
) -> None:  # fmt: skip
    hours.add_extra_hours(db, actor_id=actor.id, on=on, window=open_at, folds=folds, now=now)


def test_extra_hours_are_by_the_actors_clock_and_can_be_booked(db: Session) -> None:
    actor, other = add_actor(db, zone="Asia/Kathmandu", hours=None), add_actor(db)
    extra(db, actor, date(2026, 11, 26))
    [row] = hours.list_extra_hours(db, actor.id, now=NOW)
    assert (row.starts_at, row.ends_at) == (at(26, 12.25), at(26, 15.25))
    slots = free_slots(db, actor.id, timedelta(hours=3), Interval(at(26, 0), at(27, 0)), NOW)
    assert [slot.starts_at for slot in slots] == [at(26, 12.25)]
    with pytest.raises(NotFound):
        hours.remove_extra_hours(db, actor_id=other.id, extra_hours_id=row.id)
    hours.remove_extra_hours(db, actor_id=actor.id, extra_hours_id=row.id)
    assert list(hours.list_extra_hours(db, actor.id, now=NOW)) == []


def test_extra_hours_may_end_with_the_day(db: Session) -> None:
    actor = add_actor(db)
    extra(db, actor, date(2026, 11, 26), DayWindow(22 * 60, 24 * 60))
    assert db.scalars(select(ExtraHours.ends_at)).one() == at(27, 0)


def test_a_time_the_clock_skips_is_refused_and_one_that_comes_twice_asked_about(db: Session) -> None:
    actor = add_actor(db, zone="Europe/Berlin")
    spring, autumn = datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 10, 1, tzinfo=UTC)
    night = DayWindow(150, 300)  # 02:30 to 05:00
    with pytest.raises(SkippedTime, match="does not exist") as skipped:
        extra(db, actor, date(2026, 3, 29), night, now=spring)
    assert (skipped.value.field, skipped.value.sentence[-18:]) == ("extra_from", "Nothing was saved.")
    with pytest.raises(DoubledTime, match="say which") as doubled:
        extra(db, actor, date(2026, 10, 25), night, now=autumn)
    assert doubled.value.field == "extra_from"
    extra(db, actor, date(2026, 10, 25), night, (1, None), now=autumn)
    assert db.scalars(select(ExtraHours.starts_at)).one() == at(25, 1.5, month=10)


def test_extra_hours_that_are_over_or_on_a_day_out_are_refused(db: Session) -> None:
    actor = add_actor(db)
    with pytest.raises(Invalid, match="not be over"):
        extra(db, actor, TODAY - timedelta(days=1))
    with pytest.raises(Invalid, match="two years"):
        extra(db, actor, date(9999, 12, 31))
    hours.add_book_out(db, actor_id=actor.id, first=date(2026, 11, 26), last=date(2026, 11, 26), reason="", now=NOW)
    with pytest.raises(Invalid, match="taken out"):
        extra(db, actor, date(2026, 11, 26))


# moving ------------------------------------------------------------------------------------------


def test_who_moves_keeps_the_clock_of_the_hours_and_the_instants_of_the_bookings(db: Session) -> None:
    actor = add_actor(db, zone="Europe/Berlin", hours=(9, 12))
    booking = db.get_one(Booking, request(db, add_member(db), actor, at(26, 8)))
    booking.state = "confirmed"
    extra(db, actor, date(2026, 11, 27))
    hours.add_book_out(db, actor_id=actor.id, first=date(2026, 11, 28), last=date(2026, 11, 28), reason="", now=NOW)
    move(db, actor, "America/New_York")
    assert (booking.starts_at, booking.ends_at) == (at(26, 8), at(26, 10))
    row = db.scalars(select(ExtraHours)).one()
    assert (row.starts_at, row.ends_at) == (at(27, 23), at(28, 2))  # 18:00 to 21:00 in New York
    out = db.scalars(select(BookOut)).one()
    assert (out.starts_at, out.ends_at) == (at(28, 5), at(29, 5))
    slots = free_slots(db, actor.id, timedelta(hours=3), Interval(at(26, 12), at(29, 12)), NOW)
    assert [slot.starts_at for slot in slots] == [at(26, 14), at(27, 14), at(27, 23)]
    assert [one.id for one in hours.list_coming_sessions(db, actor.id, now=NOW)] == [booking.id]


def test_extra_hours_that_the_new_clock_skips_are_gone(db: Session) -> None:
    winter = datetime(2026, 3, 1, tzinfo=UTC)
    actor = add_actor(db, zone="Africa/Lagos")
    extra(db, actor, date(2026, 3, 29), DayWindow(120, 180), now=winter)
    hours.save_hours(db, actor_id=actor.id, windows=[], rules=replace(RULES, zone="Europe/Berlin"), now=winter)
    assert db.scalars(select(ExtraHours)).all() == []


def test_what_is_over_is_left_where_it_was(db: Session) -> None:
    actor = add_actor(db, zone="Europe/Berlin")
    db.add(BookOut(actor_id=actor.id, starts_at=at(1, 23), ends_at=at(2, 23), created_at=NOW))
    db.flush()
    move(db, actor, "America/New_York")
    assert db.scalars(select(BookOut.starts_at)).one() == at(1, 23)


def test_other_calendars_are_read_anew_after_a_move_and_only_then(db: Session) -> None:
    actor = add_actor(db, zone="Europe/Berlin")
    later = NOW + timedelta(minutes=20)
    source = CalendarSource(actor_id=actor.id, address="https://x.example/a", next_fetch_at=later, created_at=NOW)
    db.add(source)
    db.flush()
    move(db, actor, "Europe/Berlin")
    db.refresh(source)
    assert source.next_fetch_at == later
    move(db, actor, "America/New_York")
    db.refresh(source)
    assert source.next_fetch_at == NOW
