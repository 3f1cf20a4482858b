"""Busy times are read as their owner meant them: zones, repetitions, exceptions, whole days."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marketplace.domain.availability import Interval, merge
from marketplace.gateways.calendar.busy import busy_times
from marketplace.gateways.calendar.content import CalendarRefused

SPRING_2026 = Interval(datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 5, 1, tzinfo=UTC))
YEAR_2026 = Interval(datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC))


def calendar(*events: str) -> bytes:
    """A calendar of events that are given by their lines."""
    body = "".join(f"BEGIN:VEVENT\n{event.strip()}\nEND:VEVENT\n" for event in events)
    return f"BEGIN:VCALENDAR\nVERSION:2.0\n{body}END:VCALENDAR\n".replace("\n", "\r\n").encode()


def busy(data: bytes, zone: str = "Europe/Berlin", window: Interval = SPRING_2026) -> list[str]:
    """Each interval as "03-28 23:00 +2:00:00": its start in UTC and its length."""
    return [f"{one.starts_at:%m-%d %H:%M} +{one.length}" for one in busy_times(data, zone, window)]


# single events -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("DTSTART:20260310T090000Z\nDTEND:20260310T100000Z", "03-10 09:00 +1:00:00"),
        ("DTSTART;TZID=Asia/Kolkata:20260310T090000\nDTEND;TZID=Asia/Kolkata:20260310T100000", "03-10 03:30 +1:00:00"),
        ('DTSTART;TZID="Asia/Kolkata":20260310T090000\nDURATION:PT90M', "03-10 03:30 +1:30:00"),
        ("DTSTART:20260310T090000\nDTEND:20260310T100000", "03-10 08:00 +1:00:00"),
        ("DTSTART;VALUE=DATE:20260310", "03-09 23:00 +1 day, 0:00:00"),
        ("DTSTART;VALUE=DATE:20260310\nDTEND;VALUE=DATE:20260312", "03-09 23:00 +2 days, 0:00:00"),
        ("DTSTART;VALUE=DATE:20260310\nDTEND;VALUE=DATE:20260310", "03-09 23:00 +1 day, 0:00:00"),
        ("DTSTART;VALUE=DATE:20260329", "03-28 23:00 +23:00:00"),
        ("DTSTART;VALUE=DATE:20260310\nDURATION:P1W", "03-09 23:00 +7 days, 0:00:00"),
        ("DTSTART;TZID=W. Europe Standard Time:20260310T090000\nDURATION:PT1H", "03-10 08:00 +1:00:00"),
        ("DTSTART;TZID=/example.org/Tz/America/New_York:20260310T090000\nDURATION:PT1H", "03-10 13:00 +1:00:00"),
        ("DTSTART;TZID=Europe/Berlin:20260328T230000\nDURATION:PT8H", "03-28 22:00 +8:00:00"),
        ("DTSTART;TZID=Europe/Berlin:20260328T230000\nDURATION:P1D", "03-28 22:00 +23:00:00"),
        (
            "DTSTART;TZID=Europe/Berlin:20260328T230000\nDTEND;TZID=America/New_York:20260329T020000",
            "03-28 22:00 +8:00:00",
        ),
        ("DTSTART:20260310T100000Z\nDTEND:20260310T090000Z", "03-10 09:00 +1:00:00"),
        ("dtstart:20260310T090000Z\ndtend:20260310T1000\n 00Z", "03-10 09:00 +1:00:00"),
        ("SUMMARY:Dinner\n with DTSTART:20200101\nDTSTART:20260310T090000Z\nDURATION:PT1H", "03-10 09:00 +1:00:00"),
    ],
)
def test_an_event_takes_its_own_time(lines: str, expected: str) -> None:
    assert busy(calendar(lines)) == [expected]


@pytest.mark.parametrize(
    "lines",
    [
        "DTSTART:20260310T090000Z\nDTEND:20260310T100000Z\nTRANSP:TRANSPARENT",
        "DTSTART:20260310T090000Z\nDTEND:20260310T100000Z\nSTATUS:CANCELLED",
        "DTSTART:20260310T090000Z\nRRULE:FREQ=DAILY\nDURATION:PT1H\nTRANSP:transparent",
        "DTSTART:20260310T090000Z",
        "SUMMARY:no time at all",
        "DTSTART:20250310T090000Z\nDTEND:20250310T100000Z",
        "DTSTART:20260228T230000Z\nDTEND:20260301T000000Z",
        "DTSTART:20260501T000000Z\nDTEND:20260501T010000Z",
    ],
)
def test_what_takes_no_time_here_is_not_busy(lines: str) -> None:
    assert busy(calendar(lines)) == []


def test_an_alarm_inside_an_event_adds_nothing() -> None:
    alarm = "BEGIN:VALARM\nTRIGGER:-PT15M\nDURATION:PT5H\nDTSTART:20260311T090000Z\nEND:VALARM"
    assert busy(calendar(f"DTSTART:20260310T090000Z\nDTEND:20260310T100000Z\n{alarm}")) == ["03-10 09:00 +1:00:00"]


def test_events_that_touch_or_overlap_become_one() -> None:
    data = calendar(
        "DTSTART:20260310T090000Z\nDTEND:20260310T100000Z",
        "DTSTART:20260310T093000Z\nDTEND:20260310T110000Z",
        "DTSTART:20260310T110000Z\nDTEND:20260310T120000Z",
        "DTSTART:20260310T120001Z\nDTEND:20260310T130000Z",
    )
    assert busy(data) == ["03-10 09:00 +3:00:00", "03-10 12:00 +0:59:59"]


def test_what_reaches_over_the_window_is_cut_to_it() -> None:
    data = calendar("DTSTART:20200101T000000Z\nDTEND:20260301T060000Z", "DTSTART:20260430T180000Z\nDURATION:P90D")
    assert busy(data) == ["03-01 00:00 +6:00:00", "04-30 18:00 +6:00:00"]


def test_times_listed_as_busy_count_too() -> None:
    lines = (
        "FREEBUSY;FBTYPE=BUSY:20260310T090000Z/PT1H,20260311T090000Z/20260311T100000Z\n"
        "FREEBUSY;FBTYPE=FREE:20260312T090000Z/PT1H\nFREEBUSY;FBTYPE=BUSY-TENTATIVE:20260313T090000Z/PT1H\n"
    )
    data = f"BEGIN:VCALENDAR\nBEGIN:VFREEBUSY\n{lines}END:VFREEBUSY\nEND:VCALENDAR".encode()
    assert busy(data) == ["03-10 09:00 +1:00:00", "03-11 09:00 +1:00:00", "03-13 09:00 +1:00:00"]


# repetitions ---------------------------------------------------------------------------------------------


def test_a_series_keeps_its_wall_clock_over_the_clock_change() -> None:
    data = calendar("DTSTART;TZID=Europe/Berlin:20260322T100000\nDURATION:PT1H\nRRULE:FREQ=WEEKLY;COUNT=3")
    assert busy(data) == ["03-22 09:00 +1:00:00", "03-29 08:00 +1:00:00", "04-05 08:00 +1:00:00"]


def test_a_series_that_began_long_ago_is_found() -> None:
    data = calendar("DTSTART;TZID=Europe/Berlin:20100106T100000\nDURATION:PT1H\nRRULE:FREQ=WEEKLY;INTERVAL=8;BYDAY=WE")
    assert busy(data) == ["04-08 08:00 +1:00:00"]


@pytest.mark.parametrize(
    ("until", "days"),
    [
        ("20260312", ["10", "11", "12"]),
        ("20260312T100000Z", ["10", "11"]),
        ("20260312T130000Z", ["10", "11", "12"]),
        ("20260312T090000", ["10", "11", "12"]),
        ("20260312T085959", ["10", "11"]),
    ],
)
def test_a_series_ends_where_it_says(until: str, days: list[str]) -> None:
    data = calendar(f"DTSTART;TZID=America/New_York:20260310T090000\nDURATION:PT1H\nRRULE:FREQ=DAILY;UNTIL={until}")
    assert [one[3:5] for one in busy(data)] == days


@pytest.mark.parametrize("zone", ["America/Los_Angeles", "Europe/Berlin", "Pacific/Auckland"])
def test_a_series_of_days_ends_with_its_last_day(zone: str) -> None:
    data = calendar("DTSTART;VALUE=DATE:20260310\nRRULE:FREQ=DAILY;UNTIL=20260312")
    [one] = busy_times(data, zone, SPRING_2026)
    assert one.starts_at.astimezone(ZoneInfo(zone)).isoformat()[:16] == "2026-03-10T00:00"
    assert one.length == timedelta(days=3)


@pytest.mark.parametrize(
    "exception",
    [
        "EXDATE;TZID=Europe/Berlin:20260311T100000",
        "EXDATE:20260311T090000Z",
        "EXDATE;VALUE=DATE:20260311",
        "EXDATE;TZID=America/New_York:20260311T050000",
        "EXDATE:20260411T100000,20260311T100000",
    ],
)
def test_an_exception_is_taken_out_however_it_is_told(exception: str) -> None:
    data = calendar(f"DTSTART;TZID=Europe/Berlin:20260310T100000\nDURATION:PT1H\nRRULE:FREQ=DAILY;COUNT=3\n{exception}")
    assert busy(data) == ["03-10 09:00 +1:00:00", "03-12 09:00 +1:00:00"]


@pytest.mark.parametrize(
    "exception", ["EXDATE;VALUE=DATE:20260311", "EXDATE:20260311T000000", "EXDATE:20260311T000000Z"]
)
def test_a_day_is_taken_out_of_a_series_of_days(exception: str) -> None:
    data = calendar(f"DTSTART;VALUE=DATE:20260310\nRRULE:FREQ=DAILY;COUNT=3\n{exception}")
    assert busy(data) == ["03-09 23:00 +1 day, 0:00:00", "03-11 23:00 +1 day, 0:00:00"]


def test_added_dates_and_periods_count() -> None:
    data = calendar(
        "DTSTART:20260310T090000Z\nDURATION:PT1H\nRDATE:20260312T090000Z,20260313T090000Z\n"
        "RDATE;VALUE=PERIOD:20260314T090000Z/PT3H"
    )
    assert busy(data) == [
        "03-10 09:00 +1:00:00", "03-12 09:00 +1:00:00", "03-13 09:00 +1:00:00", "03-14 09:00 +3:00:00",
    ]  # fmt: skip


SERIES = "UID:1\nDTSTART;TZID=Europe/Berlin:20260310T100000\nDURATION:PT1H\nRRULE:FREQ=DAILY;COUNT=3"


@pytest.mark.parametrize(
    ("override", "expected"),
    [
        (
            "UID:1\nRECURRENCE-ID;TZID=Europe/Berlin:20260311T100000\nDTSTART:20260311T140000Z\nDURATION:PT2H",
            ["03-10 09:00 +1:00:00", "03-11 14:00 +2:00:00", "03-12 09:00 +1:00:00"],
        ),
        (
            "UID:1\nRECURRENCE-ID:20260311T090000Z\nDTSTART;TZID=Europe/Berlin:20260420T100000\nDURATION:PT1H",
            ["03-10 09:00 +1:00:00", "03-12 09:00 +1:00:00", "04-20 08:00 +1:00:00"],
        ),
        (
            "UID:1\nRECURRENCE-ID:20260311T090000Z\nDTSTART:20260311T090000Z\nDURATION:PT1H\nSTATUS:CANCELLED",
            ["03-10 09:00 +1:00:00", "03-12 09:00 +1:00:00"],
        ),
        (
            "UID:1\nRECURRENCE-ID:20260311T090000Z\nDTSTART:20260311T090000Z\nDURATION:PT1H\nTRANSP:TRANSPARENT",
            ["03-10 09:00 +1:00:00", "03-12 09:00 +1:00:00"],
        ),
        (
            "UID:1\nRECURRENCE-ID;RANGE=THISANDFUTURE:20260311T090000Z\nDTSTART:20260311T110000Z\nDURATION:PT2H",
            ["03-10 09:00 +1:00:00", "03-11 11:00 +2:00:00", "03-12 11:00 +2:00:00"],
        ),
    ],
)
def test_an_occurrence_can_be_moved_or_called_off(override: str, expected: list[str]) -> None:
    assert busy(calendar(SERIES, override)) == expected
    assert busy(calendar(override, SERIES)) == expected


def test_an_occurrence_moved_here_from_outside_the_window_is_found() -> None:
    series = "UID:1\nDTSTART:20250101T090000Z\nDURATION:PT1H\nRRULE:FREQ=DAILY;COUNT=3"
    moved = "UID:1\nRECURRENCE-ID:20250102T090000Z\nDTSTART:20260310T090000Z\nDURATION:PT1H"
    assert busy(calendar(series, moved)) == ["03-10 09:00 +1:00:00"]


def test_of_two_versions_the_later_one_counts() -> None:
    old = "UID:1\nSEQUENCE:1\nDTSTART:20260310T090000Z\nDURATION:PT1H"
    new = "UID:1\nSEQUENCE:2\nDTSTART:20260311T090000Z\nDURATION:PT1H"
    assert busy(calendar(new, old)) == ["03-11 09:00 +1:00:00"]


# zones ---------------------------------------------------------------------------------------------------

DST = {
    "Europe/Berlin": ("2026-03-28 23:00", 23, "2026-10-24 22:00", 25),
    "America/New_York": ("2026-03-08 05:00", 23, "2026-11-01 04:00", 25),
    "America/St_Johns": ("2026-03-08 03:30", 23, "2026-11-01 02:30", 25),
    "Australia/Adelaide": ("2026-10-03 14:30", 23, "2026-04-04 13:30", 25),
    "Australia/Lord_Howe": ("2026-10-03 13:30", 23.5, "2026-04-04 13:00", 24.5),
    "Asia/Kolkata": ("2026-03-28 18:30", 24, "2026-10-24 18:30", 24),
    "Asia/Kathmandu": ("2026-03-28 18:15", 24, "2026-10-24 18:15", 24),
    "Pacific/Chatham": ("2026-09-26 11:15", 23, "2026-04-04 10:15", 25),
    "Africa/Cairo": ("2026-04-23 22:00", 23, "2026-10-28 21:00", 25),
    "America/Santiago": ("2026-09-06 04:00", 23, "2026-04-04 03:00", 25),
}


@pytest.mark.parametrize("zone", DST)
def test_a_whole_day_is_as_long_as_it_is_there(zone: str) -> None:
    """The days on which clocks change: in Cairo and Santiago they do so at midnight itself."""
    forward, short, back, long = DST[zone]
    for midnight, hours in ((forward, short), (back, long)):
        starts_at = datetime.fromisoformat(midnight).replace(tzinfo=UTC)
        day = (starts_at + timedelta(hours=2)).astimezone(ZoneInfo(zone)).date()
        [one] = busy_times(calendar(f"DTSTART;VALUE=DATE:{day:%Y%m%d}"), zone, YEAR_2026)
        assert (one.starts_at, one.length) == (starts_at, timedelta(hours=hours))


@pytest.mark.parametrize("zone", DST)
def test_a_daily_series_is_at_its_wall_clock_each_day_of_the_year(zone: str) -> None:
    data = calendar(f"DTSTART;TZID={zone}:20250101T120000\nDURATION:PT1H\nRRULE:FREQ=DAILY")
    floating = calendar("DTSTART:20250101T120000\nDURATION:PT1H\nRRULE:FREQ=DAILY")
    found = busy_times(data, "UTC", YEAR_2026)
    assert [one.starts_at.astimezone(ZoneInfo(zone)).strftime("%H:%M") for one in found] == ["12:00"] * len(found)
    assert len(found) in (365, 366)
    assert busy_times(floating, zone, YEAR_2026) == found


ODD_ZONE = """BEGIN:VTIMEZONE
TZID:Customized Time Zone
BEGIN:STANDARD
DTSTART:16010101T030000
TZOFFSETFROM:{summer}
TZOFFSETTO:{winter}
RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10
END:STANDARD
BEGIN:DAYLIGHT
DTSTART:16010101T020000
TZOFFSETFROM:{winter}
TZOFFSETTO:{summer}
RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3
END:DAYLIGHT
END:VTIMEZONE
"""
ODD_EVENT = "DTSTART;TZID=Customized Time Zone:20260328T100000\nDURATION:PT1H\nRRULE:FREQ=DAILY;COUNT=2"


def odd(winter: str, summer: str) -> bytes:
    definition = ODD_ZONE.format(winter=winter, summer=summer).encode()
    return calendar(ODD_EVENT).replace(b"VERSION:2.0\r\n", b"VERSION:2.0\r\n" + definition)


def test_a_zone_that_the_calendar_defines_itself_is_used() -> None:
    assert busy(odd("+0100", "+0200")) == ["03-28 09:00 +1:00:00", "03-29 08:00 +1:00:00"]


def test_one_calendars_zone_means_nothing_to_the_next() -> None:
    assert busy(odd("-0330", "-0230")) == ["03-28 13:30 +1:00:00", "03-29 12:30 +1:00:00"]
    assert busy(odd("+0100", "+0200")) == ["03-28 09:00 +1:00:00", "03-29 08:00 +1:00:00"]
    with pytest.raises(CalendarRefused):
        busy(calendar(ODD_EVENT))


def test_the_second_of_two_equal_hours_is_told_in_utc() -> None:
    window = Interval(datetime(2026, 10, 1, tzinfo=UTC), datetime(2026, 11, 1, tzinfo=UTC))
    data = calendar("DTSTART;TZID=Europe/Berlin:20261025T020000\nDTEND:20261025T013000Z")
    assert busy(data, window=window) == ["10-25 00:00 +1:30:00"]


# what is refused -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "calendar_none"),
        (b"<!doctype html><title>Log in</title>", "calendar_none"),
        (b"\x00\xff\xfe", "calendar_none"),
        (b"BEGIN:VCARD\r\nEND:VCARD\r\n", "calendar_none"),
        (calendar("DTSTART:20260310T090000Z")[:-16], "calendar_cut"),
        (calendar("DTSTART:20260310T090000Z")[:-40], "calendar_cut"),
        (b"BEGIN:VCALENDAR\nBEGIN:VEVENT\nEND:VCALENDAR\n", "calendar_refused"),
        (b"BEGIN:VCALENDAR\nEND:VCALENDAR\nEND:VCALENDAR\n", "calendar_refused"),
        (calendar("DTSTART:tomorrow"), "calendar_refused"),
        (calendar("DTSTART:20261340T090000Z"), "calendar_refused"),
        (calendar("DTSTART:20260230"), "calendar_refused"),
        (calendar("DTSTART:20260310T256100Z"), "calendar_refused"),
        (calendar("DTSTART:00000101T000000Z"), "calendar_refused"),
        (calendar("DTSTART:00010101T000000\nRRULE:FREQ=DAILY"), "calendar_refused"),
        (calendar("DTSTART;TZID=Mars/Base:20260310T090000"), "calendar_refused"),
        (calendar("DTSTART;TZID=../../etc/passwd:20260310T090000"), "calendar_refused"),
        (calendar("DTSTART:20260310T090000Z\nDURATION:P1Y"), "calendar_refused"),
        (calendar("DTSTART:99981231T090000Z\nDURATION:P99999W"), "calendar_refused"),
        (calendar("DTSTART:20260310T090000Z\nDURATION:PT1H\nRRULE:FREQ=DAILY;BYDAY=XX"), "calendar_refused"),
        (calendar("DTSTART:20260310T090000Z\nDURATION:PT1H\nRRULE:FREQ=DAILY;FREQ=WEEKLY"), "calendar_refused"),
        (calendar("DTSTART:20260310T090000Z\nDURATION:PT1H\nRRULE:FREQ=DAILY;INTERVAL=0"), "calendar_refused"),
        (calendar("DTSTART:20260310T090000Z\nRRULE:FREQ=YEARLY;BYDAY=61SU;BYMONTH=3"), "calendar_refused"),
        (calendar("DTSTART:20260310T090000Z\nDURATION:PT1H\nRRULE:"), "calendar_too_many"),
        (calendar("DTSTART:20260310T090000Z\nDURATION:PT1H\nRRULE:FREQ=SECONDLY"), "calendar_too_many"),
        (calendar("DTSTART:20260310T090000Z\nDURATION:PT1H\nRRULE:freq=minutely"), "calendar_too_many"),
        (calendar(*["DTSTART:20260310T090000Z\nDURATION:PT1H\nRRULE:FREQ=HOURLY"] * 20), "calendar_too_many"),
        (calendar(*["X:"] * 20_001), "calendar_too_many"),
    ],
)
def test_what_is_not_wholly_understood_is_refused(data: bytes, code: str) -> None:
    with pytest.raises(CalendarRefused) as refusal:
        busy_times(data, "Europe/Berlin", SPRING_2026)
    assert refusal.value.code == code
    assert refusal.value.sentence.endswith("No busy times were taken from it.")
    assert json.dumps(refusal.value.sentence)


EVERYTHING = odd("+0100", "+0200").replace(
    b"END:VCALENDAR",
    calendar(
        SERIES + "\nEXDATE:20260311T090000Z\nRDATE;VALUE=PERIOD:20260325T090000Z/PT1H",
        "UID:1\nSEQUENCE:2\nRECURRENCE-ID;RANGE=THISANDFUTURE:20260312T090000Z\nDTSTART:20260312T120000Z\nDURATION:PT2H",
        "DTSTART;VALUE=DATE:20260407\nDTEND;VALUE=DATE:20260408\nRRULE:FREQ=WEEKLY;UNTIL=20260420",
    ).partition(b"VERSION:2.0\r\n")[2],
)


@given(st.lists(st.tuples(st.integers(0, len(EVERYTHING)), st.integers(0, 4), st.binary(max_size=3)), max_size=3))
@settings(max_examples=200, deadline=None)
def test_a_damaged_calendar_is_read_or_refused_and_nothing_else(damages: list[tuple[int, int, bytes]]) -> None:
    data = EVERYTHING
    for place, gone, new in damages:
        data = data[:place] + new + data[place + gone :]
    try:
        found = busy_times(data, "Europe/Berlin", SPRING_2026)
    except CalendarRefused:
        return
    assert found == merge(found)
    assert all(SPRING_2026.contains(one) for one in found)


def test_an_undamaged_calendar_with_everything_in_it_is_read() -> None:
    assert len(busy(EVERYTHING)) == 7


def test_a_window_without_end_is_a_mistake_of_ours() -> None:
    with pytest.raises(ValueError, match="750 days"):
        busy_times(calendar(), "UTC", Interval(datetime(2026, 1, 1, tzinfo=UTC), datetime(2036, 1, 1, tzinfo=UTC)))


def test_titles_and_people_are_never_kept() -> None:
    secret = "SUMMARY:Casting at Rival Studios\nATTENDEE;CN=Jo:mailto:jo@example.org\nDTSTART:2026\n 0310T09x"
    with pytest.raises(CalendarRefused) as refusal:
        busy_times(calendar(secret), "UTC", SPRING_2026)
    assert "Rival" not in refusal.value.sentence


def test_our_own_events_that_come_back_are_left_out() -> None:
    ours = calendar("UID:booking-7@marquee.example\nDTSTART:20260310T090000Z\nDURATION:PT1H")
    window = Interval(datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 4, 1, tzinfo=UTC))
    assert busy_times(ours, "UTC", window, "@marquee.example") == []
    assert len(busy_times(ours, "UTC", window, "@other.example")) == 1
    assert len(busy_times(ours, "UTC", window)) == 1
