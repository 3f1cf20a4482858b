"""An actor's rate card."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from flask import flash, redirect, url_for
from flask.typing import ResponseReturnValue
from wtforms import SelectField, StringField

from marketplace.domain.cancellation import Tier
from marketplace.domain.errors import Invalid, Refused
from marketplace.domain.money import Money
from marketplace.domain.rate import DEFAULT_USAGE_BP, Ask, RateCard, Usage, UsageScope, UsageTerm, make_quote
from marketplace.services import actor as actors
from marketplace.services.rate import Priced, find_rate_card
from marketplace.web import terms
from marketplace.web.actor import blueprint
from marketplace.web.form import Form, render_form
from marketplace.web.guard import actor, the_actor
from marketplace.web.show import length_of
from marketplace.web.transaction import now, reading, unit_of_work

SHORTEST: Final = (60, 90, 120, 180, 240)
MOST_HOURLY_MINOR: Final = 1_000_000
EXAMPLE: Final = Usage(UsageScope.ONE_TITLE, UsageTerm.MONTHS_12)


class RateForm(Form):
    """Prices in major units as people type them."""

    hour = StringField("Hourly rate")
    minimum_minutes = SelectField("Shortest session", choices=[(str(each), length_of(each)) for each in SHORTEST])
    take_set = StringField("Each further take set")
    revision = StringField("Each further round of pick-ups")
    rush = StringField("Short-notice surcharge")
    cancellation = SelectField("Cancellation", choices=[(tier.value, tier.sentence) for tier in Tier])

    def to_card(self, currency: str, usage: dict[Usage, int]) -> RateCard:
        """The price list; refuses what is no amount, naming the field."""
        hour = _money(self.hour.data, currency, "hour")
        if hour is None:
            raise Invalid("Enter your hourly rate, for example 180.00. Nothing was saved.", field="hour")
        if hour.minor > MOST_HOURLY_MINOR:
            raise Invalid("That is more than 10,000.00 an hour. Nothing was saved.", field="hour")
        return RateCard(
            hour=hour,
            minimum_minutes=int(self.minimum_minutes.data),
            usage_bp=usage or DEFAULT_USAGE_BP,
            take_set=_money(self.take_set.data, currency, "take_set"),
            revision=_money(self.revision.data, currency, "revision"),
            rush_bp=_percent_bp(self.rush.data),
        )


@blueprint.route("/rate", methods=["GET", "POST"])
@actor
def rate() -> ResponseReturnValue:
    """The rate card as a form, with what a platform would pay for an example."""
    who = the_actor()
    priced = find_rate_card(reading(), who.actor_id)
    currency = priced.card.currency if priced else terms.currency()
    form = RateForm(data=_data(priced))
    if form.validate_on_submit():
        try:
            usage = dict(priced.card.usage_bp) if priced else {}
            card, tier = form.to_card(currency, usage), Tier(form.cancellation.data)
            with unit_of_work() as db:
                actors.save_rate(db, actor_id=who.actor_id, card=card, cancellation=tier, now=now())
            flash("Rate saved. Bookings made before keep their own price.", "ok")
            return redirect(url_for("actor.rate"), 303)
        except Refused as refusal:
            form.refuse(refusal)
    example = _example(priced.card) if priced else None
    usages = sorted((priced.card.usage_bp if priced else DEFAULT_USAGE_BP).items(), key=lambda pair: pair[1])
    return render_form("actor/rate.html", form, currency=currency, example=example, usages=usages)


def _example(card: RateCard) -> object:
    minutes = max(card.minimum_minutes, 120)
    return make_quote(card, Ask(minutes, EXAMPLE, now() + 2 * card.rush_within), terms.fee_bp(), now())


def _data(priced: Priced | None) -> dict[str, object]:
    if priced is None:
        return {"minimum_minutes": "120", "cancellation": Tier.STANDARD.value}
    card = priced.card
    return {
        "hour": _typed(card.hour),
        "minimum_minutes": str(card.minimum_minutes),
        "take_set": _typed(card.take_set),
        "revision": _typed(card.revision),
        "rush": f"{Decimal(card.rush_bp) / 100:f}".rstrip("0").rstrip(".") if card.rush_bp else "",
        "cancellation": priced.cancellation.value,
    }


def _typed(amount: Money | None) -> str:
    return f"{amount.major:f}" if amount else ""


def _money(text: str | None, currency: str, field: str) -> Money | None:
    """An amount as typed, None for nothing."""
    if not (text or "").strip():
        return None
    try:
        amount = Money.parse(text or "", currency)
    except Refused as refusal:
        raise Invalid(f"{refusal.sentence} Nothing was saved.", field=field) from None
    if amount.minor < 0:
        raise Invalid("An amount cannot be less than nothing. Nothing was saved.", field=field)
    return amount


def _percent_bp(text: str | None) -> int:
    try:
        percent = float((text or "0").strip().rstrip("%").replace(",", ".") or 0)
    except ValueError:
        percent = -1.0
    if not 0 <= percent <= 200:
        raise Invalid("Enter a percentage from 0 to 200, like 25. Nothing was saved.", field="rush")
    return round(percent * 100)
