"""What goes out is a calendar that others read as it was meant, clock changes and awkward texts included."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from dateutil.tz import tzical
from hypothesis import given, settings
from hypothesis import strategies as st
from icalendar import Calendar

from marketplace.domain.availability import Interval, merge
from marketplace.gateways.calendar.busy import busy_times
from marketplace.gateways.calendar.feed import FeedEntry, Mailbox, invite_type, write_feed, write_invite
from marketplace.gateways.calendar.zone_text import zone_definition

NOW = datetime(2026, 3, 1, 8, tzinfo=UTC)
YEAR = Interval(datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC))
ZONES = [
    "Europe/Berlin", "Europe/Dublin", "America/New_York", "America/St_Johns", "America/Santiago", "Australia/Adelaide",
    "Australia/Lord_Howe", "Asia/Kolkata", "Asia/Kathmandu", "Asia/Tehran", "Pacific/Chatham", "Africa/Cairo",
    "Africa/Casablanca", "UTC",
]  # fmt: skip


def entry(
    starts_at: datetime = datetime(2026, 3, 28, 9, tzinfo=UTC),
    hours: float = 2,
    zone: str = "Europe/Berlin",
    cancelled: bool = False,
    uid: str = "booking-1@marquee.example",
    summary: str = "Capture session",
) -> FeedEntry:
    return FeedEntry(
        uid=uid,
        sequence=3,
        starts_at=starts_at,
        ends_at=starts_at + timedelta(hours=hours),
        zone=zone,
        summary=summary,
        description="Fury, held back.\nBring water; no make-up.",
        url="https://marquee.example/actor/booking/1",
        cancelled=cancelled,
        updated_at=datetime(2026, 2, 1, tzinfo=UTC),
    )


def event_of(data: bytes) -> Any:
    """The one event, whose values have many types."""
    [event] = Calendar.from_ical(data).walk("VEVENT")
    return event


def test_an_entry_is_told_in_its_zone_with_its_version() -> None:
    event = event_of(write_feed([entry()], name="Bookings", now=NOW))
    assert event["UID"] == "booking-1@marquee.example"
    assert event["SEQUENCE"] == 3
    assert event["STATUS"] == "CONFIRMED"
    assert event["TRANSP"] == "OPAQUE"
    assert event["DTSTART"].params["TZID"] == "Europe/Berlin"
    assert event["DTSTART"].dt == datetime(2026, 3, 28, 10, tzinfo=ZoneInfo("Europe/Berlin"))
    assert event["DTEND"].dt == datetime(2026, 3, 28, 12, tzinfo=ZoneInfo("Europe/Berlin"))
    assert event["DTSTAMP"].dt == NOW
    assert event["LAST-MODIFIED"].dt == datetime(2026, 2, 1, tzinfo=UTC)
    assert event["DESCRIPTION"] == "Fury, held back.\nBring water; no make-up."
    assert event["URL"] == "https://marquee.example/actor/booking/1"


def test_a_cancelled_entry_stays_and_says_so() -> None:
    data = write_feed([entry(cancelled=True)], name="Bookings", now=NOW)
    assert event_of(data)["STATUS"] == "CANCELLED"
    assert busy_times(data, "UTC", YEAR) == []


def test_an_empty_feed_is_still_a_calendar() -> None:
    data = write_feed([], name="Jo, “J”; Doe", now=NOW)
    assert busy_times(data, "UTC", YEAR) == []
    assert "\r\nX-WR-CALNAME:Jo\\, “J”\\; Doe\r\n" in data.decode()


def test_lines_end_and_fold_as_the_format_wants() -> None:
    data = write_feed([entry(summary="日本" * 60)], name="Bookings", now=NOW)
    assert data.endswith(b"END:VCALENDAR\r\n")
    assert all(len(line) <= 75 for line in data.split(b"\r\n"))
    assert data.count(b"\n") == data.count(b"\r\n")
    assert event_of(data)["SUMMARY"] == "日本" * 60


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r", "\x0b", "\x0c", "\x85", "\u2028"])
def test_a_text_cannot_add_lines_of_its_own(ending: str) -> None:
    text = f"x{ending}END:VEVENT{ending}BEGIN:VEVENT{ending}DTSTART:20260310T090000Z{ending}DURATION:PT9H"
    data = write_feed([entry(summary=text)], name=text, now=NOW)
    assert len(Calendar.from_ical(data).walk("VEVENT")) == 1
    assert [one.starts_at for one in busy_times(data, "UTC", YEAR)] == [entry().starts_at]


def test_the_second_of_two_equal_hours_is_told_in_utc() -> None:
    doubled = datetime(2026, 10, 25, 1, 30, tzinfo=UTC)  # 02:30 in Berlin, for the second time
    data = write_feed([entry(doubled)], name="Bookings", now=NOW)
    assert b"DTSTART:20261025T013000Z" in data
    assert b"VTIMEZONE" not in data
    assert busy_times(data, "UTC", YEAR) == [Interval(doubled, doubled + timedelta(hours=2))]


# invitations ---------------------------------------------------------------------------------------------

HOUSE = Mailbox("Marquee", "bookings@marquee.example")
JO = Mailbox('Jo "J" Doe; x\r\nATTENDEE:y', "jo@actor.example")


def test_a_request_asks_to_enter_it() -> None:
    data = write_invite(entry(), "REQUEST", organizer=HOUSE, attendees=[JO], now=NOW)
    event = event_of(data)
    assert Calendar.from_ical(data)["METHOD"] == "REQUEST"
    assert event["STATUS"] == "CONFIRMED"
    assert event["ORGANIZER"] == "mailto:bookings@marquee.example"
    assert event["ATTENDEE"] == "mailto:jo@actor.example"
    assert event["ATTENDEE"].params["CN"] == "Jo 'J' Doe; x ATTENDEE:y"
    assert invite_type("REQUEST") == "text/calendar; charset=utf-8; method=REQUEST"


def test_a_cancel_takes_it_out_by_the_same_name() -> None:
    request = event_of(write_invite(entry(), "REQUEST", organizer=HOUSE, attendees=[JO], now=NOW))
    cancel = event_of(write_invite(entry(), "CANCEL", organizer=HOUSE, attendees=[JO], now=NOW))
    assert (cancel["STATUS"], cancel["TRANSP"]) == ("CANCELLED", "TRANSPARENT")
    for name in ("UID", "SEQUENCE", "ORGANIZER", "DTSTART"):
        assert cancel[name] == request[name]


def test_an_address_with_a_line_end_is_never_written() -> None:
    with pytest.raises(ValueError, match="CR or LF"):
        write_invite(entry(), "REQUEST", organizer=Mailbox("x", "a@b.example\nX:y"), attendees=[], now=NOW)


# zones ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ZONES)
def test_a_zones_definition_agrees_with_the_database_all_the_year(name: str) -> None:
    """Another program's reading of our definition, each hour of a year by the wall clock."""
    text = zone_definition(name, YEAR).to_ical().decode()
    defined, true = tzical(StringIO(text)).get(), ZoneInfo(name)
    assert defined is not None
    wall = datetime(2026, 1, 2)  # noqa: DTZ001 a wall clock has no zone
    while wall.year == 2026:
        aware = wall.replace(tzinfo=true)
        if aware.astimezone(UTC).astimezone(true) == aware and not _is_skipped_or_doubled(aware):
            assert wall.replace(tzinfo=defined).utcoffset() == aware.utcoffset(), wall
        wall += timedelta(hours=1)


