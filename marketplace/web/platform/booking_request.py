"""Asking an actor for a slot: the brief beside the price, as a request, a pencil or a draft. Nothing is charged."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, Final

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from wtforms import HiddenField, SelectField, StringField, TextAreaField
from wtforms.validators import DataRequired, Length

from marketplace.domain.availability import Interval
from marketplace.domain.booking_deadline import answer_deadline
from marketplace.domain.booking_state import State
from marketplace.domain.boundary import TOPICS, Limit, Verdict
from marketplace.domain.cancellation import refund_boundaries
from marketplace.domain.consent import PURPOSE_LONGEST, PURPOSE_SHORTEST
from marketplace.domain.errors import Invalid, Refused, SlotTaken
from marketplace.domain.flavour import VOCABULARY, Display, Intensity
from marketplace.domain.money import Money
from marketplace.domain.rate import (
    MOST_PICKUPS,
    MOST_TAKE_SETS,
    PLACE_LONGEST,
    Ask,
    Quote,
    Territory,
    Usage,
    make_quote,
)
from marketplace.models import Booking
from marketplace.services.actor_page import ActorDetail, get_actor_page
from marketplace.services.availability import find_nearest_slots
from marketplace.services.booking_request import (
    BeatAsk,
    NotTold,
    PriceChanged,
    Request,
    discard_draft,
    offer_currency,
    request_booking,
)
from marketplace.services.booking_step import of_platform, quote_of
from marketplace.services.boundary import foresee
from marketplace.services.market import find_market_range
from marketplace.web import market, show, terms, typed
from marketplace.web.form import Form
from marketplace.web.guard import member, the_member
from marketplace.web.platform import blueprint
from marketplace.web.platform.booking import SIDE, by_member
from marketplace.web.public.offer import menu_of, read_wish, usage_fields
from marketplace.web.transaction import now, reading, unit_of_work
from marketplace.web.viewer import viewer_zone

BEATS_AT_FIRST: Final = 2
MOST_BEATS: Final = 12
SECONDS: Final = 8
MOST_MINUTES: Final = 31 * 24 * 60  # longer than any session, short enough to be reckoned with
BOOK, PENCIL, DRAFT = "book", "pencil", "draft"
"""What the form's buttons ask for."""


class RequestForm(Form):
    """What is asked; the beats and the topics are read apart, a row each."""

    actor = HiddenField(validators=[DataRequired()])
    slot = HiddenField("Time", [DataRequired("Choose a time")])
    minutes = HiddenField(validators=[DataRequired()])
    usage = HiddenField("Usage rights", [DataRequired()])
    territory = HiddenField("Territory")
    exclusivity = HiddenField("Exclusivity")
    draft = HiddenField()
    token = HiddenField(validators=[DataRequired(), Length(max=64)])
    shown_total_minor = HiddenField()
    told = HiddenField()
    topic = HiddenField("What the scene holds")
    project = StringField("Title", [DataRequired("Name the title the takes are for"), Length(max=120)])
    character = StringField("Character", [Length(max=120)])
    purpose = TextAreaField(
        "What the takes are for",
        [
            DataRequired("Say what the takes are for"),
            Length(PURPOSE_SHORTEST, PURPOSE_LONGEST, "Write %(min)d to %(max)d characters"),
        ],
    )
    place = StringField("Country or region", [Length(max=PLACE_LONGEST, message="60 characters at most")])
    take_sets = SelectField("Take sets", choices=[(str(n), str(n)) for n in range(1, MOST_TAKE_SETS + 1)], default="1")
    pickups = SelectField(
        "Further rounds of pick-ups", choices=[(str(n), str(n)) for n in range(MOST_PICKUPS + 1)], default="0"
    )
    offered = StringField("Your own offer")
    message = TextAreaField("Message", [Length(max=2000, message="2,000 characters at most")])

    def is_fit(self, act: str) -> bool:
        """Whether it can be sent as it is; a draft may leave its purpose unwritten, but not overlong."""
        fit = bool(self.validate())
        if act == DRAFT and not fit and len(self.purpose.data or "") <= PURPOSE_LONGEST:
            self.purpose.errors = ()
            return not self.errors
        return fit


