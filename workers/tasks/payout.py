"""Payouts on hold until a day: when it comes, they are reviewed again."""

from __future__ import annotations

from marketplace.services.payout_reply import find_due_holds, resume_due_hold
from workers.sweep import one_by_one
from workers.task import Tools


def resume_due_holds(tools: Tools) -> None:
    """Take back into review every hold whose day has come."""
    with tools.reading() as db:
        due = find_due_holds(db, now=tools.now())
    one_by_one("hold_not_resumed", due, lambda payout_id: _resume(tools, payout_id))


def _resume(tools: Tools, payout_id: int) -> None:
    with tools.unit_of_work() as db:
        resume_due_hold(db, payout_id=payout_id, now=tools.now())
