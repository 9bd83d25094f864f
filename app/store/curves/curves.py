"""Curves in SQL: points in, as compressed chunks; whole, stitched and thinned curves out."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any, TypeAlias

import numpy as np
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from babysit.storage.journal import Points, to_jsonable

from ...limits import SERIES_MAX
from ..tables.runs import CurveChunkRow, EventRow, RunRow
from .best import note_best
from .chunks import (
    CLOSED_VALUES,
    OPEN_VALUES_MAX,
    Curve,
    empty,
    extremes,
    joined,
    pack,
    unpack,
)
from .downsample import (
    NEVER_SMOOTHED,
    Downsampled,
    Segment,
    concatenate_segments,
    downsample,
    smoothed,
)

SERIES_CHARACTERS_MAX = 200

OpenChunks: TypeAlias = dict[str, CurveChunkRow]  # by series, of one attempt


def append_points(
    session: Session,
    run: RunRow,
    attempt: int,
    blocks: Iterable[Points],
    opened: OpenChunks | None = None,
) -> OpenChunks | None:
    """Store points of one attempt, and what they say about the run as a whole.

    opened: the open chunks, from an earlier call in the same transaction; None: not known, they are
        looked up if they are needed.
    """
    found: dict[str, list[Curve]] = {}
    for block in blocks:
        for name, values in zip(block.names, block.values, strict=True):
            found.setdefault(name[:SERIES_CHARACTERS_MAX], []).append(Curve(block.steps, values))
    curves = {name: joined(parts) for name, parts in found.items() if any(map(len, parts))}
    if not curves:
        return opened
    if opened is None:
        opened = _open_chunks(session, run.id, attempt)
    room = SERIES_MAX - len(opened)
    for name, curve in curves.items():
        room -= name not in opened
        if name in opened or room >= 0:  # whatever was read together: the first ones are kept
            grown = (opened.get(name), curve)
            opened[name] = _append(session, run.id, attempt, name, grown)
    if attempt == run.attempt:
        _note_latest(run, curves)
    return opened


def _open_chunks(session: Session, run_id: int, attempt: int) -> OpenChunks:
    query = select(CurveChunkRow).where(
        CurveChunkRow.run_id == run_id,
        CurveChunkRow.attempt == attempt,
        ~CurveChunkRow.closed,
    )
    return {row.series: row for row in session.scalars(query)}


def _append(
    session: Session,
    run_id: int,
    attempt: int,
    series: str,
    grown: tuple[CurveChunkRow | None, Curve],
) -> CurveChunkRow:
    """Grow the open chunk; close it when it is full, and go on in the next one, which is open."""
    row, curve = grown
    ordinal = 0
    if row is not None:
        curve = joined([unpack(row.data), curve])
        ordinal = row.ordinal
    while True:
        part = Curve(curve.steps[:OPEN_VALUES_MAX], curve.values[:OPEN_VALUES_MAX])
        curve = Curve(curve.steps[OPEN_VALUES_MAX:], curve.values[OPEN_VALUES_MAX:])
        if row is None:
            row = _chunk(run_id, attempt, series, ordinal, part)
            session.add(row)
        else:
            _fill(row, part)
        if len(part) < OPEN_VALUES_MAX:
            return row  # an open chunk is always left, however small: it says the series exists
        row.closed = True
        ordinal += 1
        if ordinal % (CLOSED_VALUES // OPEN_VALUES_MAX) == 0:
            session.flush()
            _join_closed(session, row)
        row = None


def _chunk(run_id: int, attempt: int, series: str, ordinal: int, curve: Curve) -> CurveChunkRow:
    return CurveChunkRow(
        run_id=run_id,
        attempt=attempt,
        series=series,
        ordinal=ordinal,
        closed=False,
        **_content(curve),
    )


def _fill(row: CurveChunkRow, curve: Curve) -> None:
    for name, value in _content(curve).items():
        setattr(row, name, value)


def _content(curve: Curve) -> dict[str, Any]:
    low, high = extremes(curve.values)
    return {
        "first_step": int(curve.steps.min()) if len(curve) else 0,
        "last_step": int(curve.steps.max()) if len(curve) else 0,
        "count": len(curve),
        "low": low,
        "high": high,
        "data": pack(curve),
    }


def _join_closed(session: Session, newest: CurveChunkRow) -> None:
    """Make one chunk of the small ones up to `newest`."""
    first = newest.ordinal + 1 - CLOSED_VALUES // OPEN_VALUES_MAX
    series = (
        CurveChunkRow.run_id == newest.run_id,
        CurveChunkRow.attempt == newest.attempt,
        CurveChunkRow.series == newest.series,
    )
    query = select(CurveChunkRow).where(*series, CurveChunkRow.ordinal >= first)
    rows = list(session.scalars(query.order_by(CurveChunkRow.ordinal)))
    whole = joined([unpack(row.data) for row in rows])
    session.execute(
        delete(CurveChunkRow).where(*series, CurveChunkRow.ordinal > first),
        execution_options={"synchronize_session": "fetch"},
    )
    _fill(rows[0], whole)


def _note_latest(run: RunRow, curves: dict[str, Curve]) -> None:
    newest = {name: float(curve.values[-1]) for name, curve in curves.items()}
    run.latest = to_jsonable({**run.latest, **newest})
    run.step = max(run.step, *(int(curve.steps.max()) for curve in curves.values()))
    used = {
        name: float(curves[name].values[-1])
        for name in ("learning_rate", "momentum")
        if name in curves
    }
    if used:
        run.effective = to_jsonable({**(run.effective or {}), **used})
    note_best(run, curves)


# ---- reading ------------------------------------------------------------------------------------


def series_names(session: Session, run_ids: Collection[int]) -> list[str]:
    """The names of all series that any of the runs has."""
    query = select(CurveChunkRow.series).where(
        CurveChunkRow.run_id.in_(run_ids), ~CurveChunkRow.closed
    )
    return sorted(set(session.scalars(query)))


def lineage(session: Session, run: RunRow, *, family: bool) -> list[tuple[RunRow, int | None]]:
    """The runs whose values make the curve, oldest first, each with the step where it was left."""
    line: list[tuple[RunRow, int | None]] = [(run, None)]
    while family and line[0][0].parent_run_id is not None:
        child = line[0][0]
        parent = session.get(RunRow, child.parent_run_id)
        if parent is None:
            break
        line.insert(0, (parent, child.parent_step))
    return line


def read_curves(
    session: Session,
    line: list[tuple[RunRow, int | None]],
    names: Collection[str],
    *,
    from_step: int | None = None,
    to_step: int | None = None,
) -> dict[str, Curve]:
    """The recorded values of some series, every one, stitched over runs and their attempts."""
    segments: dict[str, list[Segment]] = {name: [] for name in names}
    for run, until in line:
        last = to_step if until is None else min(until, INT_LARGE if to_step is None else to_step)
        begins = attempt_begins(session, run.id)
        found = read_attempts(session, run.id, names, from_step=from_step, to_step=last)
        for name in names:
            attempts = [
                Segment(curve, left_at(begins, attempt))
                for attempt, curve in sorted(found.get(name, {}).items())
            ]
            segments[name].append(
                Segment(concatenate_segments(attempts) if attempts else empty(), until)
            )
    return {
        name: concatenate_segments(parts).within(from_step, to_step)
        for name, parts in segments.items()
    }


INT_LARGE = 2**62


def attempt_begins(session: Session, run_id: int) -> dict[int, int]:
    """The step at which each attempt of a run took up the training."""
    query = select(EventRow.attempt, EventRow.step).where(
        EventRow.run_id == run_id, EventRow.kind == "worker_started"
    )
    return dict(session.execute(query).all())


def left_at(begins: dict[int, int], attempt: int) -> int | None:
    """The step up to which an attempt counts: where the next one took up."""
    later = [step for number, step in begins.items() if number > attempt]
    return min(later) if later else None


def read_attempts(
    session: Session,
    run_id: int,
    names: Collection[str],
    *,
    from_step: int | None = None,
    to_step: int | None = None,
) -> dict[str, dict[int, Curve]]:
    """What each attempt of a run recorded, by series; whole chunks, so perhaps more than asked."""
    query = select(CurveChunkRow.series, CurveChunkRow.attempt, CurveChunkRow.data).where(
        CurveChunkRow.run_id == run_id, CurveChunkRow.series.in_(names)
    )
    if from_step is not None:
        query = query.where(CurveChunkRow.last_step >= from_step)
    if to_step is not None:
        query = query.where(CurveChunkRow.first_step <= to_step)
    order = (CurveChunkRow.series, CurveChunkRow.attempt, CurveChunkRow.ordinal)
    found: dict[str, dict[int, list[Curve]]] = {}
    for series, attempt, data in session.execute(query.order_by(*order)):
        found.setdefault(series, {}).setdefault(attempt, []).append(unpack(data))
    return {
        series: {attempt: _ascending(joined(parts)) for attempt, parts in attempts.items()}
        for series, attempts in found.items()
    }


def _ascending(curve: Curve) -> Curve:
    """A worker never goes back within an attempt; if one did, nothing is lost."""
    if len(curve) < 2 or bool((np.diff(curve.steps) >= 0).all()):
        return curve
    order = np.argsort(curve.steps, kind="stable")
    return Curve(curve.steps[order], curve.values[order])


def draw_curves(
    session: Session,
    line: list[tuple[RunRow, int | None]],
    names: Collection[str],
    *,
    within: tuple[int | None, int | None],
    points: int,
    smooth_steps: int,
) -> dict[str, Downsampled]:
    """Curves for a chart. Averages go over all recorded values, also those before `within`."""
    from_step, to_step = within
    read_from = None if smooth_steps > 1 else from_step
    found = read_curves(session, line, names, from_step=read_from, to_step=to_step)
    drawn = {}
    for name, curve in found.items():
        smooth = smooth_steps > 1 and name not in NEVER_SMOOTHED
        shown = smoothed(curve, smooth_steps) if smooth else curve
        drawn[name] = downsample(shown.within(from_step, to_step), points)
    return drawn
