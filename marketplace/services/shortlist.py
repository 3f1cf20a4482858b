"""Shortlists: the actors a platform wants to remember. The actor never sees the note."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from marketplace.domain.errors import Invalid, NotFound
from marketplace.models import Actor, Shortlisted
from marketplace.services.card import ActorRow, find_rows

NOTE_LONGEST: Final = 500


@dataclass(frozen=True)
class Saved:
    """A card with the platform's own note."""

    card: ActorRow
    note: str


def save_actor(db: Session, *, platform_id: int, slug: str, now: datetime) -> None:
    """Remember a listed actor; saving twice changes nothing."""
    actor_id = _listed(db, slug)
    if db.get(Shortlisted, (platform_id, actor_id)) is None:
        db.add(Shortlisted(platform_id=platform_id, actor_id=actor_id, note="", created_at=now))


def forget_actor(db: Session, *, platform_id: int, slug: str) -> None:
    """Take an actor off the list, listed or not; forgetting twice changes nothing."""
    theirs = select(Actor.id).where(Actor.slug == slug).scalar_subquery()
    db.execute(delete(Shortlisted).where(Shortlisted.platform_id == platform_id, Shortlisted.actor_id == theirs))


def note_on_actor(db: Session, *, platform_id: int, slug: str, note: str) -> None:
    """Write the platform's private note about an actor on its list."""
    words = note.strip()
    if len(words) > NOTE_LONGEST:
        raise Invalid(f"A note has up to {NOTE_LONGEST} characters. Nothing was saved.", field="note")
    saved = db.get(Shortlisted, (platform_id, _listed(db, slug)))
    if saved is None:
        raise NotFound("This actor is not on your shortlist.")
    saved.note = words


def saved_ids(db: Session, platform_id: int) -> Set[int]:
    """Who is on the list, for the marks on cards."""
    return set(db.scalars(select(Shortlisted.actor_id).where(Shortlisted.platform_id == platform_id)))


def list_saved(db: Session, *, platform_id: int, now: datetime) -> list[Saved]:
    """The list, newest first; actors who are not listed any more are left out."""
    rows = select(Shortlisted.actor_id, Shortlisted.note).where(Shortlisted.platform_id == platform_id)
    newest_first = rows.order_by(Shortlisted.created_at.desc(), Shortlisted.actor_id)
    notes: Mapping[int, str] = {row.actor_id: row.note for row in db.execute(newest_first)}
    return [Saved(card, notes[card.id]) for card in find_rows(db, list(notes), now)]


def _listed(db: Session, slug: str) -> int:
    actor_id = db.scalar(select(Actor.id).where(Actor.slug == slug, Actor.listed.is_(True)))
    if actor_id is None:
        raise NotFound("There is no such actor here.")
    return actor_id
