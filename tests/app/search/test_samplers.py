"""Trial n follows from the plan and from the trials that a rule names, and from nothing else."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from collections.abc import Iterator
from typing import get_args

import pytest

from app.search import tpe
from app.search.distributions import NumericDistribution
from app.search.samplers import CompletedTrial, Plan, round_sizes, sample, top_k, total
from app.search.spec import Strategy
from tests.app.search.spaces import CONDITIONAL, FOUR, plan_for, searched, space_of
from tests.project.files import ROOT

STRATEGIES = get_args(Strategy)


def plan_of(strategy: Strategy, **changes: object) -> Plan:
    points = {"learning_rate": 4, "momentum": 3}
    asked = {"trials": 24, "seed": 7, "points": points, "space": space_of(CONDITIONAL)}
    return plan_for(strategy=strategy, **{**asked, **changes})  # type: ignore[arg-type]


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_the_same_seed_draws_the_same_trials_and_another_one_others(strategy: Strategy) -> None:
    first, _ = searched(plan_of(strategy))

    again, _ = searched(plan_of(strategy))
    other, _ = searched(plan_of(strategy, seed=8))

    assert again == first
    assert (other == first) is (strategy == "grid")


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_trial_is_drawn_again_as_it_was_whatever_was_drawn_before(strategy: Strategy) -> None:
    plan = plan_of(strategy, parallel=3)
    sampled, completed = searched(plan, lost=frozenset({2, 9, 17}))
    numbers = list(range(1, total(plan) + 1))
    random.Random(1).shuffle(numbers)

    for number in numbers:
        in_any_order = random.Random(number).sample(completed, len(completed))

        assert sample(plan, number, in_any_order) == sampled[number - 1]


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_server_that_starts_anew_draws_the_same(strategy: Strategy) -> None:
    code = (
        "import json; from tests.app.search.test_samplers import plan_of; "
        "from tests.app.search.spaces import searched; "
        f"print(json.dumps([one.values for one in searched(plan_of({strategy!r}))[0]]))"
    )
    elsewhere = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, timeout=100, check=True
    )

    sampled, _ = searched(plan_of(strategy))

    assert json.loads(elsewhere.stdout) == [one.values for one in sampled]


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_plan_has_as_many_trials_as_were_asked_for_and_no_more(strategy: Strategy) -> None:
    plan = plan_of(strategy)

    assert total(plan) == 24
    for number in (0, total(plan) + 1):
        with pytest.raises(ValueError, match=f"no trial {number}"):
            sample(plan, number, [])


def cells_of(plan: Plan) -> int:
    return plan.space.grid_cells(plan.spec.points)


def test_a_whole_grid_is_drawn_without_doubles() -> None:
    plan = plan_of("grid", trials=1000)

    sampled, _ = searched(plan)

    assert len(sampled) == cells_of(plan) == 4 * (3 * 2 + 1 + 3)
    assert len({json.dumps(one.values, sort_keys=True) for one in sampled}) == len(sampled)


# ---- who waits for whom ----------------------------------------------------------------------


@pytest.mark.parametrize("strategy", ["grid", "random", "quasi_random"])
def test_strategies_that_do_not_learn_wait_for_nothing(strategy: Strategy) -> None:
    plan = plan_of(strategy)

    assert all(sample(plan, number, []) is not None for number in range(1, total(plan) + 1))


def test_tpe_waits_for_the_trials_that_cannot_run_beside_it_and_knows_only_those() -> None:
    plan = plan_of("tpe", parallel=3)
    sampled, completed = searched(plan)

    assert sample(plan, 20, completed[:16]) is None
    assert sample(plan, 20, completed[:17]) == sampled[19]
    assert (
        sample(plan, 20, completed[:15] + completed[17:]) is None
    )  # as many, but not the right ones
    assert (
        sample(plan, 20, [*completed[:17], CompletedTrial(18, 1, completed[0].values, -9.0)])
        == sampled[19]
    )


def test_tpe_learns_nothing_from_trials_that_do_not_count() -> None:
    plan = plan_of("tpe")
    _, completed = searched(plan)
    lost = [CompletedTrial(one.number, 1, one.values, None) for one in completed[10:20]]
    broken = [CompletedTrial(one.number, 1, one.values, float("nan")) for one in completed[10:20]]

    assert sample(plan, 21, completed[:10] + lost) == sample(plan, 21, completed[:10] + broken)
    assert sample(plan, 21, completed[:10] + lost) != sample(plan, 21, completed[:20])


def test_tpe_does_not_depend_on_what_it_remembers_from_other_searches(
    forgotten: None,
) -> None:
    plan = plan_of("tpe")
    _, completed = searched(plan)
    worse = [CompletedTrial(one.number, 1, one.values, -(one.loss or 0.0)) for one in completed]

    before = sample(plan, 24, completed)
    assert sample(plan, 24, worse) != before
    after = sample(plan, 24, completed)
    tpe._studies.clear()

    assert sample(plan, 24, completed) == before == after


@pytest.fixture
def forgotten() -> Iterator[None]:
    tpe._studies.clear()
    yield
    tpe._studies.clear()


def test_tpe_gathers_where_the_cost_is_low() -> None:
    space = space_of(FOUR)
    sampled, _ = searched(plan_for(space, "tpe", 60, 0))

    near = [0.005 < float(one.values["learning_rate"]) < 0.08 for one in sampled]

    assert sum(near[:10]) <= 5
    assert sum(near[-20:]) >= 14


# ---- rounds ----------------------------------------------------------------------------------


def test_rounds_are_as_equal_as_can_be() -> None:
    assert round_sizes(plan_of("coarse_to_fine", trials=24)) == [8, 8, 8]
    assert round_sizes(plan_of("coarse_to_fine", trials=23, rounds=4)) == [6, 6, 6, 5]
    assert round_sizes(plan_of("coarse_to_fine", trials=2)) == [1, 1]


def test_a_round_waits_for_all_earlier_ones_and_for_nothing_else() -> None:
    plan = plan_of("coarse_to_fine", parallel=8)
    sampled, completed = searched(plan)

    assert all(sample(plan, number, []) is not None for number in range(1, 9))
    assert sample(plan, 9, completed[:7]) is None
    assert sample(plan, 9, completed[:8]) == sampled[8]
    assert sample(plan, 16, completed[:8]) == sampled[15]
    assert sample(plan, 17, completed[:15]) is None
    assert sample(plan, 17, completed[:16]) == sampled[16]


def test_each_round_is_drawn_from_the_box_around_the_best_before_it() -> None:
    plan = plan_of("coarse_to_fine", space=space_of(FOUR))

    sampled, completed = searched(plan)

    boxes = [sampled[0].bounds, sampled[8].bounds, sampled[16].bounds]
    assert [one.round for one in sampled] == [1] * 8 + [2] * 8 + [3] * 8
    assert boxes[0] == plan.space
    for bounds, before in zip(boxes[1:], (8, 16), strict=True):
        rate = bounds.axes[0]
        assert isinstance(rate, NumericDistribution)
        best_trials = top_k(plan.spec.keep, completed[:before])
        best = [float(one.values["learning_rate"]) for one in best_trials]
        assert rate.low <= min(best) <= max(best) <= rate.high
    widths = [axis.high / axis.low for axis in (bounds.axes[0] for bounds in boxes)]  # type: ignore[union-attr]
    assert widths[0] > widths[1] > widths[2]


def test_a_round_without_any_result_is_followed_by_the_same_box_with_other_draws() -> None:
    plan = plan_of("coarse_to_fine", space=space_of(FOUR))

    sampled, _ = searched(plan, lost=frozenset(range(1, 9)))

    assert sampled[8].bounds == sampled[0].bounds
    assert sampled[8].values != sampled[0].values


def test_the_best_are_those_with_the_lowest_cost_that_count() -> None:
    costs = [3.0, None, 1.0, float("nan"), 1.0, float("inf"), 2.0]
    completed = [
        CompletedTrial(n, 1, {"dropout": n / 10}, cost) for n, cost in enumerate(costs, start=1)
    ]

    assert [one.number for one in top_k(3, completed)] == [3, 5, 7]
    assert [one.number for one in top_k(9, completed)] == [3, 5, 7, 1]


# ---- spaces with few values --------------------------------------------------------------------

SMALL = {"batch_size": {"values": [16, 32]}, "layers": {"low": 1, "high": 5}}
UNEVEN = {
    "optimizer": {"values": ["sgd", "adam"]},
    "hidden_units": {"low": 8, "high": 57, "when": {"optimizer": ["adam"]}},
}


def drawn(plan: Plan) -> list[str]:
    sampled = [sample(plan, number, []) for number in range(1, total(plan) + 1)]
    return [json.dumps(one.values, sort_keys=True) for one in sampled if one is not None]


@pytest.mark.parametrize("strategy", ["random", "quasi_random"])
@pytest.mark.parametrize(("body", "size"), [(SMALL, 10), (UNEVEN, 51)])
def test_values_come_again_only_after_all_others_have_come(
    strategy: Strategy, body: dict[str, object], size: int
) -> None:
    plan = plan_of(strategy, space=space_of(body), trials=2 * size + 3, points={})

    seen = drawn(plan)

    assert len(set(seen[:size])) == len(set(seen[size : 2 * size])) == size
    assert len(set(seen[2 * size :])) == 3


def test_tpe_begins_with_different_values() -> None:
    plan = plan_of("tpe", space=space_of(SMALL), trials=tpe.STARTUP, points={})

    assert len(set(drawn(plan))) == 10
