"""Summaries of curves, from which charts of long runs are drawn; made here of what there is."""

from __future__ import annotations

import struct
from typing import Any

import numpy as np
import sqlalchemy as sa

from alembic import op
from babysit.storage.float_codec import unpack_columns

revision = "0008"
down_revision = "0007"

SIZES = (64, 256, 1024, 4096)
CHUNK_VALUES = 4096
ROW_BUCKETS = 256
KEY = ["run_id", "series", "size", "attempt", "ordinal"]


def whole() -> sa.types.TypeEngine[int]:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    table = op.create_table(
        "curve_summaries",
        sa.Column("run_id", whole(), nullable=False),
        sa.Column("series", sa.Text(), nullable=False),
        sa.Column("size", whole(), nullable=False),
        sa.Column("attempt", whole(), nullable=False),
        sa.Column("ordinal", whole(), nullable=False),
        sa.Column("first_step", whole(), nullable=False),
        sa.Column("last_step", whole(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name=op.f("fk_curve_summaries_run_id")),
        sa.PrimaryKeyConstraint(*KEY, name=op.f("pk_curve_summaries")),
    )
    connection = op.get_bind()
    joined = "FROM curve_chunks WHERE count = :count"
    places = connection.execute(
        sa.text(f"SELECT DISTINCT run_id, attempt, series {joined}"), {"count": CHUNK_VALUES}
    ).all()
    for run_id, attempt, series in places:
        place = {"run_id": run_id, "attempt": attempt, "series": series}
        chunks = connection.execute(
            sa.text(
                f"SELECT data {joined} AND run_id = :run_id AND attempt = :attempt "
                "AND series = :series ORDER BY ordinal"
            ),
            {"count": CHUNK_VALUES, **place},
        )
        rows = rows_of([bytes(data) for (data,) in chunks])
        if rows:
            connection.execute(sa.insert(table), [{**place, **row} for row in rows])


def rows_of(chunks: list[bytes]) -> list[dict[str, Any]]:
    """The summaries of all joined chunks of a series; none if its steps do not ascend."""
    rows: dict[tuple[int, int], dict[str, Any]] = {}
    last_step: int | None = None
    for number, chunk in enumerate(chunks):
        try:
            (count,) = struct.unpack_from("<I", chunk)
            steps, bits = unpack_columns(chunk[4:], 2, count)
        except (struct.error, ValueError):
            return []
        if count != CHUNK_VALUES or not (np.diff(steps) > 0).all():
            return []
        values, first = bits.view(np.float64), int(steps[0])
        if last_step is not None and last_step >= first:
            return []
        last_step = int(steps[-1])
        for size in SIZES:
            key = size, number * CHUNK_VALUES // (size * ROW_BUCKETS)
            row = rows.setdefault(key, {"first_step": first, "data": b""})
            row["last_step"] = last_step
            row["data"] += buckets(steps, values, size)
    return [{"size": size, "ordinal": ordinal, **row} for (size, ordinal), row in rows.items()]


def buckets(steps: Any, values: Any, size: int) -> bytes:
    """First and last step, shown step and value, minimum and maximum of each."""
    table, tabled_steps = values.reshape(-1, size), steps.reshape(-1, size)  # (buckets, size)
    not_a_number = np.isnan(table)
    shown = np.where(not_a_number.any(axis=1), not_a_number.argmax(axis=1), size - 1)
    rows = np.arange(len(table))
    numbers = (
        table[rows, shown],
        plain(np.fmin.reduce(table, axis=1)),
        plain(np.fmax.reduce(table, axis=1)),
    )
    columns = (
        tabled_steps[:, 0],
        tabled_steps[:, -1],
        tabled_steps[rows, shown],
        *(column.view(np.int64) for column in numbers),
    )
    return np.stack(columns, axis=1).astype("<i8").tobytes()


def plain(extremes: Any) -> Any:
    """With one zero and one NaN."""
    return np.where(np.isnan(extremes), np.nan, extremes + 0.0)
