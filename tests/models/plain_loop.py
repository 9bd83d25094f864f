"""The plainest training there is: a task must learn without anything of Babysit around it."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from babysit.task import Data, Examples, Task, Value


def values_of(task: Task, train_size: int, **changed: Value) -> dict[str, Value]:
    """The defaults of a task, some of them changed."""
    defaults = {name: one.default for name, one in task.declared(train_size).items()}
    return {**defaults, **changed}


def examples_of(data: Data) -> tuple[Examples, Examples]:
    """The training and the validation set of a task that keeps them in memory, as ours do."""
    assert isinstance(data.train, Examples)
    assert isinstance(data.val, Examples)
    return data.train, data.val


def learn(
    task: Task,
    steps: int,
    learning_rate_at: Callable[[int], float] | None = None,
    **changed: Value,
) -> tuple[nn.Module, list[float]]:
    """Train for some updates. Returns the network and the cost of each update."""
    train, _ = examples_of(task.load())
    values = values_of(task, len(train), **changed)
    torch.manual_seed(0)
    network = task.build(values)
    rate, decay = float(values["learning_rate"]), float(values["weight_decay"])
    optimizer: torch.optim.Optimizer
    if values["optimizer"] == "adamw":
        optimizer = torch.optim.AdamW(network.parameters(), lr=rate, weight_decay=decay)
    else:
        momentum = float(values["momentum"])
        optimizer = torch.optim.SGD(network.parameters(), lr=rate, momentum=momentum)
    order = torch.Generator().manual_seed(0)
    costs: list[float] = []
    left: list[Tensor] = []
    for step in range(1, steps + 1):
        if not left:
            shuffled = torch.randperm(len(train), generator=order)
            size = int(values["batch_size"])
            left = [shuffled[at : at + size] for at in range(0, len(train) - size + 1, size)]
        batch = left.pop(0)
        if learning_rate_at is not None:
            optimizer.param_groups[0]["lr"] = learning_rate_at(step)
        cost = task.cost(network(train.x[batch]), train.y[batch], values)
        optimizer.zero_grad(set_to_none=True)
        cost.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        costs.append(cost.item())
    return network, costs


def mean(costs: list[float]) -> float:
    return sum(costs) / len(costs)
