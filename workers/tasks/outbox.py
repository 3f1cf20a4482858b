"""Calls to Stripe that were asked for: at once when asked, by the sweep when a message was lost."""

from __future__ import annotations

import time

import structlog

from marketplace.jobs import Job
from marketplace.services import outbox, payout_send
from marketplace.services.outbox_run import run_command, run_look_up
from workers.task import Tools, task

log = structlog.get_logger("marquee.outbox")


@task(Job.RUN_OUTBOX)
def run_outbox(tools: Tools, command_id: int) -> None:
    """Carry out one command, if it is due."""
    run_command(
        tools.outside.payment,
        tools.unit_of_work,
        command_id,
        base_url=tools.settings.public_url,
        clock=tools.now,
    )


def sweep_outbox(tools: Tools) -> None:
    """Carry out whatever is due, no faster than Stripe is to be called; then look up what was lost."""
    with tools.reading() as db:
        due = outbox.find_due(db, now=tools.now())
    for command_id in due:
        try:
            run_outbox(tools, command_id)
        except Exception:  # one command that breaks its worker must not keep the others waiting
            log.exception("command_failed", command_id=command_id)
        time.sleep(1 / tools.settings.stripe_calls_per_second)
    with tools.reading() as db:
        lost = outbox.find_lost(db, now=tools.now())
    for command in lost:
        run_look_up(tools.outside.payment, tools.unit_of_work, command, clock=tools.now)


def send_due_payouts(tools: Tools) -> None:
    """Ask for the transfers of payouts whose approval can no longer be taken back."""
    with tools.reading() as db:
        due = payout_send.find_due_payouts(db, now=tools.now())
    for payout_id in due:
        with tools.unit_of_work() as db:
            payout_send.send_payout(db, payout_id=payout_id, now=tools.now())
