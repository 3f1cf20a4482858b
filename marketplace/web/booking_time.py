"""Another time for a paid booking, proposed by either side."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from flask.typing import ResponseReturnValue
from wtforms import SelectField, StringField, TextAreaField
from wtforms.validators import Length, Optional

from marketplace.domain.availability import Interval, by_local_day, instant_of
from marketplace.domain.booking import Party, Step
from marketplace.domain.errors import Invalid, Refused
from marketplace.models import Booking
from marketplace.services.availability import get_calendar
from marketplace.services.booking_time import propose_time
from marketplace.web import show, typed
from marketplace.web.booking_side import Side
from marketplace.web.form import Form, render_form
from marketplace.web.transaction import now, reading, unit_of_work
from marketplace.web.viewer import viewer_zone

SHOWN_DAYS: Final = timedelta(days=21)
MOST_TIMES: Final = 120


class TimeForm(Form):
    """Another time: one of those free in the actor's calendar, or for the actor any time of their own."""

    slot = SelectField("Free time", validators=[Optional()], validate_choice=False, choices=[])
    local = StringField("Or a time of your own", [Length(max=40)])
    words = TextAreaField("Why", [Length(max=500, message="500 characters at most")])


def new_time_page(side: Side, booking_id: int) -> ResponseReturnValue:
    """Propose another time; the one that is booked stays held until the other side answers."""
    detail = side.detail(booking_id)
    if Step.PROPOSE_TIME not in detail.can:
        return side.go(booking_id)
    form, zone = TimeForm(), viewer_zone()
    if form.validate_on_submit():
        try:
            starts_at = _chosen_time(form, side, zone)
            with unit_of_work() as db:
                row = side.find(db, booking_id)
                words = form.words.data or ""
                propose_time(db, booking=row, by=side.by(), starts_at=starts_at, words=words, now=now())
            return side.back(booking_id, "Proposed. The booking keeps its time until the other side agrees.")
        except Refused as refusal:
            form.refuse(refusal)
    return render_form("booking/new_time.html", form, days=_days(detail.booking, zone), **side.context(detail))


def _days(booking: Booking, zone: str) -> list[tuple[str, list[tuple[str, str]]]]:
    """The free times of each day as a list to choose from: the day's heading, then value and words of each time."""
    return [
        (show.weekday(on), [(show.instant(slot.starts_at), show.when(slot.starts_at, zone)) for slot in slots])
        for on, slots in by_local_day(_free_times(booking), zone).items()
    ]


def _chosen_time(form: TimeForm, side: Side, zone: str) -> datetime:
    own = (form.local.data or "").strip()
    if own and side.party == Party.ACTOR:
        try:
            return instant_of(datetime.fromisoformat(own).replace(tzinfo=None), zone)
        except ValueError:
            raise Invalid("Write the time like 2026-12-03T14:30.", field="local") from None
    chosen = typed.instant(form.slot.data or "")
    if chosen is None:
        raise Invalid("Choose a time. Nothing was proposed.", field="slot")
    return chosen


def _free_times(booking: Booking) -> list[Interval]:
    length = booking.ends_at - booking.starts_at
    first = max(now() + timedelta(hours=2), booking.starts_at - SHOWN_DAYS / 2)
    window = Interval(first, max(booking.starts_at, first) + SHOWN_DAYS)
    calendar = get_calendar(reading(), booking.actor_id, window, without_booking_id=booking.id)
    slots = [slot for slot in calendar.slots(length, window, now()) if slot.starts_at.minute == 0]
    return [slot for slot in slots if slot.starts_at != booking.starts_at][:MOST_TIMES]