def _is_skipped_or_doubled(aware: datetime) -> bool:
    return aware.replace(fold=1).utcoffset() != aware.utcoffset()


@pytest.mark.parametrize("name", ZONES)
def test_a_feed_reads_back_the_same_whether_or_not_the_reader_knows_the_zone(name: str) -> None:
    """Renamed, the zone is known by its definition in the feed alone."""
    starts = [datetime(2026, month, day, 12, tzinfo=UTC) for month in range(1, 13) for day in (1, 8, 15, 28)]
    entries = [entry(starts_at, zone=name, uid=str(starts_at)) for starts_at in starts]
    data = write_feed(entries, name="Bookings", now=NOW)
    expected = [Interval(one.starts_at, one.ends_at) for one in entries]
    assert busy_times(data, "Asia/Tokyo", YEAR) == expected
    assert busy_times(data.replace(name.encode(), b"Our Own"), "Asia/Tokyo", YEAR) == expected


@st.composite
def entries(draw: st.DrawFn) -> list[FeedEntry]:
    count = draw(st.integers(0, 8))
    minutes = st.integers(0, 365 * 24 * 60 - 1)
    return [
        entry(
            YEAR.starts_at + timedelta(minutes=draw(minutes)),
            hours=draw(st.integers(1, 72 * 60)) / 60,
            zone=draw(st.sampled_from(ZONES)),
            cancelled=draw(st.booleans()),
            uid=f"{number}@marquee.example",
            summary=draw(st.text(max_size=40)),
        )
        for number in range(count)
    ]


@given(entries(), st.sampled_from(ZONES))
@settings(max_examples=60, deadline=None)
def test_what_is_written_is_read_back(written: list[FeedEntry], reader: str) -> None:
    whole = [Interval(one.starts_at, one.ends_at) for one in written if not one.cancelled]
    expected = merge(clip for one in whole if (clip := one.clipped(YEAR)))
    assert busy_times(write_feed(written, name="Bookings", now=NOW), reader, YEAR) == expected
