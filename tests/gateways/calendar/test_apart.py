"""Whatever a calendar holds, reading it ends on time, and only its busy times come out."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from time import monotonic

import pytest

from marketplace.domain.availability import Interval
from marketplace.gateways.calendar.apart import read_busy
from marketplace.gateways.calendar.content import CalendarRefused

WINDOW = Interval(datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 5, 1, tzinfo=UTC))


def calendar(*events: str, zone: str = "") -> bytes:
    body = "".join(f"BEGIN:VEVENT\n{event}\nEND:VEVENT\n" for event in events)
    return f"BEGIN:VCALENDAR\n{zone}{body}END:VCALENDAR\n".encode()


def test_busy_times_come_out_of_the_process_as_they_went_in() -> None:
    data = calendar("DTSTART:20260310T090000\nDURATION:PT1H\nRRULE:FREQ=DAILY;COUNT=2\nSUMMARY:é 日本 🎬")
    assert read_busy(data, "Asia/Kathmandu", WINDOW) == [
        Interval(datetime(2026, 3, 10, 3, 15, tzinfo=UTC), datetime(2026, 3, 10, 4, 15, tzinfo=UTC)),
        Interval(datetime(2026, 3, 11, 3, 15, tzinfo=UTC), datetime(2026, 3, 11, 4, 15, tzinfo=UTC)),
    ]


def test_a_refusal_comes_out_as_a_refusal() -> None:
    with pytest.raises(CalendarRefused) as refusal:
        read_busy(b"<html>", "UTC", WINDOW)
    assert refusal.value.code == "calendar_none"
    assert (
        refusal.value.sentence == "This is not a calendar file: it may be a web page. No busy times were taken from it."
    )


def test_what_breaks_the_process_is_a_refusal() -> None:
    with pytest.raises(CalendarRefused):
        read_busy(calendar("DTSTART:20260310T090000Z"), "No/Zone", WINDOW)


ZONE_BOMB = (
    "BEGIN:VTIMEZONE\nTZID:Bomb\nBEGIN:STANDARD\nDTSTART:19700101T000000\nTZOFFSETFROM:+0000\nTZOFFSETTO:+0100\n"
    "RRULE:FREQ=SECONDLY\nEND:STANDARD\nBEGIN:DAYLIGHT\nDTSTART:19700101T000000\nTZOFFSETFROM:+0100\n"
    "TZOFFSETTO:+0000\nRRULE:FREQ=SECONDLY\nEND:DAYLIGHT\nEND:VTIMEZONE\n"
)


# case 37
@pytest.mark.parametrize(
    "data",
    [
        calendar(
            "DTSTART:20260310T090000Z\nDURATION:PT1H\nRRULE:FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30;BYHOUR=1,2,3",
            *["DTSTART:20260310T090000Z\nDURATION:PT1H\nRRULE:FREQ=HOURLY;BYMONTH=2;BYMONTHDAY=30"] * 20,
        ),
        calendar(
            f"DTSTART:19700101T000000Z\nDURATION:PT1S\nRRULE:FREQ=DAILY;BYHOUR={','.join(map(str, range(24)))}"
            f";BYMINUTE={','.join(map(str, range(60)))};BYSECOND={','.join(map(str, range(60)))}"
        ),
        calendar("DTSTART;TZID=Bomb:20260310T090000\nDURATION:PT1H", zone=ZONE_BOMB),
    ],
)
def test_a_bomb_is_ended_on_time(data: bytes) -> None:
    began = monotonic()
    with pytest.raises(CalendarRefused) as refusal:
        read_busy(data, "UTC", WINDOW, seconds=1.5)
    assert refusal.value.code == "calendar_too_slow"
    assert monotonic() - began < 10


def test_the_process_knows_no_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its environment is made anew: what would stop a Python that reads it does not."""
    monkeypatch.setenv("PYTHONHOME", "/nowhere")
    assert read_busy(calendar(), "UTC", WINDOW) == []
    assert os.environ["PYTHONHOME"] == "/nowhere"
