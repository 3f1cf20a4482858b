"""The platform's side of negotiation, new times, no-shows and change orders: addresses and who may enter."""

from __future__ import annotations

from flask.typing import ResponseReturnValue

from marketplace.domain.booking import Party
from marketplace.services.booking_step import of_platform
from marketplace.web import booking_life
from marketplace.web.guard import member, the_member
from marketplace.web.platform import blueprint
from marketplace.web.platform.booking import by_member, page_of

SIDE = booking_life.Side(
    party=Party.PLATFORM,
    find=lambda db, booking_id: of_platform(db, booking_id, the_member().platform_id),
    by=by_member,
    page_of=page_of,
)


@blueprint.post("/booking/<int:booking_id>/step", endpoint="step")
@member
def take_step(booking_id: int) -> ResponseReturnValue:
    """A step that is one click."""
    return booking_life.take_plain_step(SIDE, booking_id)


@blueprint.route("/booking/<int:booking_id>/counter", methods=["GET", "POST"])
@member
def counter(booking_id: int) -> ResponseReturnValue:
    """Answer with other terms."""
    return booking_life.counter(SIDE, booking_id)


@blueprint.route("/booking/<int:booking_id>/new-time", methods=["GET", "POST"])
@member
def new_time(booking_id: int) -> ResponseReturnValue:
    """Propose another time."""
    return booking_life.new_time(SIDE, booking_id)


@blueprint.route("/booking/<int:booking_id>/no-show", methods=["GET", "POST"])
@member
def no_show(booking_id: int) -> ResponseReturnValue:
    """Report the other side missing."""
    return booking_life.no_show(SIDE, booking_id)


@blueprint.route("/booking/<int:booking_id>/change-order", methods=["GET", "POST"])
@member
def change_order(booking_id: int) -> ResponseReturnValue:
    """Propose something more."""
    return booking_life.change_order(SIDE, booking_id)


@blueprint.post("/booking/<int:booking_id>/change-order/<int:extra_id>")
@member
def answer_change_order(booking_id: int, extra_id: int) -> ResponseReturnValue:
    """Agree to a change order, or end it."""
    return booking_life.answer_change_order(SIDE, booking_id, extra_id)
