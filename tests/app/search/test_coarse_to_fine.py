"""The next box lies around the best, as wide as the rule says, inside what was declared."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.search.coarse_to_fine import SHARE_MIN, Edge, edges, shrink_around
from app.search.distributions import CategoricalDistribution, NumericDistribution
from app.search.space import Space, parse_space
from babysit.protocol.values import Value, Values
from tests.app.search.spaces import CONDITIONAL, DECLARED, FOUR, space_of


def range_of(space: Space, name: str) -> NumericDistribution:
    axis = space.named(name)
    assert isinstance(axis, NumericDistribution)
    return axis


def rates(*values: float) -> list[Values]:
    return [{"learning_rate": value} for value in values]


def test_the_box_spans_the_best_widened_on_the_scale_of_the_axis() -> None:
    space = space_of(FOUR)

    bounds, clipped = shrink_around(space, rates(1e-3, 1e-2, 1e-1), 1.5)

    rate = range_of(bounds, "learning_rate")
    assert rate.low == pytest.approx(10**-3.5)
    assert rate.high == pytest.approx(10**-0.5)
    assert clipped == []


def test_a_momentum_is_widened_towards_one_and_never_reaches_it() -> None:
    space = space_of({"momentum": {"low": 0.5, "high": 0.99999}})

    bounds, _ = shrink_around(space, [{"momentum": 0.9}, {"momentum": 0.999}], 2.0)

    momentum = range_of(bounds, "momentum")
    assert momentum.high == pytest.approx(1 - 10**-4)
    assert momentum.low == pytest.approx(0.5)


def test_the_box_is_clipped_to_what_was_declared_and_says_so() -> None:
    space = space_of(FOUR)

    bounds, clipped = shrink_around(space, rates(0.05, 1.0), 3.0)

    rate = range_of(bounds, "learning_rate")
    assert rate.high == 1.0
    assert rate.low < 0.05
    assert clipped == ["learning_rate"]


def test_best_values_that_agree_leave_a_part_of_the_last_box() -> None:
    space = space_of(FOUR)
    bounds, _ = shrink_around(space, rates(0.01, 0.01, 0.01))
    again, _ = shrink_around(space, rates(0.01), last=bounds)

    decades = [
        math.log10(r.high / r.low) for r in (range_of(b, "learning_rate") for b in (bounds, again))
    ]

    assert decades == [pytest.approx(4 * SHARE_MIN), pytest.approx(4 * SHARE_MIN**2)]


def test_a_box_of_values_whose_sum_is_beyond_all_floats_lies_around_them() -> None:
    space = space_of({"vast": {"low": 8e307, "high": 1.3e308}})

    bounds, _ = shrink_around(space, [{"vast": 1.1e308}, {"vast": 1.2e308}], 1.5)

    box = range_of(bounds, "vast")
    assert (box.low, box.high) == pytest.approx((1.075e308, 1.225e308))


def test_whole_numbers_stay_whole_with_a_step_to_each_side() -> None:
    space = space_of({"layers": {"low": 1, "high": 60}, "hidden_units": {"low": 8, "high": 128}})

    bounds, clipped = shrink_around(
        space, [{"layers": 60, "hidden_units": 32}], last=shrink_around(space, [{"layers": 59}])[0]
    )

    assert range_of(bounds, "layers").high == 60
    assert range_of(bounds, "hidden_units").low < 32 < range_of(bounds, "hidden_units").high
    assert range_of(bounds, "hidden_units").low == int(range_of(bounds, "hidden_units").low)
    assert clipped == ["layers"]


def test_of_a_list_the_values_of_the_best_are_kept_in_their_order() -> None:
    space = space_of(CONDITIONAL)
    best: list[Values] = [
        {"learning_rate": 0.1, "optimizer": "rmsprop", "momentum": 0.9},
        {"learning_rate": 0.1, "optimizer": "sgd", "momentum": 0.6, "nesterov": True},
    ]

    bounds, _ = shrink_around(space, best)

    optimizer, nesterov = bounds.named("optimizer"), bounds.named("nesterov")
    assert isinstance(optimizer, CategoricalDistribution)
    assert isinstance(nesterov, CategoricalDistribution)
    assert optimizer.values == ("sgd", "rmsprop")
    assert nesterov.values == (True,)
    assert bounds.named("dropout") == space.named("dropout")


def test_an_axis_that_none_of_the_best_has_stays_as_it_was() -> None:
    space = space_of(CONDITIONAL)

    bounds, _ = shrink_around(space, [{"learning_rate": 0.1, "optimizer": "adam"}])

    assert bounds.named("momentum") == space.named("momentum")


@given(
    st.lists(st.tuples(*[st.floats(0, 1)] * 4), min_size=1, max_size=5),
    st.floats(1, 10),
    st.integers(0, 3),
)
def test_a_box_holds_the_best_and_lies_inside_the_space(
    unit_point: list[tuple[float, ...]], widen: float, repeats: int
) -> None:
    space = space_of(FOUR)
    best = [space.at(one) for one in unit_point]
    bounds = space
    for _ in range(repeats + 1):
        bounds, _ = shrink_around(space, best, widen, last=bounds)

    assert parse_space(DECLARED, bounds.to_json()) == bounds
    for axis in bounds.axes:
        assert isinstance(axis, NumericDistribution)
        outer = range_of(space, axis.name)
        assert outer.low <= axis.low < axis.high <= outer.high
        for values in best:
            inside = float(values[axis.name])
            assert axis.low <= inside * (1 + 1e-9)
            assert inside <= axis.high * (1 + 1e-9)


# ---- edges -----------------------------------------------------------------------------------

EDGES: list[tuple[str, Value, tuple[str, bool] | None]] = [
    ("learning_rate", 1e-4, ("low", True)),
    ("learning_rate", 1.5e-4, ("low", True)),
    ("learning_rate", 1.7e-4, None),
    ("learning_rate", 0.5, None),
    ("learning_rate", 0.9, ("high", True)),
    ("layers", 1, ("low", False)),
    ("layers", 2, None),
    ("layers", 4, ("high", True)),
    ("dropout", 0.0, ("low", False)),
    ("dropout", 0.5, ("high", True)),
]


@pytest.mark.parametrize(("name", "value", "found"), EDGES)
def test_a_best_value_at_the_edge_of_its_range_is_found(
    name: str, value: Value, found: tuple[str, bool] | None
) -> None:
    space = space_of(
        {
            "learning_rate": {"low": 1e-4, "high": 1},
            "layers": {"low": 1, "high": 4},
            "dropout": {"low": 0.0, "high": 0.5},
        }
    )

    there = edges(space, {name: value})

    assert there == ([Edge(name, found[0], value, found[1])] if found else [])


def test_a_box_goes_beyond_an_edge_that_is_widened_and_no_other() -> None:
    space = space_of(FOUR)
    best: list[Values] = [{"learning_rate": 0.9, "momentum": 0.51}]

    bounds, clipped = shrink_around(space, best, beyond=[Edge("learning_rate", "high", 0.9, True)])

    assert range_of(bounds, "learning_rate").high == pytest.approx(0.9 * 10 ** (2 * SHARE_MIN))
    assert range_of(bounds, "momentum").low == 0.5
    assert clipped == ["momentum"]


def test_no_box_goes_beyond_what_the_hyperparameter_allows() -> None:
    space = space_of({"learning_rate": {"low": 1e-3, "high": 9.5}, "layers": {"low": 1, "high": 9}})
    best: list[Values] = [{"learning_rate": 9.0, "layers": 1}]

    bounds, clipped = shrink_around(space, best, beyond=edges(space, best[0]))

    assert range_of(bounds, "learning_rate").high == 10.0
    assert range_of(bounds, "layers").low == 1
    assert clipped == ["learning_rate", "layers"]
    assert parse_space(DECLARED, bounds.to_json()) == bounds


@pytest.mark.parametrize("seed", range(3))
def test_momentum_can_be_widened_without_end_and_stays_below_one(seed: int) -> None:
    space = space_of({"momentum": {"low": 0.5 + seed / 10, "high": 0.9}})
    for _ in range(12):
        high = range_of(space, "momentum").high
        space, _ = shrink_around(
            space, [{"momentum": high}], 2.0, beyond=edges(space, {"momentum": high})
        )

        assert range_of(space, "momentum").high < 1
        assert parse_space(DECLARED, space.to_json()) == space
