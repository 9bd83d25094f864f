"""The best value of a run's objective, as far as the run is recorded."""

from __future__ import annotations

import math
from collections.abc import Mapping

from babysit.protocol.objective import Objective

from ..tables.runs import RunRow
from .chunks import Curve


def note_best(run: RunRow, curves: Mapping[str, Curve]) -> None:
    """Take in further recorded values, by series."""
    objective = run.ranking
    curve = curves.get(objective.name)
    if curve is None:
        return
    losses = [objective.loss(value) for value in curve.values.tolist()]
    best = min(losses)
    if best < (math.inf if run.best_value is None else objective.loss(run.best_value)):
        run.best_value, run.best_step = objective.value(best), int(curve.steps[losses.index(best)])


def set_objective(
    run: RunRow, objective: Objective, recorded: Mapping[str, Curve] | None = None
) -> None:
    """Say what is best in a run: as it was asked for, or as its worker said later.

    recorded: its curves so far; at least the objective's.
    """
    run.objective, run.mode = objective.name, objective.mode
    run.best_value = run.best_step = None
    note_best(run, recorded or {})
