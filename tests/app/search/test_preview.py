"""What a search would do is shown, and what is unwise about it said, before anything is trained."""

from __future__ import annotations

import math
from typing import Any

import pytest

from app.search.preview import SAMPLES, SpaceWarning, grid_vs_random, samples, warnings
from app.search.samplers import Plan
from app.search.spec import Strategy
from tests.app.search.spaces import CONDITIONAL, DECLARED, FOUR, plan_for, space_of


def plan_of(body: dict[str, Any], strategy: Strategy = "random", **changes: Any) -> Plan:
    return plan_for(space_of(body), strategy, **{"trials": 24, "seed": 0, **changes})


def messages(plan: Plan) -> list[str]:
    return [one.message for one in warnings(DECLARED, plan)]


def test_a_learning_rate_drawn_linearly_is_warned_of_with_the_part_that_is_wasted() -> None:
    plan = plan_of({"learning_rate": {"scale": "linear", "low": 1e-4, "high": 1}})

    found = warnings(DECLARED, plan)

    assert found == [
        SpaceWarning(
            "learning_rate",
            "Learning rate drawn linearly between 0.0001 and 1 puts 90 % of the draws above 0.1. "
            "On the scale log10 each decade gets as many.",
        )
    ]
    above = [rate > 0.1 for rate in samples(plan)["learning_rate"]]  # type: ignore[operator]
    assert sum(above) / SAMPLES == pytest.approx(0.9, abs=0.1)


def test_a_momentum_drawn_linearly_is_warned_of() -> None:
    plan = plan_of({"momentum": {"scale": "linear", "low": 0.9, "high": 0.999}})

    assert "puts 91 % of the draws below 0.99." in messages(plan)[0]
    assert "−log10(1−β)" in messages(plan)[0]


@pytest.mark.parametrize(
    "body",
    [
        FOUR,
        {"learning_rate": {"scale": "linear", "low": 0.1, "high": 0.9}},
        {"dropout": {"scale": "linear", "low": 0.001, "high": 0.9}},
        {"learning_rate": {"values": [10.0**-place for place in range(30)]}},
    ],
)
def test_a_range_on_a_fitting_scale_is_not_warned_of(body: dict[str, Any]) -> None:
    assert messages(plan_of(body)) == []


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"beta1": {"low": 0.5, "high": 0.99}}, "only matters with optimizer adam or adamw."),
        ({"decay_rate": {"low": 0.1, "high": 1}}, "only matters with schedule step or exponential"),
        (
            {
                "momentum": {"low": 0.5, "high": 0.9, "when": {"optimizer": ["rmsprop"]}},
                "optimizer": {"values": ["sgd", "adam"]},
            },
            "is never drawn: optimizer has none of the values",
        ),
    ],
)
def test_an_axis_without_any_effect_is_warned_of(body: dict[str, Any], message: str) -> None:
    assert message in messages(plan_of(body))[0]


@pytest.mark.parametrize(
    ("strategy", "changes", "message"),
    [
        ("grid", {}, "The grid has 625 cells, more than the 24 trials"),
        ("tpe", {"trials": 10}, "TPE draws its first 10 trials at random"),
        ("coarse_to_fine", {"trials": 6}, "6 trials in 3 rounds are too few"),
        ("coarse_to_fine", {"trials": 2}, "2 trials in 3 rounds are too few"),
    ],
)
def test_too_few_trials_for_what_was_chosen_are_warned_of(
    strategy: Strategy, changes: dict[str, Any], message: str
) -> None:
    assert message in messages(plan_of(FOUR, strategy, **changes))[0]


@pytest.mark.parametrize("strategy", ["random", "quasi_random", "tpe", "coarse_to_fine"])
def test_fifty_draws_of_each_axis_are_shown(strategy: Strategy) -> None:
    shown = samples(plan_of(CONDITIONAL, strategy))

    assert {name: len(values) for name, values in shown.items()} == dict.fromkeys(
        ["optimizer", "learning_rate", "dropout", "momentum", "nesterov"], SAMPLES
    )
    assert set(shown["optimizer"]) == {"sgd", "adam", "rmsprop"}


def test_of_a_grid_its_points_are_shown() -> None:
    shown = samples(plan_of(CONDITIONAL, "grid", points={"learning_rate": 3}))

    assert [math.log10(float(rate)) for rate in shown["learning_rate"]] == pytest.approx(
        [-4, -2, 0]
    )
    assert len(shown["momentum"]) == 5


def test_25_trials_try_5_learning_rates_as_a_grid_and_25_at_random() -> None:
    picture = grid_vs_random(plan_of(FOUR))

    assert picture is not None
    assert (picture.x, picture.y) == ("learning_rate", "momentum")
    assert len(picture.grid) == len(picture.random) == 25
    assert picture.distinct == {"grid": 5, "random": 25}
    assert len(set(picture.grid)) == 25
    assert all(1e-4 <= x <= 1 and 0.5 <= y <= 0.999 for x, y in picture.grid + picture.random)


def test_without_a_second_range_the_picture_is_a_line_and_without_any_there_is_none() -> None:
    line = grid_vs_random(
        plan_of({"learning_rate": {"low": 1e-4, "high": 1}, "layers": {"fixed": 2}})
    )

    assert line is not None
    assert (line.y, {y for _, y in line.grid + line.random}) == (None, {0.0})
    assert grid_vs_random(plan_of({"optimizer": {"values": ["sgd", "adam"]}})) is None


@pytest.mark.parametrize(
    ("strategy", "trials", "warned"),
    [("random", 2, False), ("random", 8, True), ("tpe", 11, True), ("grid", 8, False)],
)
def test_more_trials_than_combinations_are_warned_of(
    strategy: Strategy, trials: int, warned: bool
) -> None:
    space = space_of({"batch_size": {"values": [16, 32]}})
    plan = plan_for(space, strategy, trials, 1)

    expected = f"only 2 combinations of values: {trials - 2} of {trials} trials repeat"
    assert any(expected in message for message in messages(plan)) == warned
