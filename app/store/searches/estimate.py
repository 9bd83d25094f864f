"""Estimates the duration of a search from earlier runs, and says whether a search is worth it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime
from statistics import median
from typing import Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from babysit.protocol.status import RunStatus
from babysit.storage.journal import parse_float

from ..tables.runs import EventRow, RunRow

RUNS_LOOKED_AT = 10
ACTIVE = "active_s"  # series: seconds of training so far
MANUAL_FROM_S = 3600.0  # a run this long is worth steering by hand
SEARCH_WITHIN_S = 12 * 3600.0  # a night
TOO_FEW = 8  # trials: little better than guessing


@dataclass(frozen=True, slots=True)
class Estimate:
    """one_run_s, total_s: None without an earlier run. measured_on: which runs, as a phrase."""

    one_run_s: float | None
    total_s: float | None
    parallel: int
    cores: int
    measured_on: str


@dataclass(frozen=True, slots=True)
class Advice:
    """panda: one run, steered by hand. caviar: many at once."""

    choose: Literal["panda", "caviar"]
    why: str


@dataclass(frozen=True, slots=True)
class Took:
    """Of a finished run, in seconds: the time of a step with its share of the evaluations, and the
    time outside the steps: the worker's start, the data, the last checkpoint. None if unknown.
    """

    step_s: float
    overhead_s: float | None


def estimate(
    session: Session, task: str, *, steps: int, trials: int, parallel: int, cores: int
) -> Estimate:
    """By the newest finished runs. More runs at once than cores are no faster.

    cores: of this machine, or as many runs as a cluster has room for.
    """
    query = (
        select(RunRow)
        .where(
            RunRow.task == task,
            RunRow.status == RunStatus.FINISHED,
            RunRow.max_steps_per_s.is_(None),
        )
        .order_by(RunRow.id.desc())
        .limit(RUNS_LOOKED_AT)
    )
    rows = list(session.scalars(query))
    began = _began(session, [row.id for row in rows])
    durations = [took for row in rows if (took := _took(row, began.get(row.id))) is not None]
    if not durations:
        return Estimate(None, None, parallel, cores, f"no finished run of {task} yet")
    overheads_s = [took.overhead_s for took in durations if took.overhead_s is not None]
    one_run_s = steps * median(took.step_s for took in durations) + (
        median(overheads_s) if overheads_s else 0.0
    )
    rounds = math.ceil(trials / max(1, min(parallel, cores)))
    runs = "1 finished run" if len(durations) == 1 else f"{len(durations)} finished runs"
    return Estimate(one_run_s, rounds * one_run_s, parallel, cores, f"{runs} of {task}")


def _began(session: Session, run_ids: list[int]) -> dict[int, str]:
    """When the worker of each run was requested, for runs with one worker and no pause.

    Others include a wait, which is not part of the cost.
    """
    query = select(EventRow.run_id, EventRow.at, EventRow.body).where(
        EventRow.run_id.in_(run_ids), EventRow.kind == "status_changed"
    )
    began: dict[int, str] = {}
    waited: set[int] = set()
    for run_id, at, body in session.execute(query.order_by(EventRow.id)):
        status = body.get("status")
        if status == RunStatus.PAUSED or (status == RunStatus.STARTING and run_id in began):
            waited.add(run_id)
        elif status == RunStatus.STARTING:
            began[run_id] = at
    return {run_id: at for run_id, at in began.items() if run_id not in waited}


def _took(row: RunRow, began: str | None) -> Took | None:
    active_s = parse_float(row.latest.get(ACTIVE, math.nan))  # pauses are cut out
    steps = row.step - (row.parent_step or 0)
    if steps < 1 or not (math.isfinite(active_s) and active_s > 0):
        return None
    if began is None or row.ended_at is None:
        return Took(active_s / steps, None)
    whole = datetime.fromisoformat(row.ended_at) - datetime.fromisoformat(began)
    return Took(active_s / steps, max(whole.total_seconds() - active_s, 0.0))


def advice(estimated: Estimate, trials: int) -> Advice:
    """Recommend many runs at once where they are cheap, else one steered by hand."""
    if estimated.one_run_s is None or estimated.total_s is None:
        why = f"The duration of a run is not known yet. Train one before you start {trials:,}."
        return Advice("panda", why)
    one, total = duration(estimated.one_run_s), duration(estimated.total_s)
    at_once = min(estimated.parallel, estimated.cores)
    cost = f"One run takes {one}, {trials:,} of them {total} with {at_once} at once"
    if estimated.one_run_s >= MANUAL_FROM_S or estimated.total_s >= SEARCH_WITHIN_S:
        return Advice("panda", f"{cost}: too expensive for a broad search.")
    if trials < TOO_FEW:
        return Advice(
            "panda", f"{cost}. So few samples hardly cover a space: steer one run by hand."
        )
    return Advice("caviar", f"{cost}: run them all and keep the best.")


def duration(seconds: float) -> str:
    """In words a person reads: 40 s, 12 min, 3.5 h."""
    if seconds < 1:
        return "less than 1 s"
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 90 * 60:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"
