"""Whether a run pauses when its cost blows up."""

from __future__ import annotations

import sqlalchemy as sa

from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.add_column(
        "runs", sa.Column("guard", sa.Boolean(), nullable=False, server_default=sa.true())
    )
