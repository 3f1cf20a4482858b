"""An actor's clips: sending them, saying which flavours they show, and whether they are shown."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import MultiDict

from marketplace.domain.errors import Invalid, Refused
from marketplace.domain.flavour import VOCABULARY
from marketplace.models import Clip
from marketplace.services import actor as actors
from marketplace.services.actor import DISPLAYS, INTENSITIES, Stretch
from marketplace.services.media import LIMITS
from marketplace.web.actor import blueprint
from marketplace.web.actor.upload import receive_form
from marketplace.web.guard import actor, the_actor
from marketplace.web.media import storage
from marketplace.web.transaction import now, reading, unit_of_work

ROUNDED_MS: Final = 500
"""How far beyond the end a time may lie: people read "8 s" off a clip of 7.6."""
ROWS: Final = 6
"""Flavours one clip can be tagged with on the form."""


@blueprint.get("/clip")
@actor
def clips() -> ResponseReturnValue:
    """All clips, and the form for another."""
    return _list(200)


@blueprint.post("/clip")
@actor
def add_clip() -> ResponseReturnValue:
    """A clip by a plain form; with JavaScript it comes in pieces instead."""
    fields = {name: request.form.get(name, "") for name in ("title", "role", "display_consent")}
    try:
        clip_id = receive_form("clip", fields)
    except Refused as refusal:
        return _list(refusal.status, {"file": refusal.sentence})
    flash("Clip sent. It is being checked; say which flavours it shows.", "ok")
    return redirect(url_for("actor.clip", clip_id=clip_id), 303)


@blueprint.route("/clip/<int:clip_id>", methods=["GET", "POST"])
@actor
def clip(clip_id: int) -> ResponseReturnValue:
    """One clip with its words, its flavours and the consent to show it."""
    who = the_actor()
    found = actors.get_clip(reading(), actor_id=who.actor_id, clip_id=clip_id)
    if request.method == "GET":
        return _edit(found, _rows_of(found), {})
    rows = list(_rows_sent(request.form))
    try:
        with unit_of_work() as db:
            actors.save_clip(
                db,
                actor_id=who.actor_id,
                clip_id=clip_id,
                title=request.form.get("title", ""),
                role=request.form.get("role", ""),
                stretches=_stretches(rows, found.duration_ms or 0),
                is_shown=request.form.get("is_shown") == "1",
                now=now(),
            )
    except Invalid as refusal:
        return _edit(found, rows, {refusal.field or "flavours": refusal.sentence})
    flash("Clip saved.", "ok")
    return redirect(url_for("actor.clips"), 303)


@blueprint.post("/clip/<int:clip_id>/delete")
@actor
def delete_clip(clip_id: int) -> ResponseReturnValue:
    """Remove a clip and its files for good."""
    with unit_of_work() as db:
        keys = actors.delete_clip(db, actor_id=the_actor().actor_id, clip_id=clip_id)
    for key in keys:
        storage().delete(key)
    flash("Clip deleted.", "ok")
    return redirect(url_for("actor.clips"), 303)


@blueprint.post("/clip/<int:clip_id>/move")
@actor
def move_clip(clip_id: int) -> ResponseReturnValue:
    """One place up or down: platforms see the first clip first."""
    with unit_of_work() as db:
        actors.move_clip(db, actor_id=the_actor().actor_id, clip_id=clip_id, up=request.form.get("to") == "up")
    return redirect(url_for("actor.clips"), 303)


def _list(status: int, errors: dict[str, str] | None = None) -> ResponseReturnValue:
    found = actors.list_clips(reading(), the_actor().actor_id)
    page = render_template(
        "actor/clips.html",
        clips=found,
        limit=LIMITS["clip"],
        errors=errors or {},
        flavour_of=VOCABULARY.get,
        is_checking=any(one.state == "probing" for one in found),
    )
    return page, status


def _edit(found: Clip, rows: Sequence[dict[str, Any]], errors: dict[str, str]) -> ResponseReturnValue:
    sent = request.form if request.method == "POST" else None
    page = render_template(
        "actor/clip.html",
        clip=found,
        rows=[*rows, *({} for _ in range(ROWS - len(rows)))],
        errors=errors,
        title=sent.get("title", "") if sent else found.title,
        played=sent.get("role", "") if sent else found.role,
        is_shown=sent.get("is_shown") == "1" if sent else found.display_consent_at is not None,
        families=[(family, VOCABULARY.of_family(family.slug)) for family in VOCABULARY.families],
        intensities=INTENSITIES,
        displays=DISPLAYS,
    )
    return page, 422 if errors else 200


def _rows_of(found: Clip) -> list[dict[str, Any]]:
    return [
        {
            "flavour": part.flavour,
            "intensity": part.intensity,
            "display": part.display,
            "from": f"{part.starts_ms / 1000:g}",
            "to": f"{part.ends_ms / 1000:g}",
        }
        for part in found.flavours[:ROWS]
    ]


def _rows_sent(form: MultiDict[str, str]) -> Iterator[dict[str, Any]]:
    """The rows in which a flavour was chosen."""
    for place in range(ROWS):
        row = {
            name: form.get(f"{name}-{place}", "").strip() for name in ("flavour", "intensity", "display", "from", "to")
        }
        if row["flavour"]:
            yield row


def _stretches(rows: Sequence[dict[str, Any]], duration_ms: int) -> list[Stretch]:
    """Rows without times share the clip in equal parts; seconds are read into milliseconds."""
    if not any(row["from"] or row["to"] for row in rows):
        return actors.even_stretches([(row["flavour"], row["intensity"], row["display"]) for row in rows], duration_ms)
    return [_stretch(row, duration_ms) for row in rows]


def _stretch(row: dict[str, Any], duration_ms: int) -> Stretch:
    """A row with times; without an end it runs to the end of the clip."""
    starts, ends = _ms(row["from"] or "0"), _ms(row["to"] or "0") or duration_ms
    if latest := max((at for at in (starts, ends) if at > duration_ms + ROUNDED_MS), default=None):
        raise Invalid(
            f"{latest / 1000:g} seconds lies beyond the end: the clip is {duration_ms / 1000:g} seconds long. "
            "Nothing was saved.",
            field="flavours",
        )
    return Stretch(row["flavour"], row["intensity"], row["display"], starts, min(ends, duration_ms))


def _ms(seconds: str) -> int:
    try:
        value = float(seconds.replace(",", "."))
    except ValueError:
        value = -1.0
    if not 0 <= value < 3600:
        raise Invalid("Say times in seconds, like 2.5. Nothing was saved.", field="flavours")
    return round(value * 1000)
