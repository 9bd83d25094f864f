"""Searches, their rounds and trials, and which runs are trials."""

from __future__ import annotations

import sqlalchemy as sa

from alembic import op

revision = "0004"
down_revision = "0003"


def whole() -> sa.types.TypeEngine[int]:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    for name in ("search_id", "trial", "round"):
        op.add_column("runs", sa.Column(name, whole(), nullable=True))
    op.create_index("ix_runs_search_id", "runs", ["search_id"], unique=False)
    op.create_table(
        "searches",
        sa.Column("id", whole(), autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("task", sa.Text(), nullable=False),
        sa.Column("strategy", sa.Text(), nullable=False),
        sa.Column("space", sa.Text(), nullable=False),
        sa.Column("trials", whole(), nullable=False),
        sa.Column("steps", whole(), nullable=False),
        sa.Column("parallel", whole(), nullable=False),
        sa.Column("seed", whole(), nullable=False),
        sa.Column("stop_early", sa.Text(), nullable=True),
        sa.Column("from_checkpoint", whole(), nullable=True),
        sa.Column("keep", whole(), nullable=False),
        sa.Column("widen", sa.Double(), nullable=False),
        sa.Column("rounds", whole(), nullable=False),
        sa.Column("points", sa.Text(), nullable=False),
        sa.Column("parent_id", whole(), nullable=True),
        sa.Column("clipped", sa.Text(), nullable=False),
        sa.Column("created_at", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("ended_at", sa.Text(), nullable=True),
        sa.Column("closed", sa.Boolean(), nullable=False),
        sa.Column("seeds_asked", sa.Text(), nullable=False),
        sa.Column("journal_seq", whole(), nullable=False),
        sa.CheckConstraint(
            "status IN ('queued', 'running', 'paused', 'finished', 'stopped')",
            name=op.f("ck_searches_status"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_searches")),
    )
    op.create_table(
        "search_rounds",
        sa.Column("search_id", whole(), autoincrement=False, nullable=False),
        sa.Column("round", whole(), autoincrement=False, nullable=False),
        sa.Column("space", sa.Text(), nullable=False),
        sa.Column("kept", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("search_id", "round", name=op.f("pk_search_rounds")),
    )
    op.create_table(
        "trials",
        sa.Column("search_id", whole(), autoincrement=False, nullable=False),
        sa.Column("number", whole(), autoincrement=False, nullable=False),
        sa.Column("round", whole(), nullable=False),
        sa.Column("run_id", whole(), nullable=False),
        sa.Column("values", sa.Text(), nullable=False),
        sa.Column("seed", whole(), nullable=False),
        sa.Column("repeat_of", whole(), nullable=True),
        sa.Column("ended", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("search_id", "number", name=op.f("pk_trials")),
    )
    op.create_index("ix_trials_run_id", "trials", ["run_id"], unique=False)
