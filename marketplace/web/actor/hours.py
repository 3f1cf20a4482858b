"""An actor's weekly hours, calendar rules, days taken out and extra hours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from marketplace.domain.availability import DoubledTime, is_zone
from marketplace.domain.errors import Invalid
from marketplace.models import Actor, Booking, BookOut, ExtraHours
from marketplace.services import actor as actors
from marketplace.services import calendar_feed, calendar_source
from marketplace.services import hours as service
from marketplace.services.hours import ZONES, Claims
from marketplace.web import show
from marketplace.web.actor import blueprint
from marketplace.web.actor.hours_form import (
    DAYS,
    RULES,
    read_date,
    read_fold,
    read_hours,
    read_rules,
    read_week,
    rules_of,
    week_of,
)
from marketplace.web.guard import actor, the_actor
from marketplace.web.transaction import now, reading, unit_of_work

LABELS = {
    **{f"day{place}": name for place, name in enumerate(DAYS)},
    **RULES,
    "zone": "Time zone",
    "book_out_from": "First day",
    "book_out_to": "Last day",
    "extra_on": "Day",
    "extra_from": "From",
    "extra_to": "To",
}


@dataclass(frozen=True, slots=True)
class Move:
    """A move to another zone that was asked for but not yet agreed to, and the sessions that stay at their moment."""

    zone: str
    sessions: Sequence[Booking]


@blueprint.route("/hours", methods=["GET", "POST"])
@actor
def hours() -> ResponseReturnValue:
    """The week as a form: one line of times for each day."""
    me = _me()
    if request.method == "GET":
        return _page(me)
    week = [request.form.get(f"day{place}", "").strip() for place in range(7)]
    typed = {name: request.form.get(name, "").strip() for name in (*RULES, "zone")}
    try:
        windows, rules = read_week(week), read_rules(typed)
        if _is_unagreed_move(me, rules.zone):
            return _ask_about_move(me, week, typed)
        with unit_of_work() as db:
            service.save_hours(db, actor_id=me.id, windows=windows, rules=rules, now=now())
    except Invalid as refusal:
        return _page(me, week=week, rules=typed, errors={refusal.field or "day0": refusal.sentence})
    return _back("Hours saved. Bookings made before stay as they are.")


def _is_unagreed_move(me: Actor, zone: str) -> bool:
    return zone != me.zone and is_zone(zone) and request.form.get("agreed_zone") != zone


def _ask_about_move(me: Actor, week: Sequence[str], typed: Mapping[str, str]) -> ResponseReturnValue:
    move = Move(typed["zone"], service.list_coming_sessions(reading(), me.id, now=now()))
    sentence = "Read what changes when you move, then save again. Nothing was saved."
    return _page(me, week=week, rules=typed, errors={"zone": sentence}, move=move)


@blueprint.post("/book-out")
@actor
def book_out() -> ResponseReturnValue:
    """Take days out of the calendar."""
    me = _me()
    try:
        first = read_date(request.form.get("book_out_from", ""), "book_out_from")
        last = read_date(request.form.get("book_out_to", ""), "book_out_to")
        with unit_of_work() as db:
            claims = service.add_book_out(
                db, actor_id=me.id, first=first, last=last, reason=request.form.get("reason", ""), now=now()
            )
    except Invalid as refusal:
        return _page(me, errors={refusal.field or "book_out_from": refusal.sentence})
    if not claims.sessions and not claims.wishes:
        return _back("These days are taken out.")
    return _back(f"These days are taken out. {_claimed(claims)} in them stay as they are.", "warn")


def _claimed(claims: Claims) -> str:
    counted = (
        (claims.sessions, "booked session", "booked sessions"),
        (claims.wishes, "request or pencil", "requests and pencils"),
    )
    return " and ".join(show.count_of(count, one, many) for count, one, many in counted if count)


@blueprint.post("/book-out/<int:book_out_id>/delete")
@actor
def free_book_out(book_out_id: int) -> ResponseReturnValue:
    """Give days back to the calendar."""
    with unit_of_work() as db:
        service.remove_book_out(db, actor_id=the_actor().actor_id, book_out_id=book_out_id)
    return _back("These days can be booked again.")


@blueprint.post("/extra-hours")
@actor
def extra_hours() -> ResponseReturnValue:
    """Open hours of one day beyond the week's; where the clock shows a time twice, the form asks which is meant."""
    me = _me()
    try:
        on = read_date(request.form.get("extra_on", ""), "extra_on")
        window = read_hours(request.form.get("extra_from", ""), request.form.get("extra_to", ""))
        folds = (read_fold(request.form.get("extra_from_fold", "")), read_fold(request.form.get("extra_to_fold", "")))
        with unit_of_work() as db:
            service.add_extra_hours(db, actor_id=me.id, on=on, window=window, folds=folds, now=now())
    except Invalid as refusal:
        field = refusal.field or "extra_on"
        doubled = field if isinstance(refusal, DoubledTime) else None
        return _page(me, errors={field: refusal.sentence}, doubled=doubled)
    return _back("These hours can be booked as well.")


