"""The thread of a booking, for its actor: to read it all, and to write into it."""

from __future__ import annotations

from flask.typing import ResponseReturnValue

from marketplace.domain.booking import Party
from marketplace.services.booking_step import of_actor
from marketplace.web import thread
from marketplace.web.actor import blueprint
from marketplace.web.actor.booking import by_actor
from marketplace.web.guard import actor, the_actor
from marketplace.web.transaction import reading


@blueprint.get("/booking/<int:booking_id>/message")
@actor
def messages(booking_id: int) -> ResponseReturnValue:
    """The whole thread, a page at a time."""
    return thread.thread_page(of_actor(reading(), booking_id, the_actor().actor_id), Party.ACTOR)


@blueprint.post("/booking/<int:booking_id>/message")
@actor
def post_message(booking_id: int) -> ResponseReturnValue:
    """Write to the other side."""
    return thread.post(of_actor(reading(), booking_id, the_actor().actor_id), by_actor())
