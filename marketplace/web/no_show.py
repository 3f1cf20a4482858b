"""The report that the other side did not come, by either side."""

from __future__ import annotations

from flask.typing import ResponseReturnValue
from wtforms import TextAreaField
from wtforms.validators import DataRequired, Length

from marketplace.domain.booking import Step
from marketplace.services.no_show import claim_no_show, settlement_of_no_show
from marketplace.web.booking_side import Side
from marketplace.web.form import Form, render_form
from marketplace.web.transaction import now, reading, unit_of_work


class NoShowForm(Form):
    """What happened, in the words of the side that was there."""

    reason = TextAreaField(
        "What happened", [DataRequired("Say what happened"), Length(max=2000, message="2,000 characters at most")]
    )


def no_show_page(side: Side, booking_id: int) -> ResponseReturnValue:
    """Report the other side missing: what follows is said before the click."""
    detail, form = side.detail(booking_id), NoShowForm()
    if Step.CLAIM_NO_SHOW not in detail.can:
        return side.go(booking_id)
    if form.validate_on_submit():
        with unit_of_work() as db:
            row = side.find(db, booking_id)
            claim_no_show(db, booking=row, by=side.by(), words=form.reason.data or "", now=now())
        return side.back(booking_id, "Reported. The other side has a day to answer.")
    settled = settlement_of_no_show(reading(), detail.booking, side.party)
    return render_form("booking/no_show.html", form, settled=settled, **side.context(detail))
