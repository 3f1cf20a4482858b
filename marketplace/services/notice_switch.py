"""What each person wants to hear by mail: one switch a topic, and the signed link in every mail that turns one off.

The product itself always tells; a switch is about the mail alone. What somebody must not miss has none.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from marketplace.domain.errors import NotFound
from marketplace.models import Account, Notice, NoticeSwitch
from marketplace.services.once import insert_once

GIVEN_UP: Final = 8
"""So many tries make a mail that is not tried again; one that nobody wants begins with them."""


class Topic(StrEnum):
    """What notices are about, as their readers see it."""

    BOOKINGS = "bookings"
    REMINDERS = "reminders"
    MESSAGES = "messages"
    SESSION = "session"
    MONEY = "money"
    SCORE = "score"


WORDS: Final[Mapping[Topic, tuple[str, str]]] = MappingProxyType(
    {
        Topic.BOOKINGS: ("Bookings", "Requests, answers, pencils, new times, payments received and cancellations."),
        Topic.REMINDERS: ("Reminders", "Before time to act runs out, and before a session."),
        Topic.MESSAGES: ("Messages", "What the other side of a booking writes to you, gathered for a few minutes."),
        Topic.SESSION: ("Sessions and takes", "Sessions that begin, takes delivered, pick-ups and acceptance."),
        Topic.MONEY: ("Money", "Payouts approved and sent, and refunds."),
        Topic.SCORE: ("Score", "Your score and the networks it is made from."),
    }
)
"""What each topic is called, and what it holds."""

ALWAYS_MAILED: Final = frozenset(
    {
        "booking.stop_unsigned",
        "booking.ask_payment",
        "booking.stop_unpaid",
        "booking.dispute",
        "booking.contest",
        "booking.claim_no_show",
        "reminder.consent",
        "reminder.payment",
        "payout.held",
        "payout.asked",
        "payout.rejected",
        "payout.returned",
    }
)
"""Kinds of a topic that are mailed whatever its switch says: consent, money that is held, and reports against one."""

_OF_SESSION: Final = frozenset({"start", "deliver", "stop_undelivered", "request_changes", "approve"})
_BY_PREFIX: Final[Mapping[str, Topic]] = MappingProxyType(
    {
        "booking": Topic.BOOKINGS,
        "reminder": Topic.REMINDERS,
        "message": Topic.MESSAGES,
        "payout": Topic.MONEY,
        "score": Topic.SCORE,
    }
)
_OF_ROLE: Final[Mapping[str, tuple[Topic, ...]]] = MappingProxyType(
    {
        "actor": tuple(Topic),
        "member": tuple(topic for topic in Topic if topic != Topic.SCORE),
        "admin": (Topic.BOOKINGS, Topic.REMINDERS, Topic.SESSION),
    }
)


@dataclass(frozen=True, slots=True)
class Switch:
    """One line of the page: a topic, what it is called and holds, and whether it is mailed."""

    topic: Topic
    label: str
    hint: str
    by_mail: bool


def topic_of(kind: str) -> Topic | None:
    """The topic whose switch decides about a notice's mail; None for what is always mailed."""
    prefix, _, rest = kind.partition(".")
    if kind in ALWAYS_MAILED:
        return None
    if prefix == "booking" and rest in _OF_SESSION:
        return Topic.SESSION
    return _BY_PREFIX.get(prefix)


def find_unwilling(db: Session, account_ids: Iterable[int], kind: str) -> frozenset[int]:
    """Those of the accounts who want no mail of this kind."""
    topic = topic_of(kind)
    if topic is None:
        return frozenset()
    off = select(NoticeSwitch.account_id).where(
        NoticeSwitch.account_id.in_(account_ids), NoticeSwitch.topic == topic, NoticeSwitch.by_mail.is_(False)
    )
    return frozenset(db.scalars(off))


def list_switches(db: Session, *, account_id: int, role: str) -> list[Switch]:
    """Every topic that somebody of this role hears about."""
    rows = select(NoticeSwitch.topic, NoticeSwitch.by_mail).where(NoticeSwitch.account_id == account_id)
    chosen: dict[str, bool] = {row[0]: row[1] for row in db.execute(rows)}
    return [Switch(topic, *WORDS[topic], chosen.get(topic, True)) for topic in _OF_ROLE.get(role, tuple(Topic))]


def set_switch(db: Session, *, account_id: int, topic: Topic, by_mail: bool) -> None:
    """Turn a topic's mails on or off; off also stops those that wait to be sent."""
    if insert_once(db, NoticeSwitch, account_id=account_id, topic=topic.value, by_mail=by_mail) is None:
        mine = (NoticeSwitch.account_id == account_id) & (NoticeSwitch.topic == topic)
        db.execute(update(NoticeSwitch).where(mine).values(by_mail=by_mail))
    if not by_mail:
        _stop_waiting(db, account_id, topic)


def _stop_waiting(db: Session, account_id: int, topic: Topic) -> None:
    waiting = select(Notice.id, Notice.kind).where(
        Notice.account_id == account_id, Notice.mailed_at.is_(None), Notice.attempts < GIVEN_UP
    )
    theirs = [notice_id for notice_id, kind in db.execute(waiting) if topic_of(kind) == topic]
    db.execute(update(Notice).where(Notice.id.in_(theirs)).values(attempts=GIVEN_UP))


# the link in a mail ------------------------------------------------------------------------------


def write_token(secret: str, account_id: int, topic: Topic) -> str:
    """What stands in the link of a mail: whose mails about what, signed. It does not grow old."""
    about = f"{account_id}.{topic.value}"
    return f"{about}.{_signature(secret, about)}"


def read_token(secret: str, token: str) -> tuple[int, Topic]:
    """The account and topic of a link; refuses one that we have not signed (NotFound)."""
    about, _, signature = token.rpartition(".")
    if not hmac.compare_digest(signature.encode(), _signature(secret, about).encode()):
        raise NotFound("This link is not whole. Nothing was changed.")
    account_id, _, topic = about.partition(".")
    return int(account_id), Topic(topic)


def switch_off(db: Session, *, account_id: int, topic: Topic) -> None:
    """What the link in a mail does. Doing it twice changes nothing; an account that is gone is not found."""
    if db.get(Account, account_id) is None:
        raise NotFound("This account is no more. Nothing was changed.")
    set_switch(db, account_id=account_id, topic=topic, by_mail=False)


def _signature(secret: str, about: str) -> str:
    digest = hmac.digest(secret.encode(), f"notice-switch:{about}".encode(), hashlib.sha256)
    return base64.urlsafe_b64encode(digest[:18]).decode()
