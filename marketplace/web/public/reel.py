"""The reel of an actor's page: every clip's stretches of flavour, one after another, as the strip draws them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from marketplace.services.actor_page import ClipRow, Stretch
from marketplace.web import chart
from marketplace.web.media import media_url


@dataclass(frozen=True, slots=True)
class ReelPart:
    """A stretch of a clip: where it is in the clip (seconds) and in the strip (percent)."""

    clip_id: int
    src: str
    poster: str | None
    title: str
    label: str
    family: str
    starts: float
    seconds: float
    x: float
    width: float


def parts_of(clips: Sequence[ClipRow]) -> list[ReelPart]:
    """All parts in playing order; a clip without tagged flavours has no part."""
    found = [(clip, stretch) for clip in clips for stretch in clip.stretches]
    drawn = chart.stack([_seconds(stretch) for _, stretch in found])
    return [_part(clip, stretch, place) for (clip, stretch), place in zip(found, drawn, strict=True)]


def current_part(parts: Sequence[ReelPart], clip_id: str) -> ReelPart | None:
    """The first part of the clip asked for, else of the reel."""
    asked = (part for part in parts if str(part.clip_id) == clip_id)
    return next(asked, parts[0] if parts else None)


def _seconds(stretch: Stretch) -> float:
    return (stretch.ends_ms - stretch.starts_ms) / 1000


def _part(clip: ClipRow, stretch: Stretch, place: chart.Part) -> ReelPart:
    return ReelPart(
        clip_id=clip.id,
        src=media_url(clip.storage_key) or "",
        poster=media_url(clip.poster_key),
        title=clip.title,
        label=stretch.flavour.label,
        family=stretch.flavour.family,
        starts=stretch.starts_ms / 1000,
        seconds=_seconds(stretch),
        x=place.x,
        width=place.width,
    )
