"""The platform's side of negotiation, new times, no-shows and change orders: addresses and who may enter."""

from __future__ import annotations

from flask.typing import ResponseReturnValue

from marketplace.web.booking_step import take_plain_step
from marketplace.web.booking_time import new_time_page
from marketplace.web.change_order import answer_extra, change_order_page
from marketplace.web.counter import counter_page
from marketplace.web.guard import member
from marketplace.web.no_show import no_show_page
from marketplace.web.platform import blueprint
from marketplace.web.platform.booking import SIDE


@blueprint.post("/booking/<int:booking_id>/step", endpoint="step")
@member
def take_step(booking_id: int) -> ResponseReturnValue:
    """A step that is one click."""
    return take_plain_step(SIDE, booking_id)


@blueprint.route("/booking/<int:booking_id>/counter", methods=["GET", "POST"])
@member
def counter(booking_id: int) -> ResponseReturnValue:
    """Answer with other terms."""
    return counter_page(SIDE, booking_id)


@blueprint.route("/booking/<int:booking_id>/new-time", methods=["GET", "POST"])
@member
def new_time(booking_id: int) -> ResponseReturnValue:
    """Propose another time."""
    return new_time_page(SIDE, booking_id)


@blueprint.route("/booking/<int:booking_id>/no-show", methods=["GET", "POST"])
@member
def no_show(booking_id: int) -> ResponseReturnValue:
    """Report the other side missing."""
    return no_show_page(SIDE, booking_id)


@blueprint.route("/booking/<int:booking_id>/change-order", methods=["GET", "POST"])
@member
def change_order(booking_id: int) -> ResponseReturnValue:
    """Propose something more."""
    return change_order_page(SIDE, booking_id)


@blueprint.post("/booking/<int:booking_id>/change-order/<int:extra_id>")
@member
def answer_change_order(booking_id: int, extra_id: int) -> ResponseReturnValue:
    """Agree to a change order, or end it."""
    return answer_extra(SIDE, booking_id, extra_id)
