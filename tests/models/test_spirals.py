"""The spirals: the demo a newcomer sees behaves as it is told, and its picture can be drawn."""

from __future__ import annotations

import json
import math

import pytest
import torch

from babysit.task import accuracy
from models import spirals
from tests.models.plain_loop import examples_of, learn, mean, values_of

TOO_LOW = 0.003
RESCUE_STEP = 300


def rescued(step: int) -> float:
    """Four times doubled, as the coach marks of the demo ask for."""
    return TOO_LOW if step <= RESCUE_STEP else 16 * TOO_LOW


def test_the_demo_crawls_while_its_learning_rate_is_too_low() -> None:
    _, costs = learn(spirals.TASK, steps=800, learning_rate=TOO_LOW)

    assert mean(costs[:10]) > 0.65
    assert mean(costs[50:100]) < 0.68  # it falls a little at once, and then no more
    assert 0.55 < mean(costs[-100:]) < 0.66


def test_the_demo_is_rescued_by_a_higher_learning_rate() -> None:
    network, costs = learn(spirals.TASK, steps=1000, learning_rate_at=rescued)
    _, val = examples_of(spirals.load())

    assert mean(costs[250:300]) > 0.58
    assert mean(costs[880:920]) < 0.15
    with torch.inference_mode():
        assert accuracy(network.eval()(val.x), val.y) > 0.95


def test_the_demo_diverges_at_a_learning_rate_of_one() -> None:
    _, costs = learn(spirals.TASK, steps=150, learning_rate=1.0)

    assert mean(costs[-50:]) > 3 * math.log(2)


def test_both_arms_are_equally_long_and_stay_near_the_disc() -> None:
    train, val = examples_of(spirals.load())

    assert train.x.shape == (1000, 2)
    assert train.y.sum() == 500
    assert val.y.sum() == 250
    assert train.x.norm(dim=1).max() < spirals.PICTURE_HALF_WIDTH


def test_one_point_is_too_few_for_two_arms() -> None:
    with pytest.raises(ValueError, match="at least 2, got 1"):
        spirals.make_spirals(1, torch.Generator())


def test_the_picture_covers_the_data_with_probabilities() -> None:
    network, _ = learn(spirals.TASK, steps=5)

    drawn = spirals.picture(network)

    assert drawn["kind"] == "decision_boundary"
    assert len(drawn["x"]) == len(drawn["y"]) == len(drawn["z"]) == 48
    assert all(len(row) == 48 for row in drawn["z"])
    assert all(0 <= probability <= 1 for row in drawn["z"] for probability in row)
    points = drawn["points"]
    assert len(points["x"]) == len(points["y"]) == len(points["label"]) <= 300
    assert set(points["label"]) == {0, 1}
    assert min(drawn["x"]) < min(points["x"]) < max(points["x"]) < max(drawn["x"])
    assert len(json.dumps(drawn)) < 40_000  # bytes, sent again and again


def test_rows_of_the_picture_are_y_and_columns_x() -> None:
    class RightHalf(torch.nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return torch.stack([-x[:, 0], x[:, 0]], dim=1)  # arm 1 where x is above 0

    drawn = spirals.picture(RightHalf())

    assert all(row[0] < 0.5 < row[-1] for row in drawn["z"])


@pytest.mark.parametrize("training", [True, False])
def test_drawing_the_picture_leaves_no_trace_in_the_training(training: bool) -> None:
    network = spirals.build(values_of(spirals.TASK, 1000, dropout=0.5)).train(training)
    before = torch.get_rng_state()

    first, second = spirals.picture(network), spirals.picture(network)

    assert first == second  # so dropout was off
    assert network.training is training
    assert torch.equal(torch.get_rng_state(), before)


def test_the_picture_of_a_diverged_network_has_nan_in_it() -> None:
    network = spirals.build(values_of(spirals.TASK, 1000))
    torch.nn.init.constant_(next(network.parameters()), math.nan)

    drawn = spirals.picture(network)

    assert math.isnan(drawn["z"][0][0])
