"""Holds our books against Stripe's: every movement on its balance has its posting, and the other way round.

Nothing here asks Stripe but where it says so, and nothing changes a row: who runs it brings what Stripe has said.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Container, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal, TypeVar, cast

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from marketplace.domain import ledger as books
from marketplace.domain.money import Money
from marketplace.domain.payment import State, is_paid
from marketplace.domain.payout import LEAVING
from marketplace.gateways.payment.base import Balance, BalanceTransaction, PaymentGateway
from marketplace.models import Booking, LedgerAccount, LedgerEntry, Mismatch, Payment, Payout, Posting
from marketplace.models.column import sum_of
from marketplace.services import ledger
from marketplace.services.payment import reference_of

Row = TypeVar("Row")

Class = Literal[
    "matched",
    "missing_here",
    "missing_at_stripe",
    "amount_differs",
    "unknown_kind",
    "balance_differs",
    "invariant",
]
MOVED: Final = ("missing_here", "missing_at_stripe", "amount_differs", "unknown_kind")
"""Classes that are about one movement."""
TOGETHER: Final = 500
COMMITTED_WITHIN: Final = timedelta(minutes=1)
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
    booking_id: int | None = None
    move: BalanceTransaction | None = None
    booked_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Ours:
    """What a posting of ours did to our account of Stripe's balance."""

    amount_minor: int
    currency: str
    at: datetime
    booking_id: int | None


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


def batched(rows: Sequence[Row], size: int) -> Iterator[Sequence[Row]]:
    """The rows in slices of at most `size`."""
    return (rows[at : at + size] for at in range(0, len(rows), size))


def look_up_keys(db: Session, keys: Collection[str]) -> dict[str, Ours]:
    """What our books say of these events, for those that are booked."""
    found: dict[str, Ours] = {}
    for some in batched(sorted(keys), TOGETHER):
        for row in db.execute(_on_balance().where(Posting.event_key.in_(some))):
            found[row.event_key] = Ours(int(row.amount_minor), row.currency, row.at, row.booking_id)
    return found


def compare_moves(db: Session, moves: Sequence[BalanceTransaction]) -> list[Finding]:
    """Each movement against its postings: one finding for each posting it stands for, matched or not."""
    wanted = [(move, each) for move in moves for each in expected_of(move)]
    ours = look_up_keys(db, {each.event_key for _, each in wanted})
    known = [_match(move, each, ours.get(each.event_key)) for move, each in wanted]
    return [*known, *(_unknown(move) for move in moves if not expected_of(move))]


def _match(move: BalanceTransaction, wanted: Expected, ours: Ours | None) -> Finding:
    if ours is None:
        kind: Class = "missing_here"
        says = "Stripe has moved what we have not booked"
    elif ours.amount_minor != wanted.amount_minor or ours.currency != move.currency:
        kind, says = "amount_differs", "Stripe has moved another amount than we have booked"
    else:
        kind, says = "matched", ""
    return Finding(
        kind, wanted.event_key, says, wanted.source_id, ours.amount_minor if ours else None, wanted.amount_minor,
        move.currency, ours.booking_id if ours else None, move,
    )  # fmt: skip


def _unknown(move: BalanceTransaction) -> Finding:
    says = f"Stripe has a {move.kind} ({move.category}) that we do not know"
    key = unknown_key(move.id)
    return Finding("unknown_kind", key, says, move.source_id, None, move.net_minor, move.currency, None, move)


def unknown_key(transaction_id: str) -> str:
    """The name of a movement whose kind we do not know."""
    return f"unknown:{transaction_id}"


def look_again(db: Session, known: Iterable[Mismatch], seen: Container[str]) -> list[Finding]:
    """Differences that were found earlier and lie outside what is looked at now, by what our books say today."""
    rows = [row for row in known if row.kind in MOVED and row.event_key not in seen]
    ours = look_up_keys(db, {row.event_key for row in rows})
    return [_looked_again(row, ours.get(row.event_key)) for row in rows]


def _looked_again(row: Mismatch, ours: Ours | None) -> Finding:
    amount = ours.amount_minor if ours else None
    is_gone = amount == row.theirs_minor
    kind = "matched" if is_gone else cast(Class, row.kind)
    return Finding(
        kind, row.event_key, row.says, row.source_id, amount, row.theirs_minor, row.currency, row.booking_id
    )  # fmt: skip


def find_unseen(db: Session, *, since: datetime, seen: Container[str]) -> list[Finding]:
    """What we have booked since then and Stripe's movements do not show."""
    says = "We have booked what Stripe's balance does not show"
    rows = db.execute(_on_balance().where(Posting.at >= since))
    return [
        Finding(
            "missing_at_stripe", row.event_key, says, row.stripe_id, int(row.amount_minor), None, row.currency,
            row.booking_id, None, row.at,
        )
        for row in rows
        if row.event_key not in seen
    ]  # fmt: skip


