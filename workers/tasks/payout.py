"""Payouts on hold until a day, or until our books and Stripe's agree: when that has come, they are reviewed again."""

from __future__ import annotations

from marketplace.services.payout_reply import find_due_holds, find_thawed, resume_due_hold, thaw_payout
from workers.sweep import one_by_one
from workers.task import Tools


def resume_due_holds(tools: Tools) -> None:
    """Take back into review every hold whose day has come, and each whose reason the clock has seen settled."""
    with tools.reading() as db:
        due, thawed = find_due_holds(db, now=tools.now()), find_thawed(db)
    one_by_one("hold_not_resumed", due, lambda payout_id: _resume(tools, payout_id))
    one_by_one("hold_not_thawed", thawed, lambda payout_id: _thaw(tools, payout_id))


def _resume(tools: Tools, payout_id: int) -> None:
    with tools.unit_of_work() as db:
        resume_due_hold(db, payout_id=payout_id, now=tools.now())


def _thaw(tools: Tools, payout_id: int) -> None:
    with tools.unit_of_work() as db:
        thaw_payout(db, payout_id=payout_id, now=tools.now())
