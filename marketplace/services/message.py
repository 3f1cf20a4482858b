"""Messages: one thread for each booking, in which what people write and what happened stand in one order."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Subquery, func, literal, select, union_all, update
from sqlalchemy.orm import Session

from marketplace.domain.booking import Party, State
from marketplace.domain.errors import Conflict, Forbidden, Invalid, NotFound, Refused
from marketplace.models import Account, Booking, BookingEvent, Member, Message, Notice
from marketplace.services.booking_notice import accounts_of
from marketplace.services.booking_step import By
from marketplace.services.notice import GATHERED_FOR, MESSAGE, notify
from marketplace.services.notice_switch import GIVEN_UP
from marketplace.services.once import insert_once

LONGEST: Final = 2_000
TOKEN_LONGEST: Final = 64
MOST_PER_HOUR: Final = 60
PAGE_SIZE: Final = 30
EXCERPT: Final = 280
MOST_EXCERPTS: Final = 8

# they force the order of letters, so that a text reads as something else; the marks that scripts need are let by
_TURNING: Final = frozenset("\u202d\u202e")


class TooMany(Refused):
    """More messages than a conversation has."""

    code = "too_many_messages"
    status = 429


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a thread: a message, or (where `step` is not "") something that happened, `words` its reason.

    `name` is the person's; "" for the clock.
    """

    at: datetime
    party: Party
    account_id: int | None
    name: str
    step: str
    words: str


@dataclass(frozen=True, slots=True)
class Thread:
    """One page of a thread, its newest line last. Page 1 is the newest."""

    lines: Sequence[Line]
    page: int
    pages: int


# writing -----------------------------------------------------------------------------------------


def post_message(db: Session, *, booking: Booking, by: By, words: str, token: str, now: datetime) -> int:
    """Write into the booking's thread and tell the other side; returns the message's id.

    `token` is the form's own: the same one again is the message it made. Refuses empty and overlong words, control
    characters, drafts (nobody else reads them yet), and whoever is no side of the booking.
    """
    if not 0 < len(token) <= TOKEN_LONGEST:
        raise Invalid("This form is not whole. Open the page again. Nothing was sent.", field="token")
    account_id = _check_side(db, booking, by)
    if (known := _find_by_token(db, token, booking.id, account_id)) is not None:
        return known
    if booking.is_extra:
        raise NotFound("There is no such booking.")
    if booking.state == State.DRAFT:
        raise Conflict("This is a draft: nobody else reads it yet. Nothing was sent.")
    text = check_words(words)
    _check_pace(db, booking.id, account_id, now)
    made = insert_once(
        db, Message, booking_id=booking.id, account_id=account_id, party=by.party.value, words=text, token=token,
        created_at=now,
    )  # fmt: skip
    if made is None:  # the same form arrived twice at once, and the other was faster
        return _find_by_token(db, token, booking.id, account_id) or 0
    _note_read(db, booking, account_id, by.party, now)
    _tell_others(db, booking, by.party, text, now)
    return int(made)


def check_words(words: str) -> str:
    """The words as they are kept; refuses nothing, too much, and what is not text."""
    text = words.replace("\r\n", "\n").replace("\r", "\n").strip()
    if not text:
        raise Invalid("Write something first. Nothing was sent.", field="words")
    if len(text) > LONGEST:
        raise Invalid(f"Keep it under {LONGEST:,} characters: this has {len(text):,}. Nothing was sent.", field="words")
    if any(_is_control(letter) for letter in text):
        raise Invalid("There is a character in it that cannot be shown. Nothing was sent.", field="words")
    return text


def _is_control(letter: str) -> bool:
    return letter in _TURNING or (letter not in "\n\t" and unicodedata.category(letter) in {"Cc", "Cs"})


def _check_side(db: Session, booking: Booking, by: By) -> int:
    """The writer's account, if it is one of that side."""
    if by.account_id is None or by.party == Party.CLOCK:
        raise Forbidden("Only people write messages. Nothing was sent.")
    if by.party == Party.ACTOR and booking.actor.account_id != by.account_id:
        raise Forbidden("This booking is not yours. Nothing was sent.")
    if by.party == Party.PLATFORM:
        mine = select(Member.id).where(Member.platform_id == booking.platform_id, Member.account_id == by.account_id)
        if db.scalar(mine) is None:
            raise Forbidden("This booking is not yours. Nothing was sent.")
    return by.account_id


def _find_by_token(db: Session, token: str, booking_id: int, account_id: int) -> int | None:
    found = db.execute(select(Message.id, Message.booking_id, Message.account_id).where(Message.token == token)).first()
    if found is None:
        return None
    if (found.booking_id, found.account_id) != (booking_id, account_id):
        raise Conflict("This form has been used elsewhere. Open the page again. Nothing was sent.")
    message_id: int = found.id
    return message_id


