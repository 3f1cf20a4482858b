"""Find what is due: the sweeps look for deadlines and starts in any state."""

from __future__ import annotations

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_booking_deadline_at", "booking", ["deadline_at"])
    op.create_index("ix_booking_starts_at", "booking", ["starts_at"])


def downgrade() -> None:
    op.drop_index("ix_booking_starts_at", table_name="booking")
    op.drop_index("ix_booking_deadline_at", table_name="booking")
