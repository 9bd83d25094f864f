"""Importance says which hyperparameter the order of the trials followed, once there are enough."""

from __future__ import annotations

import subprocess
import sys

import pytest

from app.search.importance import TRIALS_MIN, importance
from app.search.samplers import CompletedTrial, sample
from tests.app.search.spaces import CONDITIONAL, FOUR, plan_for, searched, space_of
from tests.project.files import ROOT
from tests.sizes import SEARCH_SEEDS, chosen


@pytest.mark.parametrize("seed", chosen((0, 1, 2, 3, 4), SEARCH_SEEDS))
def test_the_learning_rate_that_decides_has_the_largest_part(seed: int) -> None:
    space = space_of(FOUR)
    _, completed = searched(plan_for(space, "random", 24, seed))

    found = importance(space, completed)

    assert next(iter(found.importance)) == "learning_rate"
    assert found.importance["learning_rate"] > 0.6
    assert sum(found.importance.values()) == pytest.approx(1)
    assert set(found.importance) == set(FOUR)
    assert (found.trials, found.message) == (24, None)


def test_one_trial_that_went_wrong_does_not_hide_the_others() -> None:
    space = space_of(FOUR)
    _, completed = searched(plan_for(space, "random", 24, 0))
    worst = CompletedTrial(25, 1, {**completed[3].values, "batch_size": 16}, 1e30)

    assert next(iter(importance(space, [*completed, worst]).importance)) == "learning_rate"


def test_the_same_trials_in_another_order_give_the_same_importance() -> None:
    space = space_of(FOUR)
    _, completed = searched(plan_for(space, "random", 24, 0))

    assert importance(space, completed[::-1]) == importance(space, completed)


def test_what_was_worked_out_before_is_not_said_of_other_trials() -> None:
    space = space_of(FOUR)
    _, completed = searched(plan_for(space, "random", 24, 0))
    before = importance(space, completed).importance
    turned = [
        CompletedTrial(one.number, 1, one.values, -(one.cost or 0.0)) for one in completed[:12]
    ]

    other = importance(space, [*turned, *completed[12:]]).importance

    assert other != before
    assert importance(space, completed).importance == before


def test_too_few_trials_say_how_many_are_needed() -> None:
    space = space_of(FOUR)
    lost = frozenset(range(TRIALS_MIN, 25))  # one less than needed is left
    _, completed = searched(plan_for(space, "random", 24, 0), lost)

    found = importance(space, completed)

    assert (found.importance, found.trials) == ({}, TRIALS_MIN - 1)
    assert found.message is not None
    assert f"{TRIALS_MIN} trials" in found.message


def test_trials_that_all_cost_the_same_say_nothing() -> None:
    space = space_of(FOUR)
    _, completed = searched(plan_for(space, "random", 24, 0))
    same = [CompletedTrial(one.number, 1, one.values, 0.5) for one in completed]

    assert importance(space, same).importance == {}
    assert importance(space, same).message


def test_an_axis_that_not_every_trial_has_is_left_out_and_named() -> None:
    space = space_of(CONDITIONAL)
    _, completed = searched(plan_for(space, "random", 24, 0))

    found = importance(space, completed)

    assert set(found.importance) == {"learning_rate", "optimizer"}
    assert found.message == "Left out, because not every trial has it: Momentum, Nesterov momentum."


def test_nothing_of_the_search_brings_torch_or_is_slow_to_import() -> None:
    code = (
        "import sys; import app.search.importance, app.search.preview, app.search.pruners\n"
        "late = [name for name in ('optuna', 'scipy', 'sklearn') if name in sys.modules]\n"
        "from tests.app.search.test_importance import use; use()\n"
        "print(late, 'torch' in sys.modules, 'optuna' in sys.modules)"
    )

    ran = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=100,
        check=True,
    )

    assert (ran.stdout, ran.stderr) == ("[] False True\n", "")


def use() -> None:
    """Everything that imports something late."""
    space = space_of(FOUR)
    plan = plan_for(space, "tpe", 12, 0)
    _, completed = searched(plan)
    assert importance(space, completed).importance
    assert sample(plan_for(space, "quasi_random", 1, 0), 1, [])
