"""Files people send: uploads that can be resumed, what they become when whole, and what the probe makes of them.

The bytes go to the storage outside any transaction; here are only the rows. An upload belongs to the account that
began it, and to everyone else it does not exist.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Literal

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from marketplace.domain.booking import State
from marketplace.domain.capture import check_upload
from marketplace.domain.errors import Conflict, Invalid, NotFound, Refused
from marketplace.domain.flavour import VOCABULARY
from marketplace.domain.line import check_line, is_line
from marketplace.gateways.media.video import Video
from marketplace.gateways.storage.base import Stored
from marketplace.jobs import Job, enqueue
from marketplace.models import Account, Beat, Booking, CaptureSession, Clip, Take, Upload
from marketplace.models.column import sum_of

Purpose = Literal["clip", "take"]

MOST_CLIPS: Final = 30
MOST_OPEN: Final = 12
KEPT: Final = timedelta(days=2)
"""How long an upload may stay unfinished."""

_MB: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Limit:
    """What one file of a kind may measure."""

    bytes: int
    longest_ms: int

    @property
    def words(self) -> str:
        """The limit as it stands below a file field."""
        return f"MP4, MOV or WebM, up to {self.bytes // _MB} MB and {self.longest_ms // 1000} seconds"


LIMITS: Final[dict[Purpose, Limit]] = {
    "clip": Limit(100 * _MB, 90_000),
    "take": Limit(500 * _MB, 180_000),
}
MOST_OPEN_BYTES: Final = 2_000 * _MB
"""What one account's unfinished uploads may come to: four of the largest takes at once."""
SUFFIX: Final = {"video/mp4": ".mp4", "video/quicktime": ".mov", "video/webm": ".webm"}


@dataclass(frozen=True, slots=True)
class Sender:
    """Who sends a file: an actor, by the account they are signed in with."""

    account_id: int
    actor_id: int


@dataclass(frozen=True, slots=True)
class Unprobed:
    """A file that waits to be looked at."""

    id: int
    storage_key: str
    longest_ms: int


def begin_upload(
    db: Session,
    *,
    sender: Sender,
    purpose: Purpose,
    filename: str,
    size: int,
    fields: dict[str, Any],
    now: datetime,
    capture_session_id: int | None = None,
) -> Upload:
    """Promise room for a file of `size` bytes; refused when it is too large, too many or out of its time, and while
    too much of the same account is under way."""
    limit = LIMITS[purpose]
    if not 0 < size <= limit.bytes:
        raise Invalid(f"The file must be {limit.words}. Nothing was sent.", field="file", code="too_large")
    if purpose == "take":
        _check_session(db, sender.actor_id, capture_session_id)
    else:
        _check_clips(db, sender.actor_id)
    for name in ("title", "role"):
        check_line(_text(fields, name), field=name)
    _check_room(db, sender.account_id, size)
    upload = Upload(
        token=secrets.token_urlsafe(24),
        account_id=sender.account_id,
        purpose=purpose,
        capture_session_id=capture_session_id if purpose == "take" else None,
        filename=_plain_name(filename) or purpose,
        content_type="",
        bytes=size,
        fields=fields,
        created_at=now,
    )
    db.add(upload)
    db.flush()
    return upload


def get_upload(db: Session, *, account_id: int, token: str) -> Upload:
    """The account's own upload; anyone else's is not found."""
    upload = db.scalar(select(Upload).where(Upload.token == token, Upload.account_id == account_id))
    if upload is None:
        raise NotFound("There is no such upload. Please send the file again.")
    return upload


def is_finished(db: Session, token: str) -> bool:
    """Whether the upload has become a clip or take."""
    return db.scalar(select(Upload.finished_at).where(Upload.token == token)) is not None


def note_received(db: Session, *, token: str, before: int, after: int) -> None:
    """Remember how far an upload has come; refused when another piece was faster."""
    moved = db.execute(
        update(Upload)
        .where(Upload.token == token, Upload.received == before, Upload.finished_at.is_(None))
        .values(received=after)
        .returning(Upload.token)
    )
    if moved.first() is None:
        raise Conflict("Another piece of this file arrived first. Ask how far it is and go on from there.")


