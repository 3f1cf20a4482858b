"""From anything an admin can paste to the booking it belongs to: our numbers, Stripe's, keys, documents, people."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, String, cast, literal, null, or_, select, union_all
from sqlalchemy.orm import InstrumentedAttribute, Session

from marketplace.domain.line import is_line
from marketplace.models import (
    Account,
    Actor,
    BankPayout,
    Booking,
    Brief,
    ConnectAccount,
    Dispute,
    DisputeEvidence,
    Document,
    Member,
    Mismatch,
    OutboxCommand,
    Payment,
    Payout,
    Platform,
    Posting,
    Refund,
    StripeEvent,
)

LONGEST: Final = 255
MOST_PEOPLE: Final = 20
MOST_BOOKINGS: Final = 50

_NUMBERED: Final = re.compile(
    r"(?P<noun>bk|booking|change order|dispute|po|payout|pay|payment|re|refund|actor|platform)?[ _/#:-]*"
    r"(?P<number>[0-9]{1,18})(?P<mark>_[0-9a-z]+)?",
    re.IGNORECASE,
)
_OURS: Final = {"": "booking", "bk": "booking", "change order": "booking", "dispute": "booking", "po": "payout",
                "pay": "payment", "re": "refund"}  # fmt: skip
_OF_BOOKING: Final[Mapping[str, tuple[InstrumentedAttribute[int], InstrumentedAttribute[int]]]] = {
    "booking": (Booking.id, Booking.id),
    "payment": (Payment.id, Payment.booking_id),
    "payout": (Payout.id, Payout.booking_id),
    "refund": (Refund.id, Refund.booking_id),
    "dispute": (Dispute.id, Dispute.booking_id),
}
_DOCUMENT: Final = re.compile(r"(?P<series>[A-Z]+-[0-9]{4})-(?P<number>[0-9]{1,9})", re.IGNORECASE)
_IN_PAYLOAD: Final = ("charge", "payment_intent", "source_transaction", "source", "transfer", "destination")
"""Where the payload of an event names another object, when the one it is about is not known here."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody whose bookings can be looked through; `noun` is actor or platform."""

    noun: str
    id: int
    name: str


@dataclass(frozen=True, slots=True)
class Choice:
    """One booking of a list to choose from."""

    id: int
    actor: str
    platform: str
    project: str
    state: str
    starts_at: datetime
    currency: str
    total_minor: int


@dataclass(frozen=True)
class Found:
    """What a text led to: one booking, whose `what` the text is; or people, or bookings, to choose from; or nothing."""

    booking_id: int | None = None
    what: str = ""
    people: Sequence[Person] = ()
    bookings: Sequence[Choice] = field(default=())


NOTHING: Final = Found()


def find_traced(db: Session, text: str) -> Found:
    """What `text` means here. At most a dozen statements, whatever it is."""
    text = text.strip()
    if not text or len(text) > LONGEST or not is_line(text):
        return NOTHING
    *_, noun, tail = ("", *text.partition("?")[0].rstrip("/").split("/"))  # an address is pasted as often as a number
    return (
        _numbered(db, f"{noun} {tail}".strip())
        or _numbered(db, tail)
        or _named_at_stripe(db, tail)
        or _document(db, tail)
        or _people(db, text)
    )


# our own numbers ---------------------------------------------------------------------------------


def _numbered(db: Session, text: str) -> Found | None:
    match = _NUMBERED.fullmatch(text)
    if match is None or (match["mark"] and (match["noun"] or "").lower() != "bk"):
        return None
    typed, number = (match["noun"] or "").lower(), int(match["number"])
    noun = _OURS.get(typed, typed)
    if noun in ("actor", "platform"):
        return _one_person(db, noun, number)
    booking_id = _booking_of(db, noun, number)
    return Found(booking_id, noun) if booking_id is not None else None


def _booking_of(db: Session, noun: str, number: int) -> int | None:
    if noun not in _OF_BOOKING:
        return None
    key, booking_id = _OF_BOOKING[noun]
    return db.scalar(select(booking_id).where(key == number))


# names that Stripe gave, and names we gave to Stripe ---------------------------------------------


def _named_at_stripe(db: Session, text: str) -> Found | None:
    event = db.get(StripeEvent, text)
    if event is None:
        return _by_name(db, [text])
    found = _by_name(db, [event.object_id] if event.object_id else [])
    found = found or _by_name(db, _others_in(event)) or _by_name(db, [event.stripe_account_id or ""])
    return Found(found.booking_id, "event", found.people, found.bookings) if found else None


def _others_in(event: StripeEvent) -> list[str]:
    about = (event.payload.get("data") or {}).get("object") or {}
    return [name for key in _IN_PAYLOAD if isinstance(name := about.get(key), str)]


def _by_name(db: Session, names: Sequence[str]) -> Found | None:
    if not names:
        return None
    rows = db.execute(union_all(*_lookups(names)).limit(2 * MOST_BOOKINGS)).all()
    for row in rows:
        booking_id = row.booking_id or _booking_of(db, row.about or "", row.about_id or 0)
        if booking_id is not None:
            return Found(booking_id, row.what)
    actor_id = next((row.about_id for row in rows if row.about == "actor"), None)
    return _one_person(db, "actor", actor_id) if actor_id is not None else None


