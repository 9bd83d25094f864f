"""Runs that repeat a recipe, what came of it, and commands that act at a known step."""

from __future__ import annotations

import sqlalchemy as sa

from alembic import op

revision = "0003"
down_revision = "0002"


def whole() -> sa.types.TypeEngine[int]:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("runs", sa.Column("replay_of", whole(), nullable=True))
    op.add_column("runs", sa.Column("replayed", sa.Text(), nullable=True))
    op.add_column("commands", sa.Column("redo_at", whole(), nullable=True))
