"""The traps in an optimizer's state when a hyperparameter changes in mid-run, each with its fix."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from babysit.protocol.commands import Set
from babysit.protocol.hyperparameters import declare
from babysit.protocol.values import Value, Values
from babysit.training.optimizer import build_optimizer, read_back, write
from tests.babysit.worker_harness import Lab

DEFAULTS: Values = {name: item.default for name, item in declare((), {}).items()}
BETAS: list[dict[str, Value]] = [
    {"beta1": 0.99},
    {"beta1": 0.999},
    {"beta1": 0.5},
    {"beta1": 0.0},
    {"beta2": 0.9},
    {"beta2": 0.9999},
    {"beta1": 0.95, "beta2": 0.98},
]


def built(**values: Value) -> tuple[nn.Parameter, Optimizer, Values]:
    """A parameter of three numbers and its optimizer."""
    parameter = nn.Parameter(torch.zeros(3))
    held = {**DEFAULTS, **values}
    return parameter, build_optimizer([parameter], held), held


def update(parameter: nn.Parameter, optimizer: Optimizer, gradient: Tensor) -> Tensor:
    """How far one update with this gradient moves the parameter."""
    before = parameter.detach().clone()
    parameter.grad = gradient.clone()
    optimizer.step()
    return parameter.detach() - before


@pytest.mark.parametrize("kind", ["sgd", "rmsprop"])
def test_velocity_from_before_momentum_was_0_never_comes_back(kind: str) -> None:
    """torch keeps the buffer while momentum is 0, and would push the wrong way afterwards."""
    parameter, optimizer, values = built(optimizer=kind, learning_rate=0.1)
    up, down = torch.ones(3), -torch.ones(3)
    for _ in range(30):
        update(parameter, optimizer, up)

    notes = write(optimizer, {**values, "momentum": 0.0})
    for _ in range(3):
        plain = update(parameter, optimizer, down)
    write(optimizer, {**values, "momentum": 0.9})
    back = update(parameter, optimizer, down)

    assert notes == ["Velocity cleared: it would be stale when momentum comes back."]
    torch.testing.assert_close(back, plain, rtol=0.02, atol=0)  # the first one has no past


def test_rmsprop_without_momentum_at_first_takes_it_later() -> None:
    """torch makes the buffer at the first step only, and raises a KeyError later."""
    parameter, optimizer, values = built(optimizer="rmsprop", momentum=0.0)
    plain = update(parameter, optimizer, torch.ones(3))

    write(optimizer, {**values, "momentum": 0.9})
    moved = [update(parameter, optimizer, torch.ones(3)) for _ in range(3)]

    assert (moved[0] < 0).all()
    assert (moved[2].abs() > moved[0].abs()).all()
    assert plain.isfinite().all()


@pytest.mark.parametrize("kind", ["adam", "adamw"])
@pytest.mark.parametrize("step", [5, 20, 50, 200, 1000])
@pytest.mark.parametrize("change", BETAS, ids=str)
def test_changing_adams_betas_does_not_make_the_step_jump(
    kind: str, step: int, change: dict[str, Value]
) -> None:
    """Without the fix beta1 0.9 -> 0.999 at step 20 makes the next update 42 times as large."""
    parameter, optimizer, values = built(optimizer=kind, learning_rate=0.001)
    gradient = torch.tensor([0.3, -2.0, 5e-3])
    for _ in range(step):
        before = update(parameter, optimizer, gradient)

    notes = write(optimizer, {**values, **change})
    after = update(parameter, optimizer, gradient)

    torch.testing.assert_close(after, before, rtol=0.05, atol=0)
    assert notes == [
        f"Optimizer state rescaled so that the step does not jump (Adam, step {step})."
    ]


def test_a_ramp_of_adams_beta_keeps_the_step_all_the_way() -> None:
    parameter, optimizer, values = built(optimizer="adam", learning_rate=0.001)
    gradient = torch.tensor([0.3, -2.0, 5e-3])
    for _ in range(10):
        before = update(parameter, optimizer, gradient)

    for place in range(1, 31):
        write(optimizer, {**values, "beta1": 0.9 + 0.0033 * place})
        after = update(parameter, optimizer, gradient)
        torch.testing.assert_close(after, before, rtol=0.05, atol=0)


@pytest.mark.parametrize("kind", ["sgd", "adam", "adamw", "rmsprop"])
def test_a_learning_rate_acts_at_once_and_touches_no_state(kind: str) -> None:
    parameter, optimizer, values = built(optimizer=kind, momentum=0.9, learning_rate=0.01)
    for _ in range(100):
        before = update(parameter, optimizer, torch.ones(3))

    assert write(optimizer, {**values, "learning_rate": 0.001}) == []
    after = update(parameter, optimizer, torch.ones(3))

    torch.testing.assert_close(after, before / 10, rtol=0.05, atol=0)


@pytest.mark.parametrize("kind", ["sgd", "adam", "adamw", "rmsprop"])
def test_what_is_read_back_is_what_was_written(kind: str) -> None:
    _, optimizer, values = built(optimizer=kind)
    wanted = {**values, "learning_rate": 0.3, "weight_decay": 0.02, "momentum": 0.7}
    wanted |= {"beta1": 0.8, "beta2": 0.95, "epsilon": 1e-6, "nesterov": True}

    write(optimizer, wanted)
    real = read_back(optimizer)

    assert real == {name: wanted[name] for name in real}
    assert {"learning_rate", "weight_decay"} <= set(real)


def test_velocity_is_cleared_in_a_living_run_too(lab: Lab) -> None:
    """The same trap at the end of a ramp of momentum down to 0."""
    run = lab.start(
        "spirals",
        steps=60,
        commands=[
            Set(values={"momentum": 0.0}, at_step=20, over_steps=10),
            Set(values={"momentum": 0.9}, at_step=40),
        ],
    ).finished()

    back = run.said("changed")[1]
    assert back["before"] == {"momentum": 0.0}
    checkpoint = next(c for c in run.checkpoints() if c["command_id"] == back["command_id"])
    files = run.checkpoint_path(checkpoint)
    assert (files / "optimizer.safetensors").stat().st_size < 100  # no velocity is left


def test_linked_momentum_keeps_the_step_size(lab: Lab) -> None:
    """With a ramp it does so at every step of the way."""
    run = lab.start(
        "spirals",
        steps=80,
        commands=[
            Set(values={"momentum": 0.99}, at_step=10, keep_step_size=True),
            Set(values={"momentum": 0.8}, at_step=30, keep_step_size=True, over_steps=40),
        ],
    ).finished()

    rates, momenta = run.points["learning_rate"], run.points["momentum"]
    sizes = [rates[step] / (1 - momenta[step]) for step in range(1, 81)]
    assert momenta[11] == pytest.approx(0.99)
    assert momenta[11] > momenta[50] > momenta[70] == pytest.approx(0.8)
    assert sizes == pytest.approx([0.5] * 80)


def test_a_raised_learning_rate_climbs_evenly_on_its_scale(lab: Lab) -> None:
    run = lab.start(
        "spirals",
        steps=40,
        values={"learning_rate": 0.001},
        commands=[Set(values={"learning_rate": 0.1}, at_step=20, over_steps=10)],
    ).finished()

    rates = run.points["learning_rate"]
    expected = [0.001 * 100 ** (place / 10) for place in range(11)]
    assert [rates[step] for step in range(20, 31)] == pytest.approx(expected)
    assert rates[40] == 0.1


def test_an_optimizer_without_its_state_starts_small(lab: Lab) -> None:
    """A fork to Adam, with a learning rate of its own: fresh moments make first steps too large."""
    parent = lab.start("spirals", steps=30).finished()
    values: Values = {"optimizer": "adam", "learning_rate": 0.01}

    fork = lab.fork(parent, parent.checkpoints()[-1], steps=100, values=values).finished()

    rates = fork.points["learning_rate"]
    assert rates[31] < 0.001
    assert rates[55] == pytest.approx(0.005, rel=0.05)
    assert rates[80] == rates[100] == 0.01
    assert any("starts without its state" in warned["message"] for warned in fork.said("warned"))