@dataclass(frozen=True, slots=True)
class BeatRow:
    """A moment as it was typed. A row without a flavour is an empty one."""

    from_flavour: str = ""
    to_flavour: str = ""
    intensity: str = Intensity.MEDIUM.word
    display: str = Display.NATURAL.word
    line: str = ""


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
    def total_minor(self) -> str:
        """The total as the form sends it back, to be compared with what is asked for."""
        quote = self.quote()
        return str(quote.total.minor) if quote else ""

    def verdict(self, beats: list[BeatRow]) -> Verdict:
        """What it runs into of the actor's limits."""
        strengths = [(row.intensity, row.display) for row in beats if row.from_flavour]
        return foresee(reading(), actor_id=self.actor.row.id, topics=self.topics, beats=strengths)


# the pages ---------------------------------------------------------------------------------------


@blueprint.get("/booking/new")
@member
def new_booking() -> ResponseReturnValue:
    """The form, with what was chosen on the actor's page; for a draft, with what it says already."""
    wanted = _wanted(request.args)
    draft = _own_draft(request.args.get("draft", ""), wanted.actor.row.id)
    if draft is not None:
        return _draft_page(draft, wanted)
    first = wanted.actor.row.flavours[0].slug if wanted.actor.row.flavours else ""
    form = RequestForm(formdata=None, data={"token": secrets.token_urlsafe(24), **_chosen(wanted)})
    return _page(form, wanted, [BeatRow(first), *[BeatRow()] * (BEATS_AT_FIRST - 1)])


@blueprint.get("/booking/<int:booking_id>/draft")
@member
def draft(booking_id: int) -> ResponseReturnValue:
    """A draft, to be written on, sent or discarded; once it is sent, the booking's own page."""
    row = of_platform(reading(), booking_id, the_member().platform_id)
    if row.state != State.DRAFT:
        return SIDE.go(booking_id)
    return _draft_page(row, _wanted_of(row))


@blueprint.post("/booking/<int:booking_id>/discard")
@member
def discard(booking_id: int) -> ResponseReturnValue:
    """Throw a draft away; the actor never knew of it."""
    with unit_of_work() as db:
        discard_draft(db, booking_id=booking_id, platform_id=the_member().platform_id, by=by_member(), now=now())
    flash("Draft discarded.", "ok")
    return redirect(url_for("platform.bookings"), 303)


@blueprint.post("/booking/new")
@member
def send_request() -> ResponseReturnValue:
    """Send it, or show the form again with all that was typed.

    It answers 422 to mend it, and 409 when the time or the price has gone, or the actor's limits were not read yet.
    """
    form, beats, act = RequestForm(), _typed_beats(), request.form.get("act", BOOK)
    wanted = _wanted(request.form)
    if "more" in request.form:
        return _page(form, _priced(form, wanted) or wanted, [*beats, BeatRow()][:MOST_BEATS], status=200)
    fit = "reprice" in request.form or form.is_fit(act)
    priced = _priced(form, wanted)
    if priced is None or not fit:
        return _page(form, priced or wanted, beats, status=422)
    if "reprice" in request.form:
        return _page(form, priced, beats)
    return _try(form, priced, beats, act)


def _try(form: RequestForm, wanted: Wanted, beats: list[BeatRow], act: str) -> ResponseReturnValue:
    try:
        booking_id = _send(form, wanted, beats, act)
    except SlotTaken as refusal:
        return _page(form, wanted, beats, status=409, taken=refusal.sentence)
    except PriceChanged as refusal:
        return _page(form, wanted, beats, status=409, changed=_price_words(wanted, refusal))
    except NotTold:
        return _page(form, wanted, beats, status=409, untold=True)
    except Invalid as refusal:
        form.refuse(refusal)
        return _page(form, wanted, beats, status=422)
    first = wanted.actor.first_name
    if act == DRAFT:
        flash(f"Draft saved. Only your platform sees it; {first} has not been asked.", "ok")
        return redirect(url_for("platform.draft", booking_id=booking_id), 303)
    if act == PENCIL:
        return SIDE.back(booking_id, f"You have asked {first} for a pencil. A pencil costs nothing.")
    return SIDE.back(booking_id, f"Your request is with {first}. Nothing is charged until {first} accepts and you pay.")


