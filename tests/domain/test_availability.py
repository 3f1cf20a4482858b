"""Free time is right in every zone, on both days a year when a day has not 24 hours."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.domain.availability import (
    HORIZON,
    DayWindow,
    DoubledTime,
    Hours,
    Interval,
    Rules,
    SkippedTime,
    WeeklyWindow,
    by_local_day,
    count_by_day,
    day_span,
    each_slot,
    free_intervals,
    has_room,
    instant_of,
    intersect,
    is_doubled,
    is_zone,
    merge,
    nearest_slots,
    open_intervals,
    same_clock,
    subtract,
)
from marketplace.domain.errors import Invalid

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
NOVEMBER = datetime(2026, 11, 1, tzinfo=UTC)
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
    ("Europe/Berlin", "2026-03-29", (1, 4), "2026-03-29T00:00", "2026-03-29T02:00"),  # 02:00-03:00 is skipped
    ("Europe/Berlin", "2026-03-29", (9, 17), "2026-03-29T07:00", "2026-03-29T15:00"),
    ("Europe/Berlin", "2026-10-25", (1, 4), "2026-10-24T23:00", "2026-10-25T03:00"),
    ("Europe/Berlin", "2026-10-25", (9, 17), "2026-10-25T08:00", "2026-10-25T16:00"),
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
    ("Australia/Adelaide", "2026-04-05", (1, 4), "2026-04-04T14:30", "2026-04-04T18:30"),  # half an hour off, back 1 h
    ("Australia/Adelaide", "2026-10-04", (1, 4), "2026-10-03T15:30", "2026-10-03T17:30"),
    ("Pacific/Auckland", "2026-04-05", (1, 4), "2026-04-04T12:00", "2026-04-04T16:00"),
    ("Pacific/Auckland", "2026-09-27", (1, 4), "2026-09-26T13:00", "2026-09-26T15:00"),
    ("America/Sao_Paulo", "2026-02-22", (9, 17), "2026-02-22T12:00", "2026-02-22T20:00"),  # clocks changed until 2019
    ("America/Sao_Paulo", "2026-10-18", (0, 24), "2026-10-18T03:00", "2026-10-19T03:00"),
    ("Asia/Kolkata", "2026-10-25", (0, 24), "2026-10-24T18:30", "2026-10-25T18:30"),
    ("Asia/Kathmandu", "2026-03-29", (0, 24), "2026-03-28T18:15", "2026-03-29T18:15"),
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
        every_day("UTC", (9, 17)), [booked], span("2026-11-24T00:00", "2026-11-25T00:00"), rules, NOVEMBER
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
        NOVEMBER,
    )
    assert list(each_slot(free, HOUR, "UTC")) == [span("2026-11-24T11:00", "2026-11-24T12:00")]


def test_nothing_is_free_within_the_notice() -> None:
    opening, window = every_day("UTC", (9, 17)), span("2026-11-24T00:00", "2026-11-25T00:00")
    rules = Rules(notice=timedelta(hours=4))
    assert free_intervals(opening, [], window, rules, at("2026-11-24T09:10")) == [
        span("2026-11-24T13:10", "2026-11-24T17:00")
    ]
    assert free_intervals(opening, [], window, rules, at("2026-11-24T22:00")) == []


def test_nothing_is_free_beyond_the_horizon() -> None:
    opening, now = every_day("UTC", (0, 24)), at("2026-11-24T10:00")
    far = Interval(now + HORIZON - 2 * HOUR, now + HORIZON + 90 * 24 * HOUR)
    assert free_intervals(opening, [], far, Rules(), now) == [Interval(far.starts_at, now + HORIZON)]
    assert free_intervals(opening, [], span("2200-01-01T00:00", "2200-01-02T00:00"), Rules(), now) == []
    assert free_intervals(opening, [], far, Rules(notice=2 * HORIZON), now) == []


def test_a_full_day_takes_no_more_and_the_next_one_does() -> None:
    rules = Rules(most_per_day=2)
    sessions = count_by_day([at("2026-11-24T09:00"), at("2026-11-24T15:00"), at("2026-11-25T09:00")], "UTC")
    assert not has_room(date(2026, 11, 24), sessions, rules)
    assert has_room(date(2026, 11, 25), sessions, rules)


def test_a_full_week_takes_no_more_from_its_monday_to_its_sunday() -> None:
    rules = Rules(most_per_day=2, most_per_week=3)
    sessions = {date(2026, 11, 23): 1, date(2026, 11, 25): 1, date(2026, 11, 29): 1}
    days = [date(2026, 11, 22) + timedelta(days=place) for place in range(9)]
    assert [has_room(day, sessions, rules) for day in days] == [True, *[False] * 7, True]


def test_without_limits_there_is_always_room() -> None:
    assert has_room(date(2026, 11, 24), {date(2026, 11, 24): 99}, Rules())


@pytest.mark.parametrize(
    ("zone", "day"),
    [
        ("UTC", date(2026, 11, 24)),
        ("Asia/Kathmandu", date(2026, 11, 25)),
        ("Pacific/Auckland", date(2026, 11, 25)),
        ("America/New_York", date(2026, 11, 24)),
    ],
)
def test_a_session_counts_on_the_date_its_start_has_there(zone: str, day: date) -> None:
    assert count_by_day([at("2026-11-24T18:30")], zone) == {day: 1}


def test_slots_begin_on_the_half_hours_of_the_actors_clock() -> None:
    free = [span("2026-06-01T03:20", "2026-06-01T06:15")]  # 09:05 to 12:00 in Kathmandu
    starts = [slot.starts_at for slot in each_slot(free, 2 * HOUR, "Asia/Kathmandu")]
    assert starts == [at("2026-06-01T03:45"), at("2026-06-01T04:15")]


# case 31
def test_a_slot_over_a_clock_change_lasts_its_real_length() -> None:
    opening = every_day("Europe/London", (0, 24))
    free = open_intervals(opening, span("2026-10-25T00:00", "2026-10-25T06:00"))
    for slot in each_slot(free, 2 * HOUR, "Europe/London"):
        assert slot.length == 2 * HOUR


SLOTS_OVER_CHANGES = [
    # zone, day, the local starts of slots of one hour; a star marks the second of two equal times
    ("Europe/Berlin", "2026-03-29", ["00:30", "01:00", "01:30", "03:00", "03:30", "04:00"]),
    ("Europe/Berlin", "2026-10-25", ["00:30", "01:00", "01:30", "02:00", "02:30", "02:00*", "02:30*", "03:00"]),
    ("America/New_York", "2026-03-08", ["00:30", "01:00", "01:30", "03:00", "03:30", "04:00"]),
    ("Australia/Lord_Howe", "2026-10-04", ["00:30", "01:00", "01:30", "02:30", "03:00", "03:30", "04:00"]),
    ("Australia/Lord_Howe", "2026-04-05", ["00:30", "01:00", "01:30", "01:30*", "02:00", "02:30", "03:00"]),
    ("Asia/Kolkata", "2026-03-29", ["00:30", "01:00", "01:30", "02:00", "02:30", "03:00", "03:30"]),
]


@pytest.mark.parametrize(("zone", "day", "starts"), SLOTS_OVER_CHANGES)
def test_slots_on_the_day_of_a_change_begin_where_the_clock_shows_a_half_hour(
    zone: str, day: str, starts: list[str]
) -> None:
    midnight = day_span(date.fromisoformat(day), date.fromisoformat(day), zone).starts_at
    free = [Interval(midnight + HOUR / 2, midnight + 5 * HOUR)]
    shown = [slot.starts_at.astimezone(ZoneInfo(zone)) for slot in each_slot(free, HOUR, zone)]
    assert [f"{one:%H:%M}{'*' if one.fold else ''}" for one in shown][: len(starts)] == starts


def test_whole_days_are_as_long_as_they_are_there() -> None:
    days = [
        ("Europe/Berlin", "2026-03-29", 23),
        ("Europe/Berlin", "2026-10-25", 25),
        ("Asia/Kolkata", "2026-10-25", 24),
        ("Australia/Lord_Howe", "2026-10-04", 23.5),
        ("Africa/Cairo", "2026-04-24", 23),
    ]
    for zone, text, hours in days:
        day = date.fromisoformat(text)
        assert day_span(day, day, zone).length == hours * HOUR, zone
    assert day_span(date(2026, 4, 24), date(2026, 4, 24), "Africa/Cairo").starts_at == at("2026-04-23T22:00")


def test_who_moves_takes_the_clock_along() -> None:
    nine = at("2026-11-24T08:00")  # 09:00 in Berlin
    assert same_clock(nine, "Europe/Berlin", "America/New_York") == at("2026-11-24T14:00")
    assert same_clock(at("2026-03-29T02:30"), "Europe/Lisbon", "Asia/Kathmandu") == at("2026-03-28T21:45")
    skipped = at("2026-03-29T02:30")  # 02:30 in Accra does not exist in Berlin that day
    assert same_clock(skipped, "Africa/Accra", "Europe/Berlin") == at("2026-03-29T01:00")
    second = at("2026-10-25T01:30")  # 02:30 in Berlin for the second time
    assert same_clock(second, "Europe/Berlin", "Africa/Accra") == at("2026-10-25T02:30")


def test_a_time_that_comes_twice_is_known_by_both_its_instants() -> None:
    assert is_doubled(at("2026-10-25T00:30"), "Europe/Berlin")
    assert is_doubled(at("2026-10-25T01:30"), "Europe/Berlin")
    assert not is_doubled(at("2026-10-25T02:30"), "Europe/Berlin")
    assert not is_doubled(at("2026-03-29T01:00"), "Europe/Berlin")


def test_slots_are_grouped_by_the_readers_day() -> None:
    slots = [span("2026-11-24T22:30", "2026-11-24T23:30"), span("2026-11-24T23:30", "2026-11-25T00:30")]
    assert by_local_day(slots, "Europe/Berlin") == {date(2026, 11, 24): slots[:1], date(2026, 11, 25): slots[1:]}
    assert by_local_day(slots, "UTC") == {date(2026, 11, 24): slots}


def test_the_nearest_times_come_in_order() -> None:
    slots = [span(f"2026-11-24T{h:02}:00", f"2026-11-24T{h + 1:02}:00") for h in (9, 11, 15, 18)]
    assert nearest_slots(slots, at("2026-11-24T14:00"), 2) == [slots[1], slots[2]]


GAPS = [
    # a local time that is skipped, one that comes twice, and its two instants
    ("Europe/Berlin", "2026-03-29T02:30", "2026-10-25T02:30", "2026-10-25T00:30", "2026-10-25T01:30"),
    ("America/New_York", "2026-03-08T02:30", "2026-11-01T01:30", "2026-11-01T05:30", "2026-11-01T06:30"),
    ("Australia/Lord_Howe", "2026-10-04T02:15", "2026-04-05T01:45", "2026-04-04T14:45", "2026-04-04T15:15"),
    ("Australia/Adelaide", "2026-10-04T02:30", "2026-04-05T02:30", "2026-04-04T16:00", "2026-04-04T17:00"),
    ("Pacific/Auckland", "2026-09-27T02:30", "2026-04-05T02:30", "2026-04-04T13:30", "2026-04-04T14:30"),
    ("America/St_Johns", "2026-03-08T02:30", "2026-11-01T01:30", "2026-11-01T04:00", "2026-11-01T05:00"),
]


# case 31
@pytest.mark.parametrize(("zone", "skipped", "doubled", "first", "second"), GAPS)
def test_a_time_in_a_gap_is_refused_and_one_that_comes_twice_is_asked_about(
    zone: str, skipped: str, doubled: str, first: str, second: str
) -> None:
    with pytest.raises(SkippedTime):
        instant_of(datetime.fromisoformat(skipped), zone)
    with pytest.raises(DoubledTime):
        instant_of(datetime.fromisoformat(doubled), zone)
    assert [instant_of(datetime.fromisoformat(doubled), zone, fold=fold) for fold in (0, 1)] == [at(first), at(second)]


@pytest.mark.parametrize("zone", ["America/Sao_Paulo", "Asia/Kolkata", "Asia/Kathmandu", "Africa/Lagos"])
def test_a_zone_without_changes_has_every_local_time_once(zone: str) -> None:
    moment = datetime.fromisoformat("2026-01-01T00:30")
    while moment.year == 2026:
        assert instant_of(moment, zone).astimezone(ZoneInfo(zone)).replace(tzinfo=None) == moment
        moment += timedelta(days=1)


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


def test_an_interval_is_widened_no_further_than_dates_go() -> None:
    last = span("9999-12-31T20:00", "9999-12-31T22:00")
    assert last.widened(HOUR, 3 * HOUR) == Interval(at("9999-12-31T19:00"), datetime.max.replace(tzinfo=UTC))
    first = span("0001-01-01T01:00", "0001-01-01T02:00")
    assert first.widened(3 * HOUR, HOUR).starts_at == datetime.min.replace(tzinfo=UTC)


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


@given(INTERVALS, INTERVALS)
def test_what_is_in_both_agrees_with_counting_minutes(one: list[Interval], other: list[Interval]) -> None:
    common = intersect(merge(one), merge(other))
    assert minutes_of(common) == minutes_of(one) & minutes_of(other)
    assert all(before.ends_at <= after.starts_at for before, after in pairwise(common))
