"""Pages that both sides of a booking share: counter-offers, another time, no-shows, change orders and plain steps.

A side knows whose page it is; everything else is the same for both.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session
from wtforms import HiddenField, IntegerField, RadioField, SelectField, StringField, TextAreaField
from wtforms.validators import DataRequired, Length, NumberRange, Optional

from marketplace.domain.availability import Interval, by_local_day, instant_of
from marketplace.domain.booking import Party, State, Step
from marketplace.domain.errors import Invalid, Refused
from marketplace.domain.money import Money
from marketplace.domain.offer import Terms, differences
from marketplace.domain.rate import (
    DEFAULT_USAGE_BP,
    MOST_TAKE_SETS,
    USUAL_PICKUPS,
    Exclusivity,
    Territory,
    Usage,
)
from marketplace.models import Booking
from marketplace.services.availability import get_calendar
from marketplace.services.booking import (
    accept_booking,
    accept_counter,
    decline_booking,
    extend_answer,
    withdraw_booking,
)
from marketplace.services.booking_page import BookingDetail, read_booking
from marketplace.services.booking_pencil import challenge_pencil, confirm_pencil, give_pencil
from marketplace.services.booking_request import PriceChanged
from marketplace.services.booking_step import By
from marketplace.services.booking_time import agree_time, keep_time, propose_time
from marketplace.services.change_order import Extra, check_open, get_extra, propose_change_order
from marketplace.services.no_show import (
    claim_no_show,
    concede_no_show,
    contest_no_show,
    settlement_of_no_show,
    take_back_no_show,
)
from marketplace.services.offer import Counter, counter_booking, price_counter, terms_of
from marketplace.services.rate import find_rate_card
from marketplace.web import show, typed
from marketplace.web.form import Form, render_form
from marketplace.web.transaction import now, reading, unit_of_work
from marketplace.web.viewer import viewer_zone

SHOWN_DAYS: Final = timedelta(days=21)
MOST_TIMES: Final = 120


@dataclass(frozen=True)
class Side:
    """Whose page it is: which bookings they may open, and in whose name they act."""

    party: Party
    find: Callable[[Session, int], Booking]
    by: Callable[[], By]
    page_of: Callable[[BookingDetail], dict[str, object]]

    def address(self, page: str, booking_id: int) -> str:
        """The address of one of this side's pages about a booking."""
        return url_for(f"{self.party}.{page}", booking_id=booking_id)

    def detail(self, booking_id: int) -> BookingDetail:
        """The booking as this side reads it."""
        db = reading()
        return read_booking(db, self.find(db, booking_id), self.party, now())

    def back(self, booking_id: int, words: str) -> ResponseReturnValue:
        """The booking's page with what has just happened on top."""
        flash(words, "ok")
        return redirect(self.address("booking", booking_id), 303)

    def context(self, detail: BookingDetail) -> dict[str, object]:
        """What every page of this side draws."""
        other = detail.booking.platform.name if self.party == Party.ACTOR else detail.booking.actor.name.split()[0]
        return {**self.page_of(detail), "other": other, "back_href": self.address("booking", detail.booking.id)}


# plain steps -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Plain:
    """A step that is one click: who it is for, what does it, and what is said after."""

    party: Party | None
    act: Callable[[Session, Booking, By], None]
    words: str


def _words() -> str:
    return request.form.get("reason", "")


def _shown_time() -> datetime | None:
    return typed.instant(request.form.get("shown_starts_at", ""))


def _shown_total() -> int:
    total = typed.whole_number(request.form.get("shown_total_minor", ""))
    if total is None:
        raise Invalid("The amount you saw is missing. Open the page again. Nothing was accepted.")
    return total


