"""Reading the calendars that actors keep elsewhere: no address is fetched inside a transaction."""

from __future__ import annotations

from urllib.parse import urlsplit

import structlog

from marketplace.domain.errors import Refused
from marketplace.gateways.calendar.apart import read_busy
from marketplace.gateways.calendar.source import fetch_calendar
from marketplace.jobs import Job
from marketplace.services import calendar_source
from marketplace.services.calendar_source import Order
from workers.task import Tools, task

log = structlog.get_logger("marquee.calendar")

SURPRISE = "The calendar cannot be read. No busy times were taken from it."


@task(Job.READ_CALENDAR, retries=1)
def read_calendar(tools: Tools, source_id: int) -> None:
    """Read one calendar; when that fails, its last good busy times stay and the reason is kept beside them."""
    with tools.reading() as db:
        order = calendar_source.find_order(db, source_id, now=tools.now())
    if order is None:
        return
    try:
        _read(tools, order)
    except Refused as refusal:
        log.info("calendar_not_read", source_id=source_id, code=refusal.code)
        _note(tools, source_id, refusal.sentence)
    except Exception:  # a file that breaks its reader must not come back every few minutes
        log.exception("calendar_reader_broke", source_id=source_id)
        _note(tools, source_id, SURPRISE)


def read_due_calendars(tools: Tools) -> None:
    """Ask for a reading of every calendar that is due."""
    with tools.unit_of_work() as db:
        calendar_source.claim_due_sources(db, now=tools.now())


def _read(tools: Tools, order: Order) -> None:
    data = fetch_calendar(tools.outside.web, order.address)
    own = f"@{urlsplit(tools.settings.public_url).hostname}"
    busy = read_busy(data, order.zone, order.window, own=own)
    with tools.unit_of_work() as db:
        calendar_source.store_busy(db, source_id=order.source_id, busy=busy, now=tools.now())


def _note(tools: Tools, source_id: int, sentence: str) -> None:
    with tools.unit_of_work() as db:
        calendar_source.note_failure(db, source_id=source_id, sentence=sentence, now=tools.now())
