"""What the tool looks at or sets by itself leaves the task's own code as it was."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from babysit.protocol.commands import Set
from babysit.protocol.spec.run_spec import RunSpec
from babysit.task import Data, Examples, Task
from babysit.training.controls import apply_change
from babysit.training.metrics import StepSize, norm
from babysit.training.state import Training, begin, restore
from babysit.training.user_code.evaluation import evaluate


def load() -> Data:
    x = torch.linspace(-1, 1, 80).reshape(40, 2)
    y = (x[:, 0] > 0).long()
    return Data(train=Examples(x, y), val=Examples(x, y))


class Net(nn.Module):
    """A frozen batch norm, a rate of its own, and a buffer that counts every call."""

    def __init__(self, rate: float = 0.5, other: float | None = None) -> None:
        super().__init__()
        self.first, self.norm = nn.Linear(2, 8), nn.BatchNorm1d(8)
        self.dropout, self.last = nn.Dropout(rate), nn.Linear(8, 2)
        self.other = nn.Dropout(rate if other is None else other)
        self.calls: Tensor
        self.register_buffer("calls", torch.zeros(()))
        self.norm.eval()

    def forward(self, x: Tensor) -> Tensor:
        self.calls = self.calls + 1
        out: Tensor = self.last(self.dropout(self.norm(self.first(x))))
        return out


def task(**options: Any) -> Task:
    given: dict[str, Any] = {"build": lambda values: Net(), "load": load, **options}
    return Task(title="Own", summary="", **given)


def started(own: Task, **values: Any) -> Training:
    spec = RunSpec(
        id=1,
        family_id=1,
        name="",
        task="own",
        values=values,
        steps=10,
        seed=0,
        created_at="",
    )
    return begin(spec, own, device="cpu", code_sha256="")


def continued(training: Training, **values: Any) -> Training:
    spec = RunSpec(
        id=2, family_id=1, name="", task="own", values=values, steps=10, seed=0, created_at=""
    )
    own, state = training.task, training.snapshot()
    return restore(spec, own, state, device="cpu", code_sha256="", is_fork=True)


def rates(training: Training) -> list[float]:
    network: Any = training.network
    return [network.dropout.p, network.other.p]


def measured(training: Training) -> dict[str, float]:
    values = training.controls.values
    return evaluate(training.task, training.network, training.data, values, "cpu").series


def test_a_network_keeps_its_rates_where_no_dropout_is_declared() -> None:
    training = started(task())

    assert rates(training) == [0.5, 0.5]
    assert rates(continued(training, learning_rate=0.02)) == [0.5, 0.5]


def test_a_declared_dropout_sets_the_modules_that_build_gave_its_rate() -> None:
    own = task(
        hyperparameters=("dropout",),
        defaults={"dropout": 0.2},
        build=lambda values: Net(float(values["dropout"]), other=0.1),
    )
    training = started(own)
    change = Set(values={"dropout": 0.1})  # now both have the same rate

    apply_change(training.controls, change, step=0, last_step=10, parts=training.parts)
    fork = continued(training, dropout=0.3)

    assert rates(training) == [0.1, 0.1]
    assert rates(fork) == [0.3, 0.1]
    assert "0.1" in training.warnings[0]


def test_a_rate_that_build_leaves_to_the_hyperparameter_is_replaced_and_said() -> None:
    training = started(task(hyperparameters=("dropout",)))

    assert rates(training) == [0.0, 0.0]
    assert "0.5" in training.warnings[0]


def test_an_evaluation_leaves_modes_buffers_gradients_and_generators() -> None:
    training = started(task(metrics={"noise": lambda output, y: torch.rand(())}))
    network: Any = training.network
    network.first.weight.grad = gradient = torch.ones_like(network.first.weight)
    calls, generator = network.calls, torch.get_rng_state()

    found = measured(training)

    assert set(found) == {"val/cost", "val/noise", "train/noise"}
    assert [network.training, network.norm.training] == [True, False]
    assert network.calls is calls
    assert calls.item() == 0
    assert network.first.weight.grad is gradient
    assert torch.equal(torch.get_rng_state(), generator)


def test_a_network_in_evaluation_mode_stays_so_and_it_is_said() -> None:
    training = started(task(build=lambda values: Net().eval()))

    measured(training)

    assert not training.network.training
    assert any("evaluation mode" in warning for warning in training.warnings)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
def test_the_default_dtype_of_a_task_is_its_own(dtype: torch.dtype) -> None:
    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        training = started(task())
        measured(training)
        assert torch.get_default_dtype() == dtype
        assert training.made_with["settings"]["default_dtype"] == str(dtype)
    finally:
        torch.set_default_dtype(before)


def test_a_metric_that_raises_is_nan_and_the_others_are_measured() -> None:
    def raises(output: Tensor, y: Tensor) -> Tensor:
        raise ValueError("only one class is present\nsee the docs")

    training = started(task(metrics={"auc": raises, "one": lambda output, y: torch.ones(())}))
    values = training.controls.values

    found = evaluate(training.task, training.network, training.data, values, "cpu")

    assert math.isnan(found.series["val/auc"])
    assert math.isnan(found.series["train/auc"])
    assert math.isfinite(found.series["val/cost"])
    assert found.series["val/one"] == 1.0
    warning = found.warnings()["val/auc: ValueError"]
    assert "ValueError: only one class is present" in warning


def test_a_validation_set_that_cannot_be_read_is_nan() -> None:
    class Broken(torch.utils.data.Dataset[Any]):
        def __len__(self) -> int:
            return 4

        def __getitem__(self, index: int) -> Any:
            raise OSError("the file is gone")

    training = started(task())
    training.data = dataclasses.replace(training.data, val=Broken())

    found = measured(training)

    assert math.isnan(found["val/cost"])


def test_a_sparse_gradient_has_a_norm() -> None:
    embedding = nn.Embedding(5, 2, sparse=True)
    embedding(torch.tensor([1, 1, 3])).sum().backward()
    gradient = embedding.weight.grad
    assert gradient is not None

    assert norm([gradient]) == pytest.approx(gradient.to_dense().norm().item())
    assert StepSize(embedding) is not None
