"""A space is read from what was asked, or refused with the row that is wrong."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.search.distributions import NumericDistribution
from app.search.samplers import CompletedTrial, sample, total
from app.search.space import VALUES_MAX, Space, check_points, parse_space
from app.search.spec import Strategy
from babysit.protocol.hyperparameters import InvalidValue
from babysit.protocol.validation import check_start
from tests.app.search.spaces import CONDITIONAL, DECLARED, FOUR, LEARNING_RATE, plan_for, space_of

REFUSED: list[tuple[dict[str, Any], str, str]] = [
    ({}, "", "Nothing is searched"),
    ({"learning_rate": {"fixed": 0.1}}, "", "Nothing is searched"),
    ({"width": {"fixed": 1}}, "width", "does not declare this hyperparameter"),
    ({"learning_rate": {"low": 0.1}}, "learning_rate", "needs low and high"),
    ({"learning_rate": {"low": 0.1, "high": 1, "mean": 1}}, "learning_rate", "needs low and high"),
    ({"learning_rate": 0.1}, "learning_rate", "needs low and high"),
    ({"learning_rate": {"low": 0.0, "high": 1}}, "learning_rate", "must be above 0"),
    ({"learning_rate": {"low": 0.1, "high": 11}}, "learning_rate", "above the limit of 10"),
    ({"learning_rate": {"low": 0.1, "high": math.nan}}, "learning_rate", "finite"),
    ({"learning_rate": {"low": "0.1", "high": 1}}, "learning_rate", "must be a number"),
    ({"learning_rate": {"low": 1, "high": 0.1}}, "learning_rate", "low must be below high"),
    ({"learning_rate": {"low": 0.1, "high": 0.1}}, "learning_rate", "use fixed"),
    ({"learning_rate": {"scale": "ln", "low": 0.1, "high": 1}}, "learning_rate", "one of linear"),
    ({"weight_decay": {"low": 0, "high": 1}}, "weight_decay", "starts above 0"),
    ({"layers": {"low": 1.5, "high": 3}}, "layers", "whole number"),
    (
        {"layers": {"scale": "minus_log10_one_minus", "low": 1, "high": 3}},
        "layers",
        "one of linear, log10, log2.",
    ),
    ({"momentum": {"low": 0.9, "high": 1}}, "momentum", "must be below 1"),
    *(
        (
            {"learning_rate": {"scale": "minus_log10_one_minus", "low": 0.5, "high": high}},
            "learning_rate",
            "ends below 1",
        )
        for high in (1, 1.5, 10)
    ),
    ({"vast": {"low": -1.7e308, "high": 1.7e308}}, "vast", "too far apart"),
    ({"optimizer": {"low": 0, "high": 1}}, "optimizer", "has no range"),
    ({"optimizer": {"values": ["sgd", "lion"]}}, "optimizer", "must be one of"),
    ({"layers": {"values": []}}, "layers", "a list of 1 to"),
    ({"layers": {"values": "12"}}, "layers", "a list of 1 to"),
    ({"balance": {"values": list(range(VALUES_MAX + 1))}}, "balance", "a list of 1 to"),
    ({"layers": {"values": [2, 2.0]}}, "layers", "twice"),
    ({"layers": {"values": [1, 2], "when": ["x"]}}, "layers", "when is"),
    ({"layers": {"values": [1, 2], "when": {"x": [1]}}}, "layers", "not declared"),
    ({"layers": {"values": [1, 2], "when": {"optimizer": ["sgd"]}}}, "layers", "no row"),
    (
        {"layers": {"values": [1, 2], "when": {"learning_rate": [0.1]}}, **FOUR},
        "layers",
        "no single values",
    ),
    (
        {
            "layers": {"values": [1, 2], "when": {"optimizer": ["sgd"]}},
            "optimizer": {"values": ["sgd", "adam"], "when": {"layers": [1]}},
        },
        "layers",
        "leads back to itself",
    ),
    (
        {"momentum": {"low": 0, "high": 0.9}, "nesterov": {"values": [False, True]}},
        "nesterov",
        "Nesterov needs momentum above 0",
    ),
]


@pytest.mark.parametrize(("body", "name", "message"), REFUSED)
def test_what_cannot_be_searched_is_refused_with_the_row_and_the_reason(
    body: dict[str, Any], name: str, message: str
) -> None:
    with pytest.raises(InvalidValue) as refused:
        parse_space(DECLARED, body)

    assert refused.value.name == name
    assert message in refused.value.message


def test_nesterov_and_no_momentum_that_never_meet_are_accepted() -> None:
    body = {
        "momentum": {"low": 0, "high": 0.9, "when": {"nesterov": [False]}},
        "nesterov": {"values": [False, True]},
    }

    assert space_of(body).searched()


def test_a_range_without_a_scale_has_that_of_the_hyperparameter() -> None:
    space = space_of(FOUR)

    scales = [axis.scale for axis in space.axes if isinstance(axis, NumericDistribution)]
    assert scales == ["log10", "minus_log10_one_minus", "log2", "log2"]


@pytest.mark.parametrize("body", [FOUR, CONDITIONAL])
def test_a_space_told_as_json_is_the_same_space_again(body: dict[str, Any]) -> None:
    space = space_of(body)

    assert space_of(space.to_json()) == space


# ---- the grid --------------------------------------------------------------------------------


def cells_of(space: Space, **points: int) -> list[tuple[tuple[str, Any], ...]]:
    return [tuple(sorted(cell.items())) for cell in space.grid(points)]


def test_a_grid_has_every_combination_once() -> None:
    space = space_of({**FOUR, "optimizer": {"values": ["sgd", "adam"]}})

    cells = cells_of(space, learning_rate=4, momentum=3, batch_size=2)

    assert len(cells) == len(set(cells)) == 4 * 3 * 2 * 5 * 2
    assert len(cells) == space.grid_cells({"learning_rate": 4, "momentum": 3, "batch_size": 2})
    assert {dict(cell)["batch_size"] for cell in cells} == {16, 256}


def test_the_points_of_a_grid_are_evenly_spread_on_the_scale_with_both_ends() -> None:
    space = space_of({"learning_rate": LEARNING_RATE, "momentum": {"low": 0.9, "high": 0.999}})

    rates, momenta = (axis.points(5) for axis in space.axes)

    assert rates == [1e-4, *map(pytest.approx, [1e-3, 1e-2, 1e-1]), 1.0]
    assert momenta == [0.9, *map(pytest.approx, [1 - 10**-1.5, 0.99, 1 - 10**-2.5]), 0.999]


def test_a_grid_over_few_whole_numbers_makes_no_doubles() -> None:
    space = space_of({"layers": {"low": 1, "high": 3}, "hidden_units": {"low": 1, "high": 4}})

    assert len(cells_of(space, layers=9, hidden_units=9)) == 3 * 4
    assert space.grid_cells({"layers": 9, "hidden_units": 9}) == 3 * 4


def test_a_grid_makes_no_doubles_of_a_cell_without_a_conditional_axis() -> None:
    space = space_of(CONDITIONAL)

    cells = cells_of(space, momentum=3, learning_rate=2)

    sgd, adam, rmsprop = 3 * 2 * 2, 2, 3 * 2
    assert len(cells) == len(set(cells)) == sgd + adam + rmsprop
    assert space.grid_cells({"momentum": 3, "learning_rate": 2}) == sgd + adam + rmsprop


def test_a_grid_that_explodes_is_counted_without_being_made() -> None:
    names = ["learning_rate", "decay_rate", "epsilon", "weight_decay", "grad_clip", "final_factor"]
    space = space_of({name: {"low": 1e-4, "high": 1} for name in names})

    assert space.grid_cells(dict.fromkeys(names, 1000)) == 10**18


@pytest.mark.parametrize(
    ("points", "message"),
    [
        ({"learning_rate": 0}, "from 1 to 1000"),
        ({"learning_rate": True}, "from 1 to 1000"),
        ({"learning_rate": 2.5}, "from 1 to 1000"),
        ({"learning_rate": 1001}, "from 1 to 1000"),
        ({"layers": 3}, "a range of this space only"),
    ],
)
def test_points_that_no_grid_can_have_are_refused(points: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidValue, match=message):
        check_points(space_of(FOUR), points)


@pytest.mark.parametrize(
    ("body", "size"),
    [
        (FOUR, None),
        (CONDITIONAL, None),
        ({"batch_size": {"values": [16, 32]}}, 2),
        ({"batch_size": {"scale": "log2", "low": 1, "high": 1000}}, 1000),
        ({"batch_size": {"values": [16, 32]}, "layers": {"low": 1, "high": 3}}, 6),
        (
            {
                "optimizer": {"values": ["sgd", "adam", "rmsprop"]},
                "nesterov": {"values": [False, True], "when": {"optimizer": ["sgd"]}},
            },
            2 + 1 + 1,
        ),
        (
            {
                "layers": {"low": 1, "high": 64},
                "hidden_units": {"values": [8, 16, 32], "when": {"layers": [2, 3]}},
            },
            2 * 3 + 62,
        ),
        ({"decay_steps": {"low": 1, "high": 2**53}, "layers": {"low": 1, "high": 8}}, 8 * 2**53),
    ],
)  # fmt: skip
def test_the_size_of_a_space_is_the_number_of_its_combinations(
    body: dict[str, Any], size: int | None
) -> None:
    space = space_of(body)

    assert space.size() == size
    if size is not None and size < 10_000:
        assert len({tuple(values.items()) for values in space.all_values()}) == size


# ---- whatever is drawn can be trained --------------------------------------------------------


@st.composite
def rows(draw_: st.DrawFn, name: str) -> dict[str, Any]:
    """Any row that the declaration of this hyperparameter allows."""
    item = DECLARED[name]
    if item.kind in ("choice", "bool"):
        choices: list[Any] = list(item.choices) or [False, True]
        return {"values": draw_(st.lists(st.sampled_from(choices), min_size=1, unique=True))}
    if item.kind == "int":
        low = draw_(st.integers(max(1, int(item.low)), int(min(item.high, 2**40)) - 1))
        high = draw_(st.integers(low + 1, int(min(item.high, 2**41))))
        scales = ["linear", "log10", "log2"]
        return {"scale": draw_(st.sampled_from(scales)), "low": low, "high": high}
    top = 0.999999 if not item.high_included else item.high
    low_f = draw_(st.floats(max(item.low, 1e-9), top * 0.9))
    high_f = draw_(st.floats(low_f + max(abs(low_f) * 1e-3, 1e-9), top))
    scales = ["linear", "log10", "log2"] if low_f > 0 else ["linear"]
    scales += ["minus_log10_one_minus"] if high_f < 0.9999999 else []
    return {"scale": draw_(st.sampled_from(scales)), "low": low_f, "high": high_f}


@st.composite
def spaces(draw_: st.DrawFn) -> Space:
    names = draw_(st.lists(st.sampled_from(sorted(DECLARED)), min_size=1, max_size=6, unique=True))
    body = {name: draw_(rows(name)) for name in names}
    if "optimizer" in body:
        other = next((name for name in names if name != "optimizer"), None)
        if other is not None and draw_(st.booleans()):
            body[other]["when"] = {"optimizer": ["sgd", "adamw"]}
    body["balance"] = {"low": -2.5, "high": 7.0}  # so that something is searched
    return parse_space(DECLARED, body)


@given(
    spaces(),
    st.sampled_from(["grid", "random", "quasi_random", "tpe", "coarse_to_fine"]),
    st.integers(0, 2**63 - 1),
    st.data(),
)
def test_every_draw_is_within_its_range_and_accepted_by_the_training(
    space: Space, strategy: Strategy, seed: int, data: st.DataObject
) -> None:
    points = {axis.name: 2 for axis in space.axes}
    plan = plan_for(space, strategy, 14, seed, points=points)
    completed: list[CompletedTrial] = []
    for number in range(1, total(plan) + 1):
        one = sample(plan, number, completed)

        assert one is not None
        check_start(DECLARED, one.values)
        for axis in space.axes:
            if isinstance(axis, NumericDistribution) and axis.name in one.values:
                assert axis.low <= float(one.values[axis.name]) <= axis.high
        cost = data.draw(st.none() | st.floats(0, 10))
        completed.append(CompletedTrial(number, one.round, one.values, cost))
