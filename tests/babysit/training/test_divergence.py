"""A cost that blows up is noticed; one that is only noisy, or heals, is not."""

from __future__ import annotations

from collections.abc import Iterable

from babysit.training.guards.divergence import STEPS, DivergenceGuard


def trips_at(costs: Iterable[float], guard: DivergenceGuard | None = None) -> list[int]:
    """The steps, from 1, at which it trips."""
    guard = guard or DivergenceGuard()
    return [step for step, cost in enumerate(costs, 1) if guard.update(cost)]


def test_a_cost_that_stays_at_four_times_its_start_is_noticed_ten_steps_after_its_average() -> None:
    [step] = trips_at([1.0, *[4.0] * 100])

    assert STEPS < step < 40


def test_so_is_one_that_grows_from_step_to_step() -> None:
    assert trips_at(1.5**step for step in range(200)) == [STEPS + 5]


def test_a_slow_rise_may_be_meant_until_it_is_thirtyfold() -> None:
    doubled_every_40_steps = [2 ** (step / 40) for step in range(400)]

    [step] = trips_at(doubled_every_40_steps)

    assert 30 < doubled_every_40_steps[step - 1] < 60


def test_a_single_spike_is_not() -> None:
    assert trips_at([1.0] * 50 + [25.0] + [1.0] * 50) == []


def test_nor_is_a_cost_that_starts_at_zero_or_below() -> None:
    assert trips_at([0.0, *[100.0] * 50]) == []
    assert trips_at([-1.0, *[100.0] * 50]) == []


def test_whoever_continues_is_not_stopped_again_until_the_cost_was_back() -> None:
    high, low = [9.0] * 60, [0.1] * 60

    assert len(trips_at([1.0, *high, *high])) == 1
    assert len(trips_at([1.0, *high, *low, *high])) == 2


def test_it_goes_on_from_a_checkpoint_as_if_it_had_never_stopped() -> None:
    costs = [1.0, *[4.0] * 100]
    [step] = trips_at(costs)
    guard = DivergenceGuard()
    trips_at(costs[: step - 1], guard)

    assert trips_at(costs[step - 1 :], DivergenceGuard.from_json(guard.to_json())) == [1]


def test_where_the_first_cost_is_not_known_nothing_is_compared() -> None:
    assert trips_at([1.0, *[100.0] * 50], DivergenceGuard.from_json(None)) == []
