"""Sending clips and takes: the tus 1.0 core protocol, so that a broken line costs one piece, and plain forms.

A file goes on where it stopped: the row says how far it is, the storage keeps the pieces, and both only move together.
"""

from __future__ import annotations

import binascii
from base64 import b64decode
from collections.abc import Callable
from contextlib import closing, suppress
from functools import wraps
from typing import Any, BinaryIO, Final, ParamSpec, cast

from flask import Flask, Response, request, url_for
from flask.typing import ResponseReturnValue

from marketplace.domain.errors import Conflict, Invalid, NotFound, Refused
from marketplace.domain.evidence import LARGEST_FILE
from marketplace.gateways.media.video import sniff
from marketplace.models import Upload
from marketplace.services import media
from marketplace.services.media import LIMITS, SUFFIX, Purpose, Sender
from marketplace.web.actor import blueprint
from marketplace.web.guard import actor, the_actor
from marketplace.web.media import storage
from marketplace.web.transaction import now, reading, unit_of_work
from marketplace.web.typed import whole_number

P = ParamSpec("P")

VERSION: Final = "1.0.0"
PIECE: Final = "application/offset+octet-stream"
HEAD_BYTES: Final = 4096
FORM_ROOM: Final = 64 * 1024
# what may be sent in one request, in bytes
LARGEST: Final[dict[str | None, int]] = {
    "actor.send_piece": 16 << 20,
    "actor.profile": 16 << 20,
    "actor.add_clip": LIMITS["clip"].bytes + FORM_ROOM,
    "actor.add_take": LIMITS["take"].bytes + FORM_ROOM,
    "admin.add_evidence": LARGEST_FILE + FORM_ROOM,
}


def install(app: Flask) -> None:
    """Let files in: call it after the guard, so that nobody sends one before it is known who they are, and before
    anything reads the form, the CSRF check included."""
    app.before_request(_let_file_in)


def _let_file_in() -> None:
    """Pieces, pictures and forms with a file may be larger than other requests."""
    if request.endpoint in LARGEST and request.method in {"POST", "PATCH"}:
        request.max_content_length = LARGEST[request.endpoint]


def told_plainly(view: Callable[P, ResponseReturnValue]) -> Callable[P, ResponseReturnValue]:
    """Answer refusals with their sentence alone: the reader is a program, which shows it beside the file."""

    @wraps(view)
    def told(*args: P.args, **kwargs: P.kwargs) -> ResponseReturnValue:
        try:
            return view(*args, **kwargs)
        except Refused as refusal:
            return _answer(refusal.status, body=refusal.sentence)

    return told


@blueprint.post("/upload")
@actor
@told_plainly
def begin_upload() -> ResponseReturnValue:
    """Ask for room: Upload-Length in bytes, and Upload-Metadata with the purpose and what the form says."""
    if request.headers.get("Tus-Resumable") != VERSION:
        return _answer(412, body="This server speaks tus 1.0.0.")
    fields = _metadata(request.headers.get("Upload-Metadata", ""))
    filename, session_id = fields.pop("filename", ""), fields.pop("capture_session_id", "")
    with unit_of_work() as db:
        upload = media.begin_upload(
            db,
            sender=_sender(),
            purpose="take" if fields.pop("purpose", "clip") == "take" else "clip",
            filename=filename,
            size=_number(request.headers.get("Upload-Length", "")),
            fields=fields,
            capture_session_id=whole_number(session_id),
            now=now(),
        )
    return _answer(201, {"Location": url_for("actor.upload_state", token=upload.token)})


@blueprint.route("/upload/<token>", methods=["HEAD"])
@actor
@told_plainly
def upload_state(token: str) -> ResponseReturnValue:
    """How far an upload has come. One that is whole, but whose file was never put away, is finished now: its sender
    would take the last offset for the end."""
    upload = media.get_upload(reading(), account_id=the_actor().account_id, token=token)
    if upload.received == upload.bytes and upload.finished_at is None:
        _finish(upload)
    told = {"Upload-Offset": str(upload.received), "Upload-Length": str(upload.bytes), "Cache-Control": "no-store"}
    return _answer(200, told)


@blueprint.patch("/upload/<token>")
@actor
@told_plainly
def send_piece(token: str) -> ResponseReturnValue:
    """The next piece. The last one makes the file whole and has it looked at."""
    if request.mimetype != PIECE:
        return _answer(415, body=f"A piece has the type {PIECE}.")
    upload = media.get_upload(reading(), account_id=the_actor().account_id, token=token)
    offset = _number(request.headers.get("Upload-Offset", ""))
    if offset != upload.received or upload.finished_at is not None:
        raise Conflict("The file is at another place. Ask how far it is and go on from there.")
    reached = _take_in(upload, cast(BinaryIO, request.stream))
    if reached == upload.bytes:
        _finish(upload)
    return _answer(204, {"Upload-Offset": str(reached)})


