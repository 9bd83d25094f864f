"""A value set by hand holds under every scheduler of torch, and none of them notices it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
import torch
from torch import nn
from torch.optim import SGD, Adam, Optimizer, lr_scheduler

from babysit.attached.state.training import ScriptTraining
from babysit.protocol.commands import Set
from babysit.protocol.values import RequestedValues

STEPS, FROM, UNTIL = 40, 10, 25
VALUE = 2.0**-5  # the same in float32, as in a tensor

SCHEDULERS: dict[str, Callable[[Optimizer], Any]] = {
    "LambdaLR": lambda o: lr_scheduler.LambdaLR(o, lambda step: 1 / (1 + step)),
    "MultiplicativeLR": lambda o: lr_scheduler.MultiplicativeLR(o, lambda step: 0.97),
    "StepLR": lambda o: lr_scheduler.StepLR(o, 7, 0.5),
    "MultiStepLR": lambda o: lr_scheduler.MultiStepLR(o, [5, 15, 30], 0.5),
    "ConstantLR": lambda o: lr_scheduler.ConstantLR(o, 0.3, 20),
    "LinearLR": lambda o: lr_scheduler.LinearLR(o, 0.1, 1.0, 20),
    "ExponentialLR": lambda o: lr_scheduler.ExponentialLR(o, 0.95),
    "PolynomialLR": lambda o: lr_scheduler.PolynomialLR(o, STEPS, 2.0),
    "CosineAnnealingLR": lambda o: lr_scheduler.CosineAnnealingLR(o, STEPS),
    "CosineAnnealingWarmRestarts": lambda o: lr_scheduler.CosineAnnealingWarmRestarts(o, 8),
    "CyclicLR": lambda o: lr_scheduler.CyclicLR(o, 0.01, 0.1, 6),
    "OneCycleLR": lambda o: lr_scheduler.OneCycleLR(o, 0.2, total_steps=STEPS + 1),
    "ReduceLROnPlateau": lambda o: lr_scheduler.ReduceLROnPlateau(o, patience=2, threshold=0.5),
    "SequentialLR": lambda o: lr_scheduler.SequentialLR(
        o, [lr_scheduler.LinearLR(o, 0.1, 1.0, 12), lr_scheduler.ExponentialLR(o, 0.9)], [12]
    ),
    "ChainedScheduler": lambda o: lr_scheduler.ChainedScheduler(
        [lr_scheduler.LinearLR(o, 0.1, 1.0, 12), lr_scheduler.ExponentialLR(o, 0.9)]
    ),
}


@dataclass
class Trained:
    """own: what the script and its scheduler say before each step. used: inside of it."""

    own: list[float] = field(default_factory=list)
    used: list[float] = field(default_factory=list)
    recorded: list[float] = field(default_factory=list)


def trained(
    kind: str, changes: dict[int, RequestedValues], *, key: str = "lr", in_tensor: bool = False
) -> Trained:
    """A short training; changes: step -> values."""
    torch.manual_seed(0)
    net = nn.Linear(3, 1)
    optimizer: Optimizer = SGD(net.parameters(), lr=0.1, momentum=0.9)
    if in_tensor:
        optimizer = Adam(net.parameters(), lr=torch.tensor(0.1))
    scheduler = SCHEDULERS[kind](optimizer)
    training = ScriptTraining(seed=1, made_with={})
    training.parts.add("model", net)
    training.parts.add("optimizer", optimizer)
    training.find_optimizers()
    (group,) = optimizer.param_groups
    (hooks,) = training.controls.hooks.values()
    found = Trained()
    optimizer.register_step_pre_hook(lambda *_: found.used.append(float(group[key])))
    for step in range(STEPS):
        if step in changes:
            training.controls.apply(Set(values=changes[step]))
        found.own.append(float(group[key]))
        loss = net(torch.randn(8, 3)).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        scheduler.step(*([1.0] if kind == "ReduceLROnPlateau" else []))
        found.recorded.append(float(hooks.used[0][key]))
        training.step = training.controls.step = step + 1
    return found


def test_all_schedulers_are_tried() -> None:
    offered = set(lr_scheduler.__all__) - {"LRScheduler"}
    assert offered == set(SCHEDULERS)


@pytest.mark.parametrize("in_tensor", [False, True], ids=["number", "tensor"])
@pytest.mark.parametrize("kind", SCHEDULERS)
def test_a_factor_and_a_value_hold_and_the_schedule_goes_on_beneath(
    kind: str, in_tensor: bool
) -> None:
    expected = trained(kind, {}, in_tensor=in_tensor)
    steered = trained(
        kind,
        {
            FROM: {"learning_rate": {"times": 0.5}},
            FROM + 5: {"learning_rate": VALUE},
            UNTIL: {"learning_rate": {"release": True}},
        },
        in_tensor=in_tensor,
    )
    assert steered.own == expected.own
    halved = [0.5 * own for own in steered.own[FROM : FROM + 5]]
    assert steered.used[:FROM] == steered.own[:FROM]
    assert steered.used[FROM : FROM + 5] == halved
    assert steered.used[FROM + 5 : UNTIL] == [VALUE] * (UNTIL - FROM - 5)
    assert steered.used[UNTIL:] == steered.own[UNTIL:]
    assert steered.recorded == steered.used
    assert len(set(expected.own)) > 1, "the schedule moves"


@pytest.mark.parametrize("kind", ["OneCycleLR", "CyclicLR"])
def test_momentum_that_a_schedule_moves_can_be_held(kind: str) -> None:
    expected = trained(kind, {}, key="momentum")
    steered = trained(
        kind, {FROM: {"momentum": 0.6}, UNTIL: {"momentum": {"release": True}}}, key="momentum"
    )
    assert steered.own == expected.own
    assert steered.used[FROM:UNTIL] == [0.6] * (UNTIL - FROM)
    assert steered.used[UNTIL:] == expected.used[UNTIL:]
    assert len(set(expected.own)) > 1, "the schedule moves it"


@pytest.mark.parametrize("kind", SCHEDULERS)
def test_a_ramp_arrives_and_a_released_one_leads_back(kind: str) -> None:
    found: list[float] = []
    torch.manual_seed(0)
    net = nn.Linear(3, 1)
    optimizer = SGD(net.parameters(), lr=0.1, momentum=0.9)
    scheduler = SCHEDULERS[kind](optimizer)
    training = ScriptTraining(seed=1, made_with={})
    training.parts.add("optimizer", optimizer)
    training.find_optimizers()
    (group,) = optimizer.param_groups
    optimizer.register_step_pre_hook(lambda *_: found.append(group["lr"] / own))
    for step in range(STEPS):
        if step == FROM:
            training.controls.apply(Set(values={"learning_rate": {"times": 0.5}}, over_steps=5))
        if step == UNTIL:
            training.controls.apply(Set(values={"learning_rate": {"release": True}}, over_steps=5))
        training.controls.enforce()
        own = group["lr"] or 1.0
        net(torch.randn(8, 3)).square().mean().backward()
        optimizer.step()
        scheduler.step(*([1.0] if kind == "ReduceLROnPlateau" else []))
        training.step = training.controls.step = step + 1
    assert found[FROM - 1] == 1.0
    assert found[FROM : FROM + 5] == pytest.approx([0.5 ** (k / 5) for k in range(1, 6)])
    assert found[FROM + 5 : UNTIL] == pytest.approx([0.5] * (UNTIL - FROM - 5))
    assert found[UNTIL : UNTIL + 5] == pytest.approx([0.5 ** (1 - k / 5) for k in range(1, 6)])
    assert found[UNTIL + 5 :] == [1.0] * (STEPS - UNTIL - 5)
    assert training.controls.overrides == {}
