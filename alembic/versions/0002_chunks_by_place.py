"""A chunk of a curve is known by its place: no number that only one database could know."""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"

PLACE = ["run_id", "attempt", "series", "ordinal"]


def upgrade() -> None:
    op.drop_index("uq_curve_chunks_place", table_name="curve_chunks")
    with op.batch_alter_table("curve_chunks") as table:
        table.drop_constraint(op.f("pk_curve_chunks"), type_="primary")
        table.drop_column("id")
        table.create_primary_key(op.f("pk_curve_chunks"), PLACE)
