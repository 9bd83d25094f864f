"""How much each hyperparameter mattered in a search: the part of the variation that it explains."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from app.search import tpe
from app.search.axis import Axis
from app.search.space import Space
from app.search.strategy import Told

TRIALS_MIN = 10
METHOD = "fANOVA of the order of final costs"
TREES = 32
DEPTH_MAX = 16


@dataclass(frozen=True, slots=True)
class Importance:
    """importance: name -> part from 0 to 1, together 1, the largest first; empty with a message."""

    importance: dict[str, float]
    trials: int
    method: str
    message: str | None


def importance(space: Space, told: Sequence[Told]) -> Importance:
    """What explains which trial was better than which, of the axes that every trial has.

    The order of the final costs is explained, not their size: one trial that went wrong would
    hide all the others. Some 0.1 s for 24 trials, 0.8 s for 200.
    """
    count = sorted(
        (one for one in told if one.cost is not None), key=lambda one: (one.cost, one.number)
    )
    searched = space.searched()
    axes = [axis for axis in searched if all(axis.name in one.values for one in count)]
    trials = len(count)
    if trials < TRIALS_MIN:
        message = (
            f"{TRIALS_MIN} trials that count are needed to say what matters, {trials} are there."
        )
        return Importance({}, trials, METHOD, message)
    if len(axes) == 0 or count[0].cost == count[-1].cost:
        message = "All trials that count have the same cost, or no row was drawn in all of them."
        return Importance({}, trials, METHOD, message)
    partial = [axis.item.label for axis in searched if axis not in axes]
    left_out = (
        f"Left out, because not every trial has it: {', '.join(partial)}." if partial else None
    )
    return Importance(_explained(axes, count), trials, METHOD, left_out)


def _explained(axes: Sequence[Axis], ranked: Sequence[Told]) -> dict[str, float]:
    """Optuna's fANOVA over the places of the values and the ranks of the costs."""
    import optuna

    space = Space(tuple(axes))
    study = tpe.empty_study()
    rank = 0
    for i, one in enumerate(ranked):
        rank = i if i == 0 or one.cost != ranked[i - 1].cost else rank
        study.add_trial(tpe.as_trial(space, one.values, rank))
    evaluator = optuna.importance.FanovaImportanceEvaluator(
        n_trees=TREES, max_depth=DEPTH_MAX, seed=0
    )
    found = optuna.importance.get_param_importances(study, evaluator=evaluator)
    return {name: float(part) for name, part in found.items()}
