"""Calls to Stripe that were asked for: at once when asked, by the sweep when a message was lost."""

from __future__ import annotations

from marketplace.domain.errors import Conflict
from marketplace.jobs import Job
from marketplace.services import outbox, payout_send
from marketplace.services.outbox_run import run_command, run_look_up
from workers.sweep import one_by_one
from workers.task import Tools, task


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
    """Carry out whatever is due; then look up what was lost."""
    with tools.reading() as db:
        due = outbox.find_due(db, now=tools.now())
    one_by_one("command_failed", due, lambda command_id: run_outbox(tools, command_id))
    with tools.reading() as db:
        lost = {command.id: command for command in outbox.find_lost(db, now=tools.now())}
    one_by_one(
        "look_up_failed",
        lost,
        lambda id: run_look_up(tools.outside.payment, tools.unit_of_work, lost[id], clock=tools.now),
    )


def send_due_payouts(tools: Tools) -> None:
    """Ask for the transfers of payouts whose approval can no longer be taken back."""
    with tools.reading() as db:
        due = payout_send.find_due_payouts(db, now=tools.now())
    one_by_one("payout_not_sent", due, lambda payout_id: _send(tools, payout_id))


def _send(tools: Tools, payout_id: int) -> None:
    """One payout; a try that breaks is counted, so that one that always breaks is held for a person in the end."""
    try:
        with tools.unit_of_work() as db:
            payout_send.send_payout(db, payout_id=payout_id, now=tools.now())
    except Conflict:
        return  # somebody has just decided on it
    except Exception as error:
        with tools.unit_of_work() as db:
            payout_send.note_failed_send(db, payout_id=payout_id, error=type(error).__name__, now=tools.now())
        raise
