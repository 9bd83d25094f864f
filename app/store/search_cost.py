"""What a search would take, by the speed of earlier runs, and which of the two ways fits."""

from __future__ import annotations

import math
import os
from dataclasses import dataclass
from statistics import median
from typing import Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.store.tables import RunRow
from babysit.journal import number
from babysit.messages import RunStatus

RUNS_LOOKED_AT = 10
SERIES = "steps_per_s"
PANDA_FROM_S = 3600.0  # a run that takes so long is worth looking after by hand
CAVIAR_WITHIN_S = 12 * 3600.0  # a night
TOO_FEW = 8  # trials: hardly more than guessing


@dataclass(frozen=True, slots=True)
class Estimate:
    """one_run_s, total_s: None when no earlier run tells. measured_on: in words, which did."""

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


def estimate(session: Session, task: str, *, steps: int, trials: int, parallel: int) -> Estimate:
    """By the median speed of the newest finished runs. More at once than cores is no faster."""
    cores = os.cpu_count() or 1
    wanted = (
        select(RunRow.latest)
        .where(
            RunRow.task == task,
            RunRow.status == RunStatus.FINISHED,
            RunRow.max_steps_per_s.is_(None),
        )
        .order_by(RunRow.id.desc())
        .limit(RUNS_LOOKED_AT)
    )
    found = (number(latest[SERIES]) for latest in session.scalars(wanted) if SERIES in latest)
    speeds = [speed for speed in found if math.isfinite(speed) and speed > 0]
    if not speeds:
        return Estimate(None, None, parallel, cores, f"no finished run of {task} yet")
    one_run_s = steps / median(speeds)
    rounds = math.ceil(trials / min(parallel, cores))
    runs = "1 finished run" if len(speeds) == 1 else f"{len(speeds)} finished runs"
    return Estimate(one_run_s, rounds * one_run_s, parallel, cores, f"{runs} of {task}")


def advice(found: Estimate, trials: int) -> Advice:
    """Many at once where they cost little, one by hand where one already takes long."""
    if found.one_run_s is None or found.total_s is None:
        why = f"Nobody knows yet how long one run takes: train one, then {trials:,} of them."
        return Advice("panda", why)
    one, total = duration(found.one_run_s), duration(found.total_s)
    at_once = min(found.parallel, found.cores)
    cost = f"One run takes {one}, {trials:,} of them {total} with {at_once} at once"
    if found.one_run_s >= PANDA_FROM_S or found.total_s >= CAVIAR_WITHIN_S:
        return Advice("panda", f"{cost}: too long to let most of them be in vain.")
    if trials < TOO_FEW:
        return Advice("panda", f"{cost}. So few draws hardly cover a space: steer one by hand.")
    return Advice("caviar", f"{cost}: let them all run, and keep the best.")


def duration(seconds: float) -> str:
    """In words a person reads: 40 s, 12 min, 3.5 h."""
    if seconds < 1:
        return "less than 1 s"
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 90 * 60:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"
