"""First tables."""

from __future__ import annotations

import sqlalchemy as sa

from alembic import op

revision = "0001"
down_revision = None


def whole() -> sa.types.TypeEngine[int]:
    """64 bits everywhere; SQLite numbers rows only in a column that is called INTEGER."""
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "idempotency_keys",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("request_sha256", sa.String(length=64), nullable=False),
        sa.Column("status_code", whole(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("created_at_s", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_idempotency_keys")),
    )
    op.create_table(
        "runs",
        sa.Column("id", whole(), autoincrement=False, nullable=False),
        sa.Column("family_id", whole(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("task", sa.Text(), nullable=False),
        sa.Column("steps", whole(), nullable=False),
        sa.Column("seed", whole(), nullable=False),
        sa.Column("values", sa.Text(), nullable=False),
        sa.Column("created_at", sa.Text(), nullable=False),
        sa.Column("initial_values", sa.Text(), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "queued",
                "starting",
                "running",
                "paused",
                "finished",
                "stopped",
                "failed",
                "lost",
                name="status",
                native_enum=False,
                create_constraint=True,
                length=16,
            ),
            nullable=False,
        ),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("step", whole(), nullable=False),
        sa.Column("attempt", whole(), nullable=False),
        sa.Column("server_seq", whole(), nullable=False),
        sa.Column("last_event_id", whole(), nullable=False),
        sa.Column("parent_run_id", whole(), nullable=True),
        sa.Column("parent_step", whole(), nullable=True),
        sa.Column("parent_checkpoint_id", whole(), nullable=True),
        sa.Column("live", sa.Boolean(), nullable=False),
        sa.Column("demo", sa.Boolean(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("max_steps_per_s", sa.Double(), nullable=True),
        sa.Column("started_at", sa.Text(), nullable=True),
        sa.Column("ended_at", sa.Text(), nullable=True),
        sa.Column("trashed_at", sa.Text(), nullable=True),
        sa.Column("effective", sa.Text(), nullable=True),
        sa.Column("latest", sa.Text(), nullable=False),
        sa.Column("best_step", whole(), nullable=True),
        sa.Column("best_val_cost", sa.Double(), nullable=True),
        sa.Column("steps_per_epoch", whole(), nullable=True),
        sa.Column("train_size", whole(), nullable=True),
        sa.Column("threads", whole(), nullable=True),
        sa.Column("device", sa.Text(), nullable=True),
        sa.Column("checkpoint_count", whole(), nullable=False),
        sa.CheckConstraint(
            "(parent_run_id IS NULL) = (parent_step IS NULL)", name=op.f("ck_runs_fork_has_step")
        ),
        sa.CheckConstraint("steps > 0", name=op.f("ck_runs_steps_positive")),
        sa.ForeignKeyConstraint(["parent_run_id"], ["runs.id"], name=op.f("fk_runs_parent_run_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_runs")),
    )
    op.create_index("ix_runs_family_id", "runs", ["family_id"], unique=False)
    op.create_index("ix_runs_status", "runs", ["status"], unique=False)

    op.create_table(
        "sessions",
        sa.Column("cookie_sha256", sa.String(length=64), nullable=False),
        sa.Column("token_sha256", sa.String(length=64), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("created_at_s", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("cookie_sha256", name=op.f("pk_sessions")),
    )
    op.create_table(
        "checkpoints",
        sa.Column("id", whole(), autoincrement=False, nullable=False),
        sa.Column("run_id", whole(), nullable=False),
        sa.Column("step", whole(), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("directory", sa.Text(), nullable=False),
        sa.Column("val_cost", sa.Text(), nullable=True),
        sa.Column("bytes", whole(), nullable=False),
        sa.Column("weights_sha256", sa.Text(), nullable=False),
        sa.Column("state_sha256", sa.Text(), nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.Column("command_id", whole(), nullable=True),
        sa.Column("pinned", sa.Boolean(), nullable=False),
        sa.Column("removed", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name=op.f("fk_checkpoints_run_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_checkpoints")),
    )
    op.create_index("ix_checkpoints_run_id", "checkpoints", ["run_id"], unique=False)

    op.create_table(
        "commands",
        sa.Column("run_id", whole(), nullable=False),
        sa.Column("id", whole(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("created_at", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("step", whole(), nullable=True),
        sa.Column("before", sa.Text(), nullable=True),
        sa.Column("after", sa.Text(), nullable=True),
        sa.Column("undo_values", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("field", sa.Text(), nullable=True),
        sa.Column("notes", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "status IN ('pending', 'applied', 'refused')", name=op.f("ck_commands_status")
        ),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name=op.f("fk_commands_run_id")),
        sa.PrimaryKeyConstraint("run_id", "id", name=op.f("pk_commands")),
    )
    op.create_index("ix_commands_run_id_status", "commands", ["run_id", "status"], unique=False)

    op.create_table(
        "curve_chunks",
        sa.Column("id", whole(), nullable=False),
        sa.Column("run_id", whole(), nullable=False),
        sa.Column("attempt", whole(), nullable=False),
        sa.Column("series", sa.Text(), nullable=False),
        sa.Column("ordinal", whole(), nullable=False),
        sa.Column("first_step", whole(), nullable=False),
        sa.Column("last_step", whole(), nullable=False),
        sa.Column("count", whole(), nullable=False),
        sa.Column("low", sa.Double(), nullable=True),
        sa.Column("high", sa.Double(), nullable=True),
        sa.Column("closed", sa.Boolean(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name=op.f("fk_curve_chunks_run_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_curve_chunks")),
    )
    op.create_index(
        "ix_curve_chunks_run_id_attempt_closed",
        "curve_chunks",
        ["run_id", "attempt", "closed"],
        unique=False,
    )
    op.create_index(
        "uq_curve_chunks_place",
        "curve_chunks",
        ["run_id", "attempt", "series", "ordinal"],
        unique=True,
    )

    op.create_table(
        "events",
        sa.Column("id", whole(), nullable=False),
        sa.Column("run_id", whole(), nullable=False),
        sa.Column("attempt", whole(), nullable=False),
        sa.Column("seq", whole(), nullable=False),
        sa.Column("step", whole(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name=op.f("fk_events_run_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_events")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_events_run_id_id", "events", ["run_id", "id"], unique=False)
    op.create_index(
        "uq_events_run_id_attempt_seq", "events", ["run_id", "attempt", "seq"], unique=True
    )

    op.create_table(
        "journal_cursors",
        sa.Column("run_id", whole(), nullable=False),
        sa.Column("attempt", whole(), nullable=False),
        sa.Column("byte_offset", whole(), nullable=False),
        sa.Column("seq", whole(), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name=op.f("fk_journal_cursors_run_id")),
        sa.PrimaryKeyConstraint("run_id", "attempt", name=op.f("pk_journal_cursors")),
    )
