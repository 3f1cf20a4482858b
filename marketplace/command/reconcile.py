"""`python -m marketplace reconcile`: hold our books against Stripe's by hand, and print what was found."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from marketplace.config import Settings
from marketplace.db import Database
from marketplace.gateways.outside import connect_outside
from marketplace.gateways.payment.base import PaymentError, PaymentGateway
from marketplace.services import outbox, payment_sync, reconciliation
from marketplace.services.outbox_run import run_look_up
from marketplace.services.reconciliation import Finding

HELP = "compare our books with Stripe's balance; look up lost calls; with --sync, read again what is missing here"


def add_arguments(parser: ArgumentParser) -> None:
    """How far back, and whether to mend."""
    parser.add_argument("--days", type=int, default=35, help="how many days back (35)")
    parser.add_argument("--sync", action="store_true", help="read again and book what is missing here, then compare")


def main(settings: Settings, args: Namespace) -> int:
    """Print every difference and a closing line; 0 when there is none, 2 when Stripe does not answer."""
    gateway = connect_outside(settings).payment
    try:
        with Database(settings.database) as database:
            if args.sync:
                mend(database, gateway, timedelta(days=args.days))
            findings = look(database, gateway, timedelta(days=args.days), settings.currency)
    except PaymentError as error:
        print(f"Stripe does not answer: {error}")
        return 2
    return report(findings, print)


def look(database: Database, gateway: PaymentGateway, span: timedelta, currency: str) -> list[Finding]:
    """Compare everything of the last `span`, and the balance as a whole."""
    now = datetime.now(UTC)
    moves = list(gateway.list_balance_transactions(since=now - span))
    balance = gateway.get_balance(currency)
    with database.reading() as db:
        findings = reconciliation.compare(db, moves, since=now - span, now=now)
        return [*findings, reconciliation.compare_balance(db, balance)]


def mend(database: Database, gateway: PaymentGateway, span: timedelta) -> None:
    """Look up lost calls, book our own bank payouts, and read again the payments behind what is missing here."""
    now = datetime.now(UTC)
    with database.reading() as db:
        lost = outbox.find_lost(db, now=now)
    for command in lost:
        run_look_up(gateway, lambda: database.unit_of_work(_no_jobs), command, clock=lambda: datetime.now(UTC))
    moves = list(gateway.list_balance_transactions(since=now - span))
    with database.unit_of_work(_no_jobs) as db:
        reconciliation.book_bank_payouts(db, moves, now=now)
        findings = reconciliation.compare(db, moves, since=now - span, now=now)
    charges = reconciliation.charges_behind(gateway, findings)
    groups = [group for charge in charges if (group := gateway.get_charge(charge).transfer_group)]
    with database.reading() as db:
        checkouts = reconciliation.checkouts_of(db, groups)
    for checkout_id in checkouts:
        seen = payment_sync.read_checkout(gateway, checkout_id)
        with database.unit_of_work(_no_jobs) as db:
            payment_sync.sync_checkout(db, seen, now=now)


def report(findings: list[Finding], write: Callable[[str], None]) -> int:
    """Say what was found; 0 when everything matches."""
    for each in findings:
        if each.kind != "matched":
            write(
                f"{each.kind:18} {each.event_key:48} ours {each.ours_minor} theirs {each.theirs_minor} {each.currency}"
            )
            write(f"{'':18} {each.says}")
    counts = Counter(each.kind for each in findings)
    differences = len(findings) - counts["matched"]
    write(f"{counts['matched']} matched, {differences} differences")
    return 1 if differences else 0


def _no_jobs(_job: object, _ids: object) -> None:
    """Nothing is sent from here: the timetable's sweeps find what was asked for."""
