"""Chargebacks: one with its money and history, and the evidence that an admin writes, adds files to and sends."""

from __future__ import annotations

import re
from io import BytesIO
from typing import Final

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import FileStorage

from marketplace.domain.dispute import POLICY, reason_words
from marketplace.domain.errors import Conflict, Invalid, Refused
from marketplace.domain.evidence import KINDS, LARGEST_FILE, LONGEST_WORDS, media_type_of
from marketplace.services import evidence
from marketplace.services.chargeback import read_chargeback
from marketplace.web.admin import blueprint
from marketplace.web.admin.desk import decider
from marketplace.web.error import error_page
from marketplace.web.guard import admin
from marketplace.web.media import saving_url, storage
from marketplace.web.transaction import now, reading, unit_of_work

_ODD: Final = re.compile(r"[^A-Za-z0-9.-]+")


@blueprint.get("/chargeback/<int:dispute_id>")
@admin
def chargeback(dispute_id: int) -> str:
    """One dispute of a bank with all that belongs to it."""
    return _page(dispute_id)


@blueprint.post("/chargeback/<int:dispute_id>")
@admin
def write_evidence(dispute_id: int) -> ResponseReturnValue:
    """Keep the words as a draft, or send them and the files to the bank."""
    step, words = request.form.get("step", ""), request.form.get("words", "")
    if step not in {"save", "send"}:
        return error_page(400, "There is no such decision. Nothing was changed.")
    try:
        with unit_of_work() as db:
            if step == "save":
                evidence.save_words(db, dispute_id=dispute_id, words=words, now=now())
            else:
                evidence.send_evidence(db, dispute_id=dispute_id, words=words, by=decider(), now=now())
    except Invalid as refusal:
        return _page(dispute_id, {"words": refusal.sentence}, words), refusal.status
    flash("Kept as a draft." if step == "save" else "On its way to the bank.", "ok")
    return redirect(url_for("admin.chargeback", dispute_id=dispute_id), 303)


@blueprint.post("/chargeback/<int:dispute_id>/file")
@admin
def add_evidence(dispute_id: int) -> ResponseReturnValue:
    """Keep a file for the bank: PDF, JPEG or PNG by its first bytes, whatever it is called."""
    kind, sent = request.form.get("kind", ""), request.files.get("file")
    try:
        _keep(dispute_id, kind, sent)
    except (Invalid, Conflict) as refusal:
        field = refusal.field if isinstance(refusal, Invalid) and refusal.field else "file"
        return _page(dispute_id, {field: refusal.sentence}, kind=kind), refusal.status
    flash("The file is kept with the evidence.", "ok")
    return redirect(url_for("admin.chargeback", dispute_id=dispute_id), 303)


def _keep(dispute_id: int, kind: str, sent: FileStorage | None) -> None:
    if sent is None or not sent.filename:
        raise Invalid("Choose a file first. Nothing was kept.", field="file")
    content = sent.stream.read(LARGEST_FILE + 1)
    media_type = media_type_of(content[:16])
    suffix = evidence.room_left(reading(), dispute_id=dispute_id, kind=kind, media_type=media_type, size=len(content))
    store = storage()
    key = store.put(BytesIO(content), kind="evidence", suffix=suffix, content_type=media_type).key
    try:
        with unit_of_work() as db:
            evidence.add_file(
                db, dispute_id=dispute_id, kind=kind, file_key=key, file_name=_plain(sent.filename, suffix),
                media_type=media_type, size=len(content), by=decider(), now=now(),
            )  # fmt: skip
    except Refused:
        store.delete(key)
        raise


def _plain(name: str, suffix: str) -> str:
    """A file's name as the bank reads it: letters, digits, dots and hyphens, with the ending that its bytes prove."""
    stem = _ODD.sub("-", name.rpartition("/")[2]).strip("-.").rpartition(".")[0] or "evidence"
    return f"{stem.lstrip('.-')[:80] or 'evidence'}{suffix}"


@blueprint.post("/chargeback/<int:dispute_id>/file/<int:evidence_id>/remove")
@admin
def remove_evidence(dispute_id: int, evidence_id: int) -> ResponseReturnValue:
    """Take a file out of the evidence again."""
    with unit_of_work() as db:
        key = evidence.remove_file(db, dispute_id=dispute_id, evidence_id=evidence_id, by=decider(), now=now())
    storage().delete(key)
    flash("Removed.", "ok")
    return redirect(url_for("admin.chargeback", dispute_id=dispute_id), 303)


def _page(dispute_id: int, errors: dict[str, str] | None = None, words: str | None = None, kind: str = "") -> str:
    case = read_chargeback(reading(), dispute_id)
    return render_template(
        "admin/dispute/chargeback.html",
        case=case,
        words=case.words if words is None else words[:LONGEST_WORDS],
        kinds=KINDS,
        kind=kind,
        policy=POLICY,
        reason=reason_words(case.dispute.reason),
        errors=errors or {},
        longest=LONGEST_WORDS,
        saving_url=saving_url,
    )
