"""A platform's bookings: the list, one booking with what comes next, and the steps a member can take."""

from __future__ import annotations

from typing import Final

import structlog
from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from marketplace.domain.booking import Party, State, Step
from marketplace.domain.capture import TAKES_JUDGED, TAKES_SHOWN
from marketplace.domain.errors import Invalid
from marketplace.domain.payment import State as PaymentState
from marketplace.gateways.payment.base import PaymentError
from marketplace.services.booking import cancel_booking, dispute_booking, start_session, withdraw_booking
from marketplace.services.booking_page import BookingDetail, list_platform_bookings
from marketplace.services.booking_step import By, of_platform
from marketplace.services.change_order import parent_of
from marketplace.services.payment import checkout_address, find_payment
from marketplace.services.payment_sync import read_checkout, sync_checkout
from marketplace.web import typed
from marketplace.web.booking_list import list_page
from marketplace.web.booking_side import Side
from marketplace.web.guard import member, the_member
from marketplace.web.media import outside
from marketplace.web.platform import blueprint
from marketplace.web.transaction import now, reading, unit_of_work

log = structlog.get_logger("marquee.web")


def by_member() -> By:
    """The member who asks, as a principal of the platform."""
    return By(Party.PLATFORM, the_member().account_id)


def _standing(detail: BookingDetail) -> dict[str, object]:
    """Where the booking and its change orders are paid, once there is an address, and what can be done with takes."""
    waiting = [one.id for one in detail.change_orders if one.state == State.ACCEPTED or not one.is_charged]
    addresses = {id: checkout_address(reading(), booking_id=id, now=now()) for id in [detail.booking.id, *waiting]}
    return {
        "pay_url": addresses[detail.booking.id],
        "pay_extra": addresses,
        "shows_takes": detail.state in TAKES_SHOWN,
        "judges_takes": detail.state in TAKES_JUDGED,
    }


SIDE: Final = Side(
    party=Party.PLATFORM,
    find=lambda db, booking_id: of_platform(db, booking_id, the_member().platform_id),
    by=by_member,
    more=_standing,
)


@blueprint.get("/booking")
@member
def bookings() -> ResponseReturnValue:
    """Every booking of the platform, under tabs."""
    platform_id = the_member().platform_id
    return list_page(
        Party.PLATFORM, lambda tab, page: list_platform_bookings(reading(), platform_id=platform_id, tab=tab, page=page)
    )


@blueprint.get("/booking/<int:booking_id>")
@member
def booking(booking_id: int) -> ResponseReturnValue:
    """One booking: where it is, who must act until when, and what happens if nobody does. A draft is its form."""
    if (parent_id := parent_of(reading(), booking_id)) is not None:
        return redirect(url_for("platform.booking", booking_id=parent_id), 303)
    detail = SIDE.detail(booking_id)
    if detail.state == State.DRAFT:
        return redirect(url_for("platform.draft", booking_id=booking_id), 303)
    return SIDE.show(detail)


# paying ------------------------------------------------------------------------------------------


@blueprint.get("/booking/<int:booking_id>/paid")
@member
def booking_paid(booking_id: int) -> ResponseReturnValue:
    """Where Stripe sends a member who has paid: the payment is read at Stripe, whatever the address says."""
    row = of_platform(reading(), booking_id, the_member().platform_id)
    paid = find_payment(reading(), booking_id)
    waits = row.state == State.ACCEPTED or (paid is not None and paid.state == PaymentState.ACTION_REQUIRED)
    if paid is not None and paid.checkout_session_id is not None and waits:
        _read_at_stripe(paid.checkout_session_id)
    detail = SIDE.detail(booking_id)
    if detail.state != State.ACCEPTED and not detail.must_pay:
        return SIDE.go(booking_id)
    return render_template("platform/booking/paid.html", **SIDE.context(detail))


def _read_at_stripe(checkout_id: str) -> None:
    """Bring the payment into line now; if Stripe cannot be asked, its event or the next look will."""
    reading().rollback()  # nothing is held open while Stripe answers
    try:
        seen = read_checkout(outside().payment, checkout_id)
    except PaymentError as error:
        log.warning("checkout_unread", error=str(error))
        return
    with unit_of_work() as db:
        sync_checkout(db, seen, now=now())


# steps -------------------------------------------------------------------------------------------


@blueprint.post("/booking/<int:booking_id>/withdraw")
@member
def withdraw(booking_id: int) -> ResponseReturnValue:
    """Take back what is not paid yet."""
    with unit_of_work() as db:
        withdraw_booking(db, booking_id=booking_id, platform_id=the_member().platform_id, by=by_member(), now=now())
    return SIDE.back(booking_id, "Withdrawn. Nothing was charged.")


@blueprint.route("/booking/<int:booking_id>/cancel", methods=["GET", "POST"])
@member
def cancel(booking_id: int) -> ResponseReturnValue:
    """The amounts first, then the click: a refund other than the one shown is refused."""
    detail = SIDE.detail(booking_id)
    if request.method == "GET":
        if Step.CANCEL not in detail.can:
            return SIDE.go(booking_id)
        return render_template("platform/booking/cancel.html", **SIDE.context(detail))
    shown = typed.whole_number(request.form.get("shown_refund_minor", ""))
    if shown is None:
        raise Invalid("The amount you saw is missing. Open the page again. Nothing was cancelled.")
    was_charged = not detail.is_uncharged
    with unit_of_work() as db:
        cancel_booking(
            db,
            booking=of_platform(db, booking_id, the_member().platform_id),
            by=by_member(),
            reason=request.form.get("reason", "")[:1000],
            shown_refund_minor=shown,
            now=now(),
        )
    if not was_charged:
        return SIDE.back(booking_id, "Cancelled. Nothing had been charged, and nothing will be.")
    return SIDE.back(booking_id, "Cancelled. The refund is on its way to the card you paid with.")


@blueprint.post("/booking/<int:booking_id>/start")
@member
def start(booking_id: int) -> ResponseReturnValue:
    """Begin before the booked time; cancelling is over with that."""
    with unit_of_work() as db:
        start_session(db, booking_id=booking_id, platform_id=the_member().platform_id, by=by_member(), now=now())
    return SIDE.back(booking_id, "The session has started.")


@blueprint.post("/booking/<int:booking_id>/dispute")
@member
def dispute(booking_id: int) -> ResponseReturnValue:
    """Ask an admin to decide; the money stays held."""
    with unit_of_work() as db:
        row = of_platform(db, booking_id, the_member().platform_id)
        dispute_booking(db, booking=row, by=by_member(), reason=request.form.get("reason", ""), now=now())
    return SIDE.back(booking_id, "An admin will look at it. The money stays held until then.", "info")