def finish_upload(db: Session, *, sender: Sender, token: str, stored: Stored, content_type: str, now: datetime) -> int:
    """Make the clip or take of a whole upload and have it probed; returns its id. Refused the second time."""
    done = db.execute(
        update(Upload)
        .where(Upload.token == token, Upload.account_id == sender.account_id, Upload.finished_at.is_(None))
        .values(finished_at=now, content_type=content_type)
        .returning(Upload.token)
    )
    if done.first() is None:
        raise Conflict("This file has been sent already.")
    upload = db.get_one(Upload, token, populate_existing=True)
    if upload.purpose == "take":
        made: Clip | Take = _make_take(db, sender, upload, stored, now)
    else:
        made = _make_clip(db, sender, upload, stored, now)
    db.add(made)
    db.flush()
    enqueue(db, Job.PROBE_MEDIA, upload.purpose, made.id)
    return made.id


def drop_upload(db: Session, *, account_id: int, token: str) -> None:
    """Forget an unfinished upload of the account."""
    upload = get_upload(db, account_id=account_id, token=token)
    if upload.finished_at is None:
        db.delete(upload)


def drop_stale_uploads(db: Session, *, now: datetime) -> Sequence[str]:
    """Forget uploads that nobody finished in time; returns their tokens, whose files are to be discarded."""
    stale = Upload.finished_at.is_(None) & (Upload.created_at < now - KEPT)
    return db.scalars(delete(Upload).where(stale).returning(Upload.token)).all()


# what the probe says ------------------------------------------------------------------------------


def find_unprobed(db: Session, purpose: str, id: int) -> Unprobed | None:
    """The file of a clip or take that is still to be looked at, or None when that is done."""
    table: type[Clip] | type[Take] = Take if purpose == "take" else Clip
    key = db.scalar(select(table.storage_key).where(table.id == id, table.state == "probing"))
    limit = LIMITS["take" if purpose == "take" else "clip"]
    return None if key is None else Unprobed(id, key, limit.longest_ms)


def list_unprobed(db: Session, *, before: datetime) -> Sequence[tuple[str, int]]:
    """(purpose, id) of files that a lost message left unlooked at."""
    clips = db.scalars(select(Clip.id).where(Clip.state == "probing", Clip.created_at < before))
    takes = db.scalars(select(Take.id).where(Take.state == "probing", Take.created_at < before))
    return [*(("clip", id) for id in clips), *(("take", id) for id in takes)]


def note_video(db: Session, *, purpose: str, id: int, video: Video, poster_key: str | None) -> bool:
    """The probe let the file in: it can be watched. False when another probe was faster."""
    facts: dict[str, Any] = {
        "state": "ready",
        "content_type": video.content_type,
        "duration_ms": video.duration_ms,
        "width": video.width,
        "height": video.height,
        "poster_key": poster_key,
    }
    return _settle(db, purpose, id, facts)


def note_refusal(db: Session, *, purpose: str, id: int, sentence: str) -> bool:
    """The probe refused the file; its sender reads why. False when another probe was faster."""
    return _settle(db, purpose, id, {"state": "refused", "refusal": sentence[:300]})


def _settle(db: Session, purpose: str, id: int, values: dict[str, Any]) -> bool:
    table: type[Clip] | type[Take] = Take if purpose == "take" else Clip
    done = db.execute(update(table).where(table.id == id, table.state == "probing").values(values).returning(table.id))
    return done.first() is not None


# what an upload becomes ---------------------------------------------------------------------------


