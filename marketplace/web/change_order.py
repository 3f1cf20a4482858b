"""Change orders, from either side: something more during a booking, and the answer to it."""

from __future__ import annotations

import secrets

from flask import request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session
from wtforms import HiddenField, IntegerField, StringField
from wtforms.validators import DataRequired, Length, NumberRange, Optional

from marketplace.domain.booking import Party, State
from marketplace.domain.errors import Invalid, Refused
from marketplace.domain.money import Money
from marketplace.models import Booking
from marketplace.services.booking import accept_booking, accept_counter, decline_booking, withdraw_booking
from marketplace.services.change_order import (
    MOST_PICKUPS,
    WORDS_LONGEST,
    Extra,
    check_open,
    get_extra,
    propose_change_order,
)
from marketplace.web.booking_side import Side
from marketplace.web.booking_step import shown_total
from marketplace.web.form import Form, render_form
from marketplace.web.transaction import now, unit_of_work


class ChangeOrderForm(Form):
    """Something more, and what the actor receives for it."""

    words = StringField(
        "What is wanted",
        [DataRequired("Say what is wanted"), Length(max=WORDS_LONGEST, message="%(max)d characters at most")],
    )
    amount = StringField("The actor receives", [DataRequired("Name an amount"), Length(max=20)])
    pickups = IntegerField(
        "Rounds of pick-ups it adds", [Optional(), NumberRange(0, MOST_PICKUPS, "0 to %(max)d rounds")], default=0
    )
    token = HiddenField(validators=[DataRequired(), Length(max=64)])


def change_order_page(side: Side, booking_id: int) -> ResponseReturnValue:
    """Propose something more during the booking; nothing is charged unless the other side agrees and it is paid."""
    detail = side.detail(booking_id)
    if not detail.can_change:
        return side.go(booking_id)
    form = ChangeOrderForm(data={"token": secrets.token_urlsafe(24), "pickups": 0})
    if form.validate_on_submit():
        try:
            ask = _extra(form, detail.booking.currency)
            with unit_of_work() as db:
                propose_change_order(db, booking=side.find(db, booking_id), by=side.by(), ask=ask, now=now())
            return side.back(booking_id, "Proposed. Nothing is charged unless both sides agree.")
        except Refused as refusal:
            form.refuse(refusal)
    return render_form("booking/change_order.html", form, **side.context(detail))


def _extra(form: ChangeOrderForm, currency: str) -> Extra:
    try:
        amount = Money.parse((form.amount.data or "").strip(), currency)
    except Refused as refusal:
        raise Invalid(refusal.sentence, field="amount") from None
    return Extra(form.token.data or "", form.words.data or "", amount, form.pickups.data or 0)


def answer_extra(side: Side, booking_id: int, extra_id: int) -> ResponseReturnValue:
    """Agree to a change order, refuse it, or take back one's own."""
    step = request.form.get("step", "")
    with unit_of_work() as db:
        parent = side.find(db, booking_id)
        extra = get_extra(db, parent, extra_id)
        if step == "accept":
            db.refresh(parent, with_for_update=True)
            check_open(parent)
        words = _answer(db, side, extra, step)
    return side.back(booking_id, words)


def _answer(db: Session, side: Side, extra: Booking, step: str) -> str:
    by, at = side.by(), now()
    if side.party == Party.ACTOR and step == "accept":
        accept_booking(db, booking_id=extra.id, actor_id=extra.actor_id, by=by, now=at)
        return "Agreed. It counts once the platform has paid."
    if side.party == Party.ACTOR and step == "decline":
        is_own = extra.state == State.COUNTERED
        reason = "Taken back." if is_own else "Not agreed."
        decline_booking(db, booking_id=extra.id, actor_id=extra.actor_id, by=by, reason=reason, now=at)
        return "Taken back. Nothing is charged." if is_own else "Declined. Nothing is charged."
    if side.party == Party.PLATFORM and step == "accept":
        total = shown_total()
        accept_counter(db, booking_id=extra.id, platform_id=extra.platform_id, by=by, shown_total_minor=total, now=at)
        return "Agreed. Pay it below."
    if side.party == Party.PLATFORM and step == "withdraw":
        withdraw_booking(db, booking_id=extra.id, platform_id=extra.platform_id, by=by, now=at)
        return "Ended. Nothing is charged."
    raise Invalid("This is not a step you can take. Nothing was changed.")
