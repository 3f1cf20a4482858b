"""What must hold of money at every moment of a walk, asked of the books, of the rows and of Stripe itself."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any, Final

from sqlalchemy import select

from marketplace.models import Booking, LedgerAccount, LedgerEntry, OutboxCommand, Payout, Posting, StripeEvent
from marketplace.services import mismatch
from marketplace.services.ledger_check import run_checks
from tests.services.money_stage import MoneyStage

WHEN_STILL: Final = "I13"
"""Holds once everything that is due has been done."""

KEYS: Final = {
    "charge": "charge", "refund": "refund", "refund_failure": "refund_fail", "transfer": "transfer",
    "transfer_refund": "reversal", "payout": "bank_payout", "payout_failure": "bank_payout_fail",
}  # fmt: skip
"""Movements on Stripe's balance, and the names of their postings."""


def find_broken(stage: MoneyStage) -> Iterator[str]:
    """Everything that is wrong now, whatever is still on its way."""
    with stage.tools.reading() as db:
        for check in run_checks(db, now=stage.now):
            if check.rows and check.name != WHEN_STILL:
                yield f"{check.name} {check.says}: {check.rows}"
    yield from _booked_what_never_was(stage)
    yield from _paid_twice(stage)
    yield from _done_twice(stage)


def find_unsettled(stage: MoneyStage) -> Iterator[str]:
    """What is left when everything has been done: nothing may be under way, and both books say the same."""
    with stage.tools.reading() as db:
        for check in run_checks(db, now=stage.now):
            if check.rows or check.unchecked:
                yield f"{check.name} {check.says}: {check.rows or check.unchecked}"
        for difference in mismatch.list_open(db):
            yield f"{difference.event_key} differs still: {difference.says}"
        open_commands = select(OutboxCommand).where(OutboxCommand.state.in_(("pending", "leased", "unknown", "dead")))
        for row in db.scalars(open_commands):
            yield f"command {row.idempotency_key} is still {row.state}: {row.error}"
        for event in db.scalars(select(StripeEvent).where(StripeEvent.processed_at.is_(None))):
            yield f"event {event.id} ({event.type}) has not been worked on: {event.error}"
    ours, theirs = booked(stage), moved(stage)
    for key in sorted(ours.keys() ^ theirs.keys()):
        yield f"{key}: {ours.get(key)} here, {theirs.get(key)} at Stripe"
    balance = stage.stand.gateway.get_balance("USD")
    if sum(ours.values()) != balance.available_minor + balance.pending_minor:
        yield f"our account of Stripe's balance is {sum(ours.values())}, Stripe says {balance}"


def booked(stage: MoneyStage) -> dict[str, int]:
    """What each of our postings did to our account of Stripe's balance."""
    query = (
        select(Posting.event_key, LedgerEntry.amount_minor)
        .join(LedgerEntry, LedgerEntry.posting_id == Posting.id)
        .join(LedgerAccount, LedgerAccount.id == LedgerEntry.ledger_account_id)
        .where(LedgerAccount.key == "stripe_balance")
    )
    with stage.tools.reading() as db:
        return {row.event_key: row.amount_minor for row in db.execute(query)}


def moved(stage: MoneyStage) -> dict[str, int]:
    """What each movement did to our balance at Stripe, by the names that our postings should have."""
    found: dict[str, int] = {}
    for each in stage.stand.server.sandbox.state.all("balance_transaction"):
        if each["type"] == "adjustment":
            name = "dispute_open" if each["amount"] < 0 else "dispute_won"
            found[f"{name}:{each['source']}"] = each["net"]
            continue
        found[f"{KEYS[each['type']]}:{each['source']}"] = each["amount"]
        if each["fee"]:
            found[f"fee:{each['id']}"] = -each["fee"]
    return found


def _booked_what_never_was(stage: MoneyStage) -> Iterator[str]:
    """Stripe moves first and we book then: nothing is in our books that is not, with the same amount, in theirs."""
    theirs = moved(stage)
    for key, amount in booked(stage).items():
        if theirs.get(key) != amount:
            yield f"{key}: {amount} booked, {theirs.get(key)} moved at Stripe"


def _paid_twice(stage: MoneyStage) -> Iterator[str]:
    """At Stripe each booking has one transfer at most that stands, of no more than the actor's part."""
    state = stage.stand.server.sandbox.state
    groups: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for each in state.all("transfer"):
        groups[each["metadata"]["booking"]].append(each)
    with stage.tools.reading() as db:
        parts = {row.id: row.net_minor for row in db.execute(select(Booking.id, Booking.net_minor))}
        payouts = {row.stripe_transfer_id: row.booking_id for row in db.scalars(select(Payout))}
    for booking, transfers in groups.items():
        if len(transfers) > 1:
            yield f"booking {booking} has {len(transfers)} transfers: {[each['id'] for each in transfers]}"
        if sum(each["amount"] for each in transfers) > parts[int(booking)]:
            yield f"booking {booking}: {transfers} for a part of {parts[int(booking)]}"
    made = {each["id"]: each for group in groups.values() for each in group}
    for transfer_id, booking_id in payouts.items():
        if transfer_id is not None and made[transfer_id]["metadata"]["booking"] != str(booking_id):
            yield f"the payout of booking {booking_id} names the transfer {transfer_id} of another"


def _done_twice(stage: MoneyStage) -> Iterator[str]:
    """What each of our refunds asked for was done at Stripe once at most: the refund, and what it takes back first."""
    for kind in ("refund", "transfer_reversal"):
        made = Counter(each["metadata"].get("refund") for each in stage.stand.server.sandbox.state.all(kind))
        for refund_id, times in made.items():
            if refund_id is not None and times > 1:
                yield f"refund {refund_id} made {times} objects of the kind {kind}"
