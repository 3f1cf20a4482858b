"""Payments and events: what Stripe says is read again and believed; nothing that an event claims is."""

from __future__ import annotations

from datetime import datetime, timedelta

from marketplace.gateways.payment.base import AccountGone, IncomingEvent, PaymentRefused
from marketplace.jobs import Job
from marketplace.services import bank_payout, connect, payment_sync, stripe_event, transfer_sync
from marketplace.services.stripe_event import Target
from workers.sweep import one_by_one
from workers.task import Tools, task

LOOK_BACK = timedelta(days=3)
ACCOUNT_STALE_AFTER = timedelta(hours=12)
UNKNOWN_THERE = ("resource_missing", "not_found")


@task(Job.SYNC_CHECKOUT)
def sync_checkout(tools: Tools, checkout_id: str) -> None:
    """Read a checkout at Stripe and bring our payment into line."""
    seen = payment_sync.read_checkout(tools.outside.payment, checkout_id)
    with tools.unit_of_work() as db:
        payment_sync.sync_checkout(db, seen, now=tools.now())


@task(Job.PROCESS_STRIPE_EVENT)
def process_stripe_event(tools: Tools, event_id: str) -> None:
    """Work on one event. What Stripe does not know is nothing to work on; what it cannot, or will not, say now comes
    again, and people are told in the end."""
    with tools.unit_of_work() as db:
        if not stripe_event.begin_event(db, event_id):
            return
    try:
        with tools.reading() as db:
            target = stripe_event.find_target(db, event_id)
        _sync(tools, target)
    except Exception as error:
        if not _is_not_ours(error):
            with tools.unit_of_work() as db:
                stripe_event.mark_failed(db, event_id, error=f"{type(error).__name__}: {error}", now=tools.now())
            raise
    with tools.unit_of_work() as db:
        stripe_event.mark_processed(db, event_id, now=tools.now())


def _is_not_ours(error: Exception) -> bool:
    """Whether Stripe knows no such object, or not for us: the event is kept, and done with."""
    return isinstance(error, AccountGone) or (isinstance(error, PaymentRefused) and error.code in UNKNOWN_THERE)


def _sync(tools: Tools, target: Target) -> None:
    if target.kind == "checkout":
        sync_checkout(tools, target.stripe_id)
    elif target.kind == "account":
        sync_account(tools, target.stripe_id)
    elif target.kind == "transfer":
        sync_transfer(tools, target.stripe_id)
    elif target.kind == "bank_payout":
        sync_bank_payout(tools, target.account_id, target.stripe_id)
    elif target.kind == "bank" and target.at is not None:
        with tools.unit_of_work() as db:
            connect.note_bank_changed(db, stripe_account_id=target.stripe_id, changed_at=target.at, now=tools.now())


def sync_account(tools: Tools, stripe_account_id: str) -> None:
    """Read a connected account at Stripe and bring ours into line; one that is gone is closed here, too."""
    try:
        seen = tools.outside.payment.get_account(stripe_account_id)
    except AccountGone:
        with tools.unit_of_work() as db:
            connect.note_account_gone(db, stripe_account_id, now=tools.now())
        return
    with tools.unit_of_work() as db:
        connect.note_account(db, seen, now=tools.now())


def sync_bank_payout(tools: Tools, stripe_account_id: str, stripe_payout_id: str) -> None:
    """Read a payout of an actor's account to their bank."""
    seen = tools.outside.payment.get_bank_payout(stripe_account_id, stripe_payout_id)
    with tools.unit_of_work() as db:
        bank_payout.note_bank_payout(db, stripe_account_id, seen, now=tools.now())


def sync_transfer(tools: Tools, transfer_id: str) -> None:
    """Read a transfer's reversals at Stripe and book those we do not know."""
    reversals = tools.outside.payment.list_reversals(transfer_id)
    with tools.unit_of_work() as db:
        transfer_sync.sync_reversals(db, transfer_id, reversals, now=tools.now())


def sweep_events(tools: Tools) -> None:
    """Work on events that a lost message or a failed try left undone; tell of those that no worker survives."""
    with tools.unit_of_work() as db:
        stripe_event.note_deadly(db, now=tools.now())
    with tools.reading() as db:
        waiting = stripe_event.find_waiting(db, now=tools.now())
    one_by_one("event_failed", waiting, lambda event_id: process_stripe_event(tools, event_id))


def poll_undelivered(tools: Tools) -> None:
    """Fetch events that never reached us, as if they had."""
    store_undelivered(tools, since=tools.now() - LOOK_BACK)


def store_undelivered(tools: Tools, *, since: datetime) -> None:
    """Keep what Stripe could not deliver; to Stripe it stays undelivered, so most of it is known from the last time."""
    events = {event.id: event for event in tools.outside.payment.list_undelivered_events(since=since)}
    with tools.reading() as db:
        known = stripe_event.find_known(db, events)
    new = [event_id for event_id in reversed(events) if event_id not in known]
    one_by_one("event_not_stored", new, lambda event_id: _store(tools, events[event_id]))


def _store(tools: Tools, event: IncomingEvent) -> None:
    with tools.unit_of_work() as db:
        stripe_event.store_event(db, event, now=tools.now())


def poll_open_checkouts(tools: Tools) -> None:
    """Read what is still open, in case no event ever comes."""
    with tools.reading() as db:
        waiting = payment_sync.list_open_checkouts(db)
    one_by_one("checkout_not_read", waiting, lambda checkout_id: sync_checkout(tools, checkout_id))


def poll_bank_payouts(tools: Tools) -> None:
    """Read the payouts of accounts that were sent money lately: Stripe keeps no list of their lost events for us."""
    since = tools.now() - bank_payout.ON_ITS_WAY_FOR
    with tools.reading() as db:
        paid = bank_payout.list_paid_accounts(db, now=tools.now())
    one_by_one("bank_payouts_not_read", paid, lambda account_id: _read_bank_payouts(tools, account_id, since))


def _read_bank_payouts(tools: Tools, stripe_account_id: str, since: datetime) -> None:
    try:
        found = tools.outside.payment.list_bank_payouts(stripe_account_id, since=since)
    except AccountGone:
        with tools.unit_of_work() as db:
            connect.note_account_gone(db, stripe_account_id, now=tools.now())
        return
    with tools.unit_of_work() as db:
        for seen in reversed(found):
            bank_payout.note_bank_payout(db, stripe_account_id, seen, now=tools.now())


def poll_accounts(tools: Tools) -> None:
    """Read payout accounts that nobody has looked at for long."""
    with tools.reading() as db:
        stale = connect.list_stale_accounts(db, before=tools.now() - ACCOUNT_STALE_AFTER)
    one_by_one("account_not_read", stale, lambda stripe_account_id: sync_account(tools, stripe_account_id))
