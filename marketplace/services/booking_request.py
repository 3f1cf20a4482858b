"""Asking an actor for a slot: drafts, requests and pencils, each with its brief, its price and what it runs into."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Literal

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from marketplace.domain.availability import Interval
from marketplace.domain.booking_deadline import check_request
from marketplace.domain.booking_state import State, Step
from marketplace.domain.boundary import TOPICS, Verdict
from marketplace.domain.cancellation import Tier
from marketplace.domain.consent import check_specific
from marketplace.domain.errors import Conflict, Forbidden, Invalid, NotFound, SlotTaken
from marketplace.domain.flavour import VOCABULARY, Display, Intensity
from marketplace.domain.money import Money
from marketplace.domain.rate import Ask, Quote, Usage
from marketplace.models import Actor, Beat, Booking, Brief, Platform
from marketplace.services.account import check_may_ask
from marketplace.services.availability import get_calendar
from marketplace.services.booking_follow import take_booking_step
from marketplace.services.booking_notice import tell_of_request
from marketplace.services.booking_step import By, columns_of, of_platform, record_step
from marketplace.services.boundary import foresee
from marketplace.services.consent import draft_terms
from marketplace.services.rate import find_rate_card, quote_actor

MOST_BEATS: Final = 40

AskedAs = Literal["booking", "pencil"]


class PriceChanged(Conflict):
    """The price is no longer the one that was shown."""

    code = "price_changed"


class NotTold(Conflict):
    """The actor will be asked to say yes to something that the platform has not been told of."""

    code = "not_told"


@dataclass(frozen=True, slots=True)
class BeatAsk:
    """One moment wanted: from one flavour to another, or holding one."""

    from_flavour: str
    intensity: str
    display: str
    to_flavour: str | None = None
    seconds: int = 8
    line: str = ""


@dataclass(frozen=True, slots=True)
class Request:
    """What a platform asks of an actor.

    `token` is the form's own: the same one again means the same booking. `shown_total_minor` is the total the member
    saw, `told` what the member read that the actor will be asked about: any other is refused rather than sent; None
    means it was not shown. `topics` are what the scene holds, by the domain's names. `offered`: the platform's own
    price for all of it, before the fee. A pencil is a ranked hold that costs nothing. `draft_id`: the draft this
    continues.
    """

    token: str
    actor_id: int
    starts_at: datetime
    minutes: int
    usage: Usage
    project: str
    character: str
    purpose: str
    beats: tuple[BeatAsk, ...] = ()
    take_sets: int = 1
    message: str = ""
    shown_total_minor: int | None = None
    pickups: int = 0
    offered: Money | None = None
    topics: tuple[str, ...] = ()
    told: tuple[str, ...] | None = None
    asked_as: AskedAs = "booking"
    is_draft: bool = False
    draft_id: int | None = None

    @property
    def slot(self) -> Interval:
        """The time asked for."""
        return Interval(self.starts_at, self.starts_at + timedelta(minutes=self.minutes))

    @property
    def price(self) -> Ask:
        """What a price is asked for."""
        return Ask(self.minutes, self.usage, self.starts_at, self.take_sets, self.pickups, self.offered)

    @property
    def strengths(self) -> list[tuple[str, str]]:
        """(intensity, display) of each beat."""
        return [(beat.intensity, beat.display) for beat in self.beats]


@dataclass(frozen=True, slots=True)
class Agreed:
    """Everything about a request that is looked up rather than asked: who, for how much, on which terms."""

    platform: Platform
    actor: Actor
    quote: Quote
    tier: Tier
    verdict: Verdict


def request_booking(
    db: Session, *, platform_id: int, member_id: int, by: By, ask: Request, fee_bp: int, now: datetime
) -> int:
    """Ask an actor for a slot, or keep a draft of it; returns the booking's id. Nothing is held and nothing charged.

    The price, the cancellation terms and both zones are frozen into the booking when it is sent. The same `ask.token`
    again returns the booking it made; a draft is written over, and sent unless `ask.is_draft`. Refuses times that are
    not free (SlotTaken), prices that changed, briefs too vague to consent to, and what the actor never plays.
    """
    made = _find_made(db, platform_id, ask)
    if made is not None and made.state != State.DRAFT:
        return _answer_again(made, ask)
    agreed = _look_up(db, platform_id, ask, fee_bp, now)
    if not ask.is_draft:
        _check_sending(db, agreed, ask, now)
    if made is None:
        return _make(db, agreed, member_id, by, ask, now)
    _write_over(db, made, agreed, ask, now)
    if not ask.is_draft:
        _send(db, made, by, now)
    return made.id


def discard_draft(db: Session, *, booking_id: int, platform_id: int, by: By, now: datetime) -> None:
    """Throw a draft away; the actor never knew of it. Another's draft is not found."""
    take_booking_step(db, of_platform(db, booking_id, platform_id), Step.DISCARD, by, now)


