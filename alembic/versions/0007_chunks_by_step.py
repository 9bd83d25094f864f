"""The chunks of a range of steps, and the open ones, are found without a look at all others."""

from __future__ import annotations

from alembic import op

revision = "0007"
down_revision = "0006"

BY_STEP = ["run_id", "series", "last_step", "first_step", "attempt", "count"]
OPEN = ["run_id", "closed", "attempt", "series"]


def upgrade() -> None:
    op.create_index("ix_curve_chunks_by_step", "curve_chunks", BY_STEP, unique=False)
    op.drop_index("ix_curve_chunks_run_id_attempt_closed", table_name="curve_chunks")
    op.create_index("ix_curve_chunks_open", "curve_chunks", OPEN, unique=False)