PLAIN: Final[Mapping[str, Plain]] = MappingProxyType(
    {
        "accept_counter": Plain(
            Party.PLATFORM,
            lambda db, row, by: accept_counter(
                db, booking_id=row.id, platform_id=row.platform_id, by=by, shown_total_minor=_shown_total(), now=now()
            ),
            "Accepted. The time is held while you pay.",
        ),
        "extend": Plain(
            Party.ACTOR,
            lambda db, row, by: extend_answer(db, booking_id=row.id, actor_id=row.actor_id, by=by, now=now()),
            "You have more time to answer: until when stands above.",
        ),
        "pencil": Plain(
            Party.ACTOR,
            lambda db, row, by: give_pencil(
                db, booking_id=row.id, actor_id=row.actor_id, by=by, says_yes="says_yes" in request.form, now=now()
            ),
            "The pencil is given. Nothing is held yet; the first in rank may confirm and pay.",
        ),
        "confirm_pencil": Plain(
            Party.PLATFORM,
            lambda db, row, by: confirm_pencil(db, booking_id=row.id, platform_id=row.platform_id, by=by, now=now()),
            "Confirmed. The time is held while you pay.",
        ),
        "challenge": Plain(
            Party.PLATFORM,
            lambda db, row, by: challenge_pencil(db, booking_id=row.id, platform_id=row.platform_id, by=by, now=now()),
            "Challenged. The first pencil must now be confirmed and paid, or it makes way.",
        ),
        "agree_time": Plain(
            None,
            lambda db, row, by: agree_time(db, booking=row, by=by, shown_starts_at=_shown_time(), now=now()),
            "Agreed. The booking has its new time.",
        ),
        "keep_time": Plain(
            None,
            lambda db, row, by: keep_time(db, booking=row, by=by, words=_words(), now=now()),
            "The booking keeps its time.",
        ),
        "contest": Plain(
            None,
            lambda db, row, by: contest_no_show(db, booking=row, by=by, words=_words(), now=now()),
            "An admin hears both sides. The money stays held until then.",
        ),
        "concede": Plain(
            None,
            lambda db, row, by: concede_no_show(db, booking=row, by=by, now=now()),
            "Thank you for saying so. The booking is settled.",
        ),
        "take_back": Plain(
            None,
            lambda db, row, by: take_back_no_show(db, booking=row, by=by, now=now()),
            "Taken back. The session goes on.",
        ),
    }
)


def take_plain_step(side: Side, booking_id: int) -> ResponseReturnValue:
    """One click of the booking's page; words that are missing bring the page back with what was typed."""
    side.find(reading(), booking_id)  # another's booking is not found, whatever was asked of it
    plain = PLAIN.get(request.form.get("step", ""))
    if plain is None or plain.party not in (None, side.party):
        raise Invalid("This is not a step you can take. Nothing was changed.")
    try:
        with unit_of_work() as db:
            plain.act(db, side.find(db, booking_id), side.by())
    except Invalid as refusal:
        if refusal.field != "reason":
            raise
        page = side.context(side.detail(booking_id))
        return render_template(f"{side.party}/booking/show.html", errors={"reason": refusal.sentence}, **page), 422
    return side.back(booking_id, plain.words)


# counter-offers ----------------------------------------------------------------------------------


class CounterForm(Form):
    """Other terms. The price is what the actor receives; the fee on top follows from it."""

    offered = StringField("The actor receives", [Length(max=20)])
    usage = SelectField("In what and how long")
    territory = SelectField("Where", choices=[(one.value, one.label) for one in Territory])
    place = StringField("Which country or region", [Length(max=80)])
    exclusivity = SelectField("Exclusivity", choices=[(one.value, one.label) for one in Exclusivity])
    take_sets = IntegerField(
        "Take sets", [DataRequired("Say how many take sets"), NumberRange(1, MOST_TAKE_SETS, "1 to %(max)d take sets")]
    )
    words = TextAreaField("Why", [Length(max=1000, message="1,000 characters at most")])
    shown_total_minor = HiddenField()


