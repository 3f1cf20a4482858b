"""Free slots as they are read from the database: limits, horizon, exceptions, other calendars, several actors."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session

from marketplace.domain.availability import HORIZON, Interval
from marketplace.domain.booking import OCCUPYING
from marketplace.domain.errors import NotFound, SlotTaken
from marketplace.models import Actor, Booking, BookOut, BusyTime, CalendarSource, ExtraHours
from marketplace.services.availability import (
    find_common_slots,
    find_nearest_slots,
    free_slots,
    get_calendar,
    read_calendars,
)
from tests.services.stage import NOW, add_actor, add_member, at, request

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def day_of(day: int, *, month: int = 11) -> Interval:
    return Interval(at(day, 0, month=month), at(day, 0, month=month) + DAY)


def book(db: Session, actor: Actor, starts_at: datetime, state: str = "confirmed", **values: object) -> Booking:
    """A booking of two hours in some state."""
    booking = db.get_one(Booking, request(db, add_member(db), actor, starts_at))
    db.execute(update(Booking).where(Booking.id == booking.id).values(state=state, **values))
    db.refresh(booking)
    return booking


def limit(db: Session, actor: Actor, per_day: int, per_week: int) -> None:
    actor.most_per_day, actor.most_per_week = per_day, per_week
    db.flush()


def starts(db: Session, actor: Actor, window: Interval, now: datetime = NOW) -> list[datetime]:
    return [slot.starts_at for slot in free_slots(db, actor.id, 2 * HOUR, window, now)]


# limits ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", sorted(OCCUPYING))
def test_a_day_with_the_most_sessions_has_no_slot_left_and_the_next_day_has(db: Session, state: str) -> None:
    actor = add_actor(db)
    limit(db, actor, 1, 6)
    book(db, actor, at(30, 9), state)
    assert starts(db, actor, day_of(30)) == []
    assert not get_calendar(db, actor.id, day_of(30)).is_free(Interval(at(30, 14), at(30, 16)), NOW)
    assert starts(db, actor, day_of(1, month=12))


@pytest.mark.parametrize("state", ["requested", "declined", "withdrawn", "expired", "lapsed", "cancelled"])
def test_a_booking_that_holds_no_slot_does_not_count(db: Session, state: str) -> None:
    actor = add_actor(db)
    limit(db, actor, 1, 6)
    book(db, actor, at(30, 9), state)
    assert get_calendar(db, actor.id, day_of(30)).is_free(Interval(at(30, 9), at(30, 11)), NOW)


def test_a_change_order_counts_no_second_time(db: Session) -> None:
    actor = add_actor(db)
    limit(db, actor, 1, 6)
    book(db, actor, at(30, 9), is_extra=True)
    assert get_calendar(db, actor.id, day_of(30)).is_free(Interval(at(30, 14), at(30, 16)), NOW)


def test_a_full_week_is_seen_from_any_of_its_days(db: Session) -> None:
    actor = add_actor(db)
    limit(db, actor, 1, 2)
    book(db, actor, at(30, 9))  # a Monday
    book(db, actor, at(2, 9, month=12))
    for day in range(1, 7):  # to Sunday the 6th
        assert starts(db, actor, day_of(day, month=12)) == []
    assert starts(db, actor, day_of(7, month=12))
    assert starts(db, actor, day_of(29))


def test_the_week_is_the_one_of_the_actors_own_clock(db: Session) -> None:
    actor = add_actor(db, zone="Pacific/Auckland", hours=(0, 24))
    limit(db, actor, 1, 1)
    book(db, actor, at(29, 12))  # 01:00 on Monday in Auckland
    assert starts(db, actor, Interval(at(29, 13), at(30, 13))) == []
    assert get_calendar(db, actor.id, day_of(29)).is_free(Interval(at(29, 8), at(29, 10)), NOW)  # Sunday evening there


def test_a_request_beyond_the_limit_is_refused(db: Session) -> None:
    actor = add_actor(db)
    limit(db, actor, 1, 6)
    book(db, actor, at(30, 9))
    with pytest.raises(SlotTaken, match="Nothing was requested"):
        request(db, add_member(db), actor, at(30, 14))


def test_the_booking_that_is_to_be_moved_can_be_left_out(db: Session) -> None:
    actor = add_actor(db)
    limit(db, actor, 1, 1)
    booking = book(db, actor, at(30, 9))
    later = Interval(at(30, 10), at(30, 12))
    assert not get_calendar(db, actor.id, later).is_free(later, NOW)
    assert get_calendar(db, actor.id, later, without_booking_id=booking.id).is_free(later, NOW)


def test_only_the_full_actor_is_full(db: Session) -> None:
    full, other = add_actor(db), add_actor(db)
    for actor in (full, other):
        limit(db, actor, 1, 6)
    book(db, full, at(30, 9))
    calendars = read_calendars(db, [full.id, other.id], day_of(30))
    first = {actor_id: one.first_slot(2 * HOUR, day_of(30), NOW) for actor_id, one in calendars.items()}
    assert first == {full.id: None, other.id: Interval(at(30, 9), at(30, 11))}


# the horizon -------------------------------------------------------------------------------------


def test_nothing_is_offered_or_taken_beyond_the_horizon(db: Session) -> None:
    actor = add_actor(db)
    last = NOW + HORIZON
    near_end = Interval(last - 2 * DAY, last + 30 * DAY)
    assert max(slot.ends_at for slot in free_slots(db, actor.id, 2 * HOUR, near_end, NOW)) <= last
    beyond = last.replace(hour=10) + 7 * DAY
    with pytest.raises(SlotTaken):
        request(db, add_member(db), actor, beyond)


def test_a_time_far_off_finds_others_near_the_horizon_without_walking_there(db: Session) -> None:
    actor = add_actor(db)
    for year in (2200, 9999):
        wanted = datetime(year, 12, 31, 10, tzinfo=UTC)
        nearest = find_nearest_slots(db, actor.id, Interval(wanted, wanted + 2 * HOUR), NOW)
        assert len(nearest) == 5
        assert NOW + HORIZON - 2 * DAY < nearest[-1].ends_at <= NOW + HORIZON


def test_a_time_that_is_past_finds_others_soon(db: Session) -> None:
    actor = add_actor(db)
    wanted = datetime(1, 1, 1, 10, tzinfo=UTC)
    nearest = find_nearest_slots(db, actor.id, Interval(wanted, wanted + 2 * HOUR), NOW)
    assert nearest[0].starts_at == at(24, 9)


def test_the_last_of_all_days_can_be_asked_about(db: Session) -> None:
    actor = add_actor(db, zone="Pacific/Auckland")
    last = Interval(datetime(9999, 12, 31, 20, tzinfo=UTC), datetime(9999, 12, 31, 22, tzinfo=UTC))
    assert not get_calendar(db, actor.id, last).is_free(last, NOW)


# exceptions and other calendars ------------------------------------------------------------------


def test_extra_hours_open_and_days_out_close(db: Session) -> None:
    actor = add_actor(db, hours=None)
    db.add(ExtraHours(actor_id=actor.id, starts_at=at(30, 18), ends_at=at(30, 21), created_at=NOW))
    db.flush()
    assert starts(db, actor, day_of(30)) == [at(30, 18), at(30, 18.5), at(30, 19)]
    db.add(BookOut(actor_id=actor.id, starts_at=at(30, 0), ends_at=at(30, 24), created_at=NOW))
    db.flush()
    assert starts(db, actor, day_of(30)) == []


def test_what_other_calendars_say_is_busy_is_not_free_nor_the_buffer_around_it(db: Session) -> None:
    actor, other = add_actor(db, hours=(9, 17), buffer_minutes=30), add_actor(db, hours=(9, 17))
    source = CalendarSource(actor_id=actor.id, address="https://x.example/a.ics", next_fetch_at=NOW, created_at=NOW)
    db.add(source)
    db.flush()
    db.add(BusyTime(calendar_source_id=source.id, actor_id=actor.id, starts_at=at(30, 11), ends_at=at(30, 14)))
    db.flush()
    assert starts(db, actor, day_of(30)) == [at(30, 14.5), at(30, 15)]
    assert len(starts(db, other, day_of(30))) == 13
    with pytest.raises(SlotTaken):
        request(db, add_member(db), actor, at(30, 12))


# several actors ----------------------------------------------------------------------------------


def test_a_common_slot_is_free_for_all(db: Session) -> None:
    lagos, berlin = add_actor(db, zone="Africa/Lagos"), add_actor(db, zone="Europe/Berlin", hours=(13, 20))
    kathmandu = add_actor(db, zone="Asia/Kathmandu", hours=(14, 23))
    everyone = [lagos.id, berlin.id, kathmandu.id]
    book(db, lagos, at(30, 13))  # until 15:00; open 08:00-16:00, 12:00-19:00 and 08:15-17:15 UTC
    book(db, berlin, at(1, 12, month=12))
    found = find_common_slots(db, everyone, HOUR, Interval(at(30, 0), at(1, 24, month=12)), "Europe/London", NOW)
    assert [slot.starts_at for slot in found] == [
        at(30, 12), at(30, 15), at(1, 14, month=12), at(1, 14.5, month=12), at(1, 15, month=12),
    ]  # fmt: skip
    for actor_id in everyone:
        calendar = get_calendar(db, actor_id, Interval(at(30, 0), at(3, 0, month=12)))
        assert all(calendar.is_free(slot, NOW) for slot in found)


def test_a_day_that_is_full_for_one_is_full_for_all(db: Session) -> None:
    one, other = add_actor(db), add_actor(db)
    limit(db, one, 1, 6)
    book(db, one, at(30, 9))
    assert find_common_slots(db, [one.id, other.id], HOUR, day_of(30), "UTC", NOW) == []
    assert find_common_slots(db, [other.id], HOUR, day_of(30), "UTC", NOW)


def test_nobody_is_free_together_with_nobody(db: Session) -> None:
    actor = add_actor(db)
    assert find_common_slots(db, [actor.id, 10**9], HOUR, day_of(30), "UTC", NOW) == []
    assert find_common_slots(db, [], HOUR, day_of(30), "UTC", NOW) == []
    with pytest.raises(NotFound):
        get_calendar(db, 10**9, day_of(30))
