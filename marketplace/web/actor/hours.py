"""An actor's weekly hours, calendar rules and times taken out."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from marketplace.domain.availability import DayWindow, WeeklyWindow
from marketplace.domain.errors import Invalid
from marketplace.models import Actor, BookOut
from marketplace.services import actor as actors
from marketplace.services import hours as service
from marketplace.services.hours import ZONES, CalendarRules
from marketplace.web.actor import blueprint
from marketplace.web.guard import actor, the_actor
from marketplace.web.transaction import now, reading, unit_of_work
from marketplace.web.typed import day as read_day

DAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_SPAN: Final = re.compile(r"(\d{1,2})(?::(\d{2}))?\s*[-–—]\s*(\d{1,2})(?::(\d{2}))?")
RULES: Final = {
    "buffer_minutes": "Minutes kept clear around a session",
    "notice_hours": "Hours of notice you need",
    "most_per_day": "Sessions a day at most",
    "most_per_week": "Sessions a week at most",
}


@blueprint.route("/hours", methods=["GET", "POST"])
@actor
def hours() -> ResponseReturnValue:
    """The week as a form: one line of times for each day."""
    who = the_actor()
    me = actors.get_actor(reading(), who.actor_id)
    if request.method == "GET":
        return _page(me, _week(service.list_hours(reading(), who.actor_id)), _rules_of(me), {})
    week = [request.form.get(f"day{place}", "").strip() for place in range(7)]
    typed = {name: request.form.get(name, "").strip() for name in (*RULES, "zone")}
    try:
        windows = [window for place, line in enumerate(week) for window in _windows(place, line)]
        rules = CalendarRules(
            zone=typed["zone"],
            buffer_minutes=_whole(typed, "buffer_minutes"),
            notice_minutes=60 * _whole(typed, "notice_hours"),
            most_per_day=_whole(typed, "most_per_day"),
            most_per_week=_whole(typed, "most_per_week"),
        )
        with unit_of_work() as db:
            service.save_hours(db, actor_id=who.actor_id, windows=windows, rules=rules, now=now())
    except Invalid as refusal:
        return _page(me, week, typed, {refusal.field or "day0": refusal.sentence})
    flash("Hours saved. Bookings made before stay as they are.", "ok")
    return redirect(url_for("actor.hours"), 303)


@blueprint.post("/book-out")
@actor
def book_out() -> ResponseReturnValue:
    """Take days out of the calendar."""
    who = the_actor()
    me = actors.get_actor(reading(), who.actor_id)
    try:
        first, last = _day("book_out_from"), _day("book_out_to")
        reason = request.form.get("reason", "")
        with unit_of_work() as db:
            service.add_book_out(db, actor_id=who.actor_id, first=first, last=last, reason=reason, now=now())
    except Invalid as refusal:
        week = _week(service.list_hours(reading(), who.actor_id))
        return _page(me, week, _rules_of(me), {refusal.field or "book_out_from": refusal.sentence})
    flash("These days are taken out. Sessions already booked in them stay.", "ok")
    return redirect(url_for("actor.hours"), 303)


@blueprint.post("/book-out/<int:book_out_id>/delete")
@actor
def free_book_out(book_out_id: int) -> ResponseReturnValue:
    """Give days back to the calendar."""
    with unit_of_work() as db:
        service.remove_book_out(db, actor_id=the_actor().actor_id, book_out_id=book_out_id)
    flash("These days can be booked again.", "ok")
    return redirect(url_for("actor.hours"), 303)


def _page(me: Actor, week: Sequence[str], rules: dict[str, str], errors: dict[str, str]) -> ResponseReturnValue:
    labels = {f"day{place}": name for place, name in enumerate(DAYS)} | RULES | {"zone": "Time zone"}
    page = render_template(
        "actor/hours.html",
        me=me,
        days=list(zip(DAYS, week, strict=True)),
        rules=rules,
        rule_labels=RULES,
        zones=sorted(zone for zone in ZONES if "/" in zone or zone == "UTC"),
        book_outs=[(one, *_days_of(one, me.zone)) for one in service.list_book_outs(reading(), me.id, now=now())],
        errors=errors,
        labels=labels | {"book_out_from": "First day", "book_out_to": "Last day"},
        today=now().astimezone(ZoneInfo(me.zone)).date(),
    )
    return page, 422 if errors else 200


def _days_of(row: BookOut, zone: str) -> tuple[date, date]:
    """The first and last day taken out; the end itself is the midnight after."""
    here = ZoneInfo(zone)
    last = row.ends_at - timedelta(seconds=1)
    return row.starts_at.astimezone(here).date(), last.astimezone(here).date()


def _rules_of(me: Actor) -> dict[str, str]:
    return {
        "zone": me.zone,
        "buffer_minutes": str(me.buffer_minutes),
        "notice_hours": str(me.notice_minutes // 60),
        "most_per_day": str(me.most_per_day),
        "most_per_week": str(me.most_per_week),
    }


def _week(windows: Sequence[WeeklyWindow]) -> list[str]:
    spans: list[list[str]] = [[] for _ in range(7)]
    for one in windows:
        spans[one.weekday].append(f"{_clock(one.window.from_minute)}–{_clock(one.window.to_minute)}")
    return [", ".join(day) for day in spans]


def _clock(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"


def _windows(weekday: int, line: str) -> Iterator[WeeklyWindow]:
    """ "9-13, 14:30-18" as windows; refuses anything else, naming the day."""
    for part in filter(None, (part.strip() for part in line.split(","))):
        found = _SPAN.fullmatch(part)
        if found is None:
            raise Invalid(f"Write times like 09:00–13:00, not “{part[:40]}”. Nothing was saved.", field=f"day{weekday}")
        start, end = _minute(found[1], found[2]), _minute(found[3], found[4])
        try:
            yield WeeklyWindow(weekday, DayWindow(start, end))
        except Invalid as refusal:
            raise Invalid(f"{refusal.sentence} Nothing was saved.", field=f"day{weekday}") from None


def _minute(hour: str, minute: str | None) -> int:
    return int(hour) * 60 + int(minute or 0) if int(minute or 0) < 60 else -1


def _whole(typed: dict[str, str], name: str) -> int:
    if not typed[name].isdecimal() or len(typed[name]) > 5:
        raise Invalid("Enter a whole number. Nothing was saved.", field=name)
    return int(typed[name])


def _day(name: str) -> date:
    given = read_day(request.form.get(name, ""))
    if given is None:
        raise Invalid("Choose a day. Nothing was saved.", field=name)
    return given