def _price_words(wanted: Wanted, refusal: PriceChanged) -> str:
    quote = wanted.quote()
    if wanted.offered is None or quote is None:
        return refusal.sentence
    return f"With your offer the total is {show.money(quote.total)}, the marketplace fee included."


def _send(form: RequestForm, wanted: Wanted, beats: list[BeatRow], act: str) -> int:
    who, asks = the_member(), wanted.verdict(beats).asks
    with unit_of_work() as db:
        return request_booking(
            db,
            platform_id=who.platform_id,
            member_id=who.member_id,
            by=by_member(),
            ask=Request(
                token=form.token.data or "",
                actor_id=wanted.actor.row.id,
                starts_at=wanted.slot.starts_at,
                minutes=wanted.minutes,
                usage=wanted.usage,
                project=form.project.data or "",
                character=form.character.data or "",
                purpose=form.purpose.data or "",
                beats=tuple(_beat(row) for row in beats if row.from_flavour),
                take_sets=wanted.take_sets,
                pickups=wanted.pickups,
                offered=wanted.offered,
                topics=wanted.topics,
                message=form.message.data or "",
                shown_total_minor=typed.whole_number(form.shown_total_minor.data or "") or 0,
                told=asks if form.told.data == _digest(asks) else (),
                asked_as="pencil" if act == PENCIL else "booking",
                is_draft=act == DRAFT,
                draft_id=typed.whole_number(form.draft.data or ""),
            ),
            fee_bp=terms.fee_bp(),
            now=now(),
        )


def _page(
    form: RequestForm,
    wanted: Wanted,
    beats: list[BeatRow],
    *,
    status: int = 200,
    taken: str | None = None,
    changed: str | None = None,
    untold: bool = False,
    note: str | None = None,
) -> ResponseReturnValue:
    starts_at, verdict, card = wanted.slot.starts_at, wanted.verdict(beats), wanted.actor.card
    # what the page shows is what the next click agrees to
    form.shown_total_minor.data, form.told.data = wanted.total_minor, _digest(verdict.asks)
    others = find_market_range(reading(), actor_id=wanted.actor.row.id, currency=wanted.currency)
    page = render_template(
        "platform/booking/new.html",
        form=form,
        errors=form.problems if status == 422 else {},
        labels=form.labels,
        wanted=wanted,
        actor=wanted.actor.row,
        first=wanted.actor.first_name,
        quote=wanted.quote(),
        verdict=verdict,
        named=wanted.usage.territory != Territory.WORLDWIDE,
        is_country=wanted.usage.territory == Territory.COUNTRY,
        topics=[(group, TOPICS.of_group(group)) for group in TOPICS.groups],
        Limit=Limit,
        beats=beats,
        can_add=len(beats) < MOST_BEATS,
        flavours=_flavour_choices(),
        intensities=[(step.word, step.word.capitalize()) for step in Intensity],
        displays=[(step.word, step.word.capitalize()) for step in Display],
        market=market.draw(others, card.hour if card else None),
        taken=taken,
        changed=changed,
        untold=untold,
        note=note,
        nearest=_nearest(wanted) if taken else [],
        answer_by=answer_deadline(starts_at, now()),
        free_until=refund_boundaries(wanted.actor.cancellation, starts_at)[0].until_at,
        change_href=_change_href(wanted, form.draft.data or None),
    )
    return page, status


# what is asked for -------------------------------------------------------------------------------


def _wanted(args: Mapping[str, Any]) -> Wanted:
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


def _priced(form: RequestForm, wanted: Wanted) -> Wanted | None:
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


def _chosen(wanted: Wanted) -> dict[str, str]:
    """The hidden fields that say what was chosen on the actor's page."""
    return {
        "actor": wanted.actor.row.slug,
        "slot": show.instant(wanted.slot.starts_at),
        "minutes": str(wanted.minutes),
        **usage_fields(wanted.usage),
    }


