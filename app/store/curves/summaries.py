"""Summaries of curves: buckets of a few sizes, stored with the chunks that they summarize.

A chart of a long run is drawn from them, so that it reads as much for ten million values as for
one. A series whose steps do not ascend strictly has none: its values are read one by one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import delete, select, tuple_
from sqlalchemy.orm import Session

from ...errors import DatabaseCorrupt
from ..tables.runs import DAMAGED, CurveChunkRow
from ..tables.summaries import CurveSummaryRow
from .chunks import CLOSED_VALUES, OPEN_VALUES_MAX, Curve, Numbers, Steps
from .downsample import Downsampled, downsample

SIZES = (64, 256, 1024, CLOSED_VALUES)  # values of a bucket
ROW_BUCKETS = 256
COLUMNS = 6
BUCKET_BYTES = COLUMNS * 8


@dataclass(frozen=True, slots=True)
class Buckets:
    """Consecutive buckets of one attempt. first, last: (B,), their steps, strictly ascending."""

    first: Steps
    last: Steps
    content: Downsampled


def summarize_chunk(session: Session, chunk: CurveChunkRow, curve: Curve) -> None:
    """Store the buckets of a chunk that was joined; the summaries end where it begins."""
    number = chunk.ordinal // (CLOSED_VALUES // OPEN_VALUES_MAX)  # of the joined chunks
    before = _summaries_of(session, chunk, number - 1) if number else {}
    if not _follows(before, number, curve):
        _forget(session, chunk)
        return
    first_step, last_step = int(curve.steps[0]), int(curve.steps[-1])
    for size in SIZES:
        data = pack_buckets(curve, size)
        if number % _row_chunks(size):
            row = before[size]
            row.data, row.last_step = row.data + data, last_step
            continue
        row = CurveSummaryRow(
            run_id=chunk.run_id,
            series=chunk.series,
            size=size,
            attempt=chunk.attempt,
            ordinal=number // _row_chunks(size),
            first_step=first_step,
            last_step=last_step,
            data=data,
        )
        session.add(row)


def _row_chunks(size: int) -> int:
    """How many joined chunks one row holds."""
    return ROW_BUCKETS * size // CLOSED_VALUES


def _summaries_of(
    session: Session, chunk: CurveChunkRow, number: int
) -> dict[int, CurveSummaryRow]:
    """The rows that hold one of the joined chunks of a series, by size."""
    places = [(size, number // _row_chunks(size)) for size in SIZES]
    query = select(CurveSummaryRow).where(
        CurveSummaryRow.run_id == chunk.run_id,
        CurveSummaryRow.series == chunk.series,
        CurveSummaryRow.attempt == chunk.attempt,
        tuple_(CurveSummaryRow.size, CurveSummaryRow.ordinal).in_(places),
    )
    return {row.size: row for row in session.scalars(query)}


def _follows(before: dict[int, CurveSummaryRow], number: int, curve: Curve) -> bool:
    """Whether all earlier chunks have summaries, and the steps ascend from them on."""
    if not (np.diff(curve.steps) > 0).all():
        return False
    return number == 0 or all(
        size in before
        and before[size].last_step < curve.steps[0]
        and len(before[size].data) == _bytes_up_to(size, number - 1)
        for size in SIZES
    )


def _bytes_up_to(size: int, number: int) -> int:
    """Of the row that ends with one of the joined chunks."""
    return (number % _row_chunks(size) + 1) * (CLOSED_VALUES // size) * BUCKET_BYTES


def _forget(session: Session, chunk: CurveChunkRow) -> None:
    session.execute(
        delete(CurveSummaryRow).where(
            CurveSummaryRow.run_id == chunk.run_id,
            CurveSummaryRow.series == chunk.series,
            CurveSummaryRow.attempt == chunk.attempt,
        ),
        execution_options={"synchronize_session": "fetch"},
    )


def pack_buckets(curve: Curve, size: int) -> bytes:
    """One after the other: first and last step, shown step and value, minimum and maximum."""
    buckets = downsample(curve, len(curve) // size)
    columns: NDArray[np.int64] = np.stack(
        [
            curve.steps[::size],
            curve.steps[size - 1 :: size],
            buckets.steps,
            buckets.values.view(np.int64),
            _plain(buckets.low).view(np.int64),
            _plain(buckets.high).view(np.int64),
        ],
        axis=1,
    )
    return columns.astype("<i8").tobytes()


def _plain(extremes: Numbers) -> Numbers:
    """With one zero and one NaN, so that summaries are equal whatever machine made them."""
    return np.where(np.isnan(extremes), np.nan, extremes + 0.0)


def unpack_buckets(parts: list[bytes], size: int) -> Buckets:
    """Raises: DatabaseCorrupt: these are no summaries."""
    try:
        columns = np.frombuffer(b"".join(parts), "<i8").reshape(-1, COLUMNS).T.copy()
    except ValueError as error:
        raise DatabaseCorrupt(DAMAGED) from error
    first, last, shown, *numbers = columns
    value, low, high = (part.view(np.float64) for part in numbers)
    counts = np.full(len(first), size, np.int64)
    return Buckets(first, last, Downsampled(shown, value, low, high, counts))
