"""The whole life of a booking: offers, pencils, other times, change orders, messages, calendars and boundaries."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

from marketplace.models.column import UTC, Json

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "calendar_feed",
        sa.Column("id", KEY, autoincrement=True, nullable=False),
        sa.Column("account_id", KEY, nullable=False),
        sa.Column("token_sha256", sa.String(length=64), nullable=False),
        sa.Column("created_at", UTC(), nullable=False),
        sa.Column("revoked_at", UTC(), nullable=True),
        sa.Column("read_at", UTC(), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_calendar_feed_account_id_account"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_calendar_feed")),
        sa.UniqueConstraint("token_sha256", name=op.f("uq_calendar_feed_token_sha256")),
    )
    op.create_index(op.f("ix_calendar_feed_account_id"), "calendar_feed", ["account_id"], unique=False)
    op.create_table(
        "notice_switch",
        sa.Column("account_id", KEY, nullable=False),
        sa.Column("topic", sa.String(length=24), nullable=False),
        sa.Column("by_mail", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_notice_switch_account_id_account"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("account_id", "topic", name=op.f("pk_notice_switch")),
    )
    op.create_table(
        "calendar_source",
        sa.Column("id", KEY, autoincrement=True, nullable=False),
        sa.Column("actor_id", KEY, nullable=False),
        sa.Column("label", sa.String(length=80), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("next_fetch_at", UTC(), nullable=False),
        sa.Column("fetched_at", UTC(), nullable=True),
        sa.Column("failed_at", UTC(), nullable=True),
        sa.Column("failure", sa.String(length=300), nullable=False),
        sa.Column("failures", sa.BigInteger(), nullable=False),
        sa.Column("created_at", UTC(), nullable=False),
        sa.ForeignKeyConstraint(
            ["actor_id"], ["actor.id"], name=op.f("fk_calendar_source_actor_id_actor"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_calendar_source")),
    )
    op.create_index(op.f("ix_calendar_source_actor_id"), "calendar_source", ["actor_id"], unique=False)
    op.create_index("ix_calendar_source_next_fetch_at", "calendar_source", ["next_fetch_at"], unique=False)
    op.create_table(
        "busy_time",
        sa.Column("id", KEY, autoincrement=True, nullable=False),
        sa.Column("calendar_source_id", KEY, nullable=False),
        sa.Column("actor_id", KEY, nullable=False),
        sa.Column("starts_at", UTC(), nullable=False),
        sa.Column("ends_at", UTC(), nullable=False),
        sa.CheckConstraint("starts_at < ends_at", name=op.f("ck_busy_time_order")),
        sa.ForeignKeyConstraint(
            ["actor_id"], ["actor.id"], name=op.f("fk_busy_time_actor_id_actor"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["calendar_source_id"],
            ["calendar_source.id"],
            name=op.f("fk_busy_time_calendar_source_id_calendar_source"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_busy_time")),
    )
    op.create_index("ix_busy_time_actor_id", "busy_time", ["actor_id", "ends_at"], unique=False)
    op.create_index(op.f("ix_busy_time_calendar_source_id"), "busy_time", ["calendar_source_id"], unique=False)
    op.create_table(
        "change_order",
        sa.Column("id", KEY, autoincrement=True, nullable=False),
        sa.Column("booking_id", KEY, nullable=False),
        sa.Column("extra_id", KEY, nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("party", sa.String(length=12), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("created_at", UTC(), nullable=False),
        sa.ForeignKeyConstraint(["booking_id"], ["booking.id"], name=op.f("fk_change_order_booking_id_booking")),
        sa.ForeignKeyConstraint(["extra_id"], ["booking.id"], name=op.f("fk_change_order_extra_id_booking")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_change_order")),
        sa.UniqueConstraint("booking_id", "number", name="uq_change_order_number"),
        sa.UniqueConstraint("extra_id", name=op.f("uq_change_order_extra_id")),
    )
    op.create_table(
        "message",
        sa.Column("id", KEY, autoincrement=True, nullable=False),
        sa.Column("booking_id", KEY, nullable=False),
        sa.Column("account_id", KEY, nullable=False),
        sa.Column("party", sa.String(length=12), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("token", sa.String(length=64), nullable=False),
        sa.Column("created_at", UTC(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_message_account_id_account")),
        sa.ForeignKeyConstraint(["booking_id"], ["booking.id"], name=op.f("fk_message_booking_id_booking")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_message")),
        sa.UniqueConstraint("token", name=op.f("uq_message_token")),
    )
    op.create_index("ix_message_booking_id", "message", ["booking_id", "created_at"], unique=False)
    op.create_table(
        "offer",
        sa.Column("id", KEY, autoincrement=True, nullable=False),
        sa.Column("booking_id", KEY, nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("party", sa.String(length=12), nullable=False),
        sa.Column("principal_id", KEY, nullable=True),
        sa.Column("quote", Json, nullable=False),
        sa.Column("usage", Json, nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("created_at", UTC(), nullable=False),
        sa.ForeignKeyConstraint(["booking_id"], ["booking.id"], name=op.f("fk_offer_booking_id_booking")),
        sa.ForeignKeyConstraint(["principal_id"], ["account.id"], name=op.f("fk_offer_principal_id_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_offer")),
        sa.UniqueConstraint("booking_id", "number", name="uq_offer_number"),
    )
    op.create_table(
        "time_proposal",
        sa.Column("id", KEY, autoincrement=True, nullable=False),
        sa.Column("booking_id", KEY, nullable=False),
        sa.Column("party", sa.String(length=12), nullable=False),
        sa.Column("principal_id", KEY, nullable=True),
        sa.Column("state", sa.String(length=24), nullable=False),
        sa.Column("starts_at", UTC(), nullable=False),
        sa.Column("ends_at", UTC(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("created_at", UTC(), nullable=False),
        sa.Column("ended_at", UTC(), nullable=True),
        sa.CheckConstraint("starts_at < ends_at", name=op.f("ck_time_proposal_order")),
        sa.ForeignKeyConstraint(["booking_id"], ["booking.id"], name=op.f("fk_time_proposal_booking_id_booking")),
        sa.ForeignKeyConstraint(["principal_id"], ["account.id"], name=op.f("fk_time_proposal_principal_id_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_time_proposal")),
    )
    op.create_index("ix_time_proposal_booking_id", "time_proposal", ["booking_id", "state"], unique=False)
    op.create_index("ix_clip_state", "clip", ["state", "created_at"], unique=False)
    op.create_index("ix_job_run_started_at", "job_run", ["started_at"], unique=False)
    op.create_index("ix_take_state", "take", ["state", "created_at"], unique=False)
    for table, column in new_columns():
        op.add_column(table, column)
    with op.batch_alter_table("notice") as notice:
        notice.add_column(sa.Column("booking_id", KEY, nullable=True))
        notice.create_foreign_key("fk_notice_booking_id_booking", "booking", ["booking_id"], ["id"])


def downgrade() -> None:
    op.drop_index("ix_take_state", table_name="take")
    op.drop_index("ix_job_run_started_at", table_name="job_run")
    op.drop_index("ix_clip_state", table_name="clip")
    op.drop_index("ix_time_proposal_booking_id", table_name="time_proposal")
    op.drop_table("time_proposal")
    op.drop_table("offer")
    op.drop_index("ix_message_booking_id", table_name="message")
    op.drop_table("message")
    op.drop_table("change_order")
    op.drop_index(op.f("ix_busy_time_calendar_source_id"), table_name="busy_time")
    op.drop_index("ix_busy_time_actor_id", table_name="busy_time")
    op.drop_table("busy_time")
    op.drop_index("ix_calendar_source_next_fetch_at", table_name="calendar_source")
    op.drop_index(op.f("ix_calendar_source_actor_id"), table_name="calendar_source")
    op.drop_table("calendar_source")
    op.drop_table("notice_switch")
    op.drop_index(op.f("ix_calendar_feed_account_id"), table_name="calendar_feed")
    op.drop_table("calendar_feed")
    with op.batch_alter_table("notice") as notice:
        notice.drop_constraint("fk_notice_booking_id_booking", type_="foreignkey")
        notice.drop_column("booking_id")
    for table, column in reversed(new_columns()):
        op.drop_column(table, column.name)


def new_columns() -> tuple[tuple[str, sa.Column[Any]], ...]:
    """What existing tables gain; existing rows get the value that a new row would have."""
    return (
        ("actor", sa.Column("no_go", Json, nullable=False, server_default="{}")),
        ("actor", sa.Column("most_intense", sa.BigInteger(), nullable=False, server_default="6")),
        ("booking", sa.Column("asked_as", sa.String(length=12), nullable=False, server_default="booking")),
        ("booking", sa.Column("is_extra", sa.Boolean(), nullable=False, server_default=sa.false())),
        ("booking", sa.Column("counters", sa.BigInteger(), nullable=False, server_default="0")),
        ("booking", sa.Column("extended_at", UTC(), nullable=True)),
        ("booking", sa.Column("pencilled_at", UTC(), nullable=True)),
        ("booking", sa.Column("challenged_at", UTC(), nullable=True)),
        ("booking", sa.Column("challenge_made_at", UTC(), nullable=True)),
        ("booking", sa.Column("claimed_by", sa.String(length=12), nullable=True)),
        ("booking", sa.Column("asks_yes", Json, nullable=False, server_default="[]")),
        ("brief", sa.Column("topics", Json, nullable=False, server_default="[]")),
        ("payout", sa.Column("fee_minor", sa.BigInteger(), nullable=True)),
        ("rate", sa.Column("territory", Json, nullable=False, server_default="{}")),
        ("rate", sa.Column("exclusivity", Json, nullable=False, server_default="{}")),
        ("rate", sa.Column("pickups_included", sa.BigInteger(), nullable=False, server_default="1")),
    )
