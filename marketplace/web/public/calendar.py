"""The address that people's own calendar programs read: it is secret, so it needs no sign-in, and knows no cookies."""

from __future__ import annotations

from datetime import UTC

from flask import Response, abort, current_app, request
from flask.typing import ResponseReturnValue

from marketplace.gateways.calendar.feed import CALENDAR_TYPE, write_feed
from marketplace.services.calendar_feed import Feed, note_reading, read_feed
from marketplace.web.address import public_url
from marketplace.web.guard import public
from marketplace.web.public import blueprint
from marketplace.web.transaction import now, reading, unit_of_work


@blueprint.get("/calendar/<token>.ics")
@public
def calendar_feed(token: str) -> ResponseReturnValue:
    """The bookings of whoever has this address; 404 for any other, 304 for a program that has them already."""
    feed = read_feed(reading(), token=token, public_url=public_url(current_app), now=now())
    if feed is None:
        abort(404)
    if feed.is_note_due:
        with unit_of_work() as db:
            note_reading(db, feed_id=feed.feed_id, now=now())
    return _answer(feed)


def _answer(feed: Feed) -> Response:
    """The calendar with its mark, which is weak: the file names the moment at which it was written."""
    response = Response(write_feed(feed.entries, name=feed.name, now=now()), content_type=CALENDAR_TYPE)
    response.set_etag(feed.mark, weak=True)
    response.last_modified = feed.changed_at.astimezone(UTC)
    response.headers["Content-Disposition"] = 'inline; filename="marquee.ics"'
    response.headers["X-Robots-Tag"] = "noindex"
    response.make_conditional(request)  # in place
    return response
