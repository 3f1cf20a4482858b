"""Differences between our books and Stripe's as rows: opened and settled by runs, or settled by an admin with words.

While one of a booking is open, nothing is paid out for it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from marketplace.domain.errors import Conflict, Invalid, NotFound
from marketplace.models import Booking, Mismatch, Payout
from marketplace.services.account import Decider
from marketplace.services.audit import record_audit
from marketplace.services.notice import notify_admins
from marketplace.services.payout_step import get_payout, hold_by_clock
from marketplace.services.reconciliation import Finding

OPEN: Final = "open"
SETTLED: Final = "settled"
SHORTEST_WORDS: Final = 10
FROZEN: Final = "Our books and Stripe's differ for this booking, which is being looked at. Nothing was sent."
PATH: Final = "/admin/reconciliation"
NAMES: Final[Mapping[str, str]] = {
    "missing_here": "Missing in our books",
    "missing_at_stripe": "Missing at Stripe",
    "amount_differs": "Another amount",
    "unknown_kind": "Unknown kind",
    "balance_differs": "Balance differs",
    "invariant": "A rule of the books is broken",
}
"""The classes of differences, as people read them."""


def note_finding(db: Session, finding: Finding, *, booking_id: int | None, now: datetime) -> bool:
    """A run has found this: opened if it is new or has changed, and the booking's payout frozen. True if opened.

    What an admin has settled with words stays settled as long as both amounts are what they were.
    """
    if booking_id is not None:
        # the booking before its payout, as everywhere
        db.execute(select(Booking.id).where(Booking.id == booking_id).with_for_update())
    row = db.scalar(select(Mismatch).where(Mismatch.key == finding.event_key).with_for_update())
    if row is None:
        row = Mismatch(key=finding.event_key, state=SETTLED, first_seen_at=now)
        db.add(row)
    elif row.state == SETTLED and row.settled_by_id is not None and _is_as_settled(row, finding):
        row.last_seen_at = now
        return False
    was_open = row.state == OPEN
    _copy(row, finding, booking_id, now)
    if not was_open:
        _open(db, row, now)
    _freeze(db, row, now)
    return not was_open


def _is_as_settled(row: Mismatch, finding: Finding) -> bool:
    return (row.kind, row.ours_minor, row.theirs_minor) == (finding.kind, finding.ours_minor, finding.theirs_minor)


def _copy(row: Mismatch, finding: Finding, booking_id: int | None, now: datetime) -> None:
    row.kind, row.event_key, row.source_id = finding.kind, finding.event_key[:120], finding.source_id
    row.currency, row.ours_minor, row.theirs_minor = finding.currency, finding.ours_minor, finding.theirs_minor
    row.booking_id = booking_id if booking_id is not None else row.booking_id
    row.says, row.last_seen_at = finding.says, now


def _open(db: Session, row: Mismatch, now: datetime) -> None:
    row.state, row.first_seen_at, row.settled_at, row.settled_by_id, row.words = OPEN, now, None, None, ""
    db.flush()
    of_booking = f"Booking {row.booking_id}: " if row.booking_id else ""
    notify_admins(
        db,
        key=f"mismatch:{row.id}:{now.isoformat()}",
        kind="mismatch",
        title=f"Our books and Stripe's differ: {NAMES[row.kind].lower()}",
        words=f"{of_booking}{row.says} ({row.event_key}).",
        path=PATH,
        now=now,
    )


def _freeze(db: Session, row: Mismatch, now: datetime) -> None:
    payout_id = db.scalar(select(Payout.id).where(Payout.booking_id == row.booking_id)) if row.booking_id else None
    if payout_id is not None:
        hold_by_clock(db, get_payout(db, payout_id, lock=True), FROZEN, now)


def settle_matched(db: Session, mismatch_id: int, *, now: datetime) -> bool:
    """A later run has seen that both agree. False when it was settled meanwhile."""
    row = db.scalar(select(Mismatch).where(Mismatch.id == mismatch_id).with_for_update())
    if row is None or row.state != OPEN:
        return False
    row.state, row.settled_at, row.last_seen_at, row.words = SETTLED, now, now, "Both agree again."
    return True


def settle_by_hand(db: Session, *, mismatch_id: int, by: Decider, words: str, now: datetime) -> None:
    """An admin has looked into it: it is settled until one of the amounts changes. Refuses to do so without words."""
    row = db.scalar(select(Mismatch).where(Mismatch.id == mismatch_id).with_for_update())
    if row is None:
        raise NotFound("There is no such difference.")
    if row.state != OPEN:
        raise Conflict("This difference has been settled already. Nothing was changed.")
    if len(words.strip()) < SHORTEST_WORDS:
        raise Invalid("Say in a sentence what you found out. Nothing was settled.", field="words")
    row.state, row.settled_at, row.settled_by_id, row.words = SETTLED, now, by.account_id, words.strip()
    record_audit(
        db,
        about="mismatch",
        about_id=row.id,
        step="settle",
        party="admin",
        principal_id=by.account_id,
        before={"state": OPEN},
        after={"state": SETTLED},
        reason=words.strip(),
        ip=by.ip,
        now=now,
    )


def list_open(db: Session, *, limit: int = 1000) -> Sequence[Mismatch]:
    """What is open, the oldest first."""
    rows = select(Mismatch).where(Mismatch.state == OPEN).order_by(Mismatch.first_seen_at, Mismatch.id)
    return db.scalars(rows.limit(limit)).all()


def list_known(db: Session) -> Sequence[Mismatch]:
    """What is open, and what admins have settled though it may differ still."""
    known = (Mismatch.state == OPEN) | Mismatch.settled_by_id.is_not(None)
    return db.scalars(select(Mismatch).where(known).order_by(Mismatch.id.desc()).limit(5000)).all()


def list_settled(db: Session, *, limit: int = 20) -> Sequence[Mismatch]:
    """What was settled last, newest first."""
    rows = select(Mismatch).where(Mismatch.state == SETTLED).order_by(Mismatch.settled_at.desc(), Mismatch.id.desc())
    return db.scalars(rows.limit(limit)).all()


def count_open(db: Session, *, kind: str | None = None) -> int:
    """How many are open, of one class if asked."""
    query = select(func.count()).select_from(Mismatch).where(Mismatch.state == OPEN)
    return int(db.scalar(query if kind is None else query.where(Mismatch.kind == kind)) or 0)
