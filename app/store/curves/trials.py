"""One series of all trials of a search, read together."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from ..tables.runs import CurveChunkRow, RunRow
from .chunks import Curve, joined, unpack
from .curves import attempt_begins, left_at
from .downsample import Segment, concatenate_segments, downsample, floats_to_json


def curves_of_trials(session: Session, search_id: int, series: str) -> dict[int, Curve]:
    """By run id; trials that recorded nothing are left out."""
    query = (
        select(CurveChunkRow.run_id, CurveChunkRow.attempt, CurveChunkRow.data)
        .join(RunRow, RunRow.id == CurveChunkRow.run_id)
        .where(RunRow.search_id == search_id, CurveChunkRow.series == series)
        .order_by(CurveChunkRow.run_id, CurveChunkRow.attempt, CurveChunkRow.ordinal)
    )
    found: dict[int, dict[int, list[Curve]]] = {}
    for run_id, attempt, data in session.execute(query):
        found.setdefault(run_id, {}).setdefault(attempt, []).append(unpack(data))
    return {run_id: _whole(session, run_id, attempts) for run_id, attempts in found.items()}


def _whole(session: Session, run_id: int, attempts: dict[int, list[Curve]]) -> Curve:
    """What counts of each attempt: a later one makes some steps of an earlier one again."""
    begins = attempt_begins(session, run_id) if max(attempts) > 1 else {}
    return concatenate_segments(
        [Segment(joined(parts), left_at(begins, attempt)) for attempt, parts in attempts.items()]
    )


def draw_trials(
    session: Session, search_id: int, series: str, points: int
) -> dict[str, dict[str, list[Any]]]:
    """Curves for one chart of all trials, by run id."""
    drawn = {
        str(run_id): downsample(curve, points)
        for run_id, curve in curves_of_trials(session, search_id, series).items()
    }
    return {
        run_id: {"step": curve.steps.tolist(), "value": floats_to_json(curve.values)}
        for run_id, curve in drawn.items()
    }
