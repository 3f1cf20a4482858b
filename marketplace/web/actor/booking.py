"""An actor's bookings: requests to answer, what was agreed, the consent to sign, and how to call off."""

from __future__ import annotations

from typing import Final

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from wtforms import HiddenField, StringField
from wtforms.validators import DataRequired, Length

from marketplace.domain.booking import Party, State, Step
from marketplace.domain.consent import digest
from marketplace.domain.errors import Refused
from marketplace.domain.flavour import VOCABULARY
from marketplace.services.booking import accept_booking, cancel_booking, decline_booking, dispute_booking
from marketplace.services.booking_page import BookingDetail, Tab, list_actor_bookings, read_booking
from marketplace.services.booking_step import By, of_actor
from marketplace.services.change_order import parent_of
from marketplace.services.consent import SIGNABLE, draft_terms, find_grant, sign_consent
from marketplace.web import booking_path, thread
from marketplace.web.actor import blueprint
from marketplace.web.form import Form, render_form
from marketplace.web.guard import actor, the_actor
from marketplace.web.transaction import now, reading, unit_of_work
from marketplace.web.viewer import viewer_zone

TAB_WORDS: Final = {
    Tab.ALL: "All",
    Tab.TO_DO: "For you to do",
    Tab.WAITING: "Waiting",
    Tab.UPCOMING: "Paid and coming",
    Tab.DONE: "Completed",
    Tab.ENDED: "Called off",
}


class ConsentForm(Form):
    """The signature: a name typed in full under the terms whose digest goes with it."""

    signed_name = StringField("Your full name", [DataRequired("Type your name to sign"), Length(max=120)])
    shown_sha256 = HiddenField(validators=[DataRequired()])


def by_actor() -> By:
    """The actor who asks, as a principal."""
    return By(Party.ACTOR, the_actor().account_id)


@blueprint.get("/booking")
@actor
def bookings() -> ResponseReturnValue:
    """Every booking of the actor, under tabs."""
    tab = Tab(request.args["tab"]) if request.args.get("tab") in list(Tab) else Tab.ALL
    page = request.args.get("page", "")
    number = int(page) if page.isdecimal() and len(page) < 7 else 1
    found = list_actor_bookings(reading(), actor_id=the_actor().actor_id, tab=tab, page=number)
    tabs = [(TAB_WORDS[one], url_for("actor.bookings", tab=one), found.counts[one], one == tab) for one in Tab]
    return render_template("actor/booking/list.html", found=found, tabs=tabs)


@blueprint.get("/booking/<int:booking_id>")
@actor
def booking(booking_id: int) -> ResponseReturnValue:
    """One booking: what the actor receives, for what use, and what is asked, before the answer."""
    if (parent_id := parent_of(reading(), booking_id)) is not None:
        return redirect(url_for("actor.booking", booking_id=parent_id), 303)
    return render_template("actor/booking/show.html", **page_of(_detail(booking_id)))


def page_of(detail: BookingDetail) -> dict[str, object]:
    """What every page about one booking draws."""
    zone = viewer_zone()
    return {
        "detail": detail,
        "booking": detail.booking,
        "path": booking_path.path_of(detail, zone),
        "history": booking_path.history_of(detail, zone),
        "thread": thread.view_of(detail.booking, Party.ACTOR),
        "waiting": booking_path.waiting_words(detail, Party.ACTOR),
        "otherwise": booking_path.otherwise_words(detail, Party.ACTOR),
        "extra_href": lambda extra_id: url_for(
            "actor.answer_change_order", booking_id=detail.booking.id, extra_id=extra_id
        ),
        "can": detail.can,
        "can_sign": detail.grant is None and detail.state in SIGNABLE,
        "State": State,
        "Step": Step,
        "flavour_of": VOCABULARY.get,
    }


def _detail(booking_id: int) -> BookingDetail:
    db = reading()
    return read_booking(db, of_actor(db, booking_id, the_actor().actor_id), Party.ACTOR, now())


def _back_to(booking_id: int, words: str, category: str = "ok") -> ResponseReturnValue:
    flash(words, category)
    return redirect(url_for("actor.booking", booking_id=booking_id), 303)


@blueprint.post("/booking/<int:booking_id>/accept")
@actor
def accept(booking_id: int) -> ResponseReturnValue:
    """Say yes: the time is held while the platform pays; the consent comes next."""
    with unit_of_work() as db:
        accept_booking(
            db,
            booking_id=booking_id,
            actor_id=the_actor().actor_id,
            by=by_actor(),
            says_yes="says_yes" in request.form,
            now=now(),
        )
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
    except Refused as refusal:
        if getattr(refusal, "field", None) != "reason":
            raise
        page = page_of(_detail(booking_id))
        return render_template("actor/booking/show.html", errors={"reason": refusal.sentence}, **page), 422
    return _back_to(booking_id, "Declined. The platform reads your reason.")


@blueprint.route("/booking/<int:booking_id>/cancel", methods=["GET", "POST"], endpoint="cancel_booking")
@actor
def cancel(booking_id: int) -> ResponseReturnValue:
    """What it means first, then the click; the platform gets everything back."""
    detail = _detail(booking_id)
    if request.method == "GET" and Step.CANCEL not in detail.can:
        return redirect(url_for("actor.booking", booking_id=booking_id), 303)
    if request.method == "GET":
        return render_template("actor/booking/cancel.html", **page_of(detail))
    try:
        with unit_of_work() as db:
            row = of_actor(db, booking_id, the_actor().actor_id)
            cancel_booking(db, booking=row, by=by_actor(), reason=request.form.get("reason", ""), now=now())
    except Refused as refusal:
        if getattr(refusal, "field", None) != "reason":
            raise
        page = page_of(detail)
        return render_template("actor/booking/cancel.html", errors={"reason": refusal.sentence}, **page), 422
    return _back_to(booking_id, "Cancelled. The platform gets everything back that it paid.")


@blueprint.post("/booking/<int:booking_id>/dispute", endpoint="dispute_booking")
@actor
def dispute(booking_id: int) -> ResponseReturnValue:
    """Ask an admin to decide; the money stays held."""
    with unit_of_work() as db:
        row = of_actor(db, booking_id, the_actor().actor_id)
        dispute_booking(db, booking=row, by=by_actor(), reason=request.form.get("reason", ""), now=now())
    return _back_to(booking_id, "An admin will look at it. The money stays held until then.", "info")


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
            return _back_to(booking_id, "Signed. You can read it here at any time.")
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
