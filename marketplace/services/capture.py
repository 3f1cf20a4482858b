"""Capture sessions: what the platform sees of the takes, and what it says about them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePosixPath
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.domain.booking import State
from marketplace.domain.capture import (
    ENGINES,
    NOTE_LONGEST,
    TAKES_SHOWN,
    TakeFacts,
    TakeState,
    check_judging,
    check_licensed,
    check_selection,
    misfit,
)
from marketplace.domain.errors import Invalid, NotFound
from marketplace.domain.flavour import VOCABULARY, Flavour
from marketplace.models import Account, Beat, Booking, CaptureSession, Take, TakeNote
from marketplace.services.audit import record_audit
from marketplace.services.consent import find_grant

LONGEST_AT_MS: Final = 24 * 60 * 60 * 1000


@dataclass(frozen=True)
class NoteRow:
    """A remark at one moment of a take, in milliseconds from its start."""

    id: int
    at_ms: int
    words: str
    by: str
    created_at: datetime


@dataclass(frozen=True)
class TakeRow:
    """A take as a page shows it. `misfits` say why an engine would refuse the file; empty when all would take it."""

    id: int
    number: int
    beat: Beat | None
    flavour: Flavour | None
    note: str
    state: TakeState
    refusal: str | None
    storage_key: str
    poster_key: str | None
    content_type: str
    duration_ms: int
    width: int
    height: int
    bytes: int
    is_selected: bool
    is_new: bool
    created_at: datetime
    notes: tuple[NoteRow, ...]
    misfits: tuple[str, ...]


def read_takes(db: Session, session: CaptureSession, *, delivered_only: bool = False) -> list[TakeRow]:
    """The takes of a session by number, with their notes.

    `delivered_only` leaves out what came after the last delivery, which the platform has not been shown yet, and
    takes without a playable file. A take is new when it came after the delivery before.
    """
    takes = db.scalars(select(Take).where(Take.capture_session_id == session.id).order_by(Take.number)).all()
    notes, beats = notes_of(db, [take.id for take in takes]), _beats(db, takes)
    shown = [take for take in takes if not delivered_only or _is_shown(take, session)]
    return [_row(take, beats, notes.get(take.id, ()), session) for take in shown]


def _is_shown(take: Take, session: CaptureSession) -> bool:
    arrived = session.delivered_at is not None and take.created_at <= session.delivered_at
    return arrived and take.state == TakeState.READY


def _row(take: Take, beats: dict[int, Beat], notes: Sequence[NoteRow], session: CaptureSession) -> TakeRow:
    seconds, width, height = (take.duration_ms or 0) / 1000, take.width or 0, take.height or 0
    found = (misfit(engine, seconds, width, height) for engine in ENGINES) if take.duration_ms and width else ()
    return TakeRow(
        id=take.id,
        number=take.number,
        beat=beats.get(take.beat_id or 0),
        flavour=VOCABULARY.find(take.flavour) if take.flavour else None,
        note=take.note,
        state=TakeState(take.state),
        refusal=take.refusal,
        storage_key=take.storage_key,
        poster_key=take.poster_key,
        content_type=take.content_type,
        duration_ms=take.duration_ms or 0,
        width=width,
        height=height,
        bytes=take.bytes,
        is_selected=take.selected_at is not None,
        is_new=session.delivered_at is None or take.created_at > session.delivered_at,
        created_at=take.created_at,
        notes=tuple(notes),
        misfits=tuple(words for words in found if words),
    )


def notes_of(db: Session, take_ids: Sequence[int]) -> dict[int, list[NoteRow]]:
    """What was said about each of these takes, in the order of the moments."""
    columns = select(TakeNote, Account.name).join(Account, Account.id == TakeNote.account_id)
    found: dict[int, list[NoteRow]] = {}
    for note, name in db.execute(columns.where(TakeNote.take_id.in_(take_ids)).order_by(TakeNote.at_ms, TakeNote.id)):
        row = NoteRow(note.id, note.at_ms, note.words, name, note.created_at)
        found.setdefault(note.take_id, []).append(row)
    return found


def _beats(db: Session, takes: Sequence[Take]) -> dict[int, Beat]:
    ids = {take.beat_id for take in takes if take.beat_id is not None}
    return {beat.id: beat for beat in db.scalars(select(Beat).where(Beat.id.in_(ids)))} if ids else {}


def select_take(db: Session, *, platform_id: int, take_id: int, selected: bool, now: datetime) -> int:
    """Circle a take, or take the circle away; returns the booking's id. Only delivered takes that can be played."""
    take, booking = _judged(db, platform_id, take_id)
    if selected:
        check_selection(State(booking.state), TakeFacts(TakeState(take.state), take.created_at))
    else:
        check_judging(State(booking.state))
    take.selected_at = now if selected else None
    return booking.id


def add_note(
    db: Session, *, platform_id: int, account_id: int, take_id: int, at_ms: int, words: str, now: datetime
) -> int:
    """Say something about a moment of a take; returns the booking's id."""
    take, booking = _judged(db, platform_id, take_id)
    check_judging(State(booking.state))
    said = words.strip()
    if not said or len(said) > NOTE_LONGEST:
        raise Invalid(f"Write a note of up to {NOTE_LONGEST} characters.", field="words")
    if not 0 <= at_ms <= (take.duration_ms or LONGEST_AT_MS):
        raise Invalid("The moment lies outside the take.", field="at")
    db.add(TakeNote(take_id=take.id, account_id=account_id, at_ms=at_ms, words=said, created_at=now))
    return booking.id


@dataclass(frozen=True)
class TakeFile:
    """Where a licensed take's file is kept, and what it is called on the platform's own disk."""

    storage_key: str
    filename: str


def hand_out_take(
    db: Session, *, platform_id: int, take_id: int, account_id: int, now: datetime, ip: str | None = None
) -> TakeFile:
    """Let a platform have the file of a take it has accepted; the audit trail says who fetched it and when."""
    take, booking = _judged(db, platform_id, take_id)
    grant = find_grant(db, booking.id)
    check_licensed(
        State(booking.state),
        is_selected=take.selected_at is not None,
        is_signed=grant is not None and grant.revoked_at is None,
        expires_at=grant.expires_at if grant else None,
        now=now,
    )
    record_audit(
        db, about="booking", about_id=booking.id, step="hand_out_take", party="platform", principal_id=account_id,
        before={}, after={"take": take.number, "sha256": take.sha256}, now=now, ip=ip,
    )  # fmt: skip
    return TakeFile(take.storage_key, _filename(booking.brief.project, take))


def _filename(project: str, take: Take) -> str:
    """ "the-letter-take-3.mp4": letters every disk knows."""
    plain = re.sub(r"[^a-z0-9]+", "-", unicodedata.normalize("NFKD", project).lower()).strip("-")[:60]
    return f"{plain or 'booking'}-take-{take.number}{PurePosixPath(take.storage_key).suffix}"


def _judged(db: Session, platform_id: int, take_id: int) -> tuple[Take, Booking]:
    """A take this platform has been shown; any other is not found."""
    row = db.execute(
        select(Take, Booking, CaptureSession)
        .join(CaptureSession, CaptureSession.id == Take.capture_session_id)
        .join(Booking, Booking.id == CaptureSession.booking_id)
        .where(Take.id == take_id, Booking.platform_id == platform_id)
    ).first()
    if row is None or row[1].state not in TAKES_SHOWN or not _is_shown(row[0], row[2]):
        raise NotFound("There is no such take.")
    return row[0], row[1]