def _lookups(names: Sequence[str]) -> list[Select[Any]]:
    """Every column in which such a name may stand, all of them indexed."""
    return [
        _booked("checkout", Payment.booking_id, Payment.checkout_session_id.in_(names)),
        _booked("payment intent", Payment.booking_id, Payment.payment_intent_id.in_(names)),
        _booked("charge", Payment.booking_id, Payment.charge_id.in_(names)),
        _booked("refund", Refund.booking_id, Refund.stripe_refund_id.in_(names)),
        _booked("bank dispute", Dispute.booking_id, Dispute.stripe_dispute_id.in_(names)),
        _booked("transfer", Payout.booking_id, Payout.stripe_transfer_id.in_(names)),
        _booked("posting", Posting.booking_id, or_(Posting.stripe_id.in_(names), Posting.event_key.in_(names))),
        _booked("mismatch", Mismatch.booking_id, Mismatch.key.in_(names)),
        _owned("evidence", "dispute", DisputeEvidence.dispute_id, DisputeEvidence.stripe_file_id.in_(names)),
        _owned("bank payout", "actor", BankPayout.actor_id, BankPayout.stripe_payout_id.in_(names)),
        _owned("payout account", "actor", ConnectAccount.actor_id, ConnectAccount.stripe_account_id.in_(names)),
        _columns(
            "call to Stripe",
            null(),
            OutboxCommand.about,
            OutboxCommand.about_id,
            or_(OutboxCommand.idempotency_key.in_(names), OutboxCommand.stripe_id.in_(names)),
        ),
    ]


def _booked(what: str, booking_id: Any, which: ColumnElement[bool]) -> Select[Any]:
    return _columns(what, booking_id, null(), null(), which)


def _owned(what: str, noun: str, owner_id: Any, which: ColumnElement[bool]) -> Select[Any]:
    return _columns(what, null(), literal(noun, String), owner_id, which)


def _columns(what: str, booking_id: Any, about: Any, about_id: Any, which: ColumnElement[bool]) -> Select[Any]:
    return select(
        literal(what, String).label("what"),
        cast(booking_id, Booking.id.type).label("booking_id"),
        cast(about, String).label("about"),
        cast(about_id, Booking.id.type).label("about_id"),
    ).where(which)


def _document(db: Session, text: str) -> Found | None:
    match = _DOCUMENT.fullmatch(text)
    if match is None:
        return None
    which = (Document.series == match["series"].upper(), Document.number == int(match["number"]))
    booking_id = db.scalar(select(Document.booking_id).where(*which))
    return Found(booking_id, "document") if booking_id is not None else None


# people ------------------------------------------------------------------------------------------


def _people(db: Session, text: str) -> Found:
    people = _by_mail(db, text) if "@" in text else _by_words(db, text)
    if len(people) != 1:
        return Found(people=people)
    return Found(people=people, bookings=_bookings(db, people[0]))


def _one_person(db: Session, noun: str, number: int) -> Found | None:
    table = Actor if noun == "actor" else Platform
    name = db.scalar(select(table.name).where(table.id == number))
    if name is None:
        return None
    person = Person(noun, number, name)
    return Found(people=[person], bookings=_bookings(db, person))


def _by_mail(db: Session, text: str) -> tuple[Person, ...]:
    mine = Account.email == text.lower()
    actors = select(Actor.id, Actor.name).join(Account, Account.id == Actor.account_id).where(mine)
    platforms = select(Platform.id, Platform.name).join(Member).join(Account, Account.id == Member.account_id)
    return _both(db, actors, platforms.where(mine))


def _by_words(db: Session, text: str) -> tuple[Person, ...]:
    actors = select(Actor.id, Actor.name).where(Actor.name.icontains(text, autoescape=True))
    platforms = select(Platform.id, Platform.name).where(Platform.name.icontains(text, autoescape=True))
    return _both(db, actors.order_by(Actor.name, Actor.id), platforms.order_by(Platform.name, Platform.id))


def _both(db: Session, actors: Select[int, str], platforms: Select[int, str]) -> tuple[Person, ...]:
    return (
        *(Person("actor", row.id, row.name) for row in db.execute(actors.limit(MOST_PEOPLE))),
        *(Person("platform", row.id, row.name) for row in db.execute(platforms.limit(MOST_PEOPLE))),
    )


def _bookings(db: Session, person: Person) -> list[Choice]:
    """The person's bookings that came to a payment, newest first; change orders with theirs."""
    mine = Booking.actor_id == person.id if person.noun == "actor" else Booking.platform_id == person.id
    rows = db.execute(
        select(
            Booking.id,
            Actor.name.label("actor"),
            Platform.name.label("platform"),
            Brief.project,
            Booking.state,
            Booking.starts_at,
            Booking.currency,
            Booking.total_minor,
        )
        .join(Actor, Actor.id == Booking.actor_id)
        .join(Platform, Platform.id == Booking.platform_id)
        .join(Brief, Brief.id == Booking.brief_id)
        .join(Payment, Payment.booking_id == Booking.id)
        .where(mine)
        .order_by(Booking.id.desc())
        .limit(MOST_BOOKINGS)
    )
    return [Choice(**row._mapping) for row in rows]