def counter(side: Side, booking_id: int) -> ResponseReturnValue:
    """Other terms: first what they change, then the click that sends them."""
    detail = side.detail(booking_id)
    if Step.COUNTER not in detail.can:
        return redirect(side.address("booking", booking_id), 303)
    before = terms_of(detail.booking)
    form = CounterForm(data=_counter_data(before))
    form.usage.choices = _usage_choices(detail.booking, before.usage)
    looked: Terms | None = None
    if request.method == "POST" and form.validate():
        try:
            ask = _asked(form, detail.booking)
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
        before=before,
        looked=looked,
        changes=differences(before, looked) if looked else (),
        side=side.party,
        **side.context(detail),
    )


def _counter_data(terms: Terms) -> dict[str, object]:
    usage = terms.usage
    return {
        "offered": str(terms.quote.net.major),
        "usage": f"{usage.scope}/{usage.term}",
        "territory": usage.territory.value,
        "place": usage.place,
        "exclusivity": usage.exclusivity.value,
        "take_sets": terms.take_sets,
    }


def _usage_choices(booking: Booking, now_on_table: Usage) -> list[tuple[str, str]]:
    priced = find_rate_card(reading(), booking.actor_id)
    sold = list(priced.card.usage_bp if priced else DEFAULT_USAGE_BP)
    kept = sold if now_on_table.use in sold else [now_on_table.use, *sold]
    return [(f"{usage.scope}/{usage.term}", usage.use_label) for usage in kept]


def _asked(form: CounterForm, booking: Booking) -> Counter:
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
        _more_pickups(booking),
        offered,
        form.words.data or "",
        "says_yes" in request.form,
    )


def _more_pickups(booking: Booking) -> int:
    """The rounds beyond those the actor's price includes stay as they are on the table."""
    priced = find_rate_card(reading(), booking.actor_id)
    included = priced.card.pickups_included if priced else USUAL_PICKUPS
    return max(0, int(booking.quote["pickups_included"]) - included)


def _check_shown(form: CounterForm, looked: Terms) -> None:
    if typed.whole_number(form.shown_total_minor.data or "") != looked.quote.total.minor:
        raise PriceChanged("Look at what changes before you send it. Nothing was sent.")


# another time ------------------------------------------------------------------------------------


class TimeForm(Form):
    """Another time: one of those free in the actor's calendar, or for the actor any time of their own."""

    slot = RadioField("Time", validators=[Optional()], validate_choice=False)
    local = StringField("Or a time of your own", [Length(max=40)])
    words = TextAreaField("Why", [Length(max=500, message="500 characters at most")])


def new_time(side: Side, booking_id: int) -> ResponseReturnValue:
    """Propose another time; the one that is booked stays held until the other side answers."""
    detail = side.detail(booking_id)
    if Step.PROPOSE_TIME not in detail.can:
        return redirect(side.address("booking", booking_id), 303)
    form, zone = TimeForm(), viewer_zone()
    if form.validate_on_submit():
        try:
            starts_at = _chosen_time(form, side, zone)
            with unit_of_work() as db:
                row = side.find(db, booking_id)
                words = form.words.data or ""
                propose_time(db, booking=row, by=side.by(), starts_at=starts_at, words=words, now=now())
            return side.back(booking_id, "Proposed. The booking keeps its time until the other side agrees.")
        except Refused as refusal:
            form.refuse(refusal)
    days = by_local_day(_free_times(detail.booking), zone)
    return render_form("booking/new_time.html", form, days=days, show=show, side=side.party, **side.context(detail))


def _chosen_time(form: TimeForm, side: Side, zone: str) -> datetime:
    own = (form.local.data or "").strip()
    if own and side.party == Party.ACTOR:
        try:
            return instant_of(datetime.fromisoformat(own).replace(tzinfo=None), zone)
        except ValueError:
            raise Invalid("Write the time like 2026-12-03T14:30.", field="local") from None
    chosen = typed.instant(form.slot.data or "")
    if chosen is None:
        raise Invalid("Choose a time. Nothing was proposed.", field="slot")
    return chosen


