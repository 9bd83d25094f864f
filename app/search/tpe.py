"""The tree-structured Parzen estimator: values like those of good trials and unlike the others.

Optuna's sampler, through ask and tell. Its study is only a memory of what the trials gave, made
again from them whenever it does not fit; what it suggests depends on nothing else.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from babysit.protocol.values import Values

from .distributions import CategoricalDistribution, Distribution
from .space import Space, is_active

if TYPE_CHECKING:
    from optuna import Study, Trial
    from optuna.trial import FrozenTrial

STARTUP = 10  # trials drawn at random before the first estimate
STUDIES_MAX = 8  # kept between two draws: adding 200 trials to a new one takes 10 ms

Results: TypeAlias = Sequence[tuple[Values, float]]

_studies: OrderedDict[tuple[Space, int], tuple[Study, list[tuple[Values, float]]]] = OrderedDict()
_one_at_a_time = threading.Lock()


def suggest(space: Space, seed: int, number: int, results: Results) -> Values:
    """The values of one trial.

    results: values and loss of at least `STARTUP` trials, in the order of their numbers.
    """
    import optuna  # takes half a second

    own = np.random.default_rng([seed, number]).integers(2**32)
    with _one_at_a_time:
        study = _study(space, seed, results)
        study.sampler = optuna.samplers.TPESampler(seed=int(own), n_startup_trials=STARTUP)
        trial = study.ask()
        values: Values = {}
        for axis in space.axes:
            if is_active(axis, values):
                values[axis.name] = _suggested(trial, axis)
        study.tell(trial, state=optuna.trial.TrialState.FAIL)  # its result comes from its run
    return values


def _suggested(trial: Trial, axis: Distribution) -> Any:
    if isinstance(axis, CategoricalDistribution):
        return axis.values[trial.suggest_categorical(axis.name, range(len(axis.values)))]
    return axis.from_unit(trial.suggest_float(axis.name, 0.0, 1.0))


def _study(space: Space, seed: int, results: Results) -> Study:
    """A study that holds exactly these results: the last draw's when they go on from it."""
    key = (space, seed)
    study, held = _studies.pop(key, (None, []))
    if study is None or list(results[: len(held)]) != held:
        study, held = empty_study(), []
    for values, cost in results[len(held) :]:
        study.add_trial(as_trial(space, values, cost))
    _studies[key] = (study, list(results))
    while len(_studies) > STUDIES_MAX:
        _studies.popitem(last=False)
    return study


def empty_study() -> Study:
    """A study in memory, to be minimized; Optuna does not log it."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    return optuna.create_study()


def as_trial(space: Space, values: Values, cost: float) -> FrozenTrial:
    """A trial as Optuna sees it: places within the axes, and what came out."""
    import optuna

    params: dict[str, Any] = {}
    distributions: dict[str, Any] = {}
    for axis in space.axes:
        if axis.name not in values:
            continue
        if isinstance(axis, CategoricalDistribution):
            if values[axis.name] not in axis.values:
                continue
            params[axis.name] = axis.values.index(values[axis.name])
            places = range(len(axis.values))
            distributions[axis.name] = optuna.distributions.CategoricalDistribution(places)
        else:
            params[axis.name] = min(max(axis.to_unit(values[axis.name]), 0.0), 1.0)
            distributions[axis.name] = optuna.distributions.FloatDistribution(0.0, 1.0)
    return optuna.create_trial(params=params, distributions=distributions, value=cost)
