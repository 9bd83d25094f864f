"""Reads long curves from their summaries, and only what those cannot tell value by value."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from sqlalchemy import ColumnElement, and_, case, func, or_, select
from sqlalchemy.orm import Session

from ..tables.runs import CurveChunkRow, RunRow
from ..tables.summaries import CurveSummaryRow
from .chunks import OPEN_VALUES_MAX, Curve, joined, unpack
from .curves import attempt_begins, attempts_by_series, left_at
from .downsample import Downsampled, as_buckets, merge_buckets, segment_bounds
from .summaries import SIZES, unpack_buckets

Line = list[tuple[RunRow, int | None]]
Bound = tuple[int | None, int | None]  # from one step to another, both included; None: no bound
Place = tuple[int, int]  # run and attempt

BUCKETS_A_POINT = 2  # at least: so buckets of a chart differ by a half at most


class NotSummarized(Exception):
    """What is asked for has to be read value by value."""


@dataclass(slots=True)
class Extent:
    """How many values of a series lie in a range, by whole chunks.

    joined: the attempts with chunks that should have a summary.
    """

    values: int = 0
    joined: set[Place] = field(default_factory=set)

    def size(self, points: int) -> int | None:
        """Of the buckets to draw so many points from; None: the values themselves."""
        fitting = [size for size in SIZES if size * BUCKETS_A_POINT * points <= self.values]
        return fitting[-1] if fitting else None


def draw_summaries(
    session: Session, line: Line, names: Collection[str], within: Bound, points: int
) -> dict[str, Downsampled]:
    """Charts of the series that are long enough; the others are left out."""
    extents = _extents(session, line, names, within)
    by_size: dict[int, list[str]] = {}
    for name in names:
        size = extents[name].size(points) if name in extents else None
        if size is not None:
            by_size.setdefault(size, []).append(name)
    drawn: dict[str, Downsampled] = {}
    for size, chosen in by_size.items():
        bounds = _bounds(session, line, chosen, within)
        pieces = _read_pieces(session, bounds, chosen, size)
        for name in chosen:
            try:
                parts = [
                    part
                    for place, bound in bounds[name].items()
                    if (piece := pieces.get((name, *place))) is not None
                    for part in piece.parts(bound, is_joined=place in extents[name].joined)
                ]
            except NotSummarized:
                continue
            # Of overlapping attempts fewer values may count than their chunks hold.
            if sum(int(part.counts.sum()) for part in parts) >= size * BUCKETS_A_POINT * points:
                drawn[name] = merge_buckets(parts, points)
    return drawn


def _extents(
    session: Session, line: Line, names: Collection[str], within: Bound
) -> dict[str, Extent]:
    # Sums keep SQLite from the primary key, which is in the order of the groups, but has no counts.
    place = (CurveChunkRow.series, CurveChunkRow.run_id + 0, CurveChunkRow.attempt + 0)
    is_joined = case((CurveChunkRow.count > OPEN_VALUES_MAX, 1), else_=0)
    query = (
        select(*place, func.sum(CurveChunkRow.count), func.sum(is_joined))
        .where(
            CurveChunkRow.run_id.in_([run.id for run, _ in line]),
            CurveChunkRow.series.in_(names),
            *_in_range(CurveChunkRow, within),
        )
        .group_by(*place)
    )
    found: dict[str, Extent] = {}
    for series, run_id, attempt, values, joined_chunks in session.execute(query):
        extent = found.setdefault(series, Extent())
        extent.values += int(values)
        if joined_chunks:
            extent.joined.add((run_id, attempt))
    return found


def _in_range(
    table: type[CurveChunkRow | CurveSummaryRow], within: Bound
) -> list[ColumnElement[bool]]:
    from_step, to_step = within
    conditions: list[ColumnElement[bool]] = []
    if from_step is not None:
        conditions.append(table.last_step >= from_step)
    if to_step is not None:
        conditions.append(table.first_step <= to_step)
    return conditions


def _bounds(
    session: Session, line: Line, names: Collection[str], within: Bound
) -> dict[str, dict[Place, Bound]]:
    """What counts of each attempt of each run, by series; in the order of the curve."""
    bounds: dict[str, dict[Place, Bound]] = {name: {} for name in names}
    of_runs = segment_bounds([until for _, until in line])
    for (run, _), of_run in zip(line, of_runs, strict=True):
        begins = attempt_begins(session, run.id)
        for name, attempts in attempts_by_series(session, run.id, names).items():
            of_attempts = segment_bounds([left_at(begins, attempt) for attempt in attempts])
            for attempt, of_attempt in zip(attempts, of_attempts, strict=True):
                bound = _narrowed(_narrowed(of_attempt, of_run), within)
                if None in bound or bound[0] <= bound[1]:  # type: ignore[operator]
                    bounds[name][run.id, attempt] = bound
    return bounds


def _narrowed(one: Bound, other: Bound) -> Bound:
    first = [step for step in (one[0], other[0]) if step is not None]
    last = [step for step in (one[1], other[1]) if step is not None]
    return max(first, default=None), min(last, default=None)


def _hull(bounds: Collection[Bound]) -> Bound:
    """The smallest range that holds all others."""
    first = [step for step, _ in bounds if step is not None]
    last = [step for _, step in bounds if step is not None]
    return (
        min(first) if len(first) == len(bounds) else None,
        max(last) if len(last) == len(bounds) else None,
    )


def _read_pieces(
    session: Session, bounds: dict[str, dict[Place, Bound]], names: Collection[str], size: int
) -> dict[tuple[str, int, int], _Piece]:
    """By series, run and attempt."""
    pieces: dict[tuple[str, int, int], _Piece] = {}
    by_run: dict[int, set[Bound]] = {}
    for places in bounds.values():
        for (run_id, _), bound in places.items():
            by_run.setdefault(run_id, set()).add(bound)
    for run_id, of_run in by_run.items():
        row = CurveSummaryRow
        summaries = select(row.series, row.attempt, row.ordinal, row.data).where(
            row.run_id == run_id,
            row.series.in_(names),
            row.size == size,
            *_in_range(row, _hull(of_run)),
        )
        for series, attempt, ordinal, data in session.execute(summaries):
            piece = pieces.setdefault((series, run_id, attempt), _Piece(size))
            piece.summaries.append((ordinal, data))
        for series, attempt, ordinal, count, data in session.execute(
            _chunks_beside(run_id, names, of_run)
        ):
            piece = pieces.setdefault((series, run_id, attempt), _Piece(size))
            kind = piece.cut if count > OPEN_VALUES_MAX else piece.newest
            kind.append((ordinal, data))
    return pieces


def _chunks_beside(run_id: int, names: Collection[str], bounds: Collection[Bound]) -> Any:
    """The chunks that summaries cannot stand for: at the bounds, and the newest ones."""
    row = CurveChunkRow
    edges = sorted({step for bound in bounds for step in bound if step is not None})
    cut = [and_(row.first_step <= step, row.last_step >= step) for step in edges]
    return select(row.series, row.attempt, row.ordinal, row.count, row.data).where(
        row.run_id == run_id,
        row.series.in_(names),
        *_in_range(row, _hull(bounds)),
        or_(row.count <= OPEN_VALUES_MAX, *cut),
    )


@dataclass(slots=True)
class _Piece:
    """What was read of a series of one attempt, each with its ordinal.

    cut: joined chunks in which a bound lies. newest: chunks that are not joined yet.
    """

    size: int
    summaries: list[tuple[int, bytes]] = field(default_factory=list)
    cut: list[tuple[int, bytes]] = field(default_factory=list)
    newest: list[tuple[int, bytes]] = field(default_factory=list)

    def parts(self, bound: Bound, *, is_joined: bool) -> list[Downsampled]:
        """What counts of it: buckets where they are whole, and the values around them.

        Raises:
            NotSummarized: it has no summaries, or its steps do not ascend.
        """
        newest, cut = _curve(self.newest), _curve(self.cut)
        if not self.summaries:
            if is_joined:
                raise NotSummarized
            return [as_buckets(newest.within(*bound))]
        buckets = unpack_buckets([data for _, data in sorted(self.summaries)], self.size)
        if len(newest) and newest.steps[0] <= buckets.last[-1]:
            raise NotSummarized
        around = joined([cut, newest])
        from_step, to_step = bound
        first = 0 if from_step is None else int(np.searchsorted(buckets.first, from_step, "left"))
        end = (
            len(buckets.last)
            if to_step is None
            else int(np.searchsorted(buckets.last, to_step, "right"))
        )
        if end <= first:
            return [as_buckets(around.within(*bound))]
        before = around.within(from_step, int(buckets.first[first]) - 1)
        after = around.within(int(buckets.last[end - 1]) + 1, to_step)
        return [as_buckets(before), buckets.content.part(first, end), as_buckets(after)]


def _curve(chunks: list[tuple[int, bytes]]) -> Curve:
    curve = joined([unpack(data) for _, data in sorted(chunks)])
    if not (np.diff(curve.steps) >= 0).all():
        raise NotSummarized
    return curve
