"""Sending clips and takes: the tus 1.0 core protocol, so that a broken line costs one piece, and plain forms.

A file goes on where it stopped: the row says how far it is, the storage keeps the pieces, and both only move together.
"""

from __future__ import annotations

import binascii
from base64 import b64decode
from collections.abc import Callable
from contextlib import closing
from functools import wraps
from typing import Any, BinaryIO, Final, ParamSpec, cast

from flask import Response, request, url_for
from flask.typing import ResponseReturnValue

from marketplace.domain.errors import Conflict, Invalid, Refused
from marketplace.gateways.media.video import sniff
from marketplace.models import Upload
from marketplace.services import media
from marketplace.services.media import LIMITS, SUFFIX, Purpose, Sender
from marketplace.web.actor import blueprint
from marketplace.web.guard import actor, the_actor
from marketplace.web.media import storage
from marketplace.web.transaction import now, reading, unit_of_work

P = ParamSpec("P")

VERSION: Final = "1.0.0"
PIECE: Final = "application/offset+octet-stream"
HEAD_BYTES: Final = 4096
FORM_ROOM: Final = 64 * 1024
# forms that carry a whole file in one piece
FILE_FORMS: Final[dict[str, Purpose]] = {"actor.add_clip": "clip", "actor.add_take": "take"}


@blueprint.url_value_preprocessor
def let_files_in(endpoint: str | None, _values: dict[str, Any] | None) -> None:
    """Forms with a file may be as large as the file; set before anything reads the form, the CSRF check included."""
    if endpoint in FILE_FORMS and request.method == "POST":
        request.max_content_length = LIMITS[FILE_FORMS[endpoint]].bytes + FORM_ROOM


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
            capture_session_id=int(session_id) if session_id.isdecimal() else None,
            now=now(),
        )
    return _answer(201, {"Location": url_for("actor.upload_state", token=upload.token)})


@blueprint.route("/upload/<token>", methods=["HEAD"])
@actor
@told_plainly
def upload_state(token: str) -> ResponseReturnValue:
    """How far an upload has come."""
    upload = media.get_upload(reading(), account_id=the_actor().account_id, token=token)
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
    with closing(sent):
        _take_in(upload, cast(BinaryIO, sent.stream))
    return _finish(upload)


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
        token = upload.token  # the row, and with it this object, is gone after the transaction
        with unit_of_work() as db:
            media.drop_upload(db, account_id=upload.account_id, token=token)
        storage().discard(token)
        raise


def _finish(upload: Upload) -> int:
    content_type = _check_head(upload)
    stored = storage().finish(upload.token, kind=upload.purpose, suffix=SUFFIX[content_type], content_type=content_type)
    try:
        with unit_of_work() as db:
            return media.finish_upload(
                db, sender=_sender(), token=upload.token, stored=stored, content_type=content_type, now=now()
            )
    except Refused:
        storage().delete(stored.key)
        raise


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
        return {name: b64decode(value, validate=True).decode() for name, _, value in pairs}
    except (binascii.Error, UnicodeDecodeError):
        raise Invalid("What is said about the file cannot be read. Nothing was sent.") from None


def _answer(status: int, headers: dict[str, str] | None = None, *, body: str = "") -> Response:
    answer = Response(body, status, {"Tus-Resumable": VERSION, **(headers or {})}, mimetype="text/plain")
    answer.headers["Tus-Version"] = VERSION
    return answer
