"""An actor's rate card: sessions, extras, and what each kind of usage adds."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Final, TypeVar

from flask import flash, redirect, url_for
from flask.typing import ResponseReturnValue
from wtforms import SelectField, StringField

from marketplace.domain.cancellation import Tier
from marketplace.domain.errors import Invalid, Refused
from marketplace.domain.money import OFFERED, Money
from marketplace.domain.rate import (
    DEFAULT_USAGE_BP,
    MOST_PICKUPS,
    Ask,
    Exclusivity,
    Quote,
    RateCard,
    Territory,
    Usage,
    UsageScope,
    UsageTerm,
    make_quote,
    most_per_hour,
)
from marketplace.services import actor as actors
from marketplace.services.market import find_market_range
from marketplace.services.rate import Priced, find_rate_card
from marketplace.web import market, show, terms
from marketplace.web.actor import blueprint
from marketplace.web.form import Form, render_form
from marketplace.web.guard import actor, the_actor
from marketplace.web.public.offer import read_wish
from marketplace.web.show import length_of
from marketplace.web.transaction import now, reading, unit_of_work

SHORTEST: Final = (60, 90, 120, 180, 240)
ROUNDS: Final = [(str(number), str(number)) for number in range(MOST_PICKUPS + 1)]
MOST_RUSH_PERCENT: Final = 200
MOST_PERCENT: Final = 1_000
SUGGESTED_TERRITORY_BP: Final = {Territory.COUNTRY: 0, Territory.REGION: 1_000, Territory.WORLDWIDE: 2_500}
"""What the form of someone without a rate begins with; nothing of it counts before it is saved."""

USAGE_FIELDS: Final = {f"usage_{usage.scope}_{usage.term}": usage for usage in DEFAULT_USAGE_BP}
TERRITORY_FIELDS: Final = {f"territory_{one}": one for one in Territory}
EXCLUSIVITY_FIELDS: Final = {f"exclusivity_{one}": one for one in Exclusivity if one != Exclusivity.NONE}

_PERCENT: Final = re.compile(r"([0-9]{1,4})([.,][0-9]{1,2})? ?%?")
_Kind = TypeVar("_Kind")


class RateForm(Form):
    """Prices in major units as people type them; usage, territory and exclusivity in percent of the session fee."""

    currency = SelectField("Currency", choices=[(code, code) for code in sorted(OFFERED)])
    hour = StringField("Hourly rate")
    minimum_minutes = SelectField("Shortest session", choices=[(str(each), length_of(each)) for each in SHORTEST])
    pickups_included = SelectField("Rounds of pick-ups in the price", choices=ROUNDS)
    take_set = StringField("Each further take set")
    revision = StringField("Each further round of pick-ups")
    rush = StringField("Short-notice surcharge")
    cancellation = SelectField("Cancellation", choices=[(tier.value, tier.sentence) for tier in Tier])

    def to_card(self) -> RateCard:
        """The price list; refuses what is no amount or percentage, naming the field."""
        currency = self.currency.data
        hour = _money(self.hour.data, currency, "hour")
        if hour is None:
            raise Invalid("Enter your hourly rate, for example 180. Nothing was saved.", field="hour")
        if hour > (most := most_per_hour(currency)):
            raise Invalid(f"That is more than {show.money(most)} an hour. Nothing was saved.", field="hour")
        usage, territory = self._shares(USAGE_FIELDS), self._shares(TERRITORY_FIELDS)
        return RateCard(
            hour=hour,
            minimum_minutes=int(self.minimum_minutes.data),
            usage_bp=_sold(usage, "usage", "Put a percentage on one usage at least, 0 if it is included."),
            take_set=_money(self.take_set.data, currency, "take_set"),
            revision=_money(self.revision.data, currency, "revision"),
            rush_bp=_percent_bp(self.rush.data, "rush", MOST_RUSH_PERCENT) or 0,
            pickups_included=int(self.pickups_included.data),
            territory_bp=_sold(territory, "territory", "Put a percentage on one territory at least."),
            exclusivity_bp={Exclusivity.NONE: 0, **self._shares(EXCLUSIVITY_FIELDS)},
        )

    def _shares(self, fields: Mapping[str, _Kind]) -> dict[_Kind, int]:
        """What has a percentage beside it; the rest is not for sale."""
        typed = {one: _percent_bp(self[name].data, name, MOST_PERCENT) for name, one in fields.items()}
        return {one: bp for one, bp in typed.items() if bp is not None}


for _name, _usage in USAGE_FIELDS.items():
    setattr(RateForm, _name, StringField(_usage.use_label))
for _name, _territory in TERRITORY_FIELDS.items():
    setattr(RateForm, _name, StringField(_territory.label))
for _name, _exclusivity in EXCLUSIVITY_FIELDS.items():
    setattr(RateForm, _name, StringField(_exclusivity.label))


@blueprint.route("/rate", methods=["GET", "POST"])
@actor
def rate() -> ResponseReturnValue:
    """The rate card as a form, with what a platform would pay for an example and what similar actors ask."""
    who = the_actor()
    priced = find_rate_card(reading(), who.actor_id)
    form = RateForm(data=_data(priced))
    if form.validate_on_submit():
        try:
            card, tier = form.to_card(), Tier(form.cancellation.data)
            with unit_of_work() as db:
                actors.save_rate(db, actor_id=who.actor_id, card=card, cancellation=tier, now=now())
            flash("Rate saved. Bookings made before keep their own price.", "ok")
            return redirect(url_for("actor.rate"), 303)
        except Refused as refusal:
            form.refuse(refusal)
    currency = priced.card.currency if priced else terms.currency()
    found = find_market_range(reading(), actor_id=who.actor_id, currency=currency)
    return render_form(
        "actor/rate.html",
        form,
        currency=form.currency.data if form.currency.data in OFFERED else currency,
        example=_example(priced.card) if priced else None,
        scopes=[(scope, [(f"usage_{scope}_{term}", term.label) for term in UsageTerm]) for scope in UsageScope],
        territories=TERRITORY_FIELDS,
        exclusivities=EXCLUSIVITY_FIELDS,
        market=market.draw(found, priced.card.hour if priced else None),
    )


def _example(card: RateCard) -> Quote:
    """Two hours, or the shortest there is, for the usage that the actor's page begins with."""
    minutes = max(card.minimum_minutes, 120)
    ask = Ask(minutes, read_wish({}, card).usage, now() + 2 * card.rush_within)
    return make_quote(card, ask, terms.fee_bp(), now())


