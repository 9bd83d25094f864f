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
from app.search.axis import Range
from app.search.strategy import Plan, Strategy, Told, draw, kept, round_sizes, total
from tests.house.project import ROOT
from tests.search.spaces import CONDITIONAL, FOUR, searched, space_of

STRATEGIES = get_args(Strategy)


def plan_of(strategy: Strategy, **changes: object) -> Plan:
    points = {"learning_rate": 4, "momentum": 3}
    asked = {"trials": 24, "seed": 7, "points": points, "space": space_of(CONDITIONAL)}
    return Plan(strategy=strategy, **{**asked, **changes})  # type: ignore[arg-type]


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
    drawn, told = searched(plan, lost=frozenset({2, 9, 17}))
    numbers = list(range(1, total(plan) + 1))
    random.Random(1).shuffle(numbers)

    for number in numbers:
        in_any_order = random.Random(number).sample(told, len(told))

        assert draw(plan, number, in_any_order) == drawn[number - 1]


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_server_that_starts_anew_draws_the_same(strategy: Strategy) -> None:
    code = (
        "import json; from tests.search.test_strategies import plan_of; "
        "from tests.search.spaces import searched; "
        f"print(json.dumps([one.values for one in searched(plan_of({strategy!r}))[0]]))"
    )
    elsewhere = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, timeout=100, check=True
    )

    drawn, _ = searched(plan_of(strategy))

    assert json.loads(elsewhere.stdout) == [one.values for one in drawn]


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_plan_has_as_many_trials_as_were_asked_for_and_no_more(strategy: Strategy) -> None:
    plan = plan_of(strategy)

    assert total(plan) == 24
    for number in (0, total(plan) + 1):
        with pytest.raises(ValueError, match=f"no trial {number}"):
            draw(plan, number, [])


def cells_of(plan: Plan) -> int:
    return plan.space.grid_cells(plan.points)


def test_a_whole_grid_is_drawn_without_doubles() -> None:
    plan = plan_of("grid", trials=1000)

    drawn, _ = searched(plan)

    assert len(drawn) == cells_of(plan) == 4 * (3 * 2 + 1 + 3)
    assert len({json.dumps(one.values, sort_keys=True) for one in drawn}) == len(drawn)


# ---- who waits for whom ----------------------------------------------------------------------


@pytest.mark.parametrize("strategy", ["grid", "random", "quasi_random"])
def test_strategies_that_do_not_learn_wait_for_nothing(strategy: Strategy) -> None:
    plan = plan_of(strategy)

    assert all(draw(plan, number, []) is not None for number in range(1, total(plan) + 1))


def test_tpe_waits_for_the_trials_that_cannot_run_beside_it_and_knows_only_those() -> None:
    plan = plan_of("tpe", parallel=3)
    drawn, told = searched(plan)

    assert draw(plan, 20, told[:16]) is None
    assert draw(plan, 20, told[:17]) == drawn[19]
    assert draw(plan, 20, told[:15] + told[17:]) is None  # as many, but not the right ones
    assert draw(plan, 20, [*told[:17], Told(18, 1, told[0].values, -9.0)]) == drawn[19]


def test_tpe_learns_nothing_from_trials_that_do_not_count() -> None:
    plan = plan_of("tpe")
    _, told = searched(plan)
    lost = [Told(one.number, 1, one.values, None) for one in told[10:20]]
    broken = [Told(one.number, 1, one.values, float("nan")) for one in told[10:20]]

    assert draw(plan, 21, told[:10] + lost) == draw(plan, 21, told[:10] + broken)
    assert draw(plan, 21, told[:10] + lost) != draw(plan, 21, told[:20])


def test_tpe_does_not_depend_on_what_it_remembers_from_other_searches(
    forgotten: None,
) -> None:
    plan = plan_of("tpe")
    _, told = searched(plan)
    worse = [Told(one.number, 1, one.values, -(one.val_cost or 0.0)) for one in told]

    before = draw(plan, 24, told)
    assert draw(plan, 24, worse) != before
    after = draw(plan, 24, told)
    tpe._studies.clear()

    assert draw(plan, 24, told) == before == after


@pytest.fixture
def forgotten() -> Iterator[None]:
    tpe._studies.clear()
    yield
    tpe._studies.clear()


def test_tpe_gathers_where_the_cost_is_low() -> None:
    space = space_of(FOUR)
    drawn, _ = searched(Plan(strategy="tpe", space=space, trials=60, seed=0))

    near = [0.005 < float(one.values["learning_rate"]) < 0.08 for one in drawn]

    assert sum(near[:10]) <= 5
    assert sum(near[-20:]) >= 14


# ---- rounds ----------------------------------------------------------------------------------


def test_rounds_are_as_equal_as_can_be() -> None:
    assert round_sizes(plan_of("coarse_to_fine", trials=24)) == [8, 8, 8]
    assert round_sizes(plan_of("coarse_to_fine", trials=23, rounds=4)) == [6, 6, 6, 5]
    assert round_sizes(plan_of("coarse_to_fine", trials=2)) == [1, 1]


def test_a_round_waits_for_all_earlier_ones_and_for_nothing_else() -> None:
    plan = plan_of("coarse_to_fine", parallel=8)
    drawn, told = searched(plan)

    assert all(draw(plan, number, []) is not None for number in range(1, 9))
    assert draw(plan, 9, told[:7]) is None
    assert draw(plan, 9, told[:8]) == drawn[8]
    assert draw(plan, 16, told[:8]) == drawn[15]
    assert draw(plan, 17, told[:15]) is None
    assert draw(plan, 17, told[:16]) == drawn[16]


def test_each_round_is_drawn_from_the_box_around_the_best_before_it() -> None:
    plan = plan_of("coarse_to_fine", space=space_of(FOUR))

    drawn, told = searched(plan)

    boxes = [drawn[0].box, drawn[8].box, drawn[16].box]
    assert [one.round for one in drawn] == [1] * 8 + [2] * 8 + [3] * 8
    assert boxes[0] == plan.space
    for box, before in zip(boxes[1:], (8, 16), strict=True):
        rate = box.axes[0]
        assert isinstance(rate, Range)
        best = [float(one.values["learning_rate"]) for one in kept(plan.keep, told[:before])]
        assert rate.low <= min(best) <= max(best) <= rate.high
    widths = [axis.high / axis.low for axis in (box.axes[0] for box in boxes)]  # type: ignore[union-attr]
    assert widths[0] > widths[1] > widths[2]


def test_a_round_without_any_result_is_followed_by_the_same_box_with_other_draws() -> None:
    plan = plan_of("coarse_to_fine", space=space_of(FOUR))

    drawn, _ = searched(plan, lost=frozenset(range(1, 9)))

    assert drawn[8].box == drawn[0].box
    assert drawn[8].values != drawn[0].values


def test_the_best_are_those_with_the_lowest_cost_that_count() -> None:
    costs = [3.0, None, 1.0, float("nan"), 1.0, float("inf"), 2.0]
    told = [Told(n, 1, {"dropout": n / 10}, cost) for n, cost in enumerate(costs, start=1)]

    assert [one.number for one in kept(3, told)] == [3, 5, 7]
    assert [one.number for one in kept(9, told)] == [3, 5, 7, 1]