def find_by_token(db: Session, *, platform_id: int, token: str) -> int | None:
    """The booking that a form's token has already made for this platform, if it has."""
    return db.scalar(select(Booking.id).where(Booking.request_token == token, Booking.platform_id == platform_id))


def offer_currency(db: Session, *, platform_id: int, actor_id: int) -> str:
    """The currency in which the platform can offer its own price: the actor's, else the platform's."""
    priced = find_rate_card(db, actor_id)
    return priced.card.currency if priced else db.get_one(Platform, platform_id).currency


def _find_made(db: Session, platform_id: int, ask: Request) -> Booking | None:
    made_id = ask.draft_id or find_by_token(db, platform_id=platform_id, token=ask.token)
    return None if made_id is None else of_platform(db, made_id, platform_id)


def _answer_again(made: Booking, ask: Request) -> int:
    """The same form arrived twice; a draft that was discarded meanwhile is not sent after all."""
    if ask.draft_id is not None and made.state in (State.WITHDRAWN, State.EXPIRED):
        raise Conflict("This draft is gone: it was discarded, or its time has begun. Nothing was requested.")
    return made.id


# what is looked up and checked -------------------------------------------------------------------


def _look_up(db: Session, platform_id: int, ask: Request, fee_bp: int, now: datetime) -> Agreed:
    platform, actor = _customer(db, platform_id), _bookable(db, ask.actor_id)
    priced = find_rate_card(db, actor.id)
    if priced is None and ask.offered is not None and ask.offered.currency != platform.currency:
        raise Invalid(f"Make the offer in {platform.currency}. Nothing was requested.", field="offered")
    return Agreed(
        platform=platform,
        actor=actor,
        quote=quote_actor(db, actor_id=actor.id, ask=ask.price, fee_bp=fee_bp, now=now),
        tier=priced.cancellation if priced else Tier.STANDARD,
        verdict=foresee(db, actor_id=actor.id, topics=ask.topics, beats=ask.strengths),
    )


def _customer(db: Session, platform_id: int) -> Platform:
    platform = db.get_one(Platform, platform_id)
    if platform.suspended_at is not None:
        raise Forbidden("Your platform is suspended, so it cannot book. Nothing was requested.")
    return platform


def _bookable(db: Session, actor_id: int) -> Actor:
    actor = db.get(Actor, actor_id)
    if actor is None or not actor.listed:
        raise NotFound("This actor cannot be booked now. Nothing was requested.")
    return actor


def _check_sending(db: Session, agreed: Agreed, ask: Request, now: datetime) -> None:
    check_may_ask(db, agreed.platform)
    agreed.verdict.check(agreed.actor.name.split()[0])
    if ask.shown_total_minor is not None and ask.shown_total_minor != agreed.quote.total.minor:
        raise PriceChanged(f"The price is now {agreed.quote.total}, not what you saw. Look again before you ask.")
    check_request(ask.starts_at, now)
    if not get_calendar(db, agreed.actor.id, ask.slot).is_free(ask.slot, now):
        raise SlotTaken("This time is not free. Nothing was requested or charged.")
    if ask.told is not None and ask.told != agreed.verdict.asks:
        raise NotTold("The actor has to say yes to this in so many words first. Nothing was requested so far.")


# what is written ---------------------------------------------------------------------------------


