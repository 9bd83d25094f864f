"""What is best in a run or a search: a series, and whether a low or a high value is better."""

from __future__ import annotations

import sqlalchemy as sa

from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    for table in ("runs", "searches"):
        op.add_column(
            table, sa.Column("objective", sa.Text(), nullable=False, server_default="val/cost")
        )
        op.add_column(table, sa.Column("mode", sa.Text(), nullable=False, server_default="min"))
    op.add_column("checkpoints", sa.Column("objective_value", sa.Text(), nullable=True))
