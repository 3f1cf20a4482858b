"""The audit trail proves itself, and names the row where it does not."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from marketplace.models import Audit
from marketplace.services.audit import find_breaks, read_trail, record_audit

NOW = datetime(2026, 11, 23, 9, 30, 15, 123456, tzinfo=UTC)


def record(db: Session, about_id: int, step: str) -> Audit:
    return record_audit(
        db, about="payout", about_id=about_id, step=step, party="admin", principal_id=None,
        before={"state": "review"}, after={"state": step}, reason="because", now=NOW,
    )  # fmt: skip


def forge(db: Session, sql: str, **values: object) -> None:
    """Change a row behind the trail's back: the triggers that forbid it are switched off first."""
    if db.get_bind().dialect.name == "sqlite":
        for verb in ("update", "delete"):
            db.execute(text(f"DROP TRIGGER audit_no_{verb}"))
    else:
        db.execute(text("ALTER TABLE audit DISABLE TRIGGER audit_append_only"))
    db.execute(text(sql), values)
    db.expire_all()


def test_an_untouched_trail_holds(db: Session) -> None:
    for about_id in (1, 2, 1, 1):
        record(db, about_id, "approve")
    db.expire_all()
    assert list(find_breaks(db)) == []
    assert len(read_trail(db, about="payout", about_id=1)) == 3


def test_a_changed_reason_is_found(db: Session) -> None:
    record(db, 1, "hold")
    row = record(db, 1, "approve")
    forge(db, "UPDATE audit SET reason = 'other' WHERE id = :id", id=row.id)
    assert [found.audit_id for found in find_breaks(db)] == [row.id]


def test_a_removed_row_is_found_at_the_row_after_it(db: Session) -> None:
    record(db, 1, "hold")
    gone = record(db, 1, "release")
    after = record(db, 1, "approve")
    forge(db, "DELETE FROM audit WHERE id = :id", id=gone.id)
    assert [found.audit_id for found in find_breaks(db)] == [after.id]
