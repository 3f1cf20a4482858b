"""Saved cards whose day has come: each is asked to be charged, in a unit of work of its own."""

from __future__ import annotations

from marketplace.services import saved_card
from workers.sweep import one_by_one
from workers.task import Tools


def charge_due_cards(tools: Tools) -> None:
    """Ask for every charge that is due. One that fails does not stop the others."""
    with tools.reading() as db:
        due = saved_card.find_due_charges(db, now=tools.now())
    one_by_one("card_not_charged", due, lambda payment_id: _start(tools, payment_id))


def _start(tools: Tools, payment_id: int) -> None:
    with tools.unit_of_work() as db:
        saved_card.start_charge(db, payment_id=payment_id, now=tools.now())
