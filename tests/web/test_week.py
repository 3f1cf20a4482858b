"""The calendar rolls: five whole weeks from this Monday, nothing free in the past."""

from __future__ import annotations

from datetime import date, timedelta

from marketplace.web import week

TODAY = date(2026, 11, 25)  # a Wednesday


def shown(page: int = 0) -> list[list[week.Day]]:
    free = {TODAY + timedelta(days=step): 3 for step in range(-3, 60)}
    return week.rolling_weeks(TODAY, free, picked=date(2026, 11, 27), href=lambda on: f"?day={on}", page=page)


def test_five_weeks_begin_on_this_weeks_monday() -> None:
    weeks = shown()
    assert [len(one) for one in weeks] == [7] * 5
    assert weeks[0][0].on == date(2026, 11, 23)
    assert {one[0].weekday for one in weeks} == {"Mon"}


def test_days_gone_by_are_never_free() -> None:
    monday, tuesday, today, *_ = shown()[0]
    assert (monday.free, tuesday.free, today.free) == (0, 0, 3)
    assert (monday.is_past, today.is_past, today.is_today) == (True, False, True)


def test_a_new_month_is_named_and_the_picked_day_marked() -> None:
    days = [day for one in shown() for day in one]
    assert [(day.on, day.month) for day in days if day.month] == [(date(2026, 12, 1), "Dec")]
    assert [day.label for day in days if day.is_picked] == ["Friday 27 November"]


def test_the_title_names_the_months() -> None:
    assert week.title_of(shown()) == "November to December 2026"
    assert week.title_of(shown(1)) == "December 2026 to January 2027"
    assert shown(1)[0][0].on == date(2026, 12, 28)