def _make(db: Session, agreed: Agreed, member_id: int, by: By, ask: Request, now: datetime) -> int:
    try:
        with db.begin_nested():
            booking = _write_booking(db, agreed, member_id, ask, now)
    except IntegrityError:
        # the same form arrived twice at once, and the other was faster
        if (made := find_by_token(db, platform_id=agreed.platform.id, token=ask.token)) is None:
            raise
        return made
    if ask.is_draft:
        record_step(db, booking, None, State.DRAFT, "draft", by, "", now)
        return booking.id
    check_specific(draft_terms(booking))
    record_step(db, booking, None, State.REQUESTED, "request", by, "", now)
    tell_of_request(db, booking, now)
    return booking.id


def _write_booking(db: Session, agreed: Agreed, member_id: int, ask: Request, now: datetime) -> Booking:
    brief = Brief(platform_id=agreed.platform.id, created_at=now)
    _write_brief(brief, ask)
    db.add(brief)
    db.flush()
    booking = Booking(
        platform=agreed.platform,
        member_id=member_id,
        actor=agreed.actor,
        brief=brief,
        state=State.DRAFT if ask.is_draft else State.REQUESTED,
        version=1,
        deadline_at=ask.starts_at if ask.is_draft else check_request(ask.starts_at, now),
        request_token=ask.token,
        created_at=now,
        updated_at=now,
        **_columns(agreed, ask),
    )
    db.add(booking)
    db.flush()
    return booking


def _columns(agreed: Agreed, ask: Request) -> dict[str, Any]:
    """What a request freezes into its row, and a draft until it is written over."""
    buffer, quote = timedelta(minutes=agreed.actor.buffer_minutes), agreed.quote
    return {
        "starts_at": ask.slot.starts_at,
        "ends_at": ask.slot.ends_at,
        "busy_from": ask.slot.starts_at - buffer,
        "busy_until": ask.slot.ends_at + buffer,
        "actor_zone": agreed.actor.zone,
        "platform_zone": agreed.platform.zone,
        **columns_of(quote),
        "usage": ask.usage.to_json() | {"take_sets": ask.take_sets, "pickups": ask.pickups},
        "cancellation": agreed.tier,
        "message": ask.message.strip(),
        "asked_as": ask.asked_as,
        "asks_yes": list(agreed.verdict.asks),
    }


def _write_brief(brief: Brief, ask: Request) -> None:
    if len(ask.beats) > MOST_BEATS:
        raise Invalid(f"Ask for {MOST_BEATS} moments at most. Nothing was requested.", field="beats")
    brief.project, brief.character = ask.project.strip(), ask.character.strip()
    brief.synopsis, brief.topics = ask.purpose.strip(), [topic.slug for topic in TOPICS.among(ask.topics)]
    brief.beats = _beats(ask.beats)


def _beats(asked: Sequence[BeatAsk]) -> list[Beat]:
    return [
        Beat(
            position=position,
            from_flavour=VOCABULARY.get(beat.from_flavour).slug,
            to_flavour=VOCABULARY.get(beat.to_flavour).slug if beat.to_flavour else None,
            intensity=Intensity.read(beat.intensity).word,
            display=Display.read(beat.display).word,
            seconds=beat.seconds,
            line=beat.line,
        )
        for position, beat in enumerate(asked)
    ]


def _write_over(db: Session, draft: Booking, agreed: Agreed, ask: Request, now: datetime) -> None:
    """Replace all of a draft, if it still is one and nobody else has just done so."""
    if draft.actor_id != ask.actor_id:
        raise Invalid("A draft stays with its actor. Nothing was saved.", field="actor")
    guarded = (
        update(Booking)
        .where(Booking.id == draft.id, Booking.state == State.DRAFT, Booking.version == draft.version)
        .values(version=Booking.version + 1, updated_at=now, deadline_at=ask.starts_at, **_columns(agreed, ask))
        .returning(Booking.id)
        .execution_options(synchronize_session=False)
    )
    if db.execute(guarded).first() is None:
        raise Conflict("Someone else has just changed this draft. Look again. Nothing was saved.")
    _write_brief(draft.brief, ask)
    db.flush()
    db.refresh(draft)


def _send(db: Session, draft: Booking, by: By, now: datetime) -> None:
    check_specific(draft_terms(draft))
    take_booking_step(db, draft, Step.SEND, by, now)
