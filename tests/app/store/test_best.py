"""The best of a run in SQL, by what its specification or its worker says is best."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from app.store.curves.best import note_best, set_objective
from app.store.curves.chunks import Curve
from app.store.runs.runs import run_row
from app.store.tables.runs import RunRow
from babysit.protocol.objective import DEFAULT, Objective
from babysit.protocol.spec.run_spec import RunSpec

ACCURACY = Objective("val/accuracy", "max")


def row(objective: Objective | None = None) -> RunRow:
    spec = RunSpec(
        id=1, family_id=1, name="a", task="spirals", values={}, steps=100, seed=0, created_at=""
    )
    if objective is not None:
        spec = replace(spec, objective=objective.name, mode=objective.mode)
    return run_row(spec)


def curve(*values: float, first: int = 10) -> Curve:
    steps = np.arange(first, first + 10 * len(values), 10, dtype=np.int64)
    return Curve(steps, np.array(values))


def test_a_row_of_an_older_specification_ranks_by_the_lowest_cost() -> None:
    run = row()

    note_best(run, {"val/cost": curve(0.5, float("-inf"), 0.3, 0.4), "val/accuracy": curve(0.9)})

    assert (run.ranking, run.best_value, run.best_step) == (DEFAULT, 0.3, 30)


def test_values_that_come_later_count_only_if_they_are_better() -> None:
    run = row(ACCURACY)
    note_best(run, {"val/accuracy": curve(0.5, 0.8, float("nan"), float("inf"), 0.8)})

    note_best(run, {"val/accuracy": curve(0.8, 0.7, first=60)})
    assert (run.best_value, run.best_step) == (0.8, 20)
    note_best(run, {"val/accuracy": curve(0.81, first=80)})
    assert (run.best_value, run.best_step) == (0.81, 80)


def test_an_objective_that_is_said_later_ranks_what_was_recorded_before() -> None:
    run = row()
    recorded = {"val/cost": curve(0.5, 0.3, 0.4), "val/accuracy": curve(0.6, 0.5, 0.9)}
    note_best(run, recorded)

    set_objective(run, ACCURACY, recorded)
    assert (run.ranking, run.best_value, run.best_step) == (ACCURACY, 0.9, 30)
    set_objective(run, Objective("val/other", "min"), recorded)
    assert (run.best_value, run.best_step) == (None, None)
