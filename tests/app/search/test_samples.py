"""Ten thousand draws of each kind lie where they should, with seeds that stay the same."""

from __future__ import annotations

import math
from collections import Counter
from typing import Any

import pytest
from scipy import stats

from app.search.samplers import sample, sobol_points
from app.search.spec import Strategy
from babysit.protocol.values import Value
from tests.app.search.spaces import CONDITIONAL, LEARNING_RATE, plan_for, space_of
from tests.sizes import SEARCH_SEEDS, chosen

DRAWS = 10_000
SEEDS = chosen((0, 1, 2), SEARCH_SEEDS)
P_MIN = 1e-3  # the seeds are fixed: a sound sampler passes for good, a biased one fails for good


def sampled(name: str, row: dict[str, Any], seed: int) -> list[Any]:
    """Draws of one axis, each as the trial of its number gets it."""
    space = space_of({name: row})
    plan = plan_for(space, "random", DRAWS, seed)
    numbers = range(1, DRAWS + 1)
    return [one.values[name] for n in numbers if (one := sample(plan, n, [])) is not None]


def as_expected(values: list[Any], shares: dict[Value, float]) -> float:
    """The p-value of a chi-square test: how well the counts fit the shares."""
    counts = Counter(values)
    assert set(counts) <= set(shares)
    seen = [counts[value] for value in shares]
    return float(stats.chisquare(seen, [DRAWS * share for share in shares.values()]).pvalue)


@pytest.mark.parametrize("seed", SEEDS)
def test_each_decade_of_a_log_range_gets_as_many_draws(seed: int) -> None:
    rates = sampled("learning_rate", LEARNING_RATE, seed)

    decades = [math.floor(math.log10(rate)) for rate in rates]
    assert as_expected(decades, dict.fromkeys(range(-4, 0), 1 / 4)) > P_MIN
    assert stats.kstest([math.log10(rate) for rate in rates], "uniform", (-4, 4)).pvalue > P_MIN


@pytest.mark.parametrize("seed", SEEDS)
def test_a_momentum_is_even_in_minus_log_of_one_minus_it(seed: int) -> None:
    momenta = sampled("momentum", {"low": 0.9, "high": 0.999}, seed)

    places = [-math.log10(1 - momentum) for momentum in momenta]
    assert stats.kstest(places, "uniform", (1, 2)).pvalue > P_MIN
    below = sum(momentum < 0.99 for momentum in momenta)
    assert stats.binomtest(below, DRAWS, 0.5).pvalue > P_MIN


@pytest.mark.parametrize("seed", SEEDS)
def test_a_linear_range_is_even(seed: int) -> None:
    parts = sampled("dropout", {"low": 0.1, "high": 0.6}, seed)

    assert stats.kstest(parts, "uniform", (0.1, 0.5)).pvalue > P_MIN


@pytest.mark.parametrize("seed", SEEDS)
def test_whole_numbers_at_the_ends_get_as_many_draws_as_those_within(seed: int) -> None:
    layers = sampled("layers", {"low": 1, "high": 5}, seed)

    assert as_expected(layers, dict.fromkeys(range(1, 6), 1 / 5)) > P_MIN


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(("low", "high"), [(1, 8), (2, 64), (200, 256)])
def test_each_whole_number_of_a_log2_range_gets_its_full_share(
    low: int, high: int, seed: int
) -> None:
    unit_point = sampled("hidden_units", {"scale": "log2", "low": low, "high": high}, seed)

    whole = math.log2((high + 0.5) / (low - 0.5))
    shares: dict[Value, float] = {
        n: math.log2((n + 0.5) / (n - 0.5)) / whole for n in range(low, high + 1)
    }
    assert as_expected(unit_point, shares) > P_MIN
    assert all(type(n) is int for n in unit_point)


@pytest.mark.parametrize("seed", SEEDS)
def test_each_value_of_a_list_is_as_likely(seed: int) -> None:
    names: list[Value] = ["sgd", "adam", "rmsprop"]

    drawn_names = sampled("optimizer", {"values": names}, seed)

    assert as_expected(drawn_names, dict.fromkeys(names, 1 / 3)) > P_MIN


@pytest.mark.parametrize("seed", SEEDS)
def test_quasi_random_draws_fill_every_decade_more_evenly_than_chance_would(seed: int) -> None:
    space = space_of({"learning_rate": LEARNING_RATE, "dropout": {"low": 0.0, "high": 0.8}})
    plan = plan_for(space, "quasi_random", DRAWS, seed)

    values = [space.at(unit_point) for unit_point in sobol_points(plan, 1, DRAWS)]

    cells = Counter(
        (math.floor(math.log10(float(one["learning_rate"]))), int(float(one["dropout"]) / 0.2))
        for one in values
    )
    assert len(cells) == 16
    assert all(abs(count - DRAWS / 16) <= 5 for count in cells.values())  # chance: about 25
    for number in (1, 2, 77, DRAWS):
        one = sample(plan, number, [])
        assert one is not None
        assert one.values == values[number - 1]


@pytest.mark.parametrize("strategy", ["random", "quasi_random"])
def test_two_axes_do_not_depend_on_each_other(strategy: Strategy) -> None:
    body = {"learning_rate": LEARNING_RATE, "dropout": {"low": 0.0, "high": 0.8}}
    plan = plan_for(space_of(body), strategy, 1000, 0)

    drawn_values = [one.values for n in range(1, 1001) if (one := sample(plan, n, [])) is not None]

    rates = [math.log10(float(values["learning_rate"])) for values in drawn_values]
    dropouts = [float(values["dropout"]) for values in drawn_values]
    assert stats.spearmanr(rates, dropouts).pvalue > P_MIN


@pytest.mark.parametrize("seed", SEEDS)
def test_a_condition_decides_for_each_draw_whether_an_axis_is_drawn(seed: int) -> None:
    plan = plan_for(space_of(CONDITIONAL), "random", DRAWS, seed)

    values = [one.values for n in range(1, DRAWS + 1) if (one := sample(plan, n, [])) is not None]

    assert all(
        ("momentum" in one) == (one["optimizer"] in ("sgd", "rmsprop"))
        and ("nesterov" in one) == (one["optimizer"] == "sgd")
        and one["dropout"] == 0.1
        for one in values
    )
    with_nesterov = [one["nesterov"] for one in values if "nesterov" in one]
    assert stats.binomtest(sum(map(bool, with_nesterov)), len(with_nesterov), 0.5).pvalue > P_MIN
    momenta = [-math.log10(1 - float(one["momentum"])) for one in values if "momentum" in one]
    low = -math.log10(0.5)
    assert stats.kstest(momenta, "uniform", (low, 2 - low)).pvalue > P_MIN
