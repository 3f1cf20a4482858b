"""Who holds a slot: bookings whose new time or no-show is being discussed do; change orders never do.

The states are spelled out as they were when this was written, whatever the domain says later.
"""

from __future__ import annotations

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

BEFORE = "state IN ('accepted', 'confirmed', 'in_session', 'delivered', 'changes_requested', 'disputed', 'completed')"
AFTER = (
    "state IN ('accepted', 'confirmed', 'rescheduling', 'in_session', 'no_show_claimed', 'delivered', "
    "'changes_requested', 'disputed', 'completed') AND NOT is_extra"
)


def upgrade() -> None:
    _hold(AFTER)


def downgrade() -> None:
    _hold(BEFORE)


def _hold(holding: str) -> None:
    if op.get_bind().dialect.name == "sqlite":
        _hold_sqlite(holding)
        return
    op.execute("ALTER TABLE booking DROP CONSTRAINT booking_slot")
    op.execute(
        "ALTER TABLE booking ADD CONSTRAINT booking_slot EXCLUDE USING gist ("
        "int8range(actor_id, actor_id, '[]') WITH =, tstzrange(busy_from, busy_until) WITH &&) "
        f"WHERE ({holding})"
    )


def _hold_sqlite(holding: str) -> None:
    others = holding.replace("state", "other.state").replace("is_extra", "other.is_extra")
    new = holding.replace("state", "NEW.state").replace("is_extra", "NEW.is_extra")
    overlap = f"""
        SELECT RAISE(ABORT, 'slot_taken') WHERE EXISTS (
            SELECT 1 FROM booking AS other
            WHERE other.actor_id = NEW.actor_id AND other.id <> NEW.id AND {others}
              AND other.busy_from < NEW.busy_until AND other.busy_until > NEW.busy_from)"""
    for verb, columns in (("INSERT", ""), ("UPDATE", " OF state, actor_id, busy_from, busy_until")):
        op.execute(f"DROP TRIGGER booking_slot_{verb.lower()}")
        op.execute(
            f"CREATE TRIGGER booking_slot_{verb.lower()} AFTER {verb}{columns} ON booking "
            f"WHEN {new} BEGIN {overlap}; END"
        )
