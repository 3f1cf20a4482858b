"""A platform's bookings: the list, one booking with what comes next, and the steps a member can take."""

from __future__ import annotations

from typing import Final

import structlog
from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from marketplace.domain.booking import Party, State, Step
from marketplace.domain.errors import Invalid
from marketplace.domain.flavour import VOCABULARY
from marketplace.gateways.payment.base import PaymentError
from marketplace.services.booking import cancel_booking, dispute_booking, start_session, withdraw_booking
from marketplace.services.booking_page import BookingDetail, Tab, list_platform_bookings, read_booking
from marketplace.services.booking_step import By, of_platform
from marketplace.services.change_order import parent_of
from marketplace.services.payment import checkout_address, find_payment
from marketplace.services.payment_sync import read_checkout, sync_checkout
from marketplace.web import booking_path, thread
from marketplace.web.guard import member, the_member
from marketplace.web.media import outside
from marketplace.web.platform import blueprint
from marketplace.web.transaction import now, reading, unit_of_work
from marketplace.web.viewer import viewer_zone

log = structlog.get_logger("marquee.web")

TAB_WORDS: Final = {
    Tab.ALL: "All",
    Tab.TO_DO: "For you to do",
    Tab.WAITING: "Waiting",
    Tab.UPCOMING: "Paid and coming",
    Tab.DONE: "Completed",
    Tab.ENDED: "Called off",
}


def by_member() -> By:
    """The member who asks, as a principal of the platform."""
    return By(Party.PLATFORM, the_member().account_id)


def read_page(text: str) -> int:
    """A page number from an address; anything else is the first."""
    return int(text) if text.isdecimal() and len(text) < 7 else 1


@blueprint.get("/booking")
@member
def bookings() -> ResponseReturnValue:
    """Every booking of the platform, under tabs."""
    tab = Tab(request.args["tab"]) if request.args.get("tab") in list(Tab) else Tab.ALL
    page = read_page(request.args.get("page", ""))
    found = list_platform_bookings(reading(), platform_id=the_member().platform_id, tab=tab, page=page)
    tabs = [(TAB_WORDS[one], url_for("platform.bookings", tab=one), found.counts[one], one == tab) for one in Tab]
    return render_template("platform/booking/list.html", found=found, tabs=tabs)


@blueprint.get("/booking/<int:booking_id>")
@member
def booking(booking_id: int) -> ResponseReturnValue:
    """One booking: where it is, who must act until when, and what happens if nobody does. A draft is its form."""
    if (parent_id := parent_of(reading(), booking_id)) is not None:
        return redirect(url_for("platform.booking", booking_id=parent_id), 303)
    detail = _detail(booking_id)
    if detail.state == State.DRAFT:
        return redirect(url_for("platform.draft", booking_id=booking_id), 303)
    return render_template(
        "platform/booking/show.html",
        **page_of(detail),
    )


def page_of(detail: BookingDetail) -> dict[str, object]:
    """What every page about one booking draws."""
    zone = viewer_zone()
    return {
        "detail": detail,
        "booking": detail.booking,
        "first": booking_path.first_name(detail.booking.actor.name),
        "path": booking_path.path_of(detail, zone),
        "history": booking_path.history_of(detail, zone),
        "thread": thread.view_of(detail.booking, Party.PLATFORM),
        "waiting": booking_path.waiting_words(detail, Party.PLATFORM),
        "otherwise": booking_path.otherwise_words(detail, Party.PLATFORM),
        "pay_url": checkout_address(reading(), booking_id=detail.booking.id, now=now()),
        "pay_extra": {
            one.id: checkout_address(reading(), booking_id=one.id, now=now())
            for one in detail.change_orders
            if one.state == State.ACCEPTED
        },
        "extra_href": lambda extra_id: url_for(
            "platform.answer_change_order", booking_id=detail.booking.id, extra_id=extra_id
        ),
        "can": detail.can,
        "State": State,
        "Step": Step,
        "flavour_of": VOCABULARY.get,
    }


def _detail(booking_id: int) -> BookingDetail:
    db = reading()
    return read_booking(db, of_platform(db, booking_id, the_member().platform_id), Party.PLATFORM, now())


def back_to(booking_id: int, words: str, category: str = "ok") -> ResponseReturnValue:
    """The booking's page, with what has just happened on top."""
    flash(words, category)
    return redirect(url_for("platform.booking", booking_id=booking_id), 303)


# paying ------------------------------------------------------------------------------------------


@blueprint.get("/booking/<int:booking_id>/paid")
@member
def booking_paid(booking_id: int) -> ResponseReturnValue:
    """Where Stripe sends a member who has paid: the payment is read at Stripe, whatever the address says."""
    row = of_platform(reading(), booking_id, the_member().platform_id)
    paid = find_payment(reading(), booking_id)
    if paid is not None and paid.checkout_session_id is not None and row.state == State.ACCEPTED:
        _read_at_stripe(paid.checkout_session_id)
    detail = _detail(booking_id)
    if detail.state != State.ACCEPTED:
        return redirect(url_for("platform.booking", booking_id=booking_id), 303)
    return render_template("platform/booking/paid.html", **page_of(detail))


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
    return back_to(booking_id, "Withdrawn. Nothing was charged.")


@blueprint.route("/booking/<int:booking_id>/cancel", methods=["GET", "POST"])
@member
def cancel(booking_id: int) -> ResponseReturnValue:
    """The amounts first, then the click: a refund other than the one shown is refused."""
    detail = _detail(booking_id)
    if request.method == "GET":
        if Step.CANCEL not in detail.can:
            return redirect(url_for("platform.booking", booking_id=booking_id), 303)
        return render_template("platform/booking/cancel.html", **page_of(detail))
    shown = request.form.get("shown_refund_minor", "")
    if not shown.isdecimal():
        raise Invalid("The amount you saw is missing. Open the page again. Nothing was cancelled.")
    with unit_of_work() as db:
        cancel_booking(
            db,
            booking=of_platform(db, booking_id, the_member().platform_id),
            by=by_member(),
            reason=request.form.get("reason", "")[:1000],
            shown_refund_minor=int(shown),
            now=now(),
        )
    return back_to(booking_id, "Cancelled. The refund is on its way to the card you paid with.")


@blueprint.post("/booking/<int:booking_id>/start")
@member
def start(booking_id: int) -> ResponseReturnValue:
    """Begin before the booked time; cancelling is over with that."""
    with unit_of_work() as db:
        start_session(db, booking_id=booking_id, platform_id=the_member().platform_id, by=by_member(), now=now())
    return back_to(booking_id, "The session has started.")


@blueprint.post("/booking/<int:booking_id>/dispute")
@member
def dispute(booking_id: int) -> ResponseReturnValue:
    """Ask an admin to decide; the money stays held."""
    with unit_of_work() as db:
        row = of_platform(db, booking_id, the_member().platform_id)
        dispute_booking(db, booking=row, by=by_member(), reason=request.form.get("reason", ""), now=now())
    return back_to(booking_id, "An admin will look at it. The money stays held until then.", "info")
