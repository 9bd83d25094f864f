"""Stores points as they come: as compressed chunks of each series."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeAlias

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from babysit.storage.journal import Points, to_jsonable

from ...limits import SERIES_MAX
from ..tables.runs import CurveChunkRow, RunRow
from .best import note_best
from .chunks import CLOSED_VALUES, OPEN_VALUES_MAX, Curve, extremes, joined, pack, unpack
from .summaries import summarize_chunk

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
    summarize_chunk(session, rows[0], whole)


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