def _free_times(booking: Booking) -> list[Interval]:
    length = booking.ends_at - booking.starts_at
    first = max(now() + timedelta(hours=2), booking.starts_at - SHOWN_DAYS / 2)
    window = Interval(first, max(booking.starts_at, first) + SHOWN_DAYS)
    calendar = get_calendar(reading(), booking.actor_id, window, without_booking_id=booking.id)
    slots = [slot for slot in calendar.slots(length, window, now()) if slot.starts_at.minute == 0]
    return [slot for slot in slots if slot.starts_at != booking.starts_at][:MOST_TIMES]


# no-shows ----------------------------------------------------------------------------------------


class NoShowForm(Form):
    """What happened, in the words of the side that was there."""

    reason = TextAreaField(
        "What happened", [DataRequired("Say what happened"), Length(max=2000, message="2,000 characters at most")]
    )


def no_show(side: Side, booking_id: int) -> ResponseReturnValue:
    """Report the other side missing: what follows is said before the click."""
    detail, form = side.detail(booking_id), NoShowForm()
    if Step.CLAIM_NO_SHOW not in detail.can:
        return redirect(side.address("booking", booking_id), 303)
    if form.validate_on_submit():
        with unit_of_work() as db:
            row = side.find(db, booking_id)
            claim_no_show(db, booking=row, by=side.by(), words=form.reason.data or "", now=now())
        return side.back(booking_id, "Reported. The other side has a day to answer.")
    settled = settlement_of_no_show(reading(), detail.booking, side.party)
    return render_form("booking/no_show.html", form, settled=settled, side=side.party, **side.context(detail))


# change orders -----------------------------------------------------------------------------------


class ChangeOrderForm(Form):
    """Something more, and what the actor receives for it."""

    words = StringField(
        "What is wanted", [DataRequired("Say what is wanted"), Length(max=300, message="300 characters at most")]
    )
    amount = StringField("The actor receives", [DataRequired("Name an amount"), Length(max=20)])
    pickups = IntegerField("Rounds of pick-ups it adds", [Optional(), NumberRange(0, 3, "0 to 3 rounds")], default=0)
    token = HiddenField(validators=[DataRequired(), Length(max=64)])


def change_order(side: Side, booking_id: int) -> ResponseReturnValue:
    """Propose something more during the booking; nothing is charged unless the other side agrees and it is paid."""
    detail = side.detail(booking_id)
    if not detail.can_change:
        return redirect(side.address("booking", booking_id), 303)
    form = ChangeOrderForm(data={"token": secrets.token_urlsafe(24), "pickups": 0})
    if form.validate_on_submit():
        try:
            ask = _extra(form, detail.booking.currency)
            with unit_of_work() as db:
                propose_change_order(db, booking=side.find(db, booking_id), by=side.by(), ask=ask, now=now())
            return side.back(booking_id, "Proposed. Nothing is charged unless both sides agree.")
        except Refused as refusal:
            form.refuse(refusal)
    return render_form("booking/change_order.html", form, side=side.party, **side.context(detail))


def _extra(form: ChangeOrderForm, currency: str) -> Extra:
    try:
        amount = Money.parse((form.amount.data or "").strip(), currency)
    except Refused as refusal:
        raise Invalid(refusal.sentence, field="amount") from None
    return Extra(form.token.data or "", form.words.data or "", amount, form.pickups.data or 0)


def answer_change_order(side: Side, booking_id: int, extra_id: int) -> ResponseReturnValue:
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
        total = _shown_total()
        accept_counter(db, booking_id=extra.id, platform_id=extra.platform_id, by=by, shown_total_minor=total, now=at)
        return "Agreed. Pay it below."
    if side.party == Party.PLATFORM and step == "withdraw":
        withdraw_booking(db, booking_id=extra.id, platform_id=extra.platform_id, by=by, now=at)
        return "Ended. Nothing is charged."
    raise Invalid("This is not a step you can take. Nothing was changed.")
