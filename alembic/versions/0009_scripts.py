"""Runs of people's own scripts: how they were started, and what they declare."""

from __future__ import annotations

import sqlalchemy as sa

from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.add_column("runs", sa.Column("script", sa.Text(), nullable=True))
    op.add_column("runs", sa.Column("declared", sa.Text(), nullable=True))
