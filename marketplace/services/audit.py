"""The audit trail: one chain of hashes for each thing, so that a changed or missing row shows."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.models import Audit

FIRST = "0" * 64


@dataclass(frozen=True)
class Break:
    """A row whose hash, or whose link to the row before it, does not hold."""

    audit_id: int
    about: str
    about_id: int
    words: str


def record_audit(
    db: Session,
    *,
    about: str,
    about_id: int,
    step: str,
    party: str,
    principal_id: int | None,
    before: dict[str, Any],
    after: dict[str, Any],
    now: datetime,
    reason: str = "",
    ip: str | None = None,
) -> Audit:
    """Append one change to the chain of (about, about_id).

    `before` and `after` hold only what changed, as JSON values. Two writers racing on one chain: the second one's
    commit fails on the unique link, as its state change would.
    """
    previous = db.scalar(
        select(Audit.sha256).where(Audit.about == about, Audit.about_id == about_id).order_by(Audit.id.desc()).limit(1)
    )
    row = Audit(
        at=now,
        principal_id=principal_id,
        party=party,
        about=about,
        about_id=about_id,
        step=step,
        before=before,
        after=after,
        reason=reason,
        ip=ip,
        previous_sha256=previous or FIRST,
    )
    row.sha256 = row_hash(row)
    db.add(row)
    db.flush()
    return row


def row_hash(row: Audit) -> str:
    """SHA-256 over the row's facts and the hash of the row before it."""
    facts = [
        row.previous_sha256,
        row.at.astimezone(UTC).isoformat(timespec="microseconds"),
        row.principal_id,
        row.party,
        row.about,
        row.about_id,
        row.step,
        row.before,
        row.after,
        row.reason,
        row.ip,
    ]
    return hashlib.sha256(json.dumps(facts, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def find_breaks(db: Session) -> Iterator[Break]:
    """Walk every chain in order and yield the rows where it does not hold."""
    tails: dict[tuple[str, int], str] = {}
    rows = db.scalars(select(Audit).order_by(Audit.id).execution_options(yield_per=1000))
    for row in rows:
        chain = (row.about, row.about_id)
        if row.previous_sha256 != tails.get(chain, FIRST):
            yield Break(row.id, *chain, "the row before it is missing or has been changed")
        if row_hash(row) != row.sha256:
            yield Break(row.id, *chain, "its own facts have been changed")
        tails[chain] = row.sha256


def read_trail(db: Session, *, about: str, about_id: int) -> list[Audit]:
    """Everything that happened to one thing, oldest first."""
    return list(db.scalars(select(Audit).where(Audit.about == about, Audit.about_id == about_id).order_by(Audit.id)))
