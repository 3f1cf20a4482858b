"""The thread of a booking, for the platform's members: to read it all, and to write into it."""

from __future__ import annotations

from flask.typing import ResponseReturnValue

from marketplace.domain.booking import Party
from marketplace.services.booking_step import of_platform
from marketplace.web import thread
from marketplace.web.guard import member, the_member
from marketplace.web.platform import blueprint
from marketplace.web.platform.booking import by_member
from marketplace.web.transaction import reading


@blueprint.get("/booking/<int:booking_id>/message")
@member
def messages(booking_id: int) -> ResponseReturnValue:
    """The whole thread, a page at a time."""
    return thread.thread_page(of_platform(reading(), booking_id, the_member().platform_id), Party.PLATFORM)


@blueprint.post("/booking/<int:booking_id>/message")
@member
def post_message(booking_id: int) -> ResponseReturnValue:
    """Write to the other side."""
    return thread.post(of_platform(reading(), booking_id, the_member().platform_id), by_member())
