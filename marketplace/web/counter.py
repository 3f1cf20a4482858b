"""A counter-offer, from either side: other terms, what they change, and only then the click that sends them."""

from __future__ import annotations

from flask import request
from flask.typing import ResponseReturnValue
from wtforms import BooleanField, HiddenField, IntegerField, SelectField, StringField, TextAreaField
from wtforms.validators import DataRequired, Length, NumberRange

from marketplace.domain.booking import MOST_COUNTERS, Step
from marketplace.domain.errors import Invalid, Refused
from marketplace.domain.money import Money
from marketplace.domain.offer import Terms, differences
from marketplace.domain.rate import MOST_TAKE_SETS, PLACE_LONGEST, Exclusivity, RateCard, Territory, Usage
from marketplace.models import Booking
from marketplace.services.booking_request import PriceChanged
from marketplace.services.offer import WORDS_LONGEST, Counter, counter_booking, price_counter, terms_of
from marketplace.services.rate import find_rate_card
from marketplace.web import typed
from marketplace.web.booking_side import Side
from marketplace.web.form import Form, render_form
from marketplace.web.public.offer import menu_of, usage_key
from marketplace.web.transaction import now, reading, unit_of_work


class CounterForm(Form):
    """Other terms. The price is what the actor receives; the fee on top follows from it."""

    offered = StringField("The actor receives", [Length(max=20)])
    usage = SelectField("In what and how long")
    territory = SelectField("Where", choices=[(one.value, one.label) for one in Territory])
    place = StringField("Which country or region", [Length(max=PLACE_LONGEST, message="%(max)d characters at most")])
    exclusivity = SelectField("Exclusivity", choices=[(one.value, one.label) for one in Exclusivity])
    take_sets = IntegerField(
        "Take sets", [DataRequired("Say how many take sets"), NumberRange(1, MOST_TAKE_SETS, "1 to %(max)d take sets")]
    )
    words = TextAreaField("Why", [Length(max=WORDS_LONGEST, message="1,000 characters at most")])
    says_yes = BooleanField("Your yes")
    shown_total_minor = HiddenField()


def counter_page(side: Side, booking_id: int) -> ResponseReturnValue:
    """Other terms: first what they change, then the click that sends them."""
    detail = side.detail(booking_id)
    if Step.COUNTER not in detail.can:
        return side.go(booking_id)
    before, menu = terms_of(detail.booking), _menu(detail.booking)
    form = CounterForm(data=_data(before))
    form.usage.choices = _usage_choices(menu, before.usage)
    looked: Terms | None = None
    if request.method == "POST" and form.validate():
        try:
            ask = _asked(form, detail.booking, menu)
            looked = price_counter(reading(), detail.booking, ask, now())
            if "send" in request.form:
                _check_shown(form, looked)
                with unit_of_work() as db:
                    counter_booking(db, booking=side.find(db, booking_id), by=side.by(), ask=ask, now=now())
                return side.back(booking_id, "Your counter-offer is sent. Nothing is held or charged yet.")
        except Refused as refusal:
            form.refuse(refusal)
    if looked is not None:
        form.shown_total_minor.data = str(looked.quote.total.minor)
    return render_form(
        "booking/counter.html",
        form,
        looked=looked,
        changes=differences(before, looked) if looked else (),
        left=MOST_COUNTERS - detail.booking.counters,
        most=MOST_COUNTERS,
        **side.context(detail),
    )


def _menu(booking: Booking) -> RateCard:
    priced = find_rate_card(reading(), booking.actor_id)
    return menu_of(priced.card if priced else None)


def _data(terms: Terms) -> dict[str, object]:
    usage = terms.usage
    return {
        "offered": str(terms.quote.net.major),
        "usage": usage_key(usage),
        "territory": usage.territory.value,
        "place": usage.place,
        "exclusivity": usage.exclusivity.value,
        "take_sets": terms.take_sets,
    }


def _usage_choices(menu: RateCard, now_on_table: Usage) -> list[tuple[str, str]]:
    sold = list(menu.usage_bp)
    kept = sold if now_on_table.use in sold else [now_on_table.use, *sold]
    return [(usage_key(usage), usage.use_label) for usage in kept]


def _asked(form: CounterForm, booking: Booking, menu: RateCard) -> Counter:
    scope, _, term = (form.usage.data or "").partition("/")
    usage = Usage.read(scope, term, form.territory.data or "", form.exclusivity.data or "", form.place.data or "")
    text = (form.offered.data or "").strip()
    try:
        offered = Money.parse(text, booking.currency) if text else None
    except Refused as refusal:
        raise Invalid(refusal.sentence, field="offered") from None
    return Counter(
        usage,
        form.take_sets.data or 1,
        _more_pickups(booking, menu),
        offered,
        form.words.data or "",
        form.says_yes.data,
    )


def _more_pickups(booking: Booking, menu: RateCard) -> int:
    """The rounds beyond those the actor's price includes stay as they are on the table."""
    return max(0, int(booking.quote["pickups_included"]) - menu.pickups_included)


def _check_shown(form: CounterForm, looked: Terms) -> None:
    if typed.whole_number(form.shown_total_minor.data or "") != looked.quote.total.minor:
        raise PriceChanged("Look at what changes before you send it. Nothing was sent.")
