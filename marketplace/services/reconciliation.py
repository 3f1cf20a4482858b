"""Holds our books against Stripe's: every movement on its balance has its posting, and the other way round."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from marketplace.domain import ledger as books
from marketplace.domain.money import Money
from marketplace.domain.payment import State, is_paid
from marketplace.gateways.payment.base import Balance, BalanceTransaction, PaymentGateway, PaymentRefused
from marketplace.models import LedgerAccount, LedgerEntry, Payment, Posting
from marketplace.services import ledger

Class = Literal["matched", "missing_here", "missing_at_stripe", "amount_differs", "unknown_kind", "balance_differs"]
SETTLES_WITHIN: Final = timedelta(hours=1)
PREFIXES: Final[dict[str, str]] = {
    "charge": "charge",
    "payment": "charge",
    "refund": "refund",
    "payment_refund": "refund",
    "refund_failure": "refund_fail",
    "payment_failure_refund": "refund_fail",
    "transfer": "transfer",
    "transfer_refund": "reversal",
    "transfer_cancel": "reversal",
    "payout": "bank_payout",
    "payout_failure": "bank_payout_fail",
    "payout_cancel": "bank_payout_fail",
}
"""Kinds of movement at Stripe, and the event keys of our postings."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One comparison. `event_key` is our name of it; amounts are what it did to the balance, in minor units."""

    kind: Class
    event_key: str
    says: str
    source_id: str | None = None
    ours_minor: int | None = None
    theirs_minor: int | None = None
    currency: str = ""


@dataclass(frozen=True, slots=True)
class Expected:
    """What a movement at Stripe should have done to our books."""

    event_key: str
    amount_minor: int
    source_id: str | None


def expected_of(move: BalanceTransaction) -> list[Expected]:
    """The postings that a movement stands for; none for a kind we do not know."""
    source = move.source_id or move.id
    if move.kind == "adjustment" and move.category in ("dispute", "dispute_reversal"):
        name = "dispute_open" if move.amount_minor < 0 else "dispute_won"
        return [Expected(f"{name}:{source}", move.net_minor, source)]
    prefix = PREFIXES.get(move.kind)
    if prefix is None:
        return []
    main = Expected(f"{prefix}:{source}", move.amount_minor, source)
    return [main, Expected(f"fee:{move.id}", -move.fee_minor, source)] if move.fee_minor else [main]


def compare(db: Session, moves: Iterable[BalanceTransaction], *, since: datetime, now: datetime) -> list[Finding]:
    """Every movement against its posting, and every posting since then against its movement."""
    ours = _movements(db, since)
    findings, seen = [], set()
    for move in moves:
        wanted = expected_of(move)
        if not wanted:
            says = f"Stripe has a {move.kind} ({move.category}) that we do not know"
            findings.append(Finding("unknown_kind", move.id, says, move.source_id, None, move.net_minor, move.currency))
        for each in wanted:
            seen.add(each.event_key)
            findings.append(_match(db, each, move.currency))
    for key, (amount, currency, at) in ours.items():
        if key not in seen and now - at > SETTLES_WITHIN:
            says = "We have booked what Stripe's balance does not show"
            findings.append(Finding("missing_at_stripe", key, says, None, amount, None, currency))
    return findings


def _match(db: Session, wanted: Expected, currency: str) -> Finding:
    found = db.execute(_on_balance().where(Posting.event_key == wanted.event_key)).first()
    ours = None if found is None else int(found.amount_minor)
    if ours is None:
        kind: Class = "missing_here"
        says = "Stripe has moved what we have not booked"
    elif ours != wanted.amount_minor:
        kind, says = "amount_differs", "Stripe has moved another amount than we have booked"
    else:
        kind, says = "matched", ""
    return Finding(kind, wanted.event_key, says, wanted.source_id, ours, wanted.amount_minor, currency)


def _movements(db: Session, since: datetime) -> dict[str, tuple[int, str, datetime]]:
    rows = db.execute(_on_balance().where(Posting.at >= since))
    return {row.event_key: (int(row.amount_minor), row.currency, row.at) for row in rows}


