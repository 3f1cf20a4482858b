"""The tables of the whole loop."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from marketplace.models.column import UTC, Json

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "account",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("zone", sa.String(length=64), nullable=False),
        sa.Column("password", sa.String(length=255), nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("fs_uniquifier", sa.String(length=64), nullable=False),
        sa.Column("confirmed_at", UTC(), nullable=True),
        sa.Column("create_datetime", UTC(), nullable=True),
        sa.Column("update_datetime", UTC(), nullable=True),
        sa.Column("last_login_at", UTC(), nullable=True),
        sa.Column("current_login_at", UTC(), nullable=True),
        sa.Column("last_login_ip", sa.String(length=64), nullable=True),
        sa.Column("current_login_ip", sa.String(length=64), nullable=True),
        sa.Column("login_count", sa.BigInteger(), nullable=False),
        sa.Column("tf_primary_method", sa.String(length=64), nullable=True),
        sa.Column("tf_totp_secret", sa.String(length=255), nullable=True),
        sa.Column("mf_recovery_codes", Json, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account")),
        sa.UniqueConstraint("email", name=op.f("uq_account_email")),
        sa.UniqueConstraint("fs_uniquifier", name=op.f("uq_account_fs_uniquifier")),
    )
    op.create_table(
        "balanced",
        sa.Column("imbalance", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("imbalance", name=op.f("pk_balanced")),
    )
    op.create_table(
        "job_run",
        sa.Column("job", sa.String(length=60), nullable=False),
        sa.Column("period", sa.String(length=32), nullable=False),
        sa.Column("started_at", UTC(), nullable=False),
        sa.Column("finished_at", UTC(), nullable=True),
        sa.PrimaryKeyConstraint("job", "period", name=op.f("pk_job_run")),
    )
    op.create_table(
        "ledger_account",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("owner_id", sa.BigInteger(), nullable=True),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_account")),
        sa.UniqueConstraint("id", "currency", name="uq_ledger_account_currency"),
        sa.UniqueConstraint("key", "currency", name="uq_ledger_account_key"),
    )
    op.create_index(op.f("ix_ledger_account_kind"), "ledger_account", ["kind"], unique=False)
    op.create_index(op.f("ix_ledger_account_owner_id"), "ledger_account", ["owner_id"], unique=False)
    op.create_table(
        "outbox_command",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("about", sa.String(length=24), nullable=False),
        sa.Column("about_id", sa.BigInteger(), nullable=False),
        sa.Column("idempotency_key", sa.String(length=120), nullable=False),
        sa.Column("params", Json, nullable=False),
        sa.Column("state", sa.String(length=24), nullable=False),
        sa.Column("attempts", sa.BigInteger(), nullable=False),
        sa.Column("next_at", UTC(), nullable=False),
        sa.Column("lease_until", UTC(), nullable=True),
        sa.Column("first_sent_at", UTC(), nullable=True),
        sa.Column("stripe_id", sa.String(length=255), nullable=True),
        sa.Column("answer", Json, nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("created_at", UTC(), nullable=False),
        sa.Column("settled_at", UTC(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox_command")),
        sa.UniqueConstraint("idempotency_key", name=op.f("uq_outbox_command_idempotency_key")),
        sa.UniqueConstraint("stripe_id", name=op.f("uq_outbox_command_stripe_id")),
    )
    op.create_index("ix_outbox_command_about", "outbox_command", ["about", "about_id"], unique=False)
    op.create_index("ix_outbox_command_due", "outbox_command", ["state", "next_at"], unique=False)
    op.create_table(
        "platform",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("slug", sa.String(length=80), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("site_url", sa.String(length=300), nullable=True),
        sa.Column("about", sa.Text(), nullable=False),
        sa.Column("country", sa.String(length=2), nullable=True),
        sa.Column("zone", sa.String(length=64), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("stripe_customer_id", sa.String(length=64), nullable=True),
        sa.Column("vetted_at", UTC(), nullable=True),
        sa.Column("suspended_at", UTC(), nullable=True),
        sa.Column("created_at", UTC(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_platform")),
        sa.UniqueConstraint("slug", name=op.f("uq_platform_slug")),
        sa.UniqueConstraint("stripe_customer_id", name=op.f("uq_platform_stripe_customer_id")),
    )
    op.create_table(
        "role",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("name", sa.String(length=32), nullable=False),
        sa.Column("description", sa.String(length=200), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_role")),
        sa.UniqueConstraint("name", name=op.f("uq_role_name")),
    )
    op.create_table(
        "stripe_event",
        sa.Column("id", sa.String(length=255), nullable=False),
        sa.Column("stripe_account_id", sa.String(length=255), nullable=True),
        sa.Column("type", sa.String(length=120), nullable=False),
        sa.Column("object_id", sa.String(length=255), nullable=True),
        sa.Column("payload", Json, nullable=False),
        sa.Column("created_at", UTC(), nullable=False),
        sa.Column("received_at", UTC(), nullable=False),
        sa.Column("processed_at", UTC(), nullable=True),
        sa.Column("attempts", sa.BigInteger(), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stripe_event")),
    )
    op.create_index(op.f("ix_stripe_event_object_id"), "stripe_event", ["object_id"], unique=False)
    op.create_index("ix_stripe_event_waiting", "stripe_event", ["processed_at", "received_at"], unique=False)
    op.create_table(
        "account_role",
        sa.Column("account_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("role_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_account_role_account_id_account"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["role_id"], ["role.id"], name=op.f("fk_account_role_role_id_role")),
        sa.PrimaryKeyConstraint("account_id", "role_id", name=op.f("pk_account_role")),
    )
    op.create_table(
        "actor",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("account_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("slug", sa.String(length=80), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("headline", sa.String(length=160), nullable=False),
        sa.Column("bio", sa.Text(), nullable=False),
        sa.Column("city", sa.String(length=80), nullable=False),
        sa.Column("country", sa.String(length=2), nullable=True),
        sa.Column("zone", sa.String(length=64), nullable=False),
        sa.Column("born_on", sa.Date(), nullable=True),
        sa.Column("playing_age_from", sa.BigInteger(), nullable=False),
        sa.Column("playing_age_to", sa.BigInteger(), nullable=False),
        sa.Column("union_status", sa.String(length=24), nullable=False),
        sa.Column("skills", Json, nullable=False),
        sa.Column("credits", Json, nullable=False),
        sa.Column("boundaries", Json, nullable=False),
        sa.Column("portrait_key", sa.String(length=200), nullable=True),
        sa.Column("buffer_minutes", sa.BigInteger(), nullable=False),
        sa.Column("notice_minutes", sa.BigInteger(), nullable=False),
        sa.Column("most_per_day", sa.BigInteger(), nullable=False),
        sa.Column("most_per_week", sa.BigInteger(), nullable=False),
        sa.Column("listed", sa.Boolean(), nullable=False),
        sa.Column("published_at", UTC(), nullable=True),
        sa.Column("verified_at", UTC(), nullable=True),
        sa.Column("suspended_at", UTC(), nullable=True),
        sa.Column("hourly_minor", sa.BigInteger(), nullable=True),
        sa.Column("currency", sa.String(length=3), nullable=True),
        sa.Column("score_points", sa.Double(), nullable=True),
        sa.Column("score_low", sa.Double(), nullable=True),
        sa.Column("score_high", sa.Double(), nullable=True),
        sa.Column("score_confidence", sa.String(length=12), nullable=True),
        sa.Column("scored_at", UTC(), nullable=True),
        sa.Column("created_at", UTC(), nullable=False),
        sa.Column("updated_at", UTC(), nullable=False),
        sa.CheckConstraint("playing_age_from <= playing_age_to", name=op.f("ck_actor_playing_age")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_actor_account_id_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_actor")),
        sa.UniqueConstraint("account_id", name=op.f("uq_actor_account_id")),
        sa.UniqueConstraint("slug", name=op.f("uq_actor_slug")),
    )
    op.create_index("ix_actor_listed_rate", "actor", ["listed", "hourly_minor", "id"], unique=False)
    op.create_index("ix_actor_listed_score", "actor", ["listed", "score_points", "id"], unique=False)
    op.create_index(op.f("ix_actor_name"), "actor", ["name"], unique=False)
    op.create_table(
        "audit",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("at", UTC(), nullable=False),
        sa.Column("principal_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("party", sa.String(length=12), nullable=False),
        sa.Column("about", sa.String(length=24), nullable=False),
        sa.Column("about_id", sa.BigInteger(), nullable=False),
        sa.Column("step", sa.String(length=40), nullable=False),
        sa.Column("before", Json, nullable=False),
        sa.Column("after", Json, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("ip", sa.String(length=64), nullable=True),
        sa.Column("previous_sha256", sa.String(length=64), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["principal_id"], ["account.id"], name=op.f("fk_audit_principal_id_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit")),
        sa.UniqueConstraint("about", "about_id", "previous_sha256", name="uq_audit_chain"),
        sa.UniqueConstraint("sha256", name=op.f("uq_audit_sha256")),
    )
    op.create_index("ix_audit_about", "audit", ["about", "about_id", "id"], unique=False)
    op.create_index(op.f("ix_audit_at"), "audit", ["at"], unique=False)
    op.create_index(op.f("ix_audit_principal_id"), "audit", ["principal_id"], unique=False)
    op.create_table(
        "brief",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("platform_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("project", sa.String(length=120), nullable=False),
        sa.Column("character", sa.String(length=120), nullable=False),
        sa.Column("synopsis", sa.Text(), nullable=False),
        sa.Column("created_at", UTC(), nullable=False),
        sa.ForeignKeyConstraint(["platform_id"], ["platform.id"], name=op.f("fk_brief_platform_id_platform")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_brief")),
    )
    op.create_index(op.f("ix_brief_platform_id"), "brief", ["platform_id"], unique=False)
    op.create_table(
        "member",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("platform_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("account_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("duty", sa.String(length=24), nullable=False),
        sa.Column("created_at", UTC(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_member_account_id_account")),
        sa.ForeignKeyConstraint(["platform_id"], ["platform.id"], name=op.f("fk_member_platform_id_platform")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_member")),
        sa.UniqueConstraint("account_id", name=op.f("uq_member_account_id")),
    )
    op.create_index(op.f("ix_member_platform_id"), "member", ["platform_id"], unique=False)
    op.create_table(
        "notice",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("account_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("key", sa.String(length=120), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("path", sa.String(length=200), nullable=False),
        sa.Column("created_at", UTC(), nullable=False),
        sa.Column("read_at", UTC(), nullable=True),
        sa.Column("mailed_at", UTC(), nullable=True),
        sa.Column("attempts", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_notice_account_id_account"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice")),
        sa.UniqueConstraint("key", name=op.f("uq_notice_key")),
    )
    op.create_index("ix_notice_account_id", "notice", ["account_id", "read_at", "created_at"], unique=False)
    op.create_index("ix_notice_to_mail", "notice", ["mailed_at", "created_at"], unique=False)
    op.create_table(
        "actor_language",
        sa.Column("actor_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("accents", sa.String(length=160), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["actor_id"], ["actor.id"], name=op.f("fk_actor_language_actor_id_actor"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("actor_id", "language", name=op.f("pk_actor_language")),
    )
    op.create_index("ix_actor_language_language", "actor_language", ["language", "actor_id"], unique=False)
    op.create_table(
        "beat",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("brief_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("from_flavour", sa.String(length=40), nullable=False),
        sa.Column("to_flavour", sa.String(length=40), nullable=True),
        sa.Column("intensity", sa.String(length=8), nullable=False),
        sa.Column("display", sa.String(length=10), nullable=False),
        sa.Column("seconds", sa.BigInteger(), nullable=False),
        sa.Column("framing", sa.String(length=24), nullable=False),
        sa.Column("line", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["brief_id"], ["brief.id"], name=op.f("fk_beat_brief_id_brief"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_beat")),
    )
    op.create_index(op.f("ix_beat_brief_id"), "beat", ["brief_id"], unique=False)
    op.create_table(
        "book_out",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("actor_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("starts_at", UTC(), nullable=False),
        sa.Column("ends_at", UTC(), nullable=False),
        sa.Column("reason", sa.String(length=120), nullable=False),
        sa.Column("created_at", UTC(), nullable=False),
        sa.CheckConstraint("starts_at < ends_at", name=op.f("ck_book_out_order")),
        sa.ForeignKeyConstraint(
            ["actor_id"], ["actor.id"], name=op.f("fk_book_out_actor_id_actor"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_book_out")),
    )
    op.create_index("ix_book_out_actor_id", "book_out", ["actor_id", "ends_at"], unique=False)
    op.create_table(
        "booking",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("platform_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("member_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("actor_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("brief_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("state", sa.String(length=24), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("deadline_at", UTC(), nullable=True),
        sa.Column("starts_at", UTC(), nullable=False),
        sa.Column("ends_at", UTC(), nullable=False),
        sa.Column("busy_from", UTC(), nullable=False),
        sa.Column("busy_until", UTC(), nullable=False),
        sa.Column("actor_zone", sa.String(length=64), nullable=False),
        sa.Column("platform_zone", sa.String(length=64), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("total_minor", sa.BigInteger(), nullable=False),
        sa.Column("fee_minor", sa.BigInteger(), nullable=False),
        sa.Column("net_minor", sa.BigInteger(), nullable=False),
        sa.Column("quote", Json, nullable=False),
        sa.Column("usage", Json, nullable=False),
        sa.Column("cancellation", sa.String(length=12), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("request_token", sa.String(length=64), nullable=False),
        sa.Column("created_at", UTC(), nullable=False),
        sa.Column("updated_at", UTC(), nullable=False),
        sa.CheckConstraint("busy_from <= starts_at AND ends_at <= busy_until", name=op.f("ck_booking_busy")),
        sa.CheckConstraint("starts_at < ends_at", name=op.f("ck_booking_session")),
        sa.CheckConstraint("total_minor = net_minor + fee_minor", name=op.f("ck_booking_total")),
        sa.ForeignKeyConstraint(["actor_id"], ["actor.id"], name=op.f("fk_booking_actor_id_actor")),
        sa.ForeignKeyConstraint(["brief_id"], ["brief.id"], name=op.f("fk_booking_brief_id_brief")),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_booking_member_id_member")),
        sa.ForeignKeyConstraint(["platform_id"], ["platform.id"], name=op.f("fk_booking_platform_id_platform")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_booking")),
        sa.UniqueConstraint("request_token", name=op.f("uq_booking_request_token")),
    )
    op.create_index("ix_booking_actor_id_busy", "booking", ["actor_id", "busy_from"], unique=False)
    op.create_index("ix_booking_actor_id_state", "booking", ["actor_id", "state", "starts_at"], unique=False)
    op.create_index(op.f("ix_booking_brief_id"), "booking", ["brief_id"], unique=False)
    op.create_index("ix_booking_platform_id_state", "booking", ["platform_id", "state", "starts_at"], unique=False)
    op.create_index("ix_booking_state_deadline", "booking", ["state", "deadline_at"], unique=False)
    op.create_table(
        "clip",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("actor_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("title", sa.String(length=120), nullable=False),
        sa.Column("role", sa.String(length=120), nullable=False),
        sa.Column("state", sa.String(length=24), nullable=False),
        sa.Column("refusal", sa.String(length=300), nullable=True),
        sa.Column("storage_key", sa.String(length=200), nullable=False),
        sa.Column("poster_key", sa.String(length=200), nullable=True),
        sa.Column("content_type", sa.String(length=80), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("duration_ms", sa.BigInteger(), nullable=True),
        sa.Column("width", sa.BigInteger(), nullable=True),
        sa.Column("height", sa.BigInteger(), nullable=True),
        sa.Column("display_consent_at", UTC(), nullable=True),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("created_at", UTC(), nullable=False),
        sa.ForeignKeyConstraint(["actor_id"], ["actor.id"], name=op.f("fk_clip_actor_id_actor"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_clip")),
        sa.UniqueConstraint("storage_key", name=op.f("uq_clip_storage_key")),
    )
    op.create_index("ix_clip_actor_id_position", "clip", ["actor_id", "position"], unique=False)
    op.create_table(
        "connect_account",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("actor_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("stripe_account_id", sa.String(length=255), nullable=True),
        sa.Column("state", sa.String(length=24), nullable=False),
        sa.Column("country", sa.String(length=2), nullable=True),
        sa.Column("requirements", Json, nullable=False),
        sa.Column("refreshed_at", UTC(), nullable=True),
        sa.Column("bank_changed_at", UTC(), nullable=True),
        sa.Column("created_at", UTC(), nullable=False),
        sa.ForeignKeyConstraint(["actor_id"], ["actor.id"], name=op.f("fk_connect_account_actor_id_actor")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_connect_account")),
        sa.UniqueConstraint("actor_id", name=op.f("uq_connect_account_actor_id")),
        sa.UniqueConstraint("stripe_account_id", name=op.f("uq_connect_account_stripe_account_id")),
    )
    op.create_table(
        "extra_hours",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("actor_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("starts_at", UTC(), nullable=False),
        sa.Column("ends_at", UTC(), nullable=False),
        sa.Column("created_at", UTC(), nullable=False),
        sa.CheckConstraint("starts_at < ends_at", name=op.f("ck_extra_hours_order")),
        sa.ForeignKeyConstraint(
            ["actor_id"], ["actor.id"], name=op.f("fk_extra_hours_actor_id_actor"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_extra_hours")),
    )
    op.create_index("ix_extra_hours_actor_id", "extra_hours", ["actor_id", "ends_at"], unique=False)
    op.create_table(
        "rate",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("actor_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("hourly_minor", sa.BigInteger(), nullable=False),
        sa.Column("minimum_minutes", sa.BigInteger(), nullable=False),
        sa.Column("take_set_minor", sa.BigInteger(), nullable=False),
        sa.Column("revision_minor", sa.BigInteger(), nullable=False),
        sa.Column("rush_bp", sa.BigInteger(), nullable=False),
        sa.Column("usage", Json, nullable=False),
        sa.Column("cancellation", sa.String(length=12), nullable=False),
        sa.Column("updated_at", UTC(), nullable=False),
        sa.CheckConstraint("hourly_minor > 0", name=op.f("ck_rate_hourly")),
        sa.CheckConstraint("minimum_minutes > 0", name=op.f("ck_rate_minimum")),
        sa.ForeignKeyConstraint(["actor_id"], ["actor.id"], name=op.f("fk_rate_actor_id_actor"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rate")),
        sa.UniqueConstraint("actor_id", name=op.f("uq_rate_actor_id")),
    )
    op.create_table(
        "shortlisted",
        sa.Column("platform_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("actor_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("created_at", UTC(), nullable=False),
        sa.ForeignKeyConstraint(
            ["actor_id"], ["actor.id"], name=op.f("fk_shortlisted_actor_id_actor"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["platform_id"], ["platform.id"], name=op.f("fk_shortlisted_platform_id_platform"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("platform_id", "actor_id", name=op.f("pk_shortlisted")),
    )
    op.create_index(op.f("ix_shortlisted_actor_id"), "shortlisted", ["actor_id"], unique=False)
    op.create_table(
        "social_account",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("actor_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("network", sa.String(length=16), nullable=False),
        sa.Column("handle", sa.String(length=80), nullable=False),
        sa.Column("external_id", sa.String(length=80), nullable=True),
        sa.Column("source", sa.String(length=12), nullable=False),
        sa.Column("state", sa.String(length=24), nullable=False),
        sa.Column("proof_code", sa.String(length=40), nullable=True),
        sa.Column("proved_at", UTC(), nullable=True),
        sa.Column("opted_in_at", UTC(), nullable=True),
        sa.Column("followers", sa.BigInteger(), nullable=True),
        sa.Column("fetched_at", UTC(), nullable=True),
        sa.Column("next_fetch_at", UTC(), nullable=True),
        sa.Column("claimed_until", UTC(), nullable=True),
        sa.Column("failures", sa.BigInteger(), nullable=False),
        sa.Column("last_error", sa.String(length=200), nullable=True),
        sa.Column("last_error_at", UTC(), nullable=True),
        sa.Column("created_at", UTC(), nullable=False),
        sa.ForeignKeyConstraint(
            ["actor_id"], ["actor.id"], name=op.f("fk_social_account_actor_id_actor"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_social_account")),
        sa.UniqueConstraint("network", "handle", name="uq_social_account_handle"),
    )
    op.create_index(op.f("ix_social_account_actor_id"), "social_account", ["actor_id"], unique=False)
    op.create_index("ix_social_account_due", "social_account", ["state", "next_fetch_at"], unique=False)
    op.create_table(
        "weekly_hours",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("actor_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("weekday", sa.BigInteger(), nullable=False),
        sa.Column("starts_minute", sa.BigInteger(), nullable=False),
        sa.Column("ends_minute", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "starts_minute >= 0 AND starts_minute < ends_minute AND ends_minute <= 1440",
            name=op.f("ck_weekly_hours_minutes"),
        ),
        sa.CheckConstraint("weekday BETWEEN 0 AND 6", name=op.f("ck_weekly_hours_weekday")),
        sa.ForeignKeyConstraint(
            ["actor_id"], ["actor.id"], name=op.f("fk_weekly_hours_actor_id_actor"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_weekly_hours")),
    )
    op.create_index("ix_weekly_hours_actor_id", "weekly_hours", ["actor_id", "weekday"], unique=False)
    op.create_table(
        "booking_event",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("booking_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", UTC(), nullable=False),
        sa.Column("principal_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("party", sa.String(length=12), nullable=False),
        sa.Column("step", sa.String(length=32), nullable=False),
        sa.Column("before", sa.String(length=24), nullable=True),
        sa.Column("after", sa.String(length=24), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["booking_id"], ["booking.id"], name=op.f("fk_booking_event_booking_id_booking")),
        sa.ForeignKeyConstraint(["principal_id"], ["account.id"], name=op.f("fk_booking_event_principal_id_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_booking_event")),
    )
    op.create_index(op.f("ix_booking_event_booking_id"), "booking_event", ["booking_id"], unique=False)
    op.create_table(
        "capture_session",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("booking_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("started_at", UTC(), nullable=False),
        sa.Column("delivered_at", UTC(), nullable=True),
        sa.Column("accepted_at", UTC(), nullable=True),
        sa.Column("changes_asked", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["booking_id"], ["booking.id"], name=op.f("fk_capture_session_booking_id_booking")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_capture_session")),
        sa.UniqueConstraint("booking_id", name=op.f("uq_capture_session_booking_id")),
    )
    op.create_table(
        "clip_flavour",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("clip_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("actor_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("flavour", sa.String(length=40), nullable=False),
        sa.Column("family", sa.String(length=16), nullable=False),
        sa.Column("intensity", sa.String(length=8), nullable=False),
        sa.Column("display", sa.String(length=10), nullable=False),
        sa.Column("starts_ms", sa.BigInteger(), nullable=False),
        sa.Column("ends_ms", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("ends_ms > starts_ms", name=op.f("ck_clip_flavour_stretch")),
        sa.ForeignKeyConstraint(
            ["actor_id"], ["actor.id"], name=op.f("fk_clip_flavour_actor_id_actor"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["clip_id"], ["clip.id"], name=op.f("fk_clip_flavour_clip_id_clip"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_clip_flavour")),
    )
    op.create_index("ix_clip_flavour_actor_id", "clip_flavour", ["actor_id"], unique=False)
    op.create_index(op.f("ix_clip_flavour_clip_id"), "clip_flavour", ["clip_id"], unique=False)
    op.create_index("ix_clip_flavour_family", "clip_flavour", ["family", "actor_id"], unique=False)
    op.create_index("ix_clip_flavour_flavour", "clip_flavour", ["flavour", "actor_id"], unique=False)
    op.create_table(
        "flag",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("actor_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("platform_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("social_account_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("state", sa.String(length=24), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("evidence", Json, nullable=False),
        sa.Column("appeal", sa.Text(), nullable=False),
        sa.Column("decision", sa.Text(), nullable=False),
        sa.Column("decided_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("opened_at", UTC(), nullable=False),
        sa.Column("closed_at", UTC(), nullable=True),
        sa.ForeignKeyConstraint(["actor_id"], ["actor.id"], name=op.f("fk_flag_actor_id_actor")),
        sa.ForeignKeyConstraint(["decided_by_id"], ["account.id"], name=op.f("fk_flag_decided_by_id_account")),
        sa.ForeignKeyConstraint(["platform_id"], ["platform.id"], name=op.f("fk_flag_platform_id_platform")),
        sa.ForeignKeyConstraint(
            ["social_account_id"], ["social_account.id"], name=op.f("fk_flag_social_account_id_social_account")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_flag")),
    )
    op.create_index(op.f("ix_flag_actor_id"), "flag", ["actor_id"], unique=False)
    op.create_index(op.f("ix_flag_platform_id"), "flag", ["platform_id"], unique=False)
    op.create_index("ix_flag_state", "flag", ["state", "opened_at"], unique=False)
    op.create_table(
        "payment",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("booking_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("platform_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("state", sa.String(length=24), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("refunded_minor", sa.BigInteger(), nullable=False),
        sa.Column("checkout_session_id", sa.String(length=255), nullable=True),
        sa.Column("checkout_url", sa.Text(), nullable=True),
        sa.Column("payment_intent_id", sa.String(length=255), nullable=True),
        sa.Column("charge_id", sa.String(length=255), nullable=True),
        sa.Column("expires_at", UTC(), nullable=True),
        sa.Column("captured_at", UTC(), nullable=True),
        sa.Column("created_at", UTC(), nullable=False),
        sa.Column("updated_at", UTC(), nullable=False),
        sa.CheckConstraint("amount_minor > 0", name=op.f("ck_payment_amount")),
        sa.CheckConstraint("refunded_minor >= 0 AND refunded_minor <= amount_minor", name=op.f("ck_payment_refunded")),
        sa.ForeignKeyConstraint(["booking_id"], ["booking.id"], name=op.f("fk_payment_booking_id_booking")),
        sa.ForeignKeyConstraint(["platform_id"], ["platform.id"], name=op.f("fk_payment_platform_id_platform")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payment")),
        sa.UniqueConstraint("booking_id", name=op.f("uq_payment_booking_id")),
        sa.UniqueConstraint("charge_id", name=op.f("uq_payment_charge_id")),
        sa.UniqueConstraint("checkout_session_id", name=op.f("uq_payment_checkout_session_id")),
        sa.UniqueConstraint("payment_intent_id", name=op.f("uq_payment_payment_intent_id")),
    )
    op.create_index(op.f("ix_payment_platform_id"), "payment", ["platform_id"], unique=False)
    op.create_index("ix_payment_state", "payment", ["state", "expires_at"], unique=False)
    op.create_table(
        "payout",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("booking_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("actor_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("state", sa.String(length=24), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("netted_minor", sa.BigInteger(), nullable=False),
        sa.Column("risk", sa.BigInteger(), nullable=False),
        sa.Column("reasons", Json, nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("expected_on", sa.Date(), nullable=True),
        sa.Column("review_due_at", UTC(), nullable=False),
        sa.Column("undo_until", UTC(), nullable=True),
        sa.Column("approvals", sa.BigInteger(), nullable=False),
        sa.Column("stripe_transfer_id", sa.String(length=255), nullable=True),
        sa.Column("reversed_minor", sa.BigInteger(), nullable=False),
        sa.Column("transferred_at", UTC(), nullable=True),
        sa.Column("created_at", UTC(), nullable=False),
        sa.Column("updated_at", UTC(), nullable=False),
        sa.CheckConstraint(
            "amount_minor >= 0 AND netted_minor >= 0 AND netted_minor <= amount_minor", name=op.f("ck_payout_amount")
        ),
        sa.ForeignKeyConstraint(["actor_id"], ["actor.id"], name=op.f("fk_payout_actor_id_actor")),
        sa.ForeignKeyConstraint(["booking_id"], ["booking.id"], name=op.f("fk_payout_booking_id_booking")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payout")),
        sa.UniqueConstraint("booking_id", name=op.f("uq_payout_booking_id")),
        sa.UniqueConstraint("stripe_transfer_id", name=op.f("uq_payout_stripe_transfer_id")),
    )
    op.create_index("ix_payout_actor_id", "payout", ["actor_id", "created_at"], unique=False)
    op.create_index("ix_payout_state_risk", "payout", ["state", "risk", "created_at"], unique=False)
    op.create_table(
        "performance_grant",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("booking_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("actor_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("platform_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("terms", Json, nullable=False),
        sa.Column("terms_sha256", sa.String(length=64), nullable=False),
        sa.Column("training", sa.Boolean(), nullable=False),
        sa.Column("signed_name", sa.String(length=120), nullable=False),
        sa.Column("signed_at", UTC(), nullable=False),
        sa.Column("expires_at", UTC(), nullable=True),
        sa.Column("revoked_at", UTC(), nullable=True),
        sa.ForeignKeyConstraint(["actor_id"], ["actor.id"], name=op.f("fk_performance_grant_actor_id_actor")),
        sa.ForeignKeyConstraint(["booking_id"], ["booking.id"], name=op.f("fk_performance_grant_booking_id_booking")),
        sa.ForeignKeyConstraint(
            ["platform_id"], ["platform.id"], name=op.f("fk_performance_grant_platform_id_platform")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_performance_grant")),
        sa.UniqueConstraint("booking_id", name=op.f("uq_performance_grant_booking_id")),
    )
    op.create_index(op.f("ix_performance_grant_actor_id"), "performance_grant", ["actor_id"], unique=False)
    op.create_index(op.f("ix_performance_grant_platform_id"), "performance_grant", ["platform_id"], unique=False)
    op.create_table(
        "post_seen",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("social_account_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("external_id", sa.String(length=80), nullable=False),
        sa.Column("posted_at", UTC(), nullable=False),
        sa.Column("fetched_at", UTC(), nullable=False),
        sa.Column("views", sa.BigInteger(), nullable=True),
        sa.Column("likes", sa.BigInteger(), nullable=True),
        sa.Column("comments", sa.BigInteger(), nullable=True),
        sa.Column("shares", sa.BigInteger(), nullable=True),
        sa.Column("quotes", sa.BigInteger(), nullable=True),
        sa.Column("is_paid", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["social_account_id"],
            ["social_account.id"],
            name=op.f("fk_post_seen_social_account_id_social_account"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_post_seen")),
        sa.UniqueConstraint("social_account_id", "external_id", name="uq_post_seen_external_id"),
    )
    op.create_index("ix_post_seen_account", "post_seen", ["social_account_id", "posted_at"], unique=False)
    op.create_table(
        "posting",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("event_key", sa.String(length=120), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("booking_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("stripe_id", sa.String(length=255), nullable=True),
        sa.Column("memo", sa.String(length=200), nullable=False),
        sa.Column("at", UTC(), nullable=False),
        sa.Column("imbalance", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["booking_id"], ["booking.id"], name=op.f("fk_posting_booking_id_booking")),
        sa.ForeignKeyConstraint(
            ["imbalance"],
            ["balanced.imbalance"],
            name=op.f("fk_posting_imbalance_balanced"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_posting")),
        sa.UniqueConstraint("event_key", name=op.f("uq_posting_event_key")),
        sa.UniqueConstraint("id", "currency", name="uq_posting_currency"),
    )
    op.create_index(op.f("ix_posting_at"), "posting", ["at"], unique=False)
    op.create_index(op.f("ix_posting_booking_id"), "posting", ["booking_id"], unique=False)
    op.create_index(op.f("ix_posting_stripe_id"), "posting", ["stripe_id"], unique=False)
    op.create_table(
        "score",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("actor_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("social_account_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("at", UTC(), nullable=False),
        sa.Column("method", sa.String(length=16), nullable=False),
        sa.Column("constants_sha256", sa.String(length=64), nullable=False),
        sa.Column("points", sa.Double(), nullable=False),
        sa.Column("low", sa.Double(), nullable=False),
        sa.Column("high", sa.Double(), nullable=False),
        sa.Column("reach", sa.Double(), nullable=False),
        sa.Column("reach_low", sa.Double(), nullable=False),
        sa.Column("reach_high", sa.Double(), nullable=False),
        sa.Column("confidence", sa.String(length=12), nullable=False),
        sa.Column("networks", Json, nullable=False),
        sa.Column("snapshot_ids", Json, nullable=False),
        sa.Column("components", Json, nullable=False),
        sa.Column("explanation", sa.Text(), nullable=False),
        sa.CheckConstraint("(actor_id IS NULL) <> (social_account_id IS NULL)", name=op.f("ck_score_owner")),
        sa.ForeignKeyConstraint(["actor_id"], ["actor.id"], name=op.f("fk_score_actor_id_actor"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["social_account_id"],
            ["social_account.id"],
            name=op.f("fk_score_social_account_id_social_account"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_score")),
    )
    op.create_index("ix_score_actor_id_at", "score", ["actor_id", "at"], unique=False)
    op.create_index("ix_score_social_account_id_at", "score", ["social_account_id", "at"], unique=False)
    op.create_table(
        "stats_snapshot",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("social_account_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", UTC(), nullable=False),
        sa.Column("source", sa.String(length=12), nullable=False),
        sa.Column("followers", sa.BigInteger(), nullable=True),
        sa.Column("following", sa.BigInteger(), nullable=True),
        sa.Column("posts", sa.BigInteger(), nullable=True),
        sa.Column("detail", Json, nullable=False),
        sa.ForeignKeyConstraint(
            ["social_account_id"],
            ["social_account.id"],
            name=op.f("fk_stats_snapshot_social_account_id_social_account"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stats_snapshot")),
    )
    op.create_index("ix_stats_snapshot_account", "stats_snapshot", ["social_account_id", "at"], unique=False)
    op.create_table(
        "dispute",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("payment_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("booking_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("stripe_dispute_id", sa.String(length=255), nullable=False),
        sa.Column("state", sa.String(length=24), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("fee_minor", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.String(length=64), nullable=False),
        sa.Column("evidence_due_at", UTC(), nullable=True),
        sa.Column("opened_at", UTC(), nullable=False),
        sa.Column("closed_at", UTC(), nullable=True),
        sa.ForeignKeyConstraint(["booking_id"], ["booking.id"], name=op.f("fk_dispute_booking_id_booking")),
        sa.ForeignKeyConstraint(["payment_id"], ["payment.id"], name=op.f("fk_dispute_payment_id_payment")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dispute")),
        sa.UniqueConstraint("stripe_dispute_id", name=op.f("uq_dispute_stripe_dispute_id")),
    )
    op.create_index(op.f("ix_dispute_booking_id"), "dispute", ["booking_id"], unique=False)
    op.create_index(op.f("ix_dispute_payment_id"), "dispute", ["payment_id"], unique=False)
    op.create_table(
        "ledger_entry",
        sa.Column("posting_id", sa.BigInteger(), nullable=False),
        sa.Column("line", sa.BigInteger(), nullable=False),
        sa.Column("ledger_account_id", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("amount_minor <> 0", name=op.f("ck_ledger_entry_amount")),
        sa.ForeignKeyConstraint(
            ["ledger_account_id", "currency"],
            ["ledger_account.id", "ledger_account.currency"],
            name="fk_ledger_entry_account",
        ),
        sa.ForeignKeyConstraint(
            ["posting_id", "currency"], ["posting.id", "posting.currency"], name="fk_ledger_entry_posting"
        ),
        sa.PrimaryKeyConstraint("posting_id", "line", name=op.f("pk_ledger_entry")),
    )
    op.create_index("ix_ledger_entry_account", "ledger_entry", ["ledger_account_id", "posting_id"], unique=False)
    op.create_table(
        "payment_event",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("payment_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", UTC(), nullable=False),
        sa.Column("before", sa.String(length=24), nullable=True),
        sa.Column("after", sa.String(length=24), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("stripe_event_id", sa.String(length=255), nullable=True),
        sa.ForeignKeyConstraint(["payment_id"], ["payment.id"], name=op.f("fk_payment_event_payment_id_payment")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payment_event")),
    )
    op.create_index(op.f("ix_payment_event_payment_id"), "payment_event", ["payment_id"], unique=False)
    op.create_table(
        "payout_event",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("payout_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", UTC(), nullable=False),
        sa.Column("principal_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("party", sa.String(length=12), nullable=False),
        sa.Column("step", sa.String(length=32), nullable=False),
        sa.Column("before", sa.String(length=24), nullable=True),
        sa.Column("after", sa.String(length=24), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["payout_id"], ["payout.id"], name=op.f("fk_payout_event_payout_id_payout")),
        sa.ForeignKeyConstraint(["principal_id"], ["account.id"], name=op.f("fk_payout_event_principal_id_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payout_event")),
    )
    op.create_index(op.f("ix_payout_event_payout_id"), "payout_event", ["payout_id"], unique=False)
    op.create_table(
        "refund",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("payment_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("booking_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("state", sa.String(length=24), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("stripe_refund_id", sa.String(length=255), nullable=True),
        sa.Column("created_at", UTC(), nullable=False),
        sa.Column("updated_at", UTC(), nullable=False),
        sa.CheckConstraint("amount_minor > 0", name=op.f("ck_refund_amount")),
        sa.ForeignKeyConstraint(["booking_id"], ["booking.id"], name=op.f("fk_refund_booking_id_booking")),
        sa.ForeignKeyConstraint(["payment_id"], ["payment.id"], name=op.f("fk_refund_payment_id_payment")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_refund")),
        sa.UniqueConstraint("stripe_refund_id", name=op.f("uq_refund_stripe_refund_id")),
    )
    op.create_index(op.f("ix_refund_booking_id"), "refund", ["booking_id"], unique=False)
    op.create_index(op.f("ix_refund_payment_id"), "refund", ["payment_id"], unique=False)
    op.create_table(
        "take",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("capture_session_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("beat_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("flavour", sa.String(length=40), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=24), nullable=False),
        sa.Column("refusal", sa.String(length=300), nullable=True),
        sa.Column("storage_key", sa.String(length=200), nullable=False),
        sa.Column("poster_key", sa.String(length=200), nullable=True),
        sa.Column("content_type", sa.String(length=80), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("duration_ms", sa.BigInteger(), nullable=True),
        sa.Column("width", sa.BigInteger(), nullable=True),
        sa.Column("height", sa.BigInteger(), nullable=True),
        sa.Column("selected_at", UTC(), nullable=True),
        sa.Column("created_at", UTC(), nullable=False),
        sa.ForeignKeyConstraint(["beat_id"], ["beat.id"], name=op.f("fk_take_beat_id_beat")),
        sa.ForeignKeyConstraint(
            ["capture_session_id"], ["capture_session.id"], name=op.f("fk_take_capture_session_id_capture_session")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_take")),
        sa.UniqueConstraint("capture_session_id", "number", name="uq_take_number"),
        sa.UniqueConstraint("storage_key", name=op.f("uq_take_storage_key")),
    )
    op.create_table(
        "upload",
        sa.Column("token", sa.String(length=43), nullable=False),
        sa.Column("account_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("purpose", sa.String(length=12), nullable=False),
        sa.Column("capture_session_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("filename", sa.String(length=200), nullable=False),
        sa.Column("content_type", sa.String(length=80), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("fields", Json, nullable=False),
        sa.Column("received", sa.BigInteger(), nullable=False),
        sa.Column("finished_at", UTC(), nullable=True),
        sa.Column("created_at", UTC(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_upload_account_id_account")),
        sa.ForeignKeyConstraint(
            ["capture_session_id"], ["capture_session.id"], name=op.f("fk_upload_capture_session_id_capture_session")
        ),
        sa.PrimaryKeyConstraint("token", name=op.f("pk_upload")),
    )
    op.create_index("ix_upload_account_id", "upload", ["account_id", "created_at"], unique=False)
    op.create_table(
        "take_note",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("take_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("account_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("resolved_at", UTC(), nullable=True),
        sa.Column("created_at", UTC(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_take_note_account_id_account")),
        sa.ForeignKeyConstraint(["take_id"], ["take.id"], name=op.f("fk_take_note_take_id_take"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_take_note")),
    )
    op.create_index(op.f("ix_take_note_take_id"), "take_note", ["take_id"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_take_note_take_id"), table_name="take_note")
    op.drop_table("take_note")
    op.drop_index("ix_upload_account_id", table_name="upload")
    op.drop_table("upload")
    op.drop_table("take")
    op.drop_index(op.f("ix_refund_payment_id"), table_name="refund")
    op.drop_index(op.f("ix_refund_booking_id"), table_name="refund")
    op.drop_table("refund")
    op.drop_index(op.f("ix_payout_event_payout_id"), table_name="payout_event")
    op.drop_table("payout_event")
    op.drop_index(op.f("ix_payment_event_payment_id"), table_name="payment_event")
    op.drop_table("payment_event")
    op.drop_index("ix_ledger_entry_account", table_name="ledger_entry")
    op.drop_table("ledger_entry")
    op.drop_index(op.f("ix_dispute_payment_id"), table_name="dispute")
    op.drop_index(op.f("ix_dispute_booking_id"), table_name="dispute")
    op.drop_table("dispute")
    op.drop_index("ix_stats_snapshot_account", table_name="stats_snapshot")
    op.drop_table("stats_snapshot")
    op.drop_index("ix_score_social_account_id_at", table_name="score")
    op.drop_index("ix_score_actor_id_at", table_name="score")
    op.drop_table("score")
    op.drop_index(op.f("ix_posting_stripe_id"), table_name="posting")
    op.drop_index(op.f("ix_posting_booking_id"), table_name="posting")
    op.drop_index(op.f("ix_posting_at"), table_name="posting")
    op.drop_table("posting")
    op.drop_index("ix_post_seen_account", table_name="post_seen")
    op.drop_table("post_seen")
    op.drop_index(op.f("ix_performance_grant_platform_id"), table_name="performance_grant")
    op.drop_index(op.f("ix_performance_grant_actor_id"), table_name="performance_grant")
    op.drop_table("performance_grant")
    op.drop_index("ix_payout_state_risk", table_name="payout")
    op.drop_index("ix_payout_actor_id", table_name="payout")
    op.drop_table("payout")
    op.drop_index("ix_payment_state", table_name="payment")
    op.drop_index(op.f("ix_payment_platform_id"), table_name="payment")
    op.drop_table("payment")
    op.drop_index("ix_flag_state", table_name="flag")
    op.drop_index(op.f("ix_flag_platform_id"), table_name="flag")
    op.drop_index(op.f("ix_flag_actor_id"), table_name="flag")
    op.drop_table("flag")
    op.drop_index("ix_clip_flavour_flavour", table_name="clip_flavour")
    op.drop_index("ix_clip_flavour_family", table_name="clip_flavour")
    op.drop_index(op.f("ix_clip_flavour_clip_id"), table_name="clip_flavour")
    op.drop_index("ix_clip_flavour_actor_id", table_name="clip_flavour")
    op.drop_table("clip_flavour")
    op.drop_table("capture_session")
    op.drop_index(op.f("ix_booking_event_booking_id"), table_name="booking_event")
    op.drop_table("booking_event")
    op.drop_index("ix_weekly_hours_actor_id", table_name="weekly_hours")
    op.drop_table("weekly_hours")
    op.drop_index("ix_social_account_due", table_name="social_account")
    op.drop_index(op.f("ix_social_account_actor_id"), table_name="social_account")
    op.drop_table("social_account")
    op.drop_index(op.f("ix_shortlisted_actor_id"), table_name="shortlisted")
    op.drop_table("shortlisted")
    op.drop_table("rate")
    op.drop_index("ix_extra_hours_actor_id", table_name="extra_hours")
    op.drop_table("extra_hours")
    op.drop_table("connect_account")
    op.drop_index("ix_clip_actor_id_position", table_name="clip")
    op.drop_table("clip")
    op.drop_index("ix_booking_state_deadline", table_name="booking")
    op.drop_index("ix_booking_platform_id_state", table_name="booking")
    op.drop_index(op.f("ix_booking_brief_id"), table_name="booking")
    op.drop_index("ix_booking_actor_id_state", table_name="booking")
    op.drop_index("ix_booking_actor_id_busy", table_name="booking")
    op.drop_table("booking")
    op.drop_index("ix_book_out_actor_id", table_name="book_out")
    op.drop_table("book_out")
    op.drop_index(op.f("ix_beat_brief_id"), table_name="beat")
    op.drop_table("beat")
    op.drop_index("ix_actor_language_language", table_name="actor_language")
    op.drop_table("actor_language")
    op.drop_index("ix_notice_to_mail", table_name="notice")
    op.drop_index("ix_notice_account_id", table_name="notice")
    op.drop_table("notice")
    op.drop_index(op.f("ix_member_platform_id"), table_name="member")
    op.drop_table("member")
    op.drop_index(op.f("ix_brief_platform_id"), table_name="brief")
    op.drop_table("brief")
    op.drop_index(op.f("ix_audit_principal_id"), table_name="audit")
    op.drop_index(op.f("ix_audit_at"), table_name="audit")
    op.drop_index("ix_audit_about", table_name="audit")
    op.drop_table("audit")
    op.drop_index(op.f("ix_actor_name"), table_name="actor")
    op.drop_index("ix_actor_listed_score", table_name="actor")
    op.drop_index("ix_actor_listed_rate", table_name="actor")
    op.drop_table("actor")
    op.drop_table("account_role")
    op.drop_index("ix_stripe_event_waiting", table_name="stripe_event")
    op.drop_index(op.f("ix_stripe_event_object_id"), table_name="stripe_event")
    op.drop_table("stripe_event")
    op.drop_table("role")
    op.drop_table("platform")
    op.drop_index("ix_outbox_command_due", table_name="outbox_command")
    op.drop_index("ix_outbox_command_about", table_name="outbox_command")
    op.drop_table("outbox_command")
    op.drop_index(op.f("ix_ledger_account_owner_id"), table_name="ledger_account")
    op.drop_index(op.f("ix_ledger_account_kind"), table_name="ledger_account")
    op.drop_table("ledger_account")
    op.drop_table("job_run")
    op.drop_table("balanced")
    op.drop_table("account")
