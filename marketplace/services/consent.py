"""Consent: the grant an actor signs for one booking, before its session starts."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.domain.booking import State
from marketplace.domain.consent import Terms, digest, sign
from marketplace.domain.errors import Conflict, NotFound
from marketplace.domain.rate import Usage
from marketplace.models import Booking, Grant
from marketplace.services.audit import record_audit

SIGNABLE = frozenset({State.ACCEPTED, State.CONFIRMED, State.RESCHEDULING})
"""States in which the actor can sign: after saying yes, before the work begins."""


def draft_terms(booking: Booking, *, training: bool = False) -> Terms:
    """The terms of a booking as they would be signed now."""
    return Terms(
        booking_id=booking.id,
        platform=booking.platform.name,
        actor=booking.actor.name,
        project=booking.brief.project,
        character=booking.brief.character,
        purpose=booking.brief.synopsis,
        usage=Usage.from_json(booking.usage),
        training=training,
    )


def find_grant(db: Session, booking_id: int) -> Grant | None:
    """The signed consent of a booking, if there is one."""
    return db.scalar(select(Grant).where(Grant.booking_id == booking_id))


def sign_consent(
    db: Session,
    *,
    booking_id: int,
    actor_id: int,
    account_id: int,
    signed_name: str,
    shown_sha256: str,
    training: bool = False,
    now: datetime,
    ip: str | None = None,
) -> None:
    """The actor signs the terms that were shown. Signing twice changes nothing; another's booking is not found."""
    booking = db.get(Booking, booking_id)
    if booking is None or booking.actor_id != actor_id or booking.is_extra:
        raise NotFound("There is no such booking.")
    if find_grant(db, booking_id) is not None:
        return
    if booking.state not in SIGNABLE:
        raise Conflict("Consent is signed after you accept and before the session starts. Nothing was signed.")
    if now >= booking.starts_at:
        raise Conflict("The booked time has begun without a signed consent, so it is too late. Nothing was signed.")
    terms = draft_terms(booking, training=training)
    signature = sign(terms, signed_name, shown_sha256, now)
    grant = Grant(
        booking_id=booking_id,
        actor_id=actor_id,
        platform_id=booking.platform_id,
        terms=terms.to_json(),
        terms_sha256=signature.terms_sha256,
        training=training,
        signed_name=signature.signed_name,
        signed_at=now,
    )
    db.add(grant)
    db.flush()
    record_audit(
        db, about="booking", about_id=booking_id, step="sign_consent", party="actor", principal_id=account_id,
        before={}, after={"terms_sha256": signature.terms_sha256, "training": training}, now=now, ip=ip,
    )  # fmt: skip


def shown_digest(booking: Booking, *, training: bool = False) -> str:
    """What the signing page sends back, so that nobody signs what they did not read."""
    return digest(draft_terms(booking, training=training))
