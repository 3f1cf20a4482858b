"""When accounts are read, how far back, and what is believed."""

from datetime import UTC, datetime, timedelta

import pytest

from marketplace.domain.stats import (
    is_collapse,
    next_day_at,
    next_read_at,
    read_posts_since,
    retry_gone_at,
    retry_read_at,
    spent_minor,
)

NOW = datetime(2026, 6, 1, 12, 30, tzinfo=UTC)


def days(count: float) -> timedelta:
    return timedelta(days=count)


@pytest.mark.parametrize(
    ("source", "last_post_at", "wait"),
    [
        ("x", None, days(7)),
        ("x", NOW - days(15), days(7)),
        ("x", NOW - days(3), days(2)),
        ("demo", NOW - days(3), timedelta(hours=6)),
        ("demo", None, days(1)),
        ("a gateway of tomorrow", None, days(1)),
    ],
)
def test_accounts_that_post_are_read_sooner(source: str, last_post_at: datetime | None, wait: timedelta) -> None:
    assert next_read_at(source, last_post_at=last_post_at, now=NOW) == NOW + wait


def test_waits_after_failures_double_up_to_a_day() -> None:
    waits = [retry_read_at(failures, now=NOW) - NOW for failures in (1, 2, 3, 7, 8, 1_000)]
    assert waits == [timedelta(minutes=15 * times) for times in (1, 2, 4, 64, 96, 96)]


def test_a_network_that_names_a_time_is_not_asked_before() -> None:
    assert retry_read_at(1, not_before=NOW + days(0.5), now=NOW) == NOW + days(0.5)
    assert retry_read_at(1, not_before=NOW - days(1), now=NOW) == NOW + timedelta(minutes=15)


def test_what_is_gone_is_asked_for_less_and_less() -> None:
    assert [retry_gone_at(failures, now=NOW) - NOW for failures in (1, 2, 3, 9)] == [days(1), days(1), days(7), days(7)]


def test_x_is_paid_for_by_the_profile_and_the_post_and_the_demo_is_free() -> None:
    assert spent_minor("x", profiles=1_000, posts=20_000) == 11_000
    assert spent_minor("x", profiles=0, posts=1) == 1
    assert spent_minor("demo", profiles=1_000, posts=20_000) == 0


def test_budgets_begin_at_midnight_utc() -> None:
    assert next_day_at(NOW) == datetime(2026, 6, 2, tzinfo=UTC)


def test_the_first_reading_goes_back_as_far_as_posts_count() -> None:
    assert read_posts_since(None, now=NOW) == NOW - days(180)


def test_later_readings_take_what_is_new_and_what_still_grows() -> None:
    assert read_posts_since(NOW - days(2), now=NOW) == NOW - days(14)
    assert read_posts_since(NOW - days(40), now=NOW) == NOW - days(40)
    assert read_posts_since(NOW - days(400), now=NOW) == NOW - days(180)


@pytest.mark.parametrize(
    ("before", "after", "doubted"),
    [(50_000, 500, True), (50_000, 5_000, False), (900, 1, False), (None, 5, False), (50_000, None, False)],
)
def test_a_fall_by_nine_tenths_is_doubted(before: int | None, after: int | None, doubted: bool) -> None:
    assert is_collapse(before, after) is doubted
