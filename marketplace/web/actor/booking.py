"""An actor's bookings: requests to answer, what was agreed, the consent to sign, and how to call off."""

from __future__ import annotations

from typing import Final

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from wtforms import HiddenField, StringField
from wtforms.validators import DataRequired, Length

from marketplace.domain.booking import Party, Step
from marketplace.domain.booking_state import CALLED_OFF
from marketplace.domain.capture import TAKES_ARRIVE
from marketplace.domain.consent import digest
from marketplace.domain.errors import Invalid, Refused
from marketplace.services.booking import accept_booking, cancel_booking, decline_booking, dispute_booking
from marketplace.services.booking_page import BookingDetail, list_actor_bookings
from marketplace.services.booking_step import By, of_actor
from marketplace.services.change_order import parent_of
from marketplace.services.consent import SIGNABLE, draft_terms, find_grant, sign_consent
from marketplace.web.actor import blueprint
from marketplace.web.booking_list import list_page
from marketplace.web.booking_side import Side
from marketplace.web.form import Form, render_form
from marketplace.web.guard import actor, the_actor
from marketplace.web.transaction import now, reading, unit_of_work


class ConsentForm(Form):
    """The signature: a name typed in full under the terms whose digest goes with it."""

    signed_name = StringField("Your full name", [DataRequired("Type your name to sign"), Length(max=120)])
    shown_sha256 = HiddenField(validators=[DataRequired()])


def by_actor() -> By:
    """The actor who asks, as a principal."""
    return By(Party.ACTOR, the_actor().account_id)


def _standing(detail: BookingDetail) -> dict[str, object]:
    return {
        "can_sign": detail.grant is None and detail.state in SIGNABLE,
        "can_add_takes": detail.state in TAKES_ARRIVE,
        "is_called_off": detail.state in CALLED_OFF,
    }


SIDE: Final = Side(
    party=Party.ACTOR,
    find=lambda db, booking_id: of_actor(db, booking_id, the_actor().actor_id),
    by=by_actor,
    more=_standing,
)


@blueprint.get("/booking")
@actor
def bookings() -> ResponseReturnValue:
    """Every booking of the actor, under tabs."""
    actor_id = the_actor().actor_id
    return list_page(
        Party.ACTOR, lambda tab, page: list_actor_bookings(reading(), actor_id=actor_id, tab=tab, page=page)
    )


@blueprint.get("/booking/<int:booking_id>")
@actor
def booking(booking_id: int) -> ResponseReturnValue:
    """One booking: what the actor receives, for what use, and what is asked, before the answer."""
    if (parent_id := parent_of(reading(), booking_id)) is not None:
        return redirect(url_for("actor.booking", booking_id=parent_id), 303)
    return SIDE.show(SIDE.detail(booking_id))


@blueprint.post("/booking/<int:booking_id>/accept")
@actor
def accept(booking_id: int) -> ResponseReturnValue:
    """Say yes: the time is held while the platform pays; the consent comes next. A missing yes brings the page back."""
    try:
        with unit_of_work() as db:
            accept_booking(
                db,
                booking_id=booking_id,
                actor_id=the_actor().actor_id,
                by=by_actor(),
                says_yes="says_yes" in request.form,
                now=now(),
            )
    except Invalid as refusal:
        return SIDE.ask_again(booking_id, refusal)
    flash("Accepted. Your time is held while the platform pays. Next, read and sign the consent.", "ok")
    return redirect(url_for("actor.consent", booking_id=booking_id), 303)


@blueprint.post("/booking/<int:booking_id>/decline")
@actor
def decline(booking_id: int) -> ResponseReturnValue:
    """Say no, with a reason; an empty one brings the page back."""
    reason = request.form.get("reason", "")
    try:
        with unit_of_work() as db:
            decline_booking(
                db, booking_id=booking_id, actor_id=the_actor().actor_id, by=by_actor(), reason=reason, now=now()
            )
    except Invalid as refusal:
        return SIDE.ask_again(booking_id, refusal)
    return SIDE.back(booking_id, "Declined. The platform reads your reason.")


@blueprint.route("/booking/<int:booking_id>/cancel", methods=["GET", "POST"], endpoint="cancel_booking")
@actor
def cancel(booking_id: int) -> ResponseReturnValue:
    """What it means first, then the click; the platform gets everything back."""
    detail = SIDE.detail(booking_id)
    if request.method == "GET" and Step.CANCEL not in detail.can:
        return SIDE.go(booking_id)
    if request.method == "GET":
        return render_template("actor/booking/cancel.html", **SIDE.context(detail))
    try:
        with unit_of_work() as db:
            row = of_actor(db, booking_id, the_actor().actor_id)
            cancel_booking(db, booking=row, by=by_actor(), reason=request.form.get("reason", ""), now=now())
    except Invalid as refusal:
        if refusal.field != "reason":
            raise
        page = SIDE.context(detail)
        return render_template("actor/booking/cancel.html", errors={"reason": refusal.sentence}, **page), 422
    return SIDE.back(booking_id, "Cancelled. The platform gets everything back that it paid.")


@blueprint.post("/booking/<int:booking_id>/dispute", endpoint="dispute_booking")
@actor
def dispute(booking_id: int) -> ResponseReturnValue:
    """Ask an admin to decide; the money stays held."""
    with unit_of_work() as db:
        row = of_actor(db, booking_id, the_actor().actor_id)
        dispute_booking(db, booking=row, by=by_actor(), reason=request.form.get("reason", ""), now=now())
    return SIDE.back(booking_id, "An admin will look at it. The money stays held until then.", "info")


@blueprint.route("/booking/<int:booking_id>/consent", methods=["GET", "POST"])
@actor
def consent(booking_id: int) -> ResponseReturnValue:
    """The terms in sentences, and the signature under them. Nothing else on Marquee is consent."""
    who, db = the_actor(), reading()
    row = of_actor(db, booking_id, who.actor_id)
    terms, grant = draft_terms(row), find_grant(db, booking_id)
    form = ConsentForm(data={"shown_sha256": digest(terms)})
    if grant is None and form.validate_on_submit():
        try:
            _sign(form, booking_id)
            return SIDE.back(booking_id, "Signed. You can read it here at any time.")
        except Refused as refusal:
            if getattr(refusal, "field", None) is None and refusal.status != 422:
                raise
            form.refuse(refusal)
    # what is signed is always what this page shows now
    form.shown_sha256.data = digest(terms)
    return render_form(
        "actor/booking/consent.html",
        form,
        booking=row,
        terms=terms,
        sentences=terms.sentences(),
        grant=grant,
        can_sign=grant is None and row.state in SIGNABLE,
        sha256=grant.terms_sha256 if grant else digest(terms),
    )


def _sign(form: ConsentForm, booking_id: int) -> None:
    who = the_actor()
    with unit_of_work() as db:
        sign_consent(
            db,
            booking_id=booking_id,
            actor_id=who.actor_id,
            account_id=who.account_id,
            signed_name=form.signed_name.data or "",
            shown_sha256=form.shown_sha256.data or "",
            now=now(),
            ip=request.remote_addr,
        )
