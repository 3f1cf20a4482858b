"""The actor's side of negotiation, new times, no-shows and change orders: addresses and who may enter."""

from __future__ import annotations

from flask.typing import ResponseReturnValue

from marketplace.domain.booking import Party
from marketplace.services.booking_step import of_actor
from marketplace.web import booking_life
from marketplace.web.actor import blueprint
from marketplace.web.actor.booking import by_actor, page_of
from marketplace.web.guard import actor, the_actor

SIDE = booking_life.Side(
    party=Party.ACTOR,
    find=lambda db, booking_id: of_actor(db, booking_id, the_actor().actor_id),
    by=by_actor,
    page_of=page_of,
)


@blueprint.post("/booking/<int:booking_id>/step", endpoint="step")
@actor
def take_step(booking_id: int) -> ResponseReturnValue:
    """A step that is one click."""
    return booking_life.take_plain_step(SIDE, booking_id)


@blueprint.route("/booking/<int:booking_id>/counter", methods=["GET", "POST"])
@actor
def counter(booking_id: int) -> ResponseReturnValue:
    """Answer with other terms."""
    return booking_life.counter(SIDE, booking_id)


@blueprint.route("/booking/<int:booking_id>/new-time", methods=["GET", "POST"])
@actor
def new_time(booking_id: int) -> ResponseReturnValue:
    """Propose another time."""
    return booking_life.new_time(SIDE, booking_id)


@blueprint.route("/booking/<int:booking_id>/no-show", methods=["GET", "POST"])
@actor
def no_show(booking_id: int) -> ResponseReturnValue:
    """Report the other side missing."""
    return booking_life.no_show(SIDE, booking_id)


@blueprint.route("/booking/<int:booking_id>/change-order", methods=["GET", "POST"])
@actor
def change_order(booking_id: int) -> ResponseReturnValue:
    """Propose something more."""
    return booking_life.change_order(SIDE, booking_id)


@blueprint.post("/booking/<int:booking_id>/change-order/<int:extra_id>")
@actor
def answer_change_order(booking_id: int, extra_id: int) -> ResponseReturnValue:
    """Agree to a change order, or end it."""
    return booking_life.answer_change_order(SIDE, booking_id, extra_id)
