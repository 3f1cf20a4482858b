"""How far the demo's data has come: seeding marks its begin and its end, so that a half-filled demo is noticed."""

from __future__ import annotations

from datetime import datetime
from typing import Final, Literal

from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from marketplace.services.audit import record_audit

Fill = Literal["empty", "half", "full"]
MARK: Final = "demo"
BEGUN: Final = "begin_seed"
DONE: Final = "finish_seed"


def look(engine: Engine) -> Fill:
    """Whether nobody is in the database, the demo's data was left half-way, or anything else is there."""
    with engine.connect() as connection:
        newest = connection.scalar(
            text("SELECT step FROM audit WHERE about = :about ORDER BY id DESC LIMIT 1"), {"about": MARK}
        )
        if newest == BEGUN:
            return "half"
        return "empty" if connection.scalar(text("SELECT id FROM account LIMIT 1")) is None else "full"


def mark(db: Session, step: str, now: datetime) -> None:
    """Write BEGUN or DONE into the audit trail, where nothing takes it away but starting over."""
    record_audit(
        db, about=MARK, about_id=1, step=step, party="clock", principal_id=None, before={}, after={}, now=now
    )  # fmt: skip
