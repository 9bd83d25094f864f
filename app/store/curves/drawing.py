"""Draws curves for charts: smoothed, and downsampled to as many points as are shown."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from ..tables.runs import CurveChunkRow, RunRow
from .chunks import Curve
from .curves import read_curves
from .downsample import Downsampled, downsample
from .overview import draw_summaries
from .smoothing import NEVER_SMOOTHED, NOTHING, Earlier, block_steps, smoothed_part

Line = list[tuple[RunRow, int | None]]
Window = tuple[int | None, int | None]  # from one step to another, both included; None: no bound

BLOCKS_BEFORE = 4  # of the average: what is older seldom counts; more are read if it does
BLOCKS_GROWTH = 4


def draw_curves(
    session: Session,
    line: Line,
    names: Collection[str],
    *,
    within: Window,
    points: int,
    smooth_steps: int,
) -> dict[str, Downsampled]:
    """Curves for a chart. Averages go over all recorded values, also those before `within`."""
    smooth = [name for name in names if smooth_steps > 1 and name not in NEVER_SMOOTHED]
    plain = [name for name in names if name not in smooth]
    from_step, to_step = within
    drawn = draw_summaries(session, line, plain, within, points)
    short = [name for name in plain if name not in drawn]
    found = read_curves(session, line, short, from_step=from_step, to_step=to_step)
    if smooth:
        found |= read_smoothed(session, line, smooth, smooth_steps, within)
    drawn |= {name: downsample(curve, points) for name, curve in found.items()}
    return {name: drawn[name] for name in names}


def read_smoothed(
    session: Session, line: Line, names: Collection[str], over_steps: int, within: Window
) -> dict[str, Curve]:
    """A part of some series, smoothed as if all values had been read, from no more than needed."""
    from_step, to_step = within
    first = 0 if from_step is None else from_step // block_steps(over_steps)
    done: dict[str, Curve] = {}
    back = BLOCKS_BEFORE
    while missing := [name for name in names if name not in done]:
        begin = max(0, first - back) * block_steps(over_steps)
        earlier = _earlier(session, line, missing, begin) if begin else {}
        parts = read_curves(session, line, missing, from_step=begin or None, to_step=to_step)
        for name, part in parts.items():
            average = smoothed_part(part, over_steps, from_step or 0, earlier.get(name, NOTHING))
            if average is not None:
                done[name] = average.within(from_step, to_step)
        back *= BLOCKS_GROWTH
    return done


def _earlier(session: Session, line: Line, names: Collection[str], step: int) -> dict[str, Earlier]:
    """What may lie before a step, by series: not less than what counts there."""
    query = (
        select(
            CurveChunkRow.series,
            func.sum(CurveChunkRow.count),
            func.min(CurveChunkRow.low),
            func.max(CurveChunkRow.high),
        )
        .where(
            CurveChunkRow.run_id.in_([run.id for run, _ in line]),
            CurveChunkRow.series.in_(names),
            CurveChunkRow.first_step < step,
        )
        .group_by(CurveChunkRow.series)
    )
    return {
        series: Earlier(int(count), max(abs(low or 0.0), abs(high or 0.0)))
        for series, count, low, high in session.execute(query)
    }
