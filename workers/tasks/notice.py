"""Mails of notices: sent after the change they tell of, and swept up when a message or a try was lost."""

from __future__ import annotations

import structlog

from marketplace.gateways.mail.base import NotSent
from marketplace.jobs import Job
from marketplace.services import notice
from marketplace.services.booking_letter import Enclosed, enclose_booking
from workers.letter import write_letter
from workers.task import Tools, task

log = structlog.get_logger("marquee.mail")


@task(Job.SEND_NOTICE)
def send_notice(tools: Tools, notice_id: int) -> None:
    """Mail one notice. Killed between the sending and the note of it, the mail may go out twice: better than never."""
    with tools.reading() as db:
        found = notice.find_letter(db, notice_id)
        enclosed = enclose_booking(db, found, public_url=tools.settings.public_url) if found else Enclosed()
    if found is None:
        return
    try:
        letter = write_letter(found, enclosed, settings=tools.settings, now=tools.now())
        tools.outside.mail.send(letter, now=tools.now())
    except NotSent as failure:
        log.warning("notice_not_sent", notice_id=notice_id, is_final=failure.is_final)
        with tools.unit_of_work() as db:
            notice.mark_failed(db, notice_id, is_final=failure.is_final)
        return
    with tools.unit_of_work() as db:
        notice.mark_mailed(db, notice_id, now=tools.now())


def sweep_notices(tools: Tools) -> None:
    """Mail what is still waiting."""
    with tools.reading() as db:
        waiting = notice.find_unsent(db, now=tools.now())
    for notice_id in waiting:
        try:
            send_notice(tools, notice_id)
        except Exception:
            # one letter that breaks us must not keep all behind it from leaving; it is given up after some tries
            log.exception("notice_broke", notice_id=notice_id)
            with tools.unit_of_work() as db:
                notice.mark_failed(db, notice_id, is_final=False)
