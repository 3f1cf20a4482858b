"""The invariants of the money as questions to the database, in SQL that both engines read; no rows is the answer.

`json_int(column, name)` stands for a whole number in a JSON column, which each engine says in its own way; `@name` for
one of the PARTS below; `:late` is the instant a quarter of an hour ago, `:limit` the amount above which two admins have
to approve.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

PAID: Final = "('captured', 'partly_refunded', 'refunded', 'disputed', 'lost')"
UNPAID: Final = (
    "('opening', 'checkout_open', 'processing', 'card_saved', 'charge_due', 'action_required', 'expired', 'failed')"
)
UNDER_WAY: Final = """('confirmed', 'rescheduling', 'in_session', 'no_show_claimed', 'delivered',
                           'changes_requested', 'disputed', 'completed')"""

SUMS: Final = """
            SELECT g.booking_id,
                   sum(CASE WHEN g.kind = 'charge' AND a.kind = 'stripe_balance' THEN e.amount_minor ELSE 0 END)
                       AS captured,
                   -sum(CASE WHEN g.kind IN ('refund', 'refund_fail') AND a.kind = 'stripe_balance'
                        THEN e.amount_minor ELSE 0 END) AS given_back,
                   -sum(CASE WHEN a.kind = 'bank'
                         OR (a.kind = 'refund_due' AND g.kind NOT LIKE 'double%') THEN e.amount_minor ELSE 0 END)
                       AS came_back,
                   -sum(CASE WHEN g.kind = 'dispute_lost' AND a.kind = 'dispute_hold' THEN e.amount_minor ELSE 0 END)
                       AS lost,
                   -sum(CASE WHEN g.kind IN ('earn', 'refund', 'dispute_lost')
                         AND a.kind IN ('actor_payable', 'fee_income', 'actor_receivable', 'losses')
                        THEN e.amount_minor ELSE 0 END) AS earned,
                   -sum(CASE WHEN a.kind = 'booking_funds' THEN e.amount_minor ELSE 0 END) AS funds,
                   -sum(CASE WHEN a.kind = 'fee_income' THEN e.amount_minor ELSE 0 END) AS fee,
                   sum(CASE WHEN g.kind IN ('refund', 'dispute_lost', 'reversal')
                         AND a.kind IN ('actor_receivable', 'losses') THEN e.amount_minor ELSE 0 END) AS owed,
                   -sum(CASE WHEN g.kind IN ('transfer', 'reversal') AND a.kind = 'stripe_balance'
                        THEN e.amount_minor ELSE 0 END) AS sent
            FROM posting g JOIN ledger_entry e ON e.posting_id = g.id
            JOIN ledger_account a ON a.id = e.ledger_account_id
            WHERE g.booking_id IS NOT NULL GROUP BY g.booking_id"""
"""Where a booking's money came from and went, by booking: minor units, all of them positive as a rule.

