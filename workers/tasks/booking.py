"""What happens to bookings without anyone clicking: the clock's steps, one unit of work each."""

from __future__ import annotations

import structlog

from marketplace.services import booking
from workers.sweep import one_by_one
from workers.task import Tools

log = structlog.get_logger("marquee.booking")


def sweep_bookings(tools: Tools) -> None:
    """Take the step that is due for every booking past its deadline. One that fails does not stop the others."""
    with tools.reading() as db:
        due = booking.find_due(db, now=tools.now())
    one_by_one("booking_sweep_failed", due, lambda booking_id: _advance(tools, booking_id))


def _advance(tools: Tools, booking_id: int) -> None:
    with tools.unit_of_work() as db:
        state = booking.advance_due_booking(db, booking_id=booking_id, now=tools.now())
    if state is not None:
        log.info("booking_advanced", booking_id=booking_id, state=state.value)
