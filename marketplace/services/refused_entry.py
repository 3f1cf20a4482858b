"""Keeps in the audit that somebody was turned away from money or from admins' pages."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.models import Audit
from marketplace.services.account import Decider
from marketplace.services.audit import record_audit

REFUSED: Final = "refuse"
AGAIN_AFTER: Final = timedelta(minutes=1)
"""So often at most one account's knocking is kept: nobody fills the audit by reloading a page."""


def note_refusal(db: Session, *, about: str, about_id: int, by: Decider, words: str, now: datetime) -> None:
    """Somebody was not let do something with a thing; nothing of it changed."""
    record_audit(
        db, about=about, about_id=about_id, step=REFUSED, party="admin", principal_id=by.account_id,
        before={}, after={}, reason=words, ip=by.ip, now=now,
    )  # fmt: skip


def note_knock(
    db: Session, *, account_id: int, party: str, method: str, path: str, ip: str | None, now: datetime
) -> None:
    """Somebody who is no admin asked for an admin's page; kept with their account, once a minute at most."""
    newest = select(Audit.at).where(
        Audit.about == "account", Audit.about_id == account_id, Audit.step == REFUSED, Audit.at > now - AGAIN_AFTER
    )
    if db.scalar(newest.limit(1)) is not None:
        return
    record_audit(
        db, about="account", about_id=account_id, step=REFUSED, party=party, principal_id=account_id,
        before={}, after={"method": method, "path": path[:200]}, reason="No admin, so not let in.", ip=ip, now=now,
    )  # fmt: skip
