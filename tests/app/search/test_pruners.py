"""A trial is stopped early when it is behind at a mark, exactly as Optuna's pruners would say."""

from __future__ import annotations

import math
import random

import optuna
import pytest

from app.search.pruners import (
    OTHERS_MIN,
    IntermediateValues,
    StopEarly,
    last_rung,
    rungs_of,
    should_prune,
)

STEPS = 400
EVERY = 20


def curve(*costs: float, finished: bool = False) -> IntermediateValues:
    """A curve measured every `EVERY` steps."""
    return IntermediateValues([EVERY * (i + 1) for i in range(len(costs))], costs, finished)


def straight(cost: float, *, until: int = STEPS, finished: bool = True) -> IntermediateValues:
    return curve(*[cost] * (until // EVERY), finished=finished)


OTHERS = [straight(cost) for cost in range(1, 10)]  # the median is 5


def test_a_trial_above_the_median_of_the_finished_ones_is_stopped_at_a_quarter() -> None:
    lagging_runs = curve(*[9.0] * 4, 5.5)

    stop = should_prune("median", STEPS, lagging_runs, OTHERS)

    assert stop is not None
    assert (stop.rung, stop.cost, stop.limit, stop.others) == (100, 5.5, 5.0, 9)


@pytest.mark.parametrize("cost", [5.0, 1.0])
def test_a_trial_that_is_not_above_the_median_goes_on(cost: float) -> None:
    assert should_prune("median", STEPS, curve(*[9.0] * 4, cost), OTHERS) is None


def test_a_trial_is_judged_by_the_last_mark_it_has_passed() -> None:
    late = curve(*[9.0] * 9, 1.0)  # behind at a quarter, ahead at half

    assert last_rung("median", STEPS, curve(*[9.0] * 4)) is None
    assert last_rung("median", STEPS, curve(*[9.0] * 9)) == 100
    assert last_rung("median", STEPS, late) == 200
    assert should_prune("median", STEPS, late, OTHERS) is None


@pytest.mark.parametrize("kind", ["median", "successive_halving"])
def test_nothing_is_stopped_while_fewer_than_eight_others_got_there(kind: StopEarly) -> None:
    lagging_runs = straight(99.0, until=100, finished=False)

    assert should_prune(kind, STEPS, lagging_runs, OTHERS[:7]) is None
    assert should_prune(kind, STEPS, lagging_runs, OTHERS[:8]) is not None


def test_the_median_is_that_of_finished_trials_only() -> None:
    running = [straight(0.1, until=200, finished=False) for _ in range(20)]

    assert should_prune("median", STEPS, straight(4.9, until=100), [*OTHERS, *running]) is None


def test_successive_halving_lets_the_better_half_of_all_that_got_there_go_on() -> None:
    stopped = [straight(cost, until=60, finished=False) for cost in range(1, 10)]

    go_on = [
        cost
        for cost in (0.5, 4.5, 5.5, 9.5)
        if should_prune("successive_halving", STEPS, straight(cost, until=60), stopped) is None
    ]

    assert go_on == [0.5, 4.5]


def test_a_cost_that_is_no_number_is_behind_every_other() -> None:
    assert should_prune("median", STEPS, curve(*[math.nan] * 5), OTHERS) is not None


@pytest.mark.parametrize("seed", range(40))
def test_the_median_rule_decides_as_optunas_median_pruner(seed: int) -> None:
    rng = random.Random(seed)
    others = [curve(*noisy(rng), finished=True) for _ in range(rng.randint(5, 30))]
    study = optuna.create_study(
        pruner=optuna.pruners.MedianPruner(n_startup_trials=OTHERS_MIN, n_warmup_steps=100)
    )
    for one in others:
        values = dict(zip(one.steps, one.costs, strict=True))
        study.add_trial(optuna.create_trial(value=one.costs[-1], intermediate_values=values))

    for _ in range(5):
        own = noisy(rng)
        for rung in rungs_of("median", STEPS):
            trial = study.ask()
            for i, cost in enumerate(own[: rung // EVERY]):
                trial.report(cost, EVERY * (i + 1))
            ours = should_prune("median", STEPS, curve(*own[: rung // EVERY]), others)

            assert (ours is not None) == trial.should_prune()
            study.tell(trial, state=optuna.trial.TrialState.FAIL)


@pytest.mark.parametrize("seed", range(40))
def test_successive_halving_decides_as_optunas_pruner(seed: int) -> None:
    rng = random.Random(seed)
    study = optuna.create_study(
        pruner=optuna.pruners.SuccessiveHalvingPruner(min_resource=50, reduction_factor=2)
    )
    seen: list[IntermediateValues] = []
    for _ in range(30):
        costs = noisy(rng)
        trial = study.ask()
        for rung in rungs_of("successive_halving", STEPS):
            place = math.ceil(rung / EVERY)  # the first measurement at the mark or after it
            trial.report(costs[place - 1], rung)
            own = curve(*costs[:place])
            got_there = sum(one.at(rung) is not None for one in seen)
            ours = should_prune("successive_halving", STEPS, own, seen)
            theirs = trial.should_prune()

            assert (ours is not None) == (theirs and got_there >= OTHERS_MIN)
            if theirs:
                break
        seen.append(own)
        study.tell(trial, state=optuna.trial.TrialState.PRUNED)


def noisy(rng: random.Random) -> list[float]:
    """A falling curve with noise, over all steps."""
    height, end = rng.uniform(1, 3), rng.uniform(0, 1)
    return [end + height * 0.9**i + rng.gauss(0, 0.1) for i in range(STEPS // EVERY)]
