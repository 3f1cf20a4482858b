"""The shortlist that the first platform of the demo keeps, with its own notes."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.models import Actor, Platform
from marketplace.services.shortlist import note_on_actor, save_actor

NOTES: Final = (
    "Cold fury without raising the voice. First choice for the board-room scenes.",
    "",
    "Holds a silence longer than anyone. Ask early: the hours fill up.",
    "For the sequel, if the rate fits.",
)
EVERY: Final = 3
"""How far apart the chosen stand in the list, so that they are not all of one kind."""


def add_shortlist(db: Session, platform: Platform, now: datetime) -> None:
    """Save a few listed actors, the first with the newest mark."""
    slugs = db.scalars(select(Actor.slug).where(Actor.listed.is_(True)).order_by(Actor.id)).all()
    for place, (slug, note) in enumerate(zip(slugs[::EVERY], NOTES, strict=False)):
        save_actor(db, platform_id=platform.id, slug=slug, now=now - timedelta(days=2 * place + 1))
        db.flush()
        note_on_actor(db, platform_id=platform.id, slug=slug, note=note)
