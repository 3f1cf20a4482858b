"""The invariants of the money, each a question to the database whose right answer is no rows."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import text
from sqlalchemy.orm import Session

LATE: Final = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Check:
    """One invariant: how many rows were looked at, and those that break it, each as a short text."""

    name: str
    says: str
    looked_at: int
    rows: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Rule:
    """An invariant in SQL that both engines read. `count` gives what is looked at, `broken` the rows that break it."""

    name: str
    says: str
    count: str
    broken: str


RULES: Final[tuple[Rule, ...]] = (
    Rule(
        "I1",
        "every posting sums to zero in one currency and has two entries or more",
        "SELECT count(*) FROM posting",
        """
        SELECT p.id, p.event_key, coalesce(sum(e.amount_minor), 0) AS sums_to, count(e.line) AS entries
        FROM posting p LEFT JOIN ledger_entry e ON e.posting_id = p.id
        GROUP BY p.id, p.event_key, p.imbalance
        HAVING coalesce(sum(e.amount_minor), 0) <> 0 OR count(e.line) < 2 OR p.imbalance <> 0
        """,
    ),
    Rule(
        "I3",
        "each object of Stripe is booked at most once for each kind of event",
        "SELECT count(*) FROM posting WHERE stripe_id IS NOT NULL",
        """
        SELECT stripe_id, kind, count(*) AS times FROM posting
        WHERE stripe_id IS NOT NULL GROUP BY stripe_id, kind HAVING count(*) > 1
        """,
    ),
    Rule(
        "I4",
        "the books show each payment captured once, and exactly what was given back of it",
        "SELECT count(*) FROM payment",
        """
        SELECT p.id AS payment_id, p.booking_id, p.state, p.amount_minor, p.refunded_minor,
               coalesce(m.captured, 0) AS booked, coalesce(m.given_back, 0) AS booked_back
        FROM payment p LEFT JOIN (
            SELECT g.booking_id,
                   sum(CASE WHEN g.kind = 'charge' THEN e.amount_minor ELSE 0 END) AS captured,
                   -sum(CASE WHEN g.kind IN ('refund', 'refund_fail') THEN e.amount_minor ELSE 0 END) AS given_back
            FROM posting g JOIN ledger_entry e ON e.posting_id = g.id
            JOIN ledger_account a ON a.id = e.ledger_account_id AND a.kind = 'stripe_balance'
            GROUP BY g.booking_id) m ON m.booking_id = p.booking_id
        WHERE coalesce(m.captured, 0) <> CASE
                WHEN p.state IN ('captured', 'partly_refunded', 'refunded', 'disputed', 'lost') THEN p.amount_minor
                ELSE 0 END
           OR coalesce(m.given_back, 0) <> p.refunded_minor
        """,
    ),
    Rule(
        "I5",
        "what was sent to an actor is no more than what was captured and not given back or lost, but for what they owe",
        "SELECT count(*) FROM payout",
        """
        SELECT o.id AS payout_id, o.booking_id, o.amount_minor - o.netted_minor - o.reversed_minor AS sent,
               p.amount_minor - p.refunded_minor AS kept
        FROM payout o JOIN payment p ON p.booking_id = o.booking_id
        WHERE o.state IN ('transferred', 'partly_reversed', 'reversed')
          AND o.amount_minor - o.netted_minor - o.reversed_minor > p.amount_minor - p.refunded_minor
            - coalesce((SELECT sum(d.amount_minor) FROM dispute d
                        WHERE d.booking_id = o.booking_id AND d.state = 'lost'), 0)
            + coalesce((SELECT sum(e.amount_minor) FROM posting g
                        JOIN ledger_entry e ON e.posting_id = g.id
                        JOIN ledger_account a ON a.id = e.ledger_account_id AND a.kind = 'actor_receivable'
                        WHERE g.booking_id = o.booking_id AND g.kind IN ('refund', 'dispute_lost', 'reversal')), 0)
        """,
    ),
    Rule(
        "I6",
        "booking funds and what actors are owed never stand on the wrong side",
        "SELECT count(*) FROM ledger_account WHERE kind IN ('booking_funds', 'actor_payable')",
        """
        SELECT a.key, a.currency, sum(e.amount_minor) AS balance
        FROM ledger_account a JOIN ledger_entry e ON e.ledger_account_id = a.id
        WHERE a.kind IN ('booking_funds', 'actor_payable')
        GROUP BY a.id, a.key, a.currency HAVING sum(e.amount_minor) > 0
        """,
    ),
    Rule(
        "I7",
        "every payout that was sent was approved before, by an admin who is not its actor",
        "SELECT count(*) FROM payout WHERE transferred_at IS NOT NULL",
        """
        SELECT o.id AS payout_id, o.booking_id FROM payout o JOIN actor a ON a.id = o.actor_id
        WHERE o.transferred_at IS NOT NULL AND NOT EXISTS (
            SELECT 1 FROM payout_event v
            WHERE v.payout_id = o.id AND v.step = 'approve' AND v.at <= o.transferred_at
              AND v.principal_id IS NOT NULL AND (a.account_id IS NULL OR v.principal_id <> a.account_id))
        """,
    ),
    Rule(
        "I8",
        "nothing leaves for an actor while the payment is disputed or being refunded",
        "SELECT count(*) FROM payout WHERE state = 'approved' OR state = 'sending'",
        """
        SELECT o.id AS payout_id, o.booking_id, o.state FROM payout o
        JOIN outbox_command c ON c.about = 'payout' AND c.about_id = o.id AND c.kind = 'transfer.create'
        WHERE c.state = 'pending' AND c.attempts = 0 AND (
            EXISTS (SELECT 1 FROM dispute d WHERE d.booking_id = o.booking_id AND d.state = 'open')
            OR EXISTS (
                SELECT 1 FROM refund r WHERE r.booking_id = o.booking_id
                AND r.state IN ('reversing', 'pending', 'owed', 'refused')))
        """,
    ),
    Rule(
        "I9",
        "every command that is done made one object of its own, and every object booked was asked for once",
        "SELECT count(*) FROM outbox_command",
        """
        SELECT c.id, c.idempotency_key FROM outbox_command c
        WHERE c.state = 'done' AND c.kind <> 'checkout.expire' AND c.stripe_id IS NULL
        UNION ALL
        SELECT p.id, p.event_key FROM posting p
        WHERE p.kind = 'transfer' AND NOT EXISTS (
            SELECT 1 FROM outbox_command c WHERE c.stripe_id = p.stripe_id AND c.kind = 'transfer.create')
        """,
    ),
    Rule(
        "I10",
        "what was charged is the price that was frozen",
        "SELECT count(*) FROM payment",
        """
        SELECT p.id AS payment_id, p.booking_id, p.amount_minor, b.total_minor
        FROM payment p JOIN booking b ON b.id = p.booking_id
        WHERE p.amount_minor <> b.total_minor OR p.currency <> b.currency
        """,
    ),
    Rule(
        "I11",
        "booking, payment and books tell the same story",
        "SELECT count(*) FROM booking",
        """
        SELECT b.id AS booking_id, b.state, p.state AS payment FROM booking b LEFT JOIN payment p ON p.booking_id = b.id
        WHERE (b.state IN ('confirmed', 'rescheduling', 'in_session', 'no_show_claimed', 'delivered',
                           'changes_requested', 'disputed', 'completed')
               AND coalesce(p.state, 'none') NOT IN ('captured', 'partly_refunded', 'refunded', 'disputed', 'lost')
               AND NOT (b.state IN ('confirmed', 'rescheduling') AND p.charge_at IS NOT NULL
                        AND p.state IN ('card_saved', 'charge_due', 'action_required')))
           OR (p.state IN ('captured', 'partly_refunded', 'refunded', 'disputed', 'lost')
               AND NOT EXISTS (SELECT 1 FROM posting g WHERE g.booking_id = b.id AND g.kind = 'charge'))
        """,
    ),
    Rule(
        "I12",
        "no two bookings hold one actor at the same time",
        "SELECT count(*) FROM booking",
        """
        SELECT b.id AS booking_id, o.id AS other_id FROM booking b
        JOIN booking o ON o.actor_id = b.actor_id AND o.id > b.id
             AND o.busy_from < b.busy_until AND o.busy_until > b.busy_from
        WHERE NOT b.is_extra AND NOT o.is_extra
          AND b.state IN ('accepted', 'confirmed', 'rescheduling', 'in_session', 'no_show_claimed', 'delivered',
                          'changes_requested', 'disputed', 'completed')
          AND o.state IN ('accepted', 'confirmed', 'rescheduling', 'in_session', 'no_show_claimed', 'delivered',
                          'changes_requested', 'disputed', 'completed')
        """,
    ),
    Rule(
        "I13",
        "nothing waits past its deadline",
        "SELECT count(*) FROM outbox_command WHERE state IN ('pending', 'leased')",
        """
        SELECT 'outbox_command' AS noun, id, state FROM outbox_command
        WHERE (state = 'pending' AND next_at < :late) OR (state = 'leased' AND lease_until < :late)
        UNION ALL
        SELECT 'booking', id, state FROM booking
        WHERE deadline_at < :late
          AND state NOT IN ('completed', 'declined', 'withdrawn', 'expired', 'lapsed', 'cancelled')
        UNION ALL
        SELECT 'payout', id, state FROM payout WHERE state = 'approved' AND undo_until < :late
        """,
    ),
    Rule(
        "I16",
        "all accounts together sum to zero in every currency",
        "SELECT count(*) FROM ledger_account",
        """
        SELECT currency, sum(amount_minor) AS sums_to FROM ledger_entry
        GROUP BY currency HAVING sum(amount_minor) <> 0
        """,
    ),
    Rule(
        "I17",
        "our fee of a booking is no more than was agreed when its payout was made",
        "SELECT count(*) FROM posting WHERE kind = 'earn'",
        """
        SELECT b.id AS booking_id, -sum(e.amount_minor) AS earned, coalesce(o.fee_minor, b.fee_minor) AS agreed
        FROM booking b JOIN payout o ON o.booking_id = b.id
        JOIN posting g ON g.booking_id = b.id JOIN ledger_entry e ON e.posting_id = g.id
        JOIN ledger_account a ON a.id = e.ledger_account_id AND a.kind = 'fee_income'
        GROUP BY b.id, o.fee_minor, b.fee_minor HAVING -sum(e.amount_minor) > coalesce(o.fee_minor, b.fee_minor)
        """,
    ),
    Rule(
        "I18",
        "a booking that is over holds no money that nobody is owed",
        "SELECT count(*) FROM booking WHERE state IN"
        " ('completed', 'declined', 'withdrawn', 'expired', 'lapsed', 'cancelled')",
        """
        SELECT b.id AS booking_id, b.state, -sum(e.amount_minor) AS holds
        FROM booking b JOIN posting g ON g.booking_id = b.id JOIN ledger_entry e ON e.posting_id = g.id
        JOIN ledger_account a ON a.id = e.ledger_account_id AND a.kind = 'booking_funds'
        WHERE b.state IN ('completed', 'declined', 'withdrawn', 'expired', 'lapsed', 'cancelled')
          AND NOT EXISTS (SELECT 1 FROM payout o WHERE o.booking_id = b.id
            AND o.state IN ('review', 'held', 'approved', 'rejected'))
          AND NOT EXISTS (SELECT 1 FROM refund r WHERE r.booking_id = b.id
            AND r.state IN ('owed', 'refused', 'reversing', 'pending'))
          AND NOT EXISTS (SELECT 1 FROM dispute d WHERE d.booking_id = b.id AND d.state = 'open')
        GROUP BY b.id, b.state HAVING sum(e.amount_minor) <> 0
        """,
    ),
)


def run_checks(db: Session, *, now: datetime) -> list[Check]:
    """Every invariant that the database alone can tell. I15 needs Stripe (`reconcile`), I2 is the database's own rule,
    I14 the type of every time column."""
    return [_run(db, rule, now) for rule in RULES]


def _run(db: Session, rule: Rule, now: datetime) -> Check:
    looked_at = int(db.scalar(text(rule.count)) or 0)
    values = {"late": _bound(db, now - LATE)} if ":late" in rule.broken else {}
    rows = db.execute(text(rule.broken), values).mappings().all()
    return Check(rule.name, rule.says, looked_at, [_say(dict(row)) for row in rows])


def _bound(db: Session, at: datetime) -> datetime | str:
    """An instant as the engine stores it: SQLite keeps UTC without a zone, as text."""
    return at.replace(tzinfo=None).isoformat(" ") if db.get_bind().dialect.name == "sqlite" else at


def _say(row: dict[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in row.items())