@blueprint.post("/extra-hours/<int:extra_hours_id>/delete")
@actor
def drop_extra_hours(extra_hours_id: int) -> ResponseReturnValue:
    """Take extra hours back."""
    with unit_of_work() as db:
        service.remove_extra_hours(db, actor_id=the_actor().actor_id, extra_hours_id=extra_hours_id)
    return _back("These hours cannot be booked any more.")


def _me() -> Actor:
    return actors.get_actor(reading(), the_actor().actor_id)


def _back(words: str, tone: str = "ok") -> ResponseReturnValue:
    flash(words, tone)
    return redirect(url_for("actor.hours"), 303)


def _page(
    me: Actor,
    *,
    week: Sequence[str] | None = None,
    rules: Mapping[str, str] | None = None,
    errors: Mapping[str, str] | None = None,
    move: Move | None = None,
    doubled: str | None = None,
) -> ResponseReturnValue:
    db, at = reading(), now()
    lines = week if week is not None else week_of(service.list_hours(db, me.id))
    today = at.astimezone(ZoneInfo(me.zone)).date()
    page = render_template(
        "actor/hours.html",
        me=me,
        days=list(zip(DAYS, lines, strict=True)),
        rules=rules or rules_of(me),
        rule_labels=RULES,
        zones=sorted(zone for zone in ZONES if "/" in zone or zone == "UTC"),
        move=move,
        doubled=doubled,
        book_outs=[(one, *_days_of(one, me.zone)) for one in service.list_book_outs(db, me.id, now=at)],
        extras=[_extra(one, me.zone) for one in service.list_extra_hours(db, me.id, now=at)],
        soon=_soon(today),
        sources=calendar_source.list_sources(db, me.id),
        feed=calendar_feed.find_feed(db, the_actor().account_id),
        errors=errors or {},
        labels=LABELS,
        today=today,
    )
    return page, 422 if errors else 200


def _soon(today: date) -> list[tuple[str, date, date]]:
    """What is taken out most often, in one tap: (words, first day, last day)."""
    return [
        ("Today", today, today),
        ("Tomorrow", today + timedelta(days=1), today + timedelta(days=1)),
        ("The next 7 days", today, today + timedelta(days=6)),
    ]


def _days_of(row: BookOut, zone: str) -> tuple[date, date]:
    """The first and last day taken out; the end itself is the midnight after."""
    here = ZoneInfo(zone)
    last = row.ends_at - timedelta(seconds=1)
    return row.starts_at.astimezone(here).date(), last.astimezone(here).date()


def _extra(row: ExtraHours, zone: str) -> dict[str, Any]:
    """One line of extra hours, by the actor's clock."""
    return {
        "id": row.id,
        "on": row.starts_at.astimezone(ZoneInfo(zone)).date(),
        "begins": show.clock_time(row.starts_at, zone),
        "ends": show.clock_time(row.ends_at, zone),
    }