`came_back` is owed to the platform because a refund came back, or was repaid to it by bank; `owed` what the actor owes
of what they were sent, or what we have lost.
"""

PARTS: Final = {"sums": SUMS, "paid": PAID, "unpaid": UNPAID, "under_way": UNDER_WAY}


@dataclass(frozen=True, slots=True)
class Rule:
    """One invariant. `count` gives what is looked at, `broken` the rows that break it."""

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
        "each event is booked once, and each object of Stripe at most once for each kind of event",
        "SELECT count(*) FROM posting",
        """
        SELECT stripe_id AS booked, kind, count(*) AS times FROM posting
        WHERE stripe_id IS NOT NULL GROUP BY stripe_id, kind HAVING count(*) > 1
        UNION ALL
        SELECT event_key, 'event', count(*) FROM posting GROUP BY event_key HAVING count(*) > 1
        """,
    ),
    Rule(
        "I4",
        "what a booking captured is what was given back, came back, was lost, was earned and is left, to the cent",
        "SELECT count(*) FROM payment",
        """
        SELECT p.id AS payment_id, p.booking_id, p.state, p.amount_minor, p.refunded_minor,
               coalesce(m.captured, 0) AS captured, coalesce(m.given_back, 0) AS given_back,
               coalesce(m.came_back, 0) AS came_back, coalesce(m.lost, 0) AS lost,
               coalesce(m.earned, 0) AS earned, coalesce(m.funds, 0) AS funds_left
        FROM payment p LEFT JOIN (@sums) m ON m.booking_id = p.booking_id
        WHERE coalesce(m.captured, 0) <> CASE WHEN p.state IN @paid THEN p.amount_minor ELSE 0 END
           OR coalesce(m.given_back, 0) <> p.refunded_minor
           OR m.captured <> m.given_back + m.came_back + m.lost + m.earned + m.funds
        """,
    ),
    Rule(
        "I5",
        "what an actor was sent is no more than what was captured and not given back, lost or our fee, but for debts",
        "SELECT count(*) FROM payout",
        """
        SELECT m.booking_id, m.sent, m.captured - m.given_back - m.came_back - m.lost - m.fee AS kept, m.owed
        FROM (@sums) m
        WHERE m.sent <> 0 AND m.sent > m.captured - m.given_back - m.came_back - m.lost - m.fee + m.owed
        """,
    ),
    Rule(
        "I6",
        "booking funds, what actors are owed and what platforms are owed never stand on the wrong side",
        "SELECT count(*) FROM ledger_account WHERE kind IN ('booking_funds', 'actor_payable', 'refund_due')",
        """
        SELECT a.key, a.currency, sum(e.amount_minor) AS balance
        FROM ledger_account a JOIN ledger_entry e ON e.ledger_account_id = a.id
        WHERE a.kind IN ('booking_funds', 'actor_payable', 'refund_due')
        GROUP BY a.id, a.key, a.currency HAVING sum(e.amount_minor) > 0
        """,
    ),
    Rule(
        "I7",
        "every payout that was sent was approved before, by admins who are not its actor: two of them above the limit",
        "SELECT count(*) FROM payout WHERE transferred_at IS NOT NULL",
        """
        SELECT o.id AS payout_id, o.booking_id, o.amount_minor FROM payout o JOIN actor a ON a.id = o.actor_id
        WHERE o.transferred_at IS NOT NULL AND (
            SELECT count(DISTINCT v.principal_id) FROM payout_event v
            WHERE v.payout_id = o.id AND v.step = 'approve' AND v.party = 'admin' AND v.at <= o.transferred_at
              AND v.principal_id IS NOT NULL AND (a.account_id IS NULL OR v.principal_id <> a.account_id)
              AND v.id > coalesce((
                  SELECT max(w.id) FROM payout_event w
                  WHERE w.payout_id = o.id AND w.step NOT IN ('approve', 'fail_to_send', 'send', 'wait_for_funds')
                    AND w.id < (SELECT max(s.id) FROM payout_event s WHERE s.payout_id = o.id AND s.step = 'send')), 0)
            ) < CASE WHEN o.amount_minor > :limit THEN 2 ELSE 1 END
        """,
    ),
    Rule(
        "I8",
        "no transfer is asked for while the payment is disputed, a refund is open, the account is shut or books differ",
        "SELECT count(*) FROM outbox_command WHERE kind = 'transfer.create'",
        """
        SELECT o.id AS payout_id, o.booking_id, o.state, c.id AS command_id FROM payout o
        JOIN outbox_command c ON c.about = 'payout' AND c.about_id = o.id AND c.kind = 'transfer.create'
        WHERE EXISTS (
                SELECT 1 FROM payment p JOIN payment_event v ON v.payment_id = p.id
                WHERE p.booking_id = o.booking_id AND v.after = 'disputed'
                  AND v.id = (SELECT max(w.id) FROM payment_event w WHERE w.payment_id = p.id AND w.at < c.created_at))
           OR EXISTS (
                SELECT 1 FROM refund r WHERE r.booking_id = o.booking_id AND r.created_at < c.created_at
                AND r.state IN ('reversing', 'pending', 'owed', 'refused'))
           OR EXISTS (
                SELECT 1 FROM connect_account t WHERE t.actor_id = o.actor_id AND t.state <> 'active'
                AND t.refreshed_at < c.created_at AND c.state IN ('pending', 'leased'))
           OR EXISTS (
                SELECT 1 FROM mismatch d WHERE d.booking_id = o.booking_id AND d.first_seen_at < c.created_at
                AND (d.settled_at IS NULL OR d.settled_at > c.created_at))
        """,
    ),
    Rule(
        "I9",
        "every command that is done made one object of its own, and every transfer booked was asked for",
        "SELECT count(*) FROM outbox_command",
        """
        SELECT c.id, c.idempotency_key AS named FROM outbox_command c
        WHERE c.state = 'done' AND c.stripe_id IS NULL AND (c.kind LIKE '%.create' OR c.kind LIKE '%.reverse')
        UNION ALL
        SELECT max(c.id), c.stripe_id FROM outbox_command c
        WHERE c.stripe_id IS NOT NULL GROUP BY c.stripe_id HAVING count(*) > 1
        UNION ALL
        SELECT p.id, p.event_key FROM posting p
        WHERE p.kind = 'transfer' AND NOT EXISTS (
            SELECT 1 FROM outbox_command c WHERE c.stripe_id = p.stripe_id AND c.kind = 'transfer.create')
        """,
    ),
    Rule(
        "I10",
        "what is charged is the price that was frozen",
        "SELECT count(*) FROM booking",
        """
        SELECT b.id AS booking_id, b.total_minor, json_int(b.quote, total_minor) AS quoted, p.amount_minor AS charged
        FROM booking b LEFT JOIN payment p ON p.booking_id = b.id
        WHERE p.amount_minor <> b.total_minor OR p.currency <> b.currency
           OR json_int(b.quote, total_minor) <> b.total_minor OR json_int(b.quote, fee_minor) <> b.fee_minor
           OR json_int(b.quote, net_minor) <> b.net_minor
        """,
    ),
    Rule(
        "I11",
        "booking, payment, dispute, payout and books tell the same story",
        "SELECT count(*) FROM booking",
        """
        SELECT b.id AS booking_id, b.state, coalesce(p.state, 'none') AS payment, 'do not go together' AS why
        FROM booking b LEFT JOIN payment p ON p.booking_id = b.id
        WHERE (b.state IN @under_way AND coalesce(p.state, 'none') NOT IN @paid
               AND NOT (b.state IN ('confirmed', 'rescheduling') AND p.charge_at IS NOT NULL AND b.starts_at > :late
                        AND p.state IN ('card_saved', 'charge_due', 'action_required')))
           OR (b.state IN ('draft', 'requested', 'countered', 'pencilled', 'declined') AND p.state IS NOT NULL)
           OR (b.state = 'accepted' AND p.state IN @paid)
        UNION ALL
        SELECT b.id, b.state, p.state, 'the charge is not booked' FROM payment p JOIN booking b ON b.id = p.booking_id
        WHERE p.state IN @paid
          AND NOT EXISTS (SELECT 1 FROM posting g WHERE g.booking_id = b.id AND g.kind = 'charge')
        UNION ALL
        SELECT b.id, b.state, p.state, 'a charge is booked' FROM payment p JOIN booking b ON b.id = p.booking_id
        WHERE p.state IN @unpaid
          AND EXISTS (SELECT 1 FROM posting g WHERE g.booking_id = b.id AND g.kind = 'charge')
        UNION ALL
        SELECT b.id, b.state, p.state, 'no dispute is open' FROM payment p JOIN booking b ON b.id = p.booking_id
        WHERE p.state = 'disputed'
          AND NOT EXISTS (SELECT 1 FROM dispute d WHERE d.payment_id = p.id AND d.state = 'open')
        UNION ALL
        SELECT b.id, b.state, '', 'money is held for a dispute, and none is open'
        FROM booking b JOIN posting g ON g.booking_id = b.id JOIN ledger_entry e ON e.posting_id = g.id
        JOIN ledger_account a ON a.id = e.ledger_account_id AND a.kind = 'dispute_hold'
        WHERE NOT EXISTS (SELECT 1 FROM dispute d WHERE d.booking_id = b.id AND d.state = 'open')
        GROUP BY b.id, b.state HAVING sum(e.amount_minor) <> 0
        UNION ALL
        SELECT b.id, b.state, '', 'its transfer is not booked' FROM payout o JOIN booking b ON b.id = o.booking_id
        WHERE o.state IN ('transferred', 'partly_reversed', 'reversed') AND o.stripe_transfer_id IS NOT NULL
          AND NOT EXISTS (
              SELECT 1 FROM posting g WHERE g.stripe_id = o.stripe_transfer_id AND g.kind = 'transfer')
        """,
    ),
    Rule(
        "I12",
        "no two bookings hold one actor at the same time",
        "SELECT count(*) FROM booking",
        """
        SELECT id AS booking_id, actor_id, busy_from, taken_until FROM (
            SELECT b.id, b.actor_id, b.busy_from, max(b.busy_until) OVER (
                PARTITION BY b.actor_id ORDER BY b.busy_from, b.id
                ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS taken_until
            FROM booking b
            WHERE NOT b.is_extra
              AND b.state IN ('accepted', 'confirmed', 'rescheduling', 'in_session', 'no_show_claimed', 'delivered',
                              'changes_requested', 'disputed', 'completed')) held
        WHERE taken_until > busy_from
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
