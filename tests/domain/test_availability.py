"""Free time is right in every zone, on both days a year when a day has not 24 hours."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.domain.availability import (
    DayWindow,
    DoubledTime,
    Hours,
    Interval,
    Rules,
    SkippedTime,
    WeeklyWindow,
    by_local_day,
    free_intervals,
    instant_of,
    is_zone,
    merge,
    nearest_slots,
    open_intervals,
    slots_of,
    subtract,
)
from marketplace.domain.errors import Invalid

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def span(start: str, end: str) -> Interval:
    return Interval(at(start), at(end))


def every_day(zone: str, *windows: tuple[int, int]) -> Hours:
    return Hours(zone, tuple(WeeklyWindow(d, DayWindow(60 * a, 60 * b)) for d in range(7) for a, b in windows))


# zone, day, hours there, what that is in UTC. The days are those of clock changes and one plain day each.
CHANGES = [
    ("Europe/London", "2026-03-28", (9, 17), "2026-03-28T09:00", "2026-03-28T17:00"),
    ("Europe/London", "2026-03-29", (9, 17), "2026-03-29T08:00", "2026-03-29T16:00"),
    ("Europe/London", "2026-03-29", (0, 24), "2026-03-29T00:00", "2026-03-29T23:00"),  # 23 h
    ("Europe/London", "2026-10-25", (0, 24), "2026-10-24T23:00", "2026-10-26T00:00"),  # 25 h
    ("Europe/London", "2026-03-29", (1, 3), "2026-03-29T01:00", "2026-03-29T02:00"),  # 01:00-02:00 is skipped
    ("Europe/London", "2026-10-25", (1, 3), "2026-10-25T00:00", "2026-10-25T03:00"),  # 01:00-02:00 comes twice
    ("Europe/London", "2026-10-25", (0, 1), "2026-10-24T23:00", "2026-10-25T00:00"),  # ends at the first 01:00
    ("America/New_York", "2026-03-08", (1, 4), "2026-03-08T06:00", "2026-03-08T08:00"),
    ("America/New_York", "2026-11-01", (1, 4), "2026-11-01T05:00", "2026-11-01T09:00"),
    ("America/St_Johns", "2026-03-08", (9, 10), "2026-03-08T11:30", "2026-03-08T12:30"),
    ("America/St_Johns", "2026-11-01", (9, 10), "2026-11-01T12:30", "2026-11-01T13:30"),
    ("Asia/Kolkata", "2026-03-29", (9, 17), "2026-03-29T03:30", "2026-03-29T11:30"),
    ("Asia/Kathmandu", "2026-06-01", (9, 17), "2026-06-01T03:15", "2026-06-01T11:15"),
    ("Australia/Lord_Howe", "2026-04-05", (1, 3), "2026-04-04T14:00", "2026-04-04T16:30"),  # half an hour back
    ("Australia/Lord_Howe", "2026-10-04", (1, 3), "2026-10-03T14:30", "2026-10-03T16:00"),  # half an hour forward
    ("Africa/Cairo", "2026-04-24", (0, 4), "2026-04-23T22:00", "2026-04-24T01:00"),  # midnight itself is skipped
    ("Africa/Cairo", "2026-10-30", (0, 4), "2026-10-29T22:00", "2026-10-30T02:00"),
    ("America/Santiago", "2026-09-06", (0, 4), "2026-09-06T04:00", "2026-09-06T07:00"),
    ("Pacific/Chatham", "2026-09-27", (2, 4), "2026-09-26T13:15", "2026-09-26T14:15"),  # 02:45 to 03:45 is skipped
    ("Africa/Lagos", "2026-11-24", (9, 17), "2026-11-24T08:00", "2026-11-24T16:00"),
]


@pytest.mark.parametrize(("zone", "day", "hours", "start", "end"), CHANGES)
def test_hours_of_a_day_are_the_instants_its_clock_shows(
    zone: str, day: str, hours: tuple[int, int], start: str, end: str
) -> None:
    weekday = date.fromisoformat(day).weekday()
    opening = Hours(zone, (WeeklyWindow(weekday, DayWindow(60 * hours[0], 60 * hours[1])),))
    noon = at(f"{day}T12:00")
    assert open_intervals(opening, Interval(noon - 36 * HOUR, noon + 36 * HOUR)) == [span(start, end)]


def test_hours_wholly_inside_a_skipped_hour_are_no_hours() -> None:
    opening = Hours("Europe/London", (WeeklyWindow(6, DayWindow(60, 120)),))
    assert open_intervals(opening, span("2026-03-29T00:00", "2026-03-30T00:00")) == []


def test_hours_on_both_sides_of_midnight_are_one_opening() -> None:
    opening = every_day("Europe/Madrid", (0, 2), (22, 24))
    found = open_intervals(opening, span("2026-06-01T12:00", "2026-06-02T12:00"))
    assert found == [span("2026-06-01T20:00", "2026-06-02T00:00")]


def test_extra_hours_are_added_and_book_outs_win() -> None:
    opening = Hours(
        "UTC",
        (WeeklyWindow(1, DayWindow(540, 1020)),),
        extra=(span("2026-11-24T17:00", "2026-11-24T20:00"),),
        out=(span("2026-11-24T12:00", "2026-11-24T13:00"), span("2026-11-24T19:00", "2026-11-25T09:00")),
    )
    assert open_intervals(opening, span("2026-11-24T00:00", "2026-11-25T00:00")) == [
        span("2026-11-24T09:00", "2026-11-24T12:00"),
        span("2026-11-24T13:00", "2026-11-24T19:00"),
    ]


def test_bookings_take_their_time_and_both_buffers() -> None:
    booked = span("2026-11-24T11:30", "2026-11-24T14:30")  # 12-14 with the 30 minutes it was made with
    rules = Rules(buffer_before=timedelta(minutes=15), buffer_after=timedelta(minutes=20))
    free = free_intervals(
        every_day("UTC", (9, 17)), [booked], span("2026-11-24T00:00", "2026-11-25T00:00"), rules, LONG_AGO
    )
    assert free == [
        span("2026-11-24T09:00", "2026-11-24T11:10"),
        span("2026-11-24T14:45", "2026-11-24T17:00"),
    ]


def test_without_buffers_the_slot_after_begins_where_one_ends() -> None:
    free = free_intervals(
        every_day("UTC", (10, 12)),
        [span("2026-11-24T10:00", "2026-11-24T11:00")],
        span("2026-11-24T00:00", "2026-11-25T00:00"),
        Rules(),
        LONG_AGO,
    )
    assert slots_of(free, HOUR, "UTC") == [span("2026-11-24T11:00", "2026-11-24T12:00")]


def test_nothing_is_free_within_the_notice() -> None:
    opening, window = every_day("UTC", (9, 17)), span("2026-11-24T00:00", "2026-11-25T00:00")
    rules = Rules(notice=timedelta(hours=4))
    assert free_intervals(opening, [], window, rules, at("2026-11-24T09:10")) == [
        span("2026-11-24T13:10", "2026-11-24T17:00")
    ]
    assert free_intervals(opening, [], window, rules, at("2026-11-24T22:00")) == []


def test_slots_begin_on_the_half_hours_of_the_actors_clock() -> None:
    free = [span("2026-06-01T03:20", "2026-06-01T06:15")]  # 09:05 to 12:00 in Kathmandu
    starts = [slot.starts_at for slot in slots_of(free, 2 * HOUR, "Asia/Kathmandu")]
    assert starts == [at("2026-06-01T03:45"), at("2026-06-01T04:15")]


def test_a_slot_over_a_clock_change_lasts_its_real_length() -> None:
    opening = every_day("Europe/London", (0, 24))
    free = open_intervals(opening, span("2026-10-25T00:00", "2026-10-25T06:00"))
    for slot in slots_of(free, 2 * HOUR, "Europe/London"):
        assert slot.length == 2 * HOUR


def test_slots_are_grouped_by_the_readers_day() -> None:
    slots = [span("2026-11-24T22:30", "2026-11-24T23:30"), span("2026-11-24T23:30", "2026-11-25T00:30")]
    assert by_local_day(slots, "Europe/Berlin") == {date(2026, 11, 24): slots[:1], date(2026, 11, 25): slots[1:]}
    assert by_local_day(slots, "UTC") == {date(2026, 11, 24): slots}


def test_the_nearest_times_come_in_order() -> None:
    slots = [span(f"2026-11-24T{h:02}:00", f"2026-11-24T{h + 1:02}:00") for h in (9, 11, 15, 18)]
    assert nearest_slots(slots, at("2026-11-24T14:00"), 2) == [slots[1], slots[2]]


@pytest.mark.parametrize("zone", ["Europe/London", "America/New_York", "Australia/Lord_Howe", "Africa/Cairo"])
def test_a_time_people_ask_for_comes_back_as_they_said_it(zone: str) -> None:
    local = datetime.fromisoformat("2026-07-01T14:00")
    assert instant_of(local, zone).astimezone(ZoneInfo(zone)).replace(tzinfo=None) == local


def test_a_skipped_time_is_refused_and_a_doubled_one_asked_about() -> None:
    skipped = datetime.fromisoformat("2026-03-29T01:30")
    doubled = datetime.fromisoformat("2026-10-25T01:30")
    with pytest.raises(SkippedTime):
        instant_of(skipped, "Europe/London")
    with pytest.raises(DoubledTime):
        instant_of(doubled, "Europe/London")
    assert [instant_of(doubled, "Europe/London", fold=f) for f in (0, 1)] == [
        at("2026-10-25T00:30"),
        at("2026-10-25T01:30"),
    ]


def test_zones_are_known_or_not() -> None:
    assert is_zone("Asia/Kolkata")
    assert not any(is_zone(name) for name in ("Mars/Olympus", "", "../../etc/passwd", "/etc/localtime"))


@pytest.mark.parametrize("window", [(60, 60), (120, 60), (-1, 60), (0, 1441)])
def test_hours_that_are_none_are_refused(window: tuple[int, int]) -> None:
    with pytest.raises(Invalid):
        DayWindow(*window)


def test_an_eighth_weekday_is_refused() -> None:
    with pytest.raises(Invalid):
        WeeklyWindow(7, DayWindow(0, 60))


def test_intervals_are_utc_and_never_empty() -> None:
    with pytest.raises(ValueError):
        span("2026-11-24T10:00", "2026-11-24T10:00")
    with pytest.raises(ValueError):
        Interval(datetime(2026, 11, 24, 10, tzinfo=ZoneInfo("Europe/Madrid")), at("2026-11-24T12:00"))


MINUTES = st.integers(0, 200)
INTERVALS = st.lists(
    st.tuples(MINUTES, st.integers(1, 60)).map(
        lambda pair: Interval(LONG_AGO + timedelta(minutes=pair[0]), LONG_AGO + timedelta(minutes=sum(pair)))
    ),
    max_size=8,
)


def minutes_of(intervals: list[Interval]) -> set[int]:
    return {
        minute
        for one in intervals
        for minute in range(
            (one.starts_at - LONG_AGO) // timedelta(minutes=1), (one.ends_at - LONG_AGO) // timedelta(minutes=1)
        )
    }


@given(INTERVALS, INTERVALS)
def test_merging_and_subtracting_agree_with_counting_minutes(whole: list[Interval], holes: list[Interval]) -> None:
    left = subtract(merge(whole), holes)
    assert minutes_of(left) == minutes_of(whole) - minutes_of(holes)
    assert all(before.ends_at <= after.starts_at for before, after in pairwise(left))