def _check_room(db: Session, account_id: int, size: int) -> None:
    """Counted under a lock on the account, so that many who ask together are not all let in."""
    db.scalar(select(Account.id).where(Account.id == account_id).with_for_update())
    still_open = (Upload.account_id == account_id, Upload.finished_at.is_(None))
    count, promised = db.execute(select(func.count(), sum_of(Upload.bytes)).where(*still_open)).one()
    if count >= MOST_OPEN or promised + size > MOST_OPEN_BYTES:
        raise Refused(
            "Too many of your files are still on their way. Let them arrive or cancel one, then send this one again. "
            "It was not sent.",
            code="too_many_uploads",
        )


def _check_clips(db: Session, actor_id: int) -> None:
    count = db.scalar(select(func.count()).where(Clip.actor_id == actor_id)) or 0
    if count >= MOST_CLIPS:
        raise Refused(
            f"A page holds up to {MOST_CLIPS} clips. Delete one first. Nothing was sent.", code="too_many_clips"
        )


def _check_session(db: Session, actor_id: int, capture_session_id: int | None) -> None:
    query = (
        select(Booking.state)
        .join(CaptureSession, CaptureSession.booking_id == Booking.id)
        .where(CaptureSession.id == capture_session_id, Booking.actor_id == actor_id)
    )
    state = db.scalar(query)
    if state is None:
        raise NotFound("There is no such session. Nothing was sent.")
    count = db.scalar(select(func.count()).where(Take.capture_session_id == capture_session_id)) or 0
    check_upload(State(state), count)


def _make_clip(db: Session, sender: Sender, upload: Upload, stored: Stored, now: datetime) -> Clip:
    _check_clips(db, sender.actor_id)
    position = db.scalar(select(func.max(Clip.position)).where(Clip.actor_id == sender.actor_id))
    return Clip(
        actor_id=sender.actor_id,
        title=_text(upload.fields, "title")[:120] or upload.filename.rpartition(".")[0][:120] or "New clip",
        role=_text(upload.fields, "role")[:120],
        position=(position if position is not None else -1) + 1,
        display_consent_at=now if upload.fields.get("display_consent") else None,
        **_file(upload, stored, now),
    )


def _make_take(db: Session, sender: Sender, upload: Upload, stored: Stored, now: datetime) -> Take:
    session_id = upload.capture_session_id
    # one at a time, so that two files that arrive together get two numbers
    db.scalar(select(CaptureSession.id).where(CaptureSession.id == session_id).with_for_update())
    _check_session(db, sender.actor_id, session_id)
    last = db.scalar(select(func.max(Take.number)).where(Take.capture_session_id == session_id)) or 0
    beat = _beat(db, session_id, _text(upload.fields, "beat_id"))
    flavour = VOCABULARY.find(_text(upload.fields, "flavour"))
    return Take(
        capture_session_id=session_id,
        number=last + 1,
        beat_id=beat.id if beat else None,
        flavour=flavour.slug if flavour else (beat.to_flavour or beat.from_flavour) if beat else None,
        note=_text(upload.fields, "note")[:500],
        **_file(upload, stored, now),
    )


def _beat(db: Session, capture_session_id: int | None, beat_id: str) -> Beat | None:
    """A beat of this session's own brief."""
    if not beat_id.isascii() or not beat_id.isdecimal() or len(beat_id) > 18:
        return None
    own = select(Booking.brief_id).join(CaptureSession, CaptureSession.booking_id == Booking.id)
    return db.scalar(
        select(Beat).where(
            Beat.id == int(beat_id), Beat.brief_id.in_(own.where(CaptureSession.id == capture_session_id))
        )
    )


def _plain_name(filename: str) -> str:
    """A file's name as a line: it is the sender's own machine that named it, so nothing is refused for it."""
    return "".join(letter for letter in filename.strip() if is_line(letter))[:200]


def _text(fields: dict[str, Any], name: str) -> str:
    return str(fields.get(name) or "").strip()


def _file(upload: Upload, stored: Stored, now: datetime) -> dict[str, Any]:
    return {
        "state": "probing",
        "storage_key": stored.key,
        "content_type": upload.content_type,
        "bytes": stored.bytes,
        "sha256": stored.sha256,
        "created_at": now,
    }
