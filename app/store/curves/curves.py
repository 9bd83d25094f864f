"""Reads curves from SQL: every recorded value, stitched over runs and attempts."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from ..tables.runs import CurveChunkRow, EventRow, RunRow
from .chunks import Curve, empty, joined, unpack
from .downsample import Segment, concatenate_segments

INT_LARGE = 2**62


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
        recorded = attempts_by_series(session, run.id, names)
        for name in names:
            curves = found.get(name, {})
            # An attempt that has nothing within the bounds still tells where the next one begins.
            attempts = [
                Segment(curves.get(attempt, empty()), left_at(begins, attempt))
                for attempt in recorded.get(name, ())
            ]
            segments[name].append(
                Segment(concatenate_segments(attempts) if attempts else empty(), until)
            )
    return {
        name: concatenate_segments(parts).within(from_step, to_step)
        for name, parts in segments.items()
    }


def attempts_by_series(
    session: Session, run_id: int, names: Collection[str]
) -> dict[str, list[int]]:
    """The attempts of a run that recorded each series, in order."""
    query = select(CurveChunkRow.series, CurveChunkRow.attempt).where(
        CurveChunkRow.run_id == run_id,
        ~CurveChunkRow.closed,  # each has one
        CurveChunkRow.series.in_(names),
    )
    found: dict[str, list[int]] = {}
    for series, attempt in session.execute(query.order_by(CurveChunkRow.attempt)):
        found.setdefault(series, []).append(attempt)
    return found


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
    query = select(
        CurveChunkRow.series, CurveChunkRow.attempt, CurveChunkRow.ordinal, CurveChunkRow.data
    ).where(CurveChunkRow.run_id == run_id, CurveChunkRow.series.in_(names))
    if from_step is not None:
        query = query.where(CurveChunkRow.last_step >= from_step)
    if to_step is not None:
        query = query.where(CurveChunkRow.first_step <= to_step)
    found: dict[str, dict[int, list[tuple[int, bytes]]]] = {}
    # Put in order here: the database would move all the data to sort them.
    for series, attempt, ordinal, data in session.execute(query):
        found.setdefault(series, {}).setdefault(attempt, []).append((ordinal, data))
    return {
        series: {
            attempt: _ascending(joined([unpack(data) for _, data in sorted(parts)]))
            for attempt, parts in attempts.items()
        }
        for series, attempts in found.items()
    }


def _ascending(curve: Curve) -> Curve:
    """A worker never goes back within an attempt; if one did, nothing is lost."""
    if len(curve) < 2 or bool((np.diff(curve.steps) >= 0).all()):
        return curve
    order = np.argsort(curve.steps, kind="stable")
    return Curve(curve.steps[order], curve.values[order])
