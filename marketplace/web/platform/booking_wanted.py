"""What a platform asks an actor for, read back from an address, a form or a draft, with its price and its limits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from flask import request

from marketplace.domain.availability import Interval
from marketplace.domain.boundary import TOPICS, Verdict
from marketplace.domain.errors import Invalid, Refused
from marketplace.domain.money import Money
from marketplace.domain.rate import Ask, Quote, Usage, make_quote
from marketplace.domain.saved_card import Terms, is_later
from marketplace.models import Booking
from marketplace.services.actor_page import ActorDetail, get_actor_page
from marketplace.services.booking_request import offer_currency
from marketplace.services.boundary import foresee
from marketplace.web import show, terms, typed
from marketplace.web.guard import the_member
from marketplace.web.platform.booking_form import BeatRow, RequestForm
from marketplace.web.public.offer import menu_of, read_wish, usage_fields
from marketplace.web.transaction import now, reading

MOST_MINUTES: Final = 31 * 24 * 60  # longer than any session, short enough to be reckoned with


@dataclass(frozen=True)
class Wanted:
    """What is asked for, read back from the form, the address or a draft."""

    actor: ActorDetail
    slot: Interval
    minutes: int
    usage: Usage
    currency: str
    topics: tuple[str, ...] = ()
    take_sets: int = 1
    pickups: int = 0
    offered: Money | None = None

    def quote(self) -> Quote | None:
        """What it costs now; None while an actor without a rate has been offered nothing."""
        if self.actor.card is None and self.offered is None:
            return None
        ask = Ask(self.minutes, self.usage, self.slot.starts_at, self.take_sets, self.pickups, self.offered)
        return make_quote(self.actor.card, ask, terms.fee_bp(), now())

    @property
    def charge_at(self) -> datetime | None:
        """When the card is charged that is saved for a far session; None where it is paid on acceptance."""
        quote = self.quote()
        pickups = quote.pickups_included if quote else 0
        session = Terms(self.slot.starts_at, self.slot.ends_at, self.actor.cancellation, pickups)
        return session.charge_at if is_later(session, now()) else None

    @property
    def total_minor(self) -> str:
        """The total as the form sends it back, to be compared with what is asked for."""
        quote = self.quote()
        return str(quote.total.minor) if quote else ""

    def verdict(self, beats: list[BeatRow]) -> Verdict:
        """What it runs into of the actor's limits."""
        strengths = [(row.intensity, row.display) for row in beats if row.from_flavour]
        return foresee(reading(), actor_id=self.actor.row.id, topics=self.topics, beats=strengths)


def read_wanted(args: Mapping[str, Any]) -> Wanted:
    """What the address or the form asks for; refuses what the actor does not offer."""
    actor = get_actor_page(reading(), args.get("actor", ""), now())
    starts_at, minutes = _instant(args.get("slot", "")), min(_number(args.get("minutes", "")), MOST_MINUTES)
    scope, _, term = args.get("usage", "").partition("/")
    usual = read_wish(args, menu_of(actor.card)).usage
    usage = Usage.read(
        scope, term, args.get("territory") or usual.territory, args.get("exclusivity") or usual.exclusivity,
        request.form.get("place", ""),
    )  # fmt: skip
    wanted = Wanted(
        actor=actor,
        slot=Interval(starts_at, starts_at + timedelta(minutes=minutes)),
        minutes=minutes,
        usage=usage,
        currency=offer_currency(reading(), platform_id=the_member().platform_id, actor_id=actor.row.id),
        topics=tuple(topic.slug for topic in TOPICS.among(request.form.getlist("topic"))),
    )
    wanted.quote()  # a length or a usage that is not for sale is refused here, before a page is drawn
    return wanted


def wanted_of(row: Booking) -> Wanted:
    """What a draft asks for; what is no longer for sale becomes what is usual."""
    actor, kept = get_actor_page(reading(), row.actor.slug, now()), Usage.from_json(row.usage)
    minutes = int((row.ends_at - row.starts_at).total_seconds()) // 60
    wish = read_wish({"minutes": str(minutes), **usage_fields(kept)}, menu_of(actor.card))
    if actor.card is None or (actor.card.sells(kept) and minutes >= actor.card.minimum_minutes):
        usage, length = kept, minutes
    else:
        usage, length = wish.usage, wish.minutes
    return Wanted(
        actor=actor,
        slot=Interval(row.starts_at, row.starts_at + timedelta(minutes=length)),
        minutes=length,
        usage=usage,
        currency=offer_currency(reading(), platform_id=row.platform_id, actor_id=row.actor_id),
    )


def with_extras(form: RequestForm, wanted: Wanted) -> Wanted | None:
    """With the extras and the offer that were typed; None, and the form says why, when they make no sense."""
    try:
        priced = replace(
            wanted,
            take_sets=_number(form.take_sets.data or "1"),
            pickups=_number(form.pickups.data or "0"),
            offered=_offer(form.offered.data or "", wanted.currency),
        )
        if priced.quote() is None and "more" not in request.form:
            raise Invalid("Make an offer: this actor has no list price.", field="offered")
    except Refused as refusal:
        form.refuse(refusal)
        return None
    return priced


def _offer(text: str, currency: str) -> Money | None:
    if not text.strip():
        return None
    try:
        return Money.parse(text, currency)
    except Refused as refusal:
        raise Invalid(refusal.sentence, field="offered") from None


def chosen_fields(wanted: Wanted) -> dict[str, str]:
    """The hidden fields that say what was chosen on the actor's page."""
    return {
        "actor": wanted.actor.row.slug,
        "slot": show.instant(wanted.slot.starts_at),
        "minutes": str(wanted.minutes),
        **usage_fields(wanted.usage),
    }


def _instant(text: str) -> datetime:
    at = typed.instant(text)
    if at is None:
        raise Invalid("Choose a time on the actor’s page first. Nothing was requested.", field="slot")
    return at


def _number(text: str) -> int:
    number = typed.whole_number(text)
    if number is None:
        raise Invalid("A number was expected here. Nothing was requested.")
    return number
