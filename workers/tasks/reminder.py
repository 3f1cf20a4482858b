"""Reminders before deadlines and sessions, told by a beat: each line of the table for itself."""

from __future__ import annotations

import structlog

from marketplace.services.reminder import BATCH, REMINDERS, Reminder, find_due, remind
from workers.task import Tools

log = structlog.get_logger("marquee.reminder")

MOST_BATCHES = 50


def sweep_reminders(tools: Tools) -> None:
    """Tell whoever has to be reminded now. A line of the table that fails does not stop the others."""
    for reminder in REMINDERS:
        try:
            _sweep(tools, reminder)
        except Exception:
            log.exception("reminder_sweep_failed", reminder=reminder.name, party=reminder.party.value)


def _sweep(tools: Tools, reminder: Reminder) -> None:
    """In batches, so that no transaction is long; nothing is locked where nobody is to be told."""
    for _ in range(MOST_BATCHES):
        with tools.reading() as db:
            if not find_due(db, reminder, now=tools.now(), limit=BATCH):
                return
        with tools.unit_of_work() as db:
            told = remind(db, reminder, now=tools.now())
        log.info("reminded", reminder=reminder.name, party=reminder.party.value, people=told)
