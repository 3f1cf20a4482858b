"""Rules the database enforces: no two bookings hold one actor, books balance, histories are append-only.

SQLite has triggers where PostgreSQL has an exclusion constraint; both run inside the writer's own transaction.
The balance rule is one rule for both: a trigger keeps `posting.imbalance`, whose deferred foreign key only accepts
zero at commit.
"""

from __future__ import annotations

from collections.abc import Callable

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

# the states in which a booking holds its actor's time; a migration spells them out, whatever the domain says later
HOLDING = "('accepted', 'confirmed', 'in_session', 'delivered', 'changes_requested', 'disputed', 'completed')"

APPEND_ONLY = ("booking_event", "payment_event", "payout_event", "ledger_entry", "audit", "stats_snapshot", "score")
POSTING_FACTS = "id, event_key, kind, currency, booking_id, stripe_id, memo, at"
# erasing a person removes their reach, so these two may be deleted, never changed
ERASABLE = ("stats_snapshot", "score")


def upgrade() -> None:
    # a downgrade leaves the row, so that nothing of the books is lost
    op.execute("INSERT INTO balanced (imbalance) VALUES (0) ON CONFLICT DO NOTHING")
    _for_engine(_upgrade_sqlite, _upgrade_postgresql)


def downgrade() -> None:
    _for_engine(_downgrade_sqlite, _downgrade_postgresql)


def _for_engine(sqlite: Callable[[], None], postgresql: Callable[[], None]) -> None:
    (sqlite if op.get_bind().dialect.name == "sqlite" else postgresql)()


# SQLite ------------------------------------------------------------------------------------------


def _upgrade_sqlite() -> None:
    overlap = f"""
        SELECT RAISE(ABORT, 'slot_taken') WHERE EXISTS (
            SELECT 1 FROM booking AS other
            WHERE other.actor_id = NEW.actor_id AND other.id <> NEW.id AND other.state IN {HOLDING}
              AND other.busy_from < NEW.busy_until AND other.busy_until > NEW.busy_from)"""
    op.execute(
        f"CREATE TRIGGER booking_slot_insert AFTER INSERT ON booking WHEN NEW.state IN {HOLDING} BEGIN {overlap}; END"
    )
    op.execute(
        "CREATE TRIGGER booking_slot_update AFTER UPDATE OF state, actor_id, busy_from, busy_until ON booking "
        f"WHEN NEW.state IN {HOLDING} BEGIN {overlap}; END"
    )
    op.execute(
        "CREATE TRIGGER ledger_entry_balance AFTER INSERT ON ledger_entry BEGIN "
        "UPDATE posting SET imbalance = imbalance + NEW.amount_minor WHERE id = NEW.posting_id; END"
    )
    op.execute(
        f"CREATE TRIGGER posting_unchanged BEFORE UPDATE OF {POSTING_FACTS} "
        "ON posting BEGIN SELECT RAISE(ABORT, 'append_only'); END"
    )
    op.execute(
        "CREATE TRIGGER posting_undeleted BEFORE DELETE ON posting BEGIN SELECT RAISE(ABORT, 'append_only'); END"
    )
    for table in APPEND_ONLY:
        for verb in _forbidden(table):
            op.execute(
                f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
                "BEGIN SELECT RAISE(ABORT, 'append_only'); END"
            )


def _downgrade_sqlite() -> None:
    for table in APPEND_ONLY:
        for verb in _forbidden(table):
            op.execute(f"DROP TRIGGER {table}_no_{verb.lower()}")
    for name in (
        "posting_undeleted",
        "posting_unchanged",
        "ledger_entry_balance",
        "booking_slot_update",
        "booking_slot_insert",
    ):
        op.execute(f"DROP TRIGGER {name}")


# PostgreSQL --------------------------------------------------------------------------------------


def _upgrade_postgresql() -> None:
    # int8range(a, a, '[]') compares equal ids with the range operator, so no extension is needed
    op.execute(
        "ALTER TABLE booking ADD CONSTRAINT booking_slot EXCLUDE USING gist ("
        "int8range(actor_id, actor_id, '[]') WITH =, tstzrange(busy_from, busy_until) WITH &&) "
        f"WHERE (state IN {HOLDING})"
    )
    op.execute("""
        CREATE FUNCTION keep_imbalance() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            UPDATE posting SET imbalance = imbalance + NEW.amount_minor WHERE id = NEW.posting_id;
            RETURN NEW;
        END $$""")
    op.execute(
        "CREATE TRIGGER ledger_entry_balance AFTER INSERT ON ledger_entry "
        "FOR EACH ROW EXECUTE FUNCTION keep_imbalance()"
    )
    op.execute("""
        CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            RAISE EXCEPTION 'append_only' USING ERRCODE = 'integrity_constraint_violation';
        END $$""")
    op.execute(
        f"CREATE TRIGGER posting_unchanged BEFORE UPDATE OF {POSTING_FACTS} "
        "ON posting FOR EACH ROW EXECUTE FUNCTION refuse_change()"
    )
    op.execute(
        "CREATE TRIGGER posting_undeleted BEFORE DELETE ON posting FOR EACH ROW EXECUTE FUNCTION refuse_change()"
    )
    for table in APPEND_ONLY:
        verbs = " OR ".join(_forbidden(table))
        op.execute(
            f"CREATE TRIGGER {table}_append_only BEFORE {verbs} ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
        )


def _downgrade_postgresql() -> None:
    for table in APPEND_ONLY:
        op.execute(f"DROP TRIGGER {table}_append_only ON {table}")
    op.execute("DROP TRIGGER posting_undeleted ON posting")
    op.execute("DROP TRIGGER posting_unchanged ON posting")
    op.execute("DROP TRIGGER ledger_entry_balance ON ledger_entry")
    op.execute("DROP FUNCTION refuse_change()")
    op.execute("DROP FUNCTION keep_imbalance()")
    op.execute("ALTER TABLE booking DROP CONSTRAINT booking_slot")


def _forbidden(table: str) -> tuple[str, ...]:
    return ("UPDATE",) if table in ERASABLE else ("UPDATE", "DELETE")
