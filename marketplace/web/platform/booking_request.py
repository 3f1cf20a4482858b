"""Asking an actor for a slot: the brief beside the price. Nothing is charged, nothing is held yet."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from flask import render_template, request, url_for
from flask.typing import ResponseReturnValue
from wtforms import HiddenField, StringField, TextAreaField
from wtforms.validators import DataRequired, Length

from marketplace.domain.availability import Interval
from marketplace.domain.booking_deadline import answer_deadline
from marketplace.domain.cancellation import refund_boundaries
from marketplace.domain.consent import PURPOSE_LONGEST, PURPOSE_SHORTEST
from marketplace.domain.errors import Invalid, Refused, SlotTaken
from marketplace.domain.flavour import VOCABULARY, Display, Intensity
from marketplace.domain.rate import Ask, Quote, RateCard, Usage, make_quote
from marketplace.services.actor_page import ActorDetail, get_actor_page
from marketplace.services.availability import find_nearest_slots
from marketplace.services.booking_request import BeatAsk, PriceChanged, Request, request_booking
from marketplace.web import show, terms, typed
from marketplace.web.form import Form
from marketplace.web.guard import member, the_member
from marketplace.web.platform import blueprint
from marketplace.web.platform.booking import back_to, by_member
from marketplace.web.transaction import now, reading, unit_of_work
from marketplace.web.viewer import viewer_zone

BEATS_AT_FIRST: Final = 2
MOST_BEATS: Final = 12
SECONDS: Final = 8
MOST_MINUTES: Final = 31 * 24 * 60  # longer than any session, short enough to be reckoned with


class RequestForm(Form):
    """What is asked; the beats are read apart, a row each."""

    actor = HiddenField(validators=[DataRequired()])
    slot = HiddenField("Time", [DataRequired("Choose a time")])
    minutes = HiddenField(validators=[DataRequired()])
    usage = HiddenField("Usage rights", [DataRequired()])
    token = HiddenField(validators=[DataRequired(), Length(max=64)])
    shown_total_minor = HiddenField(validators=[DataRequired()])
    project = StringField("Title", [DataRequired("Name the title the takes are for"), Length(max=120)])
    character = StringField("Character", [Length(max=120)])
    purpose = TextAreaField(
        "What the takes are for",
        [
            DataRequired("Say what the takes are for"),
            Length(PURPOSE_SHORTEST, PURPOSE_LONGEST, "Write %(min)d to %(max)d characters"),
        ],
    )
    message = TextAreaField("Message", [Length(max=2000, message="2,000 characters at most")])


@dataclass(frozen=True, slots=True)
class BeatRow:
    """A moment as it was typed. A row without a flavour is an empty one."""

    from_flavour: str = ""
    to_flavour: str = ""
    intensity: str = Intensity.MEDIUM.word
    display: str = Display.NATURAL.word
    line: str = ""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked for, read back from the form or the address."""

    actor: ActorDetail
    card: RateCard
    slot: Interval
    minutes: int
    usage: Usage

    def quote(self) -> Quote:
        """What it costs now."""
        return make_quote(self.card, Ask(self.minutes, self.usage, self.slot.starts_at), terms.fee_bp(), now())


@blueprint.get("/booking/new")
@member
def new_booking() -> ResponseReturnValue:
    """The form, with what was chosen on the actor's page."""
    wanted = _wanted(request.args.get("actor", ""))
    form = RequestForm(
        formdata=None,
        data={"actor": wanted.actor.row.slug, "usage": f"{wanted.usage.scope}/{wanted.usage.term}",
              "slot": show.instant(wanted.slot.starts_at), "minutes": str(wanted.minutes),
              "token": secrets.token_urlsafe(24), "shown_total_minor": str(wanted.quote().total.minor)},
    )  # fmt: skip
    first = wanted.actor.row.flavours[0].slug if wanted.actor.row.flavours else ""
    return _page(form, wanted, [BeatRow(first), *[BeatRow()] * (BEATS_AT_FIRST - 1)])


@blueprint.post("/booking/new")
@member
def send_request() -> ResponseReturnValue:
    """Send it, or show the form again with all that was typed: 422 to mend it, 409 when the time or price has gone."""
    form, beats = RequestForm(), _typed_beats()
    wanted = _wanted(form.actor.data or "")
    if "more" in request.form:
        return _page(form, wanted, [*beats, BeatRow()][:MOST_BEATS])
    if not form.validate():
        return _page(form, wanted, beats, status=422)
    try:
        booking_id = _send(form, wanted, beats)
    except SlotTaken as refusal:
        return _page(form, wanted, beats, status=409, taken=refusal.sentence)
    except PriceChanged as refusal:
        form.shown_total_minor.data = str(wanted.quote().total.minor)
        return _page(form, wanted, beats, status=409, changed=refusal.sentence)
    except Invalid as refusal:
        form.refuse(refusal)
        return _page(form, wanted, beats, status=422)
    first = wanted.actor.first_name
    return back_to(booking_id, f"Your request is with {first}. Nothing is charged until {first} accepts and you pay.")


def _send(form: RequestForm, wanted: Wanted, beats: list[BeatRow]) -> int:
    who = the_member()
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
                message=form.message.data or "",
                shown_total_minor=_number(form.shown_total_minor.data or ""),
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
) -> ResponseReturnValue:
    problems = form.problems if status == 422 else {}
    starts_at = wanted.slot.starts_at
    page = render_template(
        "platform/booking/new.html",
        form=form,
        errors=problems,
        labels=form.labels,
        wanted=wanted,
        actor=wanted.actor.row,
        first=wanted.actor.first_name,
        quote=wanted.quote(),
        beats=beats,
        can_add=len(beats) < MOST_BEATS,
        flavours=_flavour_choices(),
        intensities=[(step.word, step.word.capitalize()) for step in Intensity],
        displays=[(step.word, step.word.capitalize()) for step in Display],
        taken=taken,
        changed=changed,
        nearest=_nearest(wanted) if taken else [],
        answer_by=answer_deadline(starts_at, now()),
        free_until=refund_boundaries(wanted.actor.cancellation, starts_at)[0].until_at,
        change_href=_change_href(wanted),
    )
    return page, status


def _wanted(slug: str) -> Wanted:
    """What the address or the form asks for; refuses what the actor does not offer."""
    args = request.args if request.method == "GET" else request.form
    actor = get_actor_page(reading(), slug, now())
    if actor.card is None:
        raise Refused("This actor has not set a rate yet, so there is nothing to book. Nothing was requested.")
    starts_at, minutes = _instant(args.get("slot", "")), min(_number(args.get("minutes", "")), MOST_MINUTES)
    scope, _, term = args.get("usage", "").partition("/")
    usage = Usage.read(scope, term)
    wanted = Wanted(actor, actor.card, Interval(starts_at, starts_at + timedelta(minutes=minutes)), minutes, usage)
    wanted.quote()
    return wanted


def _instant(text: str) -> datetime:
    at = typed.instant(text)
    if at is None:
        raise Invalid("Choose a time on the actor’s page first. Nothing was requested.", field="slot")
    return at


def _number(text: str) -> int:
    if not text.isdecimal() or not 0 < len(text) < 16:
        raise Invalid("A number was expected here. Nothing was requested.")
    return int(text)


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


def _change_href(wanted: Wanted) -> str:
    return url_for(
        "public.actor",
        slug=wanted.actor.row.slug,
        minutes=wanted.minutes,
        usage=f"{wanted.usage.scope}/{wanted.usage.term}",
        _anchor="availability",
    )