def _data(priced: Priced | None) -> dict[str, object]:
    if priced is None:
        begin = {"currency": terms.currency(), "minimum_minutes": "120", "pickups_included": "1"}
        return begin | {"cancellation": Tier.STANDARD.value} | _shares(DEFAULT_USAGE_BP, SUGGESTED_TERRITORY_BP, {})
    card = priced.card
    return {
        "currency": card.currency,
        "hour": _typed(card.hour),
        "minimum_minutes": str(card.minimum_minutes),
        "pickups_included": str(card.pickups_included),
        "take_set": _typed(card.take_set),
        "revision": _typed(card.revision),
        "rush": _percent(card.rush_bp) if card.rush_bp else "",
        "cancellation": priced.cancellation.value,
    } | _shares(card.usage_bp, card.territory_bp, card.exclusivity_bp)


def _shares(
    usage: Mapping[Usage, int], territory: Mapping[Territory, int], exclusivity: Mapping[Exclusivity, int]
) -> dict[str, object]:
    """Each percentage under its field's name, empty where nothing is sold."""
    return {
        **{name: _percent(usage.get(one)) for name, one in USAGE_FIELDS.items()},
        **{name: _percent(territory.get(one)) for name, one in TERRITORY_FIELDS.items()},
        **{name: _percent(exclusivity.get(one)) for name, one in EXCLUSIVITY_FIELDS.items()},
    }


def _sold(shares: dict[_Kind, int], kind: str, sentence: str) -> dict[_Kind, int]:
    if not shares:
        first = {"usage": next(iter(USAGE_FIELDS)), "territory": next(iter(TERRITORY_FIELDS))}[kind]
        raise Invalid(f"{sentence} Nothing was saved.", field=first)
    return shares


def _typed(amount: Money | None) -> str:
    return f"{amount.major:f}" if amount else ""


def _percent(bp: int | None) -> str:
    """Basis points as a percentage is typed: 2500 is "25", 1250 "12.5", nothing ""."""
    if bp is None:
        return ""
    whole, rest = divmod(bp, 100)
    return f"{whole}.{rest:02d}".rstrip("0") if rest else f"{whole}"


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


def _percent_bp(text: str | None, field: str, most: int) -> int | None:
    """A percentage in basis points, None for nothing; exact, so no float comes near it."""
    words = (text or "").strip()
    if not words:
        return None
    typed = _PERCENT.fullmatch(words)
    bp = int(Decimal(f"{typed[1]}{(typed[2] or '').replace(',', '.')}") * 100) if typed else -1
    if not 0 <= bp <= most * 100:
        raise Invalid(f"Enter a percentage from 0 to {most}, like 25. Nothing was saved.", field=field)
    return bp
