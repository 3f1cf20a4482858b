"""One comparison with Stripe, step by step: every outside call stands between transactions, every object by itself.

What is missing here is read again at Stripe and then booked by the same functions that a webhook ends in; what still
differs afterwards becomes a row that people see.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Final

import structlog
from sqlalchemy.orm import Session

from marketplace.gateways.payment.base import Balance, BalanceTransaction, PaymentRefused
from marketplace.services import mismatch, outbox, reconciliation, reconciliation_run
from marketplace.services.ledger_check import run_checks
from marketplace.services.outbox_run import run_look_up
from marketplace.services.reconciliation import SETTLES_WITHIN, BalanceSeen, Finding
from marketplace.services.reconciliation_run import HOURLY, WHOLE, Counts, Order
from workers.sweep import one_by_one
from workers.task import Tools
from workers.tasks.payment import sync_checkout, sync_transfer

PAGE: Final = 500
MOST_TRIES: Final = 5
"""So often the balance is read again when money has moved meanwhile."""
BANK_PAYOUTS: Final = ("bank_payout", "bank_payout_fail")

log = structlog.get_logger("marquee.reconcile")


@dataclass
class Look:
    """What one run has seen so far. `differing` are findings by key; `unread` keys whose object did not answer.

    `sought` are keys of postings whose movement was looked for further back.
    """

    order: Order
    ids: set[str] = field(default_factory=set)
    matched: set[str] = field(default_factory=set)
    differing: dict[str, Finding] = field(default_factory=dict)
    bookings: dict[str, int] = field(default_factory=dict)
    unread: set[str] = field(default_factory=set)
    sought: set[str] = field(default_factory=set)
    newest: BalanceTransaction | None = None
    counts: Counts = field(default_factory=Counts)

    def count(self, **more: int) -> None:
        """Go on counting."""
        known = {name: getattr(self.counts, name) + number for name, number in more.items()}
        self.counts = replace(self.counts, **known, looked_at=len(self.ids), matched=len(self.matched))


@dataclass(frozen=True)
class Compared:
    """What one moment of our books showed: `settled` are keys of old differences that are gone, `unseen` of postings
    whose movement nobody has seen or missed yet."""

    findings: list[Finding]
    balances: list[BalanceSeen] | None
    settled: set[str]
    unseen: set[str]


@dataclass(frozen=True)
class Result:
    """How a run ended: everything that differs, and each balance; None where money never stood still."""

    counts: Counts
    findings: tuple[Finding, ...]
    balances: tuple[BalanceSeen, ...] | None


def carry_out(tools: Tools, run_id: int) -> Result | None:
    """Do a run from its beginning to its end; None when it has ended before. What breaks it is noted with it."""
    with tools.reading() as db:
        order = reconciliation_run.read_order(db, run_id)
    if order is None:
        return None
    try:
        return _carry_out(tools, Look(order))
    except Exception as error:
        with tools.unit_of_work() as db:
            reconciliation_run.fail_run(db, run_id, f"{type(error).__name__}: {error}", tools.now())
        raise


def _carry_out(tools: Tools, look: Look) -> Result:
    for page in _pages(tools.outside.payment.list_balance_transactions(since=look.order.since)):
        _absorb(tools, look, page)
    _look_up_lost(tools)
    _mend(tools, look)
    compared = _compare(tools, look, _read_balances(tools, look))
    findings, seen = [*compared.findings, *_broken_rules(tools, look)], compared.balances
    _note(tools, look, findings)
    _settle(tools, look, compared.settled, {each.event_key for each in findings})
    look.count()
    with tools.unit_of_work() as db:
        reconciliation_run.finish_run(db, look.order.id, look.counts, seen or (), tools.now())
    return Result(look.counts, tuple(findings), None if seen is None else tuple(seen))


# reading -----------------------------------------------------------------------------------------


def _pages(moves: Iterator[BalanceTransaction]) -> Iterator[list[BalanceTransaction]]:
    while page := list(islice(moves, PAGE)):
        yield page


def _absorb(tools: Tools, look: Look, moves: Iterable[BalanceTransaction]) -> None:
    """Match what is new among these movements, and say how far it is."""
    fresh = [move for move in moves if move.id not in look.ids]
    for move in fresh:
        look.ids.add(move.id)
        if look.newest is None or move.created_at > look.newest.created_at:
            look.newest = move
    with tools.reading() as db:
        _sort(look, reconciliation.compare_moves(db, fresh))
    look.count()
    with tools.unit_of_work() as db:
        reconciliation_run.note_progress(db, look.order.id, look.counts)


def _sort(look: Look, findings: Iterable[Finding]) -> None:
    for each in findings:
        if each.kind == "matched":
            look.matched.add(each.event_key)
            if look.differing.pop(each.event_key, None) is not None:
                look.count(mended=1)
        else:
            look.differing[each.event_key] = each


def _read_balances(tools: Tools, look: Look) -> list[Balance] | None:
    """The balances at a moment whose movements are all known; None when money never stood still.

    A balance says what every movement before it came to. If none has come since the last one that is known, the two
    belong together.
    """
    gateway = tools.outside.payment
    for _ in range(MOST_TRIES):
        balances = gateway.list_balances()
        fresh = _moved_since(tools, look)
        if not fresh:
            return balances
        _absorb(tools, look, fresh)
        _mend(tools, look)
    return None


def _look_further(tools: Tools, look: Look, unseen: set[str]) -> bool:
    """Whether some of these postings were booked long after they moved: further back at Stripe than a run looks.

    Those that moved since the balances were read are on their way at that moment, and stay so.
    """
    since, wanted = look.order.since, unseen - look.sought
    look.sought |= wanted
    if wanted:
        wanted -= _names(_moved_since(tools, look))
    found: list[BalanceTransaction] = []
    if wanted:
        for page in _pages(tools.outside.payment.list_balance_transactions(since=since - WHOLE, until=since)):
            found += [move for move in page if move.id not in look.ids and wanted & _names([move])]
            wanted -= _names(found)
            if not wanted:
                break
    _absorb(tools, look, found)
    return bool(found)


def _moved_since(tools: Tools, look: Look) -> list[BalanceTransaction]:
    """What has moved since the newest movement that this run has seen."""
    since = look.newest.created_at if look.newest else look.order.since
    moves = tools.outside.payment.list_balance_transactions(since=since)
    return [move for move in moves if move.id not in look.ids]


def _names(moves: Iterable[BalanceTransaction]) -> set[str]:
    """The event keys of the postings that these stand for."""
    return {each.event_key for move in moves for each in reconciliation.expected_of(move)}


def _seen(look: Look) -> set[str]:
    return look.matched | look.differing.keys()


def _is_old(tools: Tools, finding: Finding) -> bool:
    """Whether it should have shown up on the other side by now."""
    at = finding.move.created_at if finding.move is not None else finding.booked_at
    return at is not None and tools.now() - at > SETTLES_WITHIN


# mending -----------------------------------------------------------------------------------------


def _look_up_lost(tools: Tools) -> None:
    with tools.reading() as db:
        lost = {command.id: command for command in outbox.find_lost(db, now=tools.now(), limit=1000)}
    one_by_one(
        "look_up_failed",
        lost,
        lambda id: run_look_up(tools.outside.payment, tools.unit_of_work, lost[id], clock=tools.now),
    )


def _mend(tools: Tools, look: Look) -> None:
    """Read again what is behind everything that is missing here, each object once, and match anew."""
    missing = [key for key, each in look.differing.items() if each.kind == "missing_here"]
    done: dict[str, bool] = {}
    one_by_one("not_mended", missing, lambda key: _mend_one(tools, look, look.differing[key], done))
    with tools.reading() as db:
        _sort(look, _again(db, look))


def _again(db: Session, look: Look) -> list[Finding]:
    return reconciliation.compare_moves(
        db, list({f.move.id: f.move for f in look.differing.values() if f.move}.values())
    )


def _mend_one(tools: Tools, look: Look, finding: Finding, done: dict[str, bool]) -> None:
    try:
        _sync(tools, look, finding, done)
    except PaymentRefused as refused:
        log.info("nothing_behind", event_key=finding.event_key, code=refused.code)
    except Exception:
        look.unread.add(finding.event_key)
        raise


def _sync(tools: Tools, look: Look, finding: Finding, done: dict[str, bool]) -> None:
    prefix, move = finding.event_key.partition(":")[0], finding.move
    if move is None:
        return
    if prefix in BANK_PAYOUTS:
        with tools.unit_of_work() as db:
            reconciliation.book_bank_payouts(db, [move], now=tools.now())
    elif prefix in ("transfer", "reversal"):
        transfer_id = move.transfer_id or (move.source_id if prefix == "transfer" else None)
        _remember(tools, look, finding, transfer_id=transfer_id, group=move.transfer_group)
        if transfer_id is not None:
            _once(look, finding, done, transfer_id, lambda: sync_transfer(tools, transfer_id))
    else:
        _sync_payment(tools, look, finding, done)


def _sync_payment(tools: Tools, look: Look, finding: Finding, done: dict[str, bool]) -> None:
    gateway, move = tools.outside.payment, finding.move
    charge_id = reconciliation.charge_behind(gateway, finding)
    if charge_id is None:
        return
    group = move.transfer_group if move is not None else None
    if not _remember(tools, look, finding, charge_id=charge_id, group=group):
        _remember(tools, look, finding, charge_id=charge_id, group=gateway.get_charge(charge_id).transfer_group)
    booking_id = look.bookings.get(finding.event_key)
    if booking_id is None:
        return
    with tools.reading() as db:
        checkout_id = reconciliation.checkout_of(db, booking_id)
    if checkout_id is not None:
        _once(look, finding, done, checkout_id, lambda: sync_checkout(tools, checkout_id))


def _once(look: Look, finding: Finding, done: dict[str, bool], name: str, read: Callable[[], None]) -> None:
    """Read an object at Stripe once; everything that hangs on it shares how that went."""
    if name not in done:
        done[name] = False
        read()
        done[name] = True
    elif not done[name]:
        look.unread.add(finding.event_key)


def _remember(
    tools: Tools,
    look: Look,
    finding: Finding,
    *,
    charge_id: str | None = None,
    transfer_id: str | None = None,
    group: str | None = None,
) -> bool:
    """Whose booking this is about, if that can be told."""
    with tools.reading() as db:
        found = reconciliation.booking_behind(db, charge_id=charge_id, transfer_id=transfer_id, group=group)
    if found is not None:
        look.bookings[finding.event_key] = found
    return found is not None


# comparing ---------------------------------------------------------------------------------------


def _compare(tools: Tools, look: Look, balances: list[Balance] | None) -> Compared:
    """All that differs at one moment of our books, once it is known what was only booked late."""
    compared = _compare_now(tools, look, balances)
    while _look_further(tools, look, compared.unseen):
        compared = _compare_now(tools, look, balances)
    return compared


def _compare_now(tools: Tools, look: Look, balances: list[Balance] | None) -> Compared:
    with tools.reading() as db:
        _see_one_moment(db)
        _sort(look, _again(db, look))
        unseen = reconciliation.find_unseen(db, since=look.order.since, seen=_seen(look))
        now_known = [*look.differing.values(), *unseen]
        older = reconciliation.look_again(db, mismatch.list_known(db), {each.event_key for each in now_known})
        older = [each for each in older if each.event_key not in look.matched]
        gone = {each.event_key for each in older if each.kind == "matched"}
        seen = None
        if balances is not None:
            everything = [*now_known, *(each for each in older if each.kind != "matched")]
            seen = reconciliation.compare_balances(db, balances, everything, now=tools.now())
        before = reconciliation_run.unexplained_before(db, look.order.id)
        told = [each for each in now_known if _is_told(tools, db, look, each)]
        known = {row.event_key for row in mismatch.list_open(db) if row.kind == "missing_at_stripe"}
    differing = [reconciliation.balance_finding(each) for each in seen or () if each.unexplained_minor]
    stays = [each for each in differing if before.get(each.currency)]
    calm = {reconciliation.balance_key(each.currency) for each in seen or () if not each.unexplained_minor}
    return Compared([*told, *stays], seen, gone | calm, {each.event_key for each in unseen} - known)


def _see_one_moment(db: Session) -> None:
    if db.get_bind().dialect.name == "postgresql":
        db.connection(execution_options={"isolation_level": "REPEATABLE READ"})


def _is_told(tools: Tools, db: Session, look: Look, finding: Finding) -> bool:
    """Whether it is a difference already, and not just on its way between the two sides."""
    if finding.kind == "missing_at_stripe" or finding.event_key in look.unread:
        return _is_old(tools, finding)
    if finding.kind == "missing_here" and not _is_old(tools, finding):
        return not reconciliation.is_under_way(db, look.bookings.get(finding.event_key))
    return True


def _broken_rules(tools: Tools, look: Look) -> list[Finding]:
    """The invariants of the books; an hourly run leaves them to the daily one."""
    if look.order.kind == HOURLY:
        return []
    with tools.reading() as db:
        checks = run_checks(db, now=tools.now(), limit_minor=tools.settings.four_eyes_limit_minor)
    return [
        reconciliation.rule_finding(check.name, check.says, check.rows, tools.settings.currency)
        for check in checks
        if check.rows
    ]


# writing -----------------------------------------------------------------------------------------


def _note(tools: Tools, look: Look, findings: Iterable[Finding]) -> None:
    by_key = {each.event_key: each for each in findings}

    def note(key: str) -> None:
        finding = by_key[key]
        with tools.unit_of_work() as db:
            booking_id = finding.booking_id or look.bookings.get(key)
            if mismatch.note_finding(db, finding, booking_id=booking_id, now=tools.now()):
                look.count(opened=1)

    one_by_one("mismatch_not_noted", by_key, note)


def _settle(tools: Tools, look: Look, settled: set[str], found: set[str]) -> None:
    """Close what was open and agrees now; what this run did not look at stays open."""
    with tools.reading() as db:
        rows = {row.id: row for row in mismatch.list_open(db)}

    def is_gone(key: str, kind: str) -> bool:
        if kind == "invariant":
            return look.order.kind != HOURLY
        if kind == "unknown_kind":
            return key.partition(":")[2] in look.ids
        return key in settled or key in look.matched

    def settle(id: int) -> None:
        with tools.unit_of_work() as db:
            if mismatch.settle_matched(db, id, now=tools.now()):
                look.count(settled=1)

    gone = [id for id, row in rows.items() if row.event_key not in found and is_gone(row.event_key, row.kind)]
    one_by_one("mismatch_not_settled", gone, settle)
