"""A member's calendar address: the platform's bookings in their own calendar."""

from __future__ import annotations

from flask import render_template
from flask.typing import ResponseReturnValue

from marketplace.web.feed_address import end_feed, feed_panel, make_feed, never_kept
from marketplace.web.guard import member
from marketplace.web.platform import blueprint


@blueprint.get("/calendar")
@member
def calendar() -> ResponseReturnValue:
    """Whether there is an address, and what it is for."""
    return render_template("platform/calendar.html", panel=feed_panel())


@blueprint.post("/calendar/feed")
@member
def make_calendar_feed() -> ResponseReturnValue:
    """A new address for the platform's bookings; this member's one before ends."""
    return never_kept(render_template("platform/calendar.html", panel=feed_panel(make_feed())))


@blueprint.post("/calendar/feed/end")
@member
def end_calendar_feed() -> ResponseReturnValue:
    """No address any more."""
    return end_feed("platform.calendar")