@blueprint.delete("/upload/<token>")
@actor
@told_plainly
def drop_upload(token: str) -> ResponseReturnValue:
    """Forget an unfinished upload."""
    with unit_of_work() as db:
        media.drop_upload(db, account_id=the_actor().account_id, token=token)
    storage().discard(token)
    return _answer(204)


def receive_form(purpose: Purpose, fields: dict[str, Any], capture_session_id: int | None = None) -> int:
    """The whole file of a plain form (field "file"), as if it had come in pieces; returns the new id."""
    sent = request.files.get("file")
    if sent is None or not sent.filename:
        raise Invalid("Choose a video file first. Nothing was sent.", field="file")
    size = sent.stream.seek(0, 2)
    sent.stream.seek(0)
    with unit_of_work() as db:
        upload = media.begin_upload(
            db,
            sender=_sender(),
            purpose=purpose,
            filename=sent.filename,
            size=size,
            fields=fields,
            capture_session_id=capture_session_id,
            now=now(),
        )
    try:
        with closing(sent):
            _take_in(upload, cast(BinaryIO, sent.stream))
        return _finish(upload)
    except Refused:
        _forget(upload)  # nobody can go on with what a form sent
        raise


def _take_in(upload: Upload, stream: BinaryIO) -> int:
    """Keep a piece and remember it; the first one must already look like a video."""
    try:
        reached = storage().append(upload.token, upload.received, stream, most=upload.bytes)
    except ValueError as wrong:
        raise Conflict(f"This piece does not fit: {wrong}. Ask how far the file is and go on from there.") from None
    if upload.received < HEAD_BYTES <= reached or reached == upload.bytes:
        _check_head(upload)
    with unit_of_work() as db:
        media.note_received(db, token=upload.token, before=upload.received, after=reached)
    return reached


def _check_head(upload: Upload) -> str:
    """The content type that the first bytes prove; an upload that is no video ends here."""
    try:
        with storage().open_part(upload.token) as file:
            return sniff(file.read(HEAD_BYTES))
    except Refused:
        _forget(upload)
        raise


def _forget(upload: Upload) -> None:
    token, account_id = upload.token, upload.account_id  # the row, and with it this object, is gone afterwards
    with suppress(NotFound), unit_of_work() as db:
        media.drop_upload(db, account_id=account_id, token=token)
    storage().discard(token)


def _finish(upload: Upload) -> int:
    """Put the file away, then note it, then drop the pieces: whatever is cut short in between can be done again."""
    token, content_type = upload.token, _check_head(upload)
    stored = storage().finish(token, kind=upload.purpose, suffix=SUFFIX[content_type], content_type=content_type)
    try:
        with unit_of_work() as db:
            made = media.finish_upload(
                db, sender=_sender(), token=token, stored=stored, content_type=content_type, now=now()
            )
    except Refused:
        reading().rollback()  # what is read next is how it stands now
        # under the same key lies the file of whoever was faster, if somebody was
        if not media.is_finished(reading(), token):
            storage().delete(stored.key)
        raise
    storage().discard(token)
    return made


def _sender() -> Sender:
    who = the_actor()
    return Sender(who.account_id, who.actor_id)


def _number(text: str) -> int:
    if not text.isdecimal() or len(text) > 15:
        raise Invalid("A length or offset is missing. Nothing was sent.")
    return int(text)


def _metadata(header: str) -> dict[str, str]:
    """Upload-Metadata: comma-separated pairs of a name and a value in base64."""
    pairs = (pair.strip().partition(" ") for pair in header.split(",") if pair.strip())
    try:
        fields = {name: b64decode(value, validate=True).decode() for name, _, value in pairs}
    except (binascii.Error, UnicodeDecodeError):
        raise Invalid("What is said about the file cannot be read. Nothing was sent.") from None
    if any("\0" in value for value in fields.values()):
        raise Invalid("What is said about the file cannot be read. Nothing was sent.")
    return fields


def _answer(status: int, headers: dict[str, str] | None = None, *, body: str = "") -> Response:
    answer = Response(body, status, {"Tus-Resumable": VERSION, **(headers or {})}, mimetype="text/plain")
    answer.headers["Tus-Version"] = VERSION
    return answer
