"""Money that is always right: reconciliation, documents, evidence, late charges, write-offs and the pace of calls."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from marketplace.models.column import UTC, Json

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "document_series",
        sa.Column("name", sa.String(length=16), nullable=False),
        sa.Column("last_number", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_document_series")),
    )
    op.create_table(
        "pace",
        sa.Column("name", sa.String(length=32), nullable=False),
        sa.Column("next_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_pace")),
    )
    op.create_table(
        "webhook_refusal",
        sa.Column("address", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.String(length=16), nullable=False),
        sa.Column("hour", UTC(), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("address", "reason", "hour", name=op.f("pk_webhook_refusal")),
    )
    op.add_column("stripe_event", sa.Column("replayed_at", UTC(), nullable=True))
    op.create_index("ix_stripe_event_received_at", "stripe_event", ["received_at"])
    op.create_index("ix_outbox_command_state", "outbox_command", ["state", "id"])
    op.create_table(
        "reconciliation_run",
        sa.Column("id", KEY, autoincrement=True, nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("since", UTC(), nullable=False),
        sa.Column("started_at", UTC(), nullable=False),
        sa.Column("finished_at", UTC(), nullable=True),
        sa.Column("looked_at", sa.BigInteger(), nullable=False),
        sa.Column("matched", sa.BigInteger(), nullable=False),
        sa.Column("mended", sa.BigInteger(), nullable=False),
        sa.Column("opened", sa.BigInteger(), nullable=False),
        sa.Column("settled", sa.BigInteger(), nullable=False),
        sa.Column("balances", Json, nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reconciliation_run")),
    )
    op.create_index("ix_reconciliation_run_kind", "reconciliation_run", ["kind", "started_at"])

    op.create_table(
        "bank_payout",
        sa.Column("id", KEY, autoincrement=True, nullable=False),
        sa.Column("actor_id", KEY, nullable=False),
        sa.Column("stripe_account_id", sa.String(length=255), nullable=False),
        sa.Column("stripe_payout_id", sa.String(length=255), nullable=False),
        sa.Column("state", sa.String(length=24), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("arrives_on", sa.Date(), nullable=True),
        sa.Column("failure_code", sa.String(length=64), nullable=False),
        sa.Column("failure_words", sa.Text(), nullable=False),
        sa.Column("created_at", UTC(), nullable=False),
        sa.Column("updated_at", UTC(), nullable=False),
        sa.ForeignKeyConstraint(["actor_id"], ["actor.id"], name=op.f("fk_bank_payout_actor_id_actor")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bank_payout")),
        sa.UniqueConstraint("stripe_payout_id", name=op.f("uq_bank_payout_stripe_payout_id")),
    )
    op.create_index("ix_bank_payout_actor_id", "bank_payout", ["actor_id", "created_at"])

    op.create_table(
        "write_off",
        sa.Column("id", KEY, autoincrement=True, nullable=False),
        sa.Column("actor_id", KEY, nullable=False),
        sa.Column("state", sa.String(length=24), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("proposed_by_id", KEY, nullable=False),
        sa.Column("proposed_at", UTC(), nullable=False),
        sa.Column("decided_by_id", KEY, nullable=True),
        sa.Column("decided_at", UTC(), nullable=True),
        sa.Column("words", sa.Text(), nullable=False),
        sa.CheckConstraint("amount_minor > 0", name=op.f("ck_write_off_amount")),
        sa.CheckConstraint(
            "decided_by_id IS NULL OR decided_by_id <> proposed_by_id", name=op.f("ck_write_off_two_people")
        ),
        sa.ForeignKeyConstraint(["actor_id"], ["actor.id"], name=op.f("fk_write_off_actor_id_actor")),
        sa.ForeignKeyConstraint(["decided_by_id"], ["account.id"], name=op.f("fk_write_off_decided_by_id_account")),
        sa.ForeignKeyConstraint(["proposed_by_id"], ["account.id"], name=op.f("fk_write_off_proposed_by_id_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_write_off")),
    )
    op.create_index(op.f("ix_write_off_actor_id"), "write_off", ["actor_id"])
    op.create_index("ix_write_off_state", "write_off", ["state", "proposed_at"])

    op.create_table(
        "mismatch",
        sa.Column("id", KEY, autoincrement=True, nullable=False),
        sa.Column("key", sa.String(length=160), nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("state", sa.String(length=24), nullable=False),
        sa.Column("booking_id", KEY, nullable=True),
        sa.Column("event_key", sa.String(length=120), nullable=False),
        sa.Column("source_id", sa.String(length=255), nullable=True),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("ours_minor", sa.BigInteger(), nullable=True),
        sa.Column("theirs_minor", sa.BigInteger(), nullable=True),
        sa.Column("says", sa.Text(), nullable=False),
        sa.Column("first_seen_at", UTC(), nullable=False),
        sa.Column("last_seen_at", UTC(), nullable=False),
        sa.Column("settled_at", UTC(), nullable=True),
        sa.Column("settled_by_id", KEY, nullable=True),
        sa.Column("words", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["booking_id"], ["booking.id"], name=op.f("fk_mismatch_booking_id_booking")),
        sa.ForeignKeyConstraint(["settled_by_id"], ["account.id"], name=op.f("fk_mismatch_settled_by_id_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mismatch")),
        sa.UniqueConstraint("key", name=op.f("uq_mismatch_key")),
    )
    op.create_index("ix_mismatch_booking_id", "mismatch", ["booking_id", "state"])
    op.create_index("ix_mismatch_state", "mismatch", ["state", "first_seen_at"])

    op.create_table(
        "document",
        sa.Column("id", KEY, autoincrement=True, nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("series", sa.String(length=16), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("posting_id", KEY, nullable=False),
        sa.Column("booking_id", KEY, nullable=True),
        sa.Column("platform_id", KEY, nullable=True),
        sa.Column("actor_id", KEY, nullable=True),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("facts", Json, nullable=False),
        sa.Column("issued_at", UTC(), nullable=False),
        sa.CheckConstraint("number > 0", name=op.f("ck_document_number")),
        sa.ForeignKeyConstraint(["actor_id"], ["actor.id"], name=op.f("fk_document_actor_id_actor")),
        sa.ForeignKeyConstraint(["booking_id"], ["booking.id"], name=op.f("fk_document_booking_id_booking")),
        sa.ForeignKeyConstraint(["platform_id"], ["platform.id"], name=op.f("fk_document_platform_id_platform")),
        sa.ForeignKeyConstraint(["posting_id"], ["posting.id"], name=op.f("fk_document_posting_id_posting")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_document")),
        sa.UniqueConstraint("posting_id", name=op.f("uq_document_posting_id")),
        sa.UniqueConstraint("series", "number", name="uq_document_number"),
    )
    op.create_index("ix_document_actor_id", "document", ["actor_id", "issued_at"])
    op.create_index(op.f("ix_document_booking_id"), "document", ["booking_id"])
    op.create_index("ix_document_platform_id", "document", ["platform_id", "issued_at"])

    op.create_table(
        "dispute_evidence",
        sa.Column("id", KEY, autoincrement=True, nullable=False),
        sa.Column("dispute_id", KEY, nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("file_key", sa.String(length=200), nullable=False),
        sa.Column("file_name", sa.String(length=120), nullable=False),
        sa.Column("media_type", sa.String(length=60), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("stripe_file_id", sa.String(length=255), nullable=True),
        sa.Column("account_id", KEY, nullable=False),
        sa.Column("created_at", UTC(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_dispute_evidence_account_id_account")),
        sa.ForeignKeyConstraint(["dispute_id"], ["dispute.id"], name=op.f("fk_dispute_evidence_dispute_id_dispute")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dispute_evidence")),
        sa.UniqueConstraint("file_key", name=op.f("uq_dispute_evidence_file_key")),
        sa.UniqueConstraint("stripe_file_id", name=op.f("uq_dispute_evidence_stripe_file_id")),
    )
    op.create_index(op.f("ix_dispute_evidence_dispute_id"), "dispute_evidence", ["dispute_id"])

    op.add_column("dispute", sa.Column("evidence_state", sa.String(length=24), nullable=False, server_default=""))
    op.add_column("dispute", sa.Column("evidence_words", sa.Text(), nullable=False, server_default=""))
    op.add_column("dispute", sa.Column("submitted_at", UTC(), nullable=True))

    op.add_column("payment", sa.Column("customer_id", sa.String(length=255), nullable=True))
    op.add_column("payment", sa.Column("payment_method_id", sa.String(length=255), nullable=True))
    op.add_column("payment", sa.Column("charge_at", UTC(), nullable=True))
    op.add_column("payment", sa.Column("pay_by", UTC(), nullable=True))
    op.create_index(op.f("ix_payment_charge_at"), "payment", ["charge_at"])

    op.create_index("ix_payout_event_before", "payout_event", ["before", "at"])
    op.create_index(op.f("ix_payout_transferred_at"), "payout", ["transferred_at"])
    op.add_column("payout", sa.Column("held_until", UTC(), nullable=True))
    op.add_column("payout", sa.Column("asked_at", UTC(), nullable=True))
    op.add_column("payout", sa.Column("appealed_at", UTC(), nullable=True))

    with op.batch_alter_table("refund") as batch_op:
        batch_op.add_column(sa.Column("retry_of_id", KEY, nullable=True))
        batch_op.add_column(sa.Column("repaid_words", sa.Text(), nullable=False, server_default=""))
        batch_op.add_column(sa.Column("repaid_at", UTC(), nullable=True))
        batch_op.create_index(batch_op.f("ix_refund_retry_of_id"), ["retry_of_id"], unique=False)
        batch_op.create_foreign_key(batch_op.f("fk_refund_retry_of_id_refund"), "refund", ["retry_of_id"], ["id"])

    _keep_documents()


def downgrade() -> None:
    _let_documents_go()
    with op.batch_alter_table("refund") as batch_op:
        batch_op.drop_constraint(batch_op.f("fk_refund_retry_of_id_refund"), type_="foreignkey")
        batch_op.drop_index(batch_op.f("ix_refund_retry_of_id"))
        batch_op.drop_column("repaid_at")
        batch_op.drop_column("repaid_words")
        batch_op.drop_column("retry_of_id")

    op.drop_index(op.f("ix_payout_transferred_at"), table_name="payout")
    op.drop_index("ix_payout_event_before", table_name="payout_event")
    op.drop_column("payout", "appealed_at")
    op.drop_column("payout", "asked_at")
    op.drop_column("payout", "held_until")

    op.drop_index(op.f("ix_payment_charge_at"), table_name="payment")
    op.drop_column("payment", "pay_by")
    op.drop_column("payment", "charge_at")
    op.drop_column("payment", "payment_method_id")
    op.drop_column("payment", "customer_id")

    op.drop_column("dispute", "submitted_at")
    op.drop_column("dispute", "evidence_words")
    op.drop_column("dispute", "evidence_state")

    op.drop_index(op.f("ix_dispute_evidence_dispute_id"), table_name="dispute_evidence")

    op.drop_table("dispute_evidence")
    op.drop_index("ix_document_platform_id", table_name="document")
    op.drop_index(op.f("ix_document_booking_id"), table_name="document")
    op.drop_index("ix_document_actor_id", table_name="document")

    op.drop_table("document")
    op.drop_index("ix_mismatch_state", table_name="mismatch")
    op.drop_index("ix_mismatch_booking_id", table_name="mismatch")

    op.drop_table("mismatch")
    op.drop_index("ix_write_off_state", table_name="write_off")
    op.drop_index(op.f("ix_write_off_actor_id"), table_name="write_off")

    op.drop_table("write_off")
    op.drop_index("ix_bank_payout_actor_id", table_name="bank_payout")

    op.drop_table("bank_payout")
    op.drop_index("ix_reconciliation_run_kind", table_name="reconciliation_run")

    op.drop_table("reconciliation_run")
    op.drop_index("ix_outbox_command_state", table_name="outbox_command")
    op.drop_index("ix_stripe_event_received_at", table_name="stripe_event")
    op.drop_column("stripe_event", "replayed_at")
    op.drop_table("webhook_refusal")
    op.drop_table("pace")
    op.drop_table("document_series")


def _keep_documents() -> None:
    """What was issued is never changed: a mistake gets a document of its own."""
    if op.get_bind().dialect.name == "sqlite":
        for verb in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER document_no_{verb.lower()} BEFORE {verb} ON document "
                "BEGIN SELECT RAISE(ABORT, 'append_only'); END"
            )
        return
    op.execute(
        "CREATE TRIGGER document_append_only BEFORE UPDATE OR DELETE ON document "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )


def _let_documents_go() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for verb in ("update", "delete"):
            op.execute(f"DROP TRIGGER document_no_{verb}")
        return
    op.execute("DROP TRIGGER document_append_only ON document")