def _on_balance() -> Select[str, int, str, datetime]:
    return (
        select(Posting.event_key, LedgerEntry.amount_minor, Posting.currency, Posting.at)
        .join(LedgerEntry, LedgerEntry.posting_id == Posting.id)
        .join(LedgerAccount, LedgerAccount.id == LedgerEntry.ledger_account_id)
        .where(LedgerAccount.key == books.STRIPE.key)
    )


def count_mismatches(db: Session, booking_id: int) -> int:
    """In how many places our books of a booking and what was read of its payment at Stripe differ, Stripe not asked.

    Looked at are what was charged against the price, and what was given back.
    """
    payment = db.scalar(select(Payment).where(Payment.booking_id == booking_id))
    if payment is None:
        return 0
    query = select(Posting.kind, LedgerEntry.amount_minor).join(LedgerEntry, LedgerEntry.posting_id == Posting.id)
    on_balance = query.join(LedgerAccount, LedgerAccount.id == LedgerEntry.ledger_account_id).where(
        LedgerAccount.key == books.STRIPE.key, Posting.booking_id == booking_id
    )
    sums: Counter[str] = Counter()
    for kind, amount in db.execute(on_balance):
        sums[kind] += amount
    charged = payment.amount_minor if is_paid(State(payment.state)) else 0
    given_back = -(sums["refund"] + sums["refund_fail"])
    return (sums["charge"] != charged) + (given_back != payment.refunded_minor)


def compare_balance(db: Session, balance: Balance) -> Finding:
    """I15: our account of Stripe's balance is what Stripe says it is, available and pending together."""
    ours = ledger.balance_of(db, books.STRIPE, balance.currency)
    theirs = balance.available_minor + balance.pending_minor
    same = ours == theirs
    says = "" if same else "Our account of Stripe's balance is not what Stripe says it is"
    return Finding(
        "matched" if same else "balance_differs",
        f"balance:{balance.currency}",
        says,
        None,
        ours,
        theirs,
        balance.currency,
    )


def book_bank_payouts(db: Session, moves: Iterable[BalanceTransaction], *, now: datetime) -> int:
    """Our own bank payouts have no checkout behind them: they are booked from the movement. How many were new."""
    booked = 0
    for move in moves:
        amount = Money(abs(move.amount_minor), move.currency)
        if move.kind == "payout" and move.source_id:
            booked += ledger.post(db, books.bank_payout_sent(bank_payout_id=move.source_id, amount=amount), now=now)
        elif move.kind in ("payout_failure", "payout_cancel") and move.source_id:
            booked += ledger.post(db, books.bank_payout_failed(bank_payout_id=move.source_id, amount=amount), now=now)
    return booked


def charges_behind(gateway: PaymentGateway, findings: Sequence[Finding]) -> set[str]:
    """The charges whose payments must be read again for what is missing here. Never inside a transaction."""
    charges = set()
    for finding in findings:
        if finding.kind != "missing_here" or finding.source_id is None:
            continue
        try:
            charges.add(_charge_of(gateway, finding.event_key.partition(":")[0], finding.source_id))
        except PaymentRefused:
            continue
    return {charge for charge in charges if charge}


def _charge_of(gateway: PaymentGateway, prefix: str, source_id: str) -> str | None:
    if prefix in ("charge", "fee"):
        return source_id
    if prefix in ("refund", "refund_fail"):
        return gateway.get_refund(source_id).charge_id
    if prefix.startswith("dispute"):
        return gateway.get_dispute(source_id).charge_id
    return None


def checkouts_of(db: Session, gateway_groups: Iterable[str]) -> list[str]:
    """The checkouts of bookings, by the names they have at Stripe (`bk_<id>_<mark>`)."""
    ids = [int(parts[1]) for group in gateway_groups if len(parts := group.split("_")) == 3 and parts[1].isdecimal()]
    found = select(Payment.checkout_session_id).where(Payment.booking_id.in_(ids))
    return [each for each in db.scalars(found) if each]