def _check_pace(db: Session, booking_id: int, account_id: int, now: datetime) -> None:
    lately = (Message.booking_id == booking_id) & (Message.created_at > now - timedelta(hours=1))
    written = select(func.count()).select_from(Message).where(lately, Message.account_id == account_id)
    if (db.scalar(written) or 0) >= MOST_PER_HOUR:
        raise TooMany("You have written a lot within an hour. Wait a little. Nothing was sent.")


# telling -----------------------------------------------------------------------------------------


def _tell_others(db: Session, booking: Booking, writer: Party, text: str, now: datetime) -> None:
    sender = {Party.PLATFORM: booking.platform.name, Party.ACTOR: booking.actor.name}.get(writer, "Marquee")
    for party in (Party.PLATFORM, Party.ACTOR):
        if party == writer:
            continue
        account_ids, _, page = accounts_of(db, booking, party)
        for account_id in account_ids:
            _tell(db, booking, account_id, f"{page}#thread", sender, text, now)


def _tell(db: Session, booking: Booking, account_id: int, path: str, sender: str, text: str, now: datetime) -> None:
    """A notice of its own, or a line more in the one whose mail still waits: one mail for a few minutes' messages."""
    flat = " ".join(text.split())
    excerpt = flat if len(flat) <= EXCERPT else f"{flat[: EXCERPT - 1].rstrip()}…"
    if _add_to_waiting(db, account_id, path, excerpt, now):
        return
    made = notify(
        db,
        account_ids=[account_id],
        key=f"message:{booking.id}:{now:%Y%m%d%H%M}",
        kind=MESSAGE,
        title=f"{sender} wrote to you about {booking.brief.project}",
        words=excerpt,
        path=path,
        now=now,
        booking_id=booking.id,
    )
    if not made:  # somebody of the same side wrote at the same moment, and the other was faster
        _add_to_waiting(db, account_id, path, excerpt, now)


def _add_to_waiting(db: Session, account_id: int, path: str, excerpt: str, now: datetime) -> bool:
    waiting = db.scalar(
        select(Notice)
        .where(
            Notice.account_id == account_id,
            Notice.kind == MESSAGE,
            Notice.path == path,
            Notice.mailed_at.is_(None),
            Notice.read_at.is_(None),
            Notice.created_at > now - GATHERED_FOR,
        )
        .order_by(Notice.id.desc())
        .limit(1)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if waiting is None:
        return False
    if waiting.words.count("\n") + 1 < MOST_EXCERPTS:
        waiting.words = f"{waiting.words}\n{excerpt}"
    elif not waiting.words.endswith("…\n"):
        waiting.words = f"{waiting.words}\n…\n"
    db.flush()
    return True


def _note_read(db: Session, booking: Booking, account_id: int, party: Party, now: datetime) -> None:
    """Who answers has read what was written: it needs no mail any more."""
    if party == Party.ADMIN:
        return
    mine = (Notice.account_id == account_id) & (Notice.kind == MESSAGE)
    here = mine & (Notice.booking_id == booking.id) & Notice.read_at.is_(None)
    db.execute(update(Notice).where(here, Notice.mailed_at.is_(None)).values(attempts=GIVEN_UP))
    db.execute(update(Notice).where(here).values(read_at=now))


# reading -----------------------------------------------------------------------------------------


def read_thread(db: Session, booking: Booking, *, page: int = 1, size: int = PAGE_SIZE) -> Thread:
    """One page of what was written and what happened, for the same two statements however long it is."""
    both = _both(booking.id)
    pages = max(1, -(-(db.scalar(select(func.count()).select_from(both)) or 0) // size))
    page = min(max(page, 1), pages)
    newest = (
        select(both, Account.name)
        .outerjoin(Account, Account.id == both.c.account_id)
        .order_by(both.c.at.desc(), both.c.source, both.c.id.desc())
        .limit(size)
        .offset((page - 1) * size)
    )
    return Thread([_line(row) for row in reversed(db.execute(newest).all())], page, pages)


def _both(booking_id: int) -> Subquery:
    messages = select(
        literal("message").label("source"),
        Message.id,
        Message.created_at.label("at"),
        Message.party,
        Message.account_id,
        literal("").label("step"),
        Message.words,
    ).where(Message.booking_id == booking_id)
    events = select(
        literal("step"),
        BookingEvent.id,
        BookingEvent.at,
        BookingEvent.party,
        BookingEvent.principal_id,
        BookingEvent.step,
        BookingEvent.reason,
    ).where(BookingEvent.booking_id == booking_id)
    return union_all(messages, events).subquery("line")


def _line(row: Any) -> Line:
    return Line(row.at, Party(row.party), row.account_id, row.name or "", row.step, row.words)
