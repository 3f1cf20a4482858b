"""The invariants of the money, each a question to the database whose right answer is no rows."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from marketplace.services.ledger_catalogue import check_append_only, check_balance, check_times
from marketplace.services.ledger_rules import PARTS, RULES, Rule
from marketplace.services.payout_step import DEFAULT_LIMIT_MINOR

LATE: Final = timedelta(minutes=15)
JSON_INT: Final = {
    "sqlite": r"CAST(json_extract(\1, '$.\2') AS INTEGER)",
    "postgresql": r"CAST(\1 ->> '\2' AS BIGINT)",
}


@dataclass(frozen=True, slots=True)
class Check:
    """One invariant: how many rows were looked at, and those that break it, each as a short text.

    `unchecked` says why nobody could tell.
    """

    name: str
    says: str
    looked_at: int
    rows: list[str] = field(default_factory=list)
    unchecked: str = ""


def run_checks(db: Session, *, now: datetime, limit_minor: int = DEFAULT_LIMIT_MINOR) -> list[Check]:
    """Every invariant, in order. `limit_minor` is the amount above which two admins have to approve, as it is now.

    I15 holds our books against what the last comparison with Stripe has seen of its balance; nothing here asks Stripe.
    """
    checks = [_run(db, rule, now, limit_minor) for rule in RULES]
    append_only, times, balance = check_append_only(db), check_times(db), check_balance(db)
    checks += [
        Check("I2", "what is booked or noted can never be changed: the database refuses it", *append_only),
        Check("I14", "every time is an instant in UTC, every zone is known, sessions last what was priced", *times),
        Check("I15", "our account of Stripe's balance is what the last comparison saw", *balance),
    ]
    return sorted(checks, key=lambda check: int(check.name[1:]))


def _run(db: Session, rule: Rule, now: datetime, limit_minor: int) -> Check:
    looked_at = int(db.scalar(text(rule.count)) or 0)
    statement = spell(rule.broken, db.get_bind().dialect.name)
    values = {"late": _bound(db, now - LATE), "limit": limit_minor}
    used = {name: value for name, value in values.items() if f":{name}" in statement}
    rows = db.execute(text(statement), used).mappings().all()
    return Check(rule.name, rule.says, looked_at, [_say(dict(row)) for row in rows])


def spell(statement: str, engine: str) -> str:
    """A rule's question in the words of one engine."""
    for name, part in PARTS.items():
        statement = statement.replace(f"@{name}", part)
    return re.sub(r"json_int\((\S+), (\w+)\)", JSON_INT[engine], statement)


def _bound(db: Session, at: datetime) -> datetime | str:
    """An instant as the engine stores it: SQLite keeps UTC without a zone, as text."""
    return at.replace(tzinfo=None).isoformat(" ") if db.get_bind().dialect.name == "sqlite" else at


def _say(row: dict[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in row.items())