def _on_balance() -> Select[str, int, str, datetime, int | None, str | None]:
    """Postings that touch our account of Stripe's balance, each with what it did to it."""
    return (
        select(
            Posting.event_key,
            sum_of(LedgerEntry.amount_minor).label("amount_minor"),
            Posting.currency,
            Posting.at,
            Posting.booking_id,
            Posting.stripe_id,
        )
        .join(LedgerEntry, LedgerEntry.posting_id == Posting.id)
        .join(LedgerAccount, LedgerAccount.id == LedgerEntry.ledger_account_id)
        .where(LedgerAccount.key == books.STRIPE.key)
        .group_by(Posting.id, Posting.event_key, Posting.currency, Posting.at, Posting.booking_id, Posting.stripe_id)
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


@dataclass(frozen=True, slots=True)
class BalanceSeen:
    """One currency: our account of Stripe's balance beside Stripe's own, in minor units.

    `moving_minor` is the part of the difference that is known one by one: movements not booked yet, and postings that
    Stripe does not show yet. What is left has no explanation. `then_minor` is our account up to posting `posting_id`,
    for whoever looks at the books of that moment later.
    """

    currency: str
    ours_minor: int
    available_minor: int
    pending_minor: int
    moving_minor: int
    posting_id: int
    then_minor: int

    @property
    def theirs_minor(self) -> int:
        """All that Stripe holds for us."""
        return self.available_minor + self.pending_minor

    @property
    def unexplained_minor(self) -> int:
        """How much more Stripe has than our books, and what is on its way, explain."""
        return self.theirs_minor - self.ours_minor - self.moving_minor


def compare_balances(
    db: Session, balances: Iterable[Balance], findings: Iterable[Finding], *, now: datetime
) -> list[BalanceSeen]:
    """I15 for every currency on either side, at one moment: `findings` are all differences at that moment."""
    moving: Counter[str] = Counter()
    for each in findings:
        moving[each.currency] += (each.theirs_minor or 0) - (each.ours_minor or 0)
    theirs = {each.currency: each for each in balances}
    # a posting with a smaller number may be committed after one with a larger, but never a minute later
    settled = select(func.coalesce(func.max(Posting.id), 0)).where(Posting.at < now - COMMITTED_WITHIN)
    last = db.scalar(settled) or 0
    ours, then = balance_by_currency(db), balance_by_currency(db, until_id=last)
    return [
        BalanceSeen(
            currency,
            ours.get(currency, 0),
            theirs[currency].available_minor if currency in theirs else 0,
            theirs[currency].pending_minor if currency in theirs else 0,
            moving[currency],
            last,
            then.get(currency, 0),
        )
        for currency in sorted({*theirs, *ours})
    ]


def balance_key(currency: str) -> str:
    """The name of a currency's whole balance among the differences."""
    return f"balance:{currency}"


def balance_finding(seen: BalanceSeen) -> Finding:
    """A balance that what is known cannot explain."""
    says = f"Stripe's balance and our account of it differ by {Money(seen.unexplained_minor, seen.currency)} more"
    key = balance_key(seen.currency)
    says += " than all known differences together"
    return Finding("balance_differs", key, says, None, seen.ours_minor, seen.theirs_minor, seen.currency)


def rule_finding(name: str, says: str, rows: Sequence[str], currency: str) -> Finding:
    """An invariant of the books that does not hold, with the first rows that break it."""
    shown = "; ".join(rows[:3])
    more = f"; and {len(rows) - 3} more" if len(rows) > 3 else ""
    return Finding("invariant", f"invariant:{name}", f"Broken: {says}. {shown}{more}", None, currency=currency)


def balance_by_currency(db: Session, *, until_id: int | None = None) -> dict[str, int]:
    """Our account of Stripe's balance in each currency, in minor units; up to one posting, if asked."""
    query = (
        select(LedgerAccount.currency, sum_of(LedgerEntry.amount_minor))
        .join(LedgerEntry, LedgerEntry.ledger_account_id == LedgerAccount.id)
        .where(LedgerAccount.key == books.STRIPE.key)
        .group_by(LedgerAccount.currency)
    )
    rows = db.execute(query if until_id is None else query.where(LedgerEntry.posting_id <= until_id))
    return dict(rows.all())


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


def charge_behind(gateway: PaymentGateway, finding: Finding) -> str | None:
    """The charge whose payment must be read again for what is missing here. Never inside a transaction."""
    if finding.move is not None and finding.move.charge_id is not None:
        return finding.move.charge_id
    prefix, source = finding.event_key.partition(":")[0], finding.source_id
    if source is None:
        return None
    if prefix in ("charge", "fee"):
        return source
    if prefix in ("refund", "refund_fail"):
        return gateway.get_refund(source).charge_id
    if prefix.startswith("dispute"):
        return gateway.get_dispute(source).charge_id
    return None


def booking_behind(db: Session, *, charge_id: str | None, transfer_id: str | None, group: str | None) -> int | None:
    """The booking of a charge or transfer that we know, or whose name at Stripe (`bk_<id>_<mark>`) a group is."""
    of_charge, of_transfer = select(Payment.booking_id), select(Payout.booking_id)
    found = db.scalar(of_charge.where(Payment.charge_id == charge_id)) if charge_id else None
    if found is None and transfer_id:
        found = db.scalar(of_transfer.where(Payout.stripe_transfer_id == transfer_id))
    if found is not None or group is None:
        return found
    parts = group.split("_")
    booking = db.get(Booking, int(parts[1])) if len(parts) == 3 and parts[1].isdecimal() else None
    return booking.id if booking is not None and reference_of(booking) == group else None


def is_under_way(db: Session, booking_id: int | None) -> bool:
    """Whether a transfer of this booking has been asked for and its answer is not here yet."""
    leaving = select(Payout.id).where(Payout.booking_id == booking_id, Payout.state.in_(LEAVING))
    return booking_id is not None and db.scalar(leaving) is not None


def checkout_of(db: Session, booking_id: int) -> str | None:
    """The checkout of a booking, if there is one."""
    return db.scalar(select(Payment.checkout_session_id).where(Payment.booking_id == booking_id))
