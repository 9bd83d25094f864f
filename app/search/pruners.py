"""Early stopping: whether a trial is so far behind the others that the rest of it is not worth it.

Both rules look at the loss, which is lower the better the objective is, when a trial passes a mark,
a part of its steps. They decide as Optuna's MedianPruner and SuccessiveHalvingPruner do, from
curves instead of a study's storage.
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from math import inf, isnan
from typing import Literal, TypeAlias

from babysit.protocol.objective import VAL_COST, Objective

StopEarly: TypeAlias = Literal["median", "successive_halving"]

OTHERS_MIN = 8  # fewer say too little: nothing is stopped
RUNGS: dict[StopEarly, tuple[float, ...]] = {
    "median": (1 / 4, 1 / 2),
    "successive_halving": (1 / 8, 1 / 4, 1 / 2),
}  # parts of the steps
QUANTILE = 2  # one of so many goes on past a mark of successive halving


@dataclass(frozen=True, slots=True)
class IntermediateValues:
    """The losses of one trial. steps: rising; costs: as many, infinite where it is no number.

    finished: it reached its end by itself and counts.
    """

    steps: Sequence[int]
    costs: Sequence[float]
    finished: bool = False

    def at(self, rung: float) -> float | None:
        """The first cost measured at the mark or after it; None when it has not got there."""
        for step, cost in zip(self.steps, self.costs, strict=True):
            if step >= rung:
                return inf if isnan(cost) else cost
        return None


@dataclass(frozen=True, slots=True)
class PruneDecision:
    """Why a trial is stopped: at `rung` it was above `limit`, which `others` trials made."""

    rung: int
    cost: float
    limit: float
    others: int

    def reason(self, objective: Objective, rule: str, first: int) -> str:
        """It in words. first: the step at which the trial began."""
        what = "cost" if objective.name == VAL_COST else objective.name
        side = "above" if objective.mode == "min" else "below"
        return (
            f"At step {first + self.rung:,} its {what} was {objective.value(self.cost):.4g}, "
            f"{side} {objective.value(self.limit):.4g}, "
            f"the limit by {rule.replace('_', ' ')} of {self.others} others."
        )


def last_rung(kind: StopEarly, steps: int, own: IntermediateValues) -> int | None:
    """The last mark that a trial has passed, as a step; None before the first."""
    marks = [rung for rung in rungs_of(kind, steps) if own.at(rung) is not None]
    return max(marks, default=None)


def rungs_of(kind: StopEarly, steps: int) -> list[int]:
    return [max(1, round(part * steps)) for part in RUNGS[kind]]


def should_prune(
    kind: StopEarly, steps: int, own: IntermediateValues, others: Sequence[IntermediateValues]
) -> PruneDecision | None:
    """Whether to stop a trial, by the last mark that it has passed.

    steps: of a whole trial.
    others: the other trials of the search that were not steered by hand. The median is that of the
        finished ones; successive halving looks at all that got to the mark, stopped ones too.
    """
    rung = last_rung(kind, steps, own)
    if rung is None:
        return None
    cost = own.at(rung)
    assert cost is not None
    seen = [one.at(rung) for one in others if one.finished or kind == "successive_halving"]
    costs = sorted(one for one in seen if one is not None)
    if len(costs) < OTHERS_MIN:
        return None
    if kind == "median":
        limit = statistics.median(costs)
        cost = min([cost, *(c for s, c in zip(own.steps, own.costs, strict=True) if s <= rung)])
    else:
        limit = sorted([*costs, cost])[(len(costs) + 1) // QUANTILE - 1]
    return PruneDecision(rung, cost, limit, len(costs)) if cost > limit else None