# drafts ------------------------------------------------------------------------------------------


def _own_draft(text: str, actor_id: int) -> Booking | None:
    """The draft that an address names, if it is this platform's, still one, and about this actor."""
    number = typed.whole_number(text)
    if not number:
        return None
    row = of_platform(reading(), number, the_member().platform_id)
    return row if row.state == State.DRAFT and row.actor_id == actor_id else None


def _wanted_of(row: Booking) -> Wanted:
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


def _draft_page(row: Booking, wanted: Wanted) -> ResponseReturnValue:
    frozen, brief = quote_of(row), row.brief
    offered = frozen.net if frozen.is_offer and frozen.currency == wanted.currency else None
    form = RequestForm(
        formdata=None,
        data={
            "token": row.request_token, "draft": str(row.id), "project": brief.project, "character": brief.character,
            "purpose": brief.synopsis, "message": row.message, "place": Usage.from_json(row.usage).place,
            "take_sets": str(row.usage.get("take_sets", 1)), "pickups": str(row.usage.get("pickups", 0)),
            "offered": f"{offered.major:f}" if offered else "", **_chosen(wanted),
        },
    )  # fmt: skip
    kept = replace(wanted, topics=tuple(topic.slug for topic in TOPICS.among(brief.topics)))
    beats = [
        BeatRow(beat.from_flavour, beat.to_flavour or "", beat.intensity, beat.display, beat.line)
        for beat in brief.beats
    ]
    priced = _priced(form, kept)
    return _page(form, priced or kept, beats or [BeatRow()], note=_changes(row, priced))


def _changes(row: Booking, wanted: Wanted | None) -> str | None:
    """What is not as it was when the draft was saved."""
    if wanted is None:
        return None
    if wanted.usage.label != Usage.from_json(row.usage).label or wanted.slot.ends_at != row.ends_at:
        return "The time, the length or the usage is no longer what this draft was saved with. Look at it again."
    quote = wanted.quote()
    if quote is not None and quote.total != Money(row.total_minor, row.currency):
        return f"The price was {show.money(row.total_minor, row.currency)} when this draft was saved."
    return None


# pieces ------------------------------------------------------------------------------------------


def _digest(asks: tuple[str, ...]) -> str:
    """What the actor will be asked about, in so few letters that a form can send it back."""
    return sha256("\n".join(asks).encode()).hexdigest()[:32] if asks else ""


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


def _typed_beats() -> list[BeatRow]:
    columns = [request.form.getlist(name) for name in ("from_flavour", "to_flavour", "intensity", "display", "line")]
    return [BeatRow(*row) for row in zip(*columns, strict=False)][:MOST_BEATS] or [BeatRow()]


def _beat(row: BeatRow) -> BeatAsk:
    return BeatAsk(
        from_flavour=row.from_flavour,
        to_flavour=row.to_flavour or None,
        intensity=row.intensity,
        display=row.display,
        seconds=SECONDS,
        line=row.line.strip()[:500],
    )


def _flavour_choices() -> list[tuple[str, list[tuple[str, str]]]]:
    """Families with their flavours, for a choice in groups."""
    return [
        (family.label, [(one.slug, one.label) for one in VOCABULARY.of_family(family.slug)])
        for family in VOCABULARY.families
    ]


def _nearest(wanted: Wanted) -> list[dict[str, object]]:
    zone, there = viewer_zone(), wanted.actor.row.zone
    slots = find_nearest_slots(reading(), wanted.actor.row.id, wanted.slot, now())
    return [
        {
            "value": show.instant(slot.starts_at),
            "here": show.when(slot.starts_at, zone),
            "there": show.hour(slot.starts_at, there) if show.differs(slot.starts_at, zone, there) else None,
            "is_picked": number == 0,
        }
        for number, slot in enumerate(slots)
    ]


def _change_href(wanted: Wanted, draft: str | None) -> str:
    chosen: dict[str, Any] = {"minutes": wanted.minutes, "draft": draft, **usage_fields(wanted.usage)}
    return url_for("public.actor", slug=wanted.actor.row.slug, _anchor="availability", **chosen)
