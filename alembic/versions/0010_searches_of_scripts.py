"""Searches over people's own scripts: how the script is started, and what it declared."""

from __future__ import annotations

import sqlalchemy as sa

from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.add_column("searches", sa.Column("script", sa.Text(), nullable=True))
