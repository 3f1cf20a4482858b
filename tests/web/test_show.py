"""Amounts, times and counts read as people write them, to the minor unit and across clock changes."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from marketplace.domain.money import Money
from marketplace.web import show
from marketplace.web.status import STATUS, status

AT = datetime(2026, 11, 24, 14, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("minor", "currency", "words", "short"),
    [
        (125_050, "USD", "$1,250.50", "$1,250.50"),
        (18_000, "USD", "$180.00", "$180"),
        (900, "JPY", "¥900", "¥900"),
        (1_234, "KWD", "KWD\xa01.234", "KWD\xa01.234"),
        (5_000, "KWD", "KWD\xa05.000", "KWD\xa05"),
        (-4_320, "EUR", "-€43.20", "-€43.20"),
        (0, "GBP", "£0.00", "£0"),
    ],
)
def test_an_amount_has_the_decimals_of_its_currency(minor: int, currency: str, words: str, short: str) -> None:
    assert show.money(minor, currency) == words
    assert show.money(Money(minor, currency)) == words
    assert show.money_short(minor, currency) == short


def test_minor_units_without_a_currency_are_refused() -> None:
    with pytest.raises(ValueError, match="currency"):
        show.money(100)


@pytest.mark.parametrize(
    ("zone", "words"),
    [
        ("Europe/London", "Tue 24 Nov, 14:00"),
        ("Africa/Lagos", "Tue 24 Nov, 15:00"),
        ("Asia/Kolkata", "Tue 24 Nov, 19:30"),
        ("Pacific/Auckland", "Wed 25 Nov, 03:00"),
    ],
)
def test_an_instant_is_written_on_the_readers_clock(zone: str, words: str) -> None:
    assert show.when(AT, zone) == words


def test_a_month_is_always_three_letters() -> None:
    assert show.when(datetime(2026, 9, 4, 8, tzinfo=UTC), "UTC") == "Fri 4 Sep, 08:00"
    assert show.day(date(2026, 9, 4)) == "4 Sep 2026"


def test_a_naive_time_is_refused() -> None:
    with pytest.raises(ValueError, match="naive"):
        show.when(AT.replace(tzinfo=None), "UTC")


@pytest.mark.parametrize(("hours", "words"), [(2, "today, 16:00"), (20, "tomorrow, 10:00"), (40, "Thu 26 Nov, 06:00")])
def test_a_near_time_is_said_by_its_day(hours: int, words: str) -> None:
    assert show.soon(AT + timedelta(hours=hours), "UTC", AT) == words


@pytest.mark.parametrize(
    ("minutes", "words"),
    [
        (0, "just now"),
        (5, "5 min ago"),
        (119, "1 h ago"),
        (60 * 47, "1 d ago"),
        (60 * 24 * 120, "4 mo ago"),
        (-9, "just now"),
    ],
)
def test_the_past_is_said_in_its_largest_unit(minutes: int, words: str) -> None:
    assert show.ago(AT - timedelta(minutes=minutes), AT) == words


def test_waiting_is_said_in_days_and_hours() -> None:
    assert show.waiting(AT - timedelta(hours=52), AT) == "2 d 4 h"
    assert show.waiting(AT - timedelta(hours=22), AT) == "22 h"


@pytest.mark.parametrize(
    ("here", "there", "words"),
    [
        ("Europe/London", "Africa/Lagos", "1 h ahead"),
        ("Africa/Lagos", "Europe/London", "1 h behind"),
        ("Europe/London", "Asia/Kolkata", "5 h 30 min ahead"),
        ("Europe/London", "Africa/Accra", "at the same time"),
    ],
)
def test_two_clocks_are_compared_in_words(here: str, there: str, words: str) -> None:
    assert show.hours_apart(AT, here, there) == words


def test_two_clocks_drift_apart_when_one_changes() -> None:
    summer = datetime(2026, 7, 1, tzinfo=UTC)
    assert show.hours_apart(summer, "Europe/London", "Africa/Lagos") == "at the same time"
    assert not show.differs(summer, "Europe/London", "Africa/Lagos")
    assert show.differs(AT, "Europe/London", "Africa/Lagos")


@pytest.mark.parametrize(
    ("zone", "words"), [("Europe/London", "GMT"), ("America/Los_Angeles", "PST"), ("America/Sao_Paulo", "UTC-03")]
)
def test_a_zone_has_a_short_name(zone: str, words: str) -> None:
    assert show.zone_short(zone, AT) == words


def test_a_zones_city_is_words() -> None:
    assert show.zone_city("America/Argentina/Buenos_Aires") == "Buenos Aires"
    assert show.zone_city("America/St_Johns") == "St John’s"


@pytest.mark.parametrize(
    ("minutes", "words"),
    [(45, "45 minutes"), (60, "1 hour"), (120, "2 hours"), (90, "1 hour 30 minutes"), (0, "0 minutes")],
)
def test_a_length_is_said_in_hours_and_minutes(minutes: int, words: str) -> None:
    assert show.length_of(minutes) == words


def test_numbers_are_short_and_honest() -> None:
    assert show.grouped(19_900) == "19,900"
    assert show.compact(9_940) == "9,940"
    assert show.compact(19_940) == "19.9K"
    assert show.compact(1_240_000) == "1.2M"
    assert show.percent(0.078) == "7.8%"
    assert show.percent(0.5, 0) == "50%"
    assert show.percent_bp(800) == "8%"
    assert show.percent_bp(1_250) == "12.5%"
    assert show.whole(82.5) == "83"
    assert show.count_of(1, "actor", "actors") == "1 actor"
    assert show.count_of(19_900, "actor", "actors") == "19,900 actors"
    assert show.size_of(1_240_000_000) == "1.24 GB"
    assert show.size_of(812_400) == "812 KB"
    assert show.clock(96.4) == "1:36"
    assert show.some(["English", "Yoruba", "French"]) == "English +2"
    assert show.some([]) == ""


def test_a_scores_margin_is_never_nought() -> None:
    assert show.spread(79.0, 85.0) == "3"
    assert show.spread(82.0, 82.1) == "1"


def test_bars_follow_the_confidence_and_else_the_width() -> None:
    assert [show.score_level(0, 100, word) for word in ("high", "medium", "low", "provisional")] == [3, 2, 1, 1]
    assert [show.score_level(50, 50 + width) for width in (6, 16, 40)] == [3, 2, 1]
    assert show.score_level(None, None) == 1


@pytest.mark.parametrize(
    ("page", "pages", "shown"),
    [
        (1, 1, [1]),
        (1, 3, [1, 2, 3]),
        (4, 9, [1, 2, 3, 4, 5, None, 9]),
        (5, 9, [1, None, 4, 5, 6, None, 9]),
        (9, 9, [1, None, 8, 9]),
    ],
)
def test_page_numbers_leave_no_gap_of_one(page: int, pages: int, shown: list[int | None]) -> None:
    assert show.page_numbers(page, pages) == shown


def test_one_state_word_can_mean_two_things_and_an_unknown_one_is_shown_as_it_is() -> None:
    assert status("refused", "clip") == STATUS["clip"]["refused"]
    assert status("held_back", "booking").words == "Held back"
    assert status("confirmed", "no_such_noun").tone == ""


def test_a_time_that_comes_twice_is_told_with_its_zone() -> None:
    first, second = datetime(2026, 10, 25, 0, 30, tzinfo=UTC), datetime(2026, 10, 25, 1, 30, tzinfo=UTC)
    assert show.clock_time(first, "Europe/London") == "01:30 BST"
    assert show.clock_time(second, "Europe/London") == "01:30 GMT"
    assert show.clock_time(second, "Europe/Lisbon") == "01:30 WET"
    assert show.clock_time(second, "Africa/Lagos") == "02:30"
