"""A task whose every point can be recomputed: the cost says what was done up to its step.

One weight, whose gradient is always 1, goes down by the learning rates of all updates (with
momentum, by the velocity's); the numbers of the batch's examples are added to it. A cost tells
therefore which updates were made before it, at which values, and which examples it saw.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from babysit.task import Data, Examples, Task, Values

SIZE = 100  # examples; example i is the number i


class Weight(nn.Module):
    """One number that no input touches."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(1, dtype=torch.float64))

    def forward(self, x: Tensor) -> Tensor:
        return self.weight


def load() -> Data:
    numbers = torch.arange(SIZE, dtype=torch.float64)  # (N,)
    none = torch.zeros(4, dtype=torch.float64)
    return Data(train=Examples(numbers, numbers), val=Examples(none, none))


def build(values: Values) -> nn.Module:
    return Weight()


def cost(output: Tensor, y: Tensor, values: Values) -> Tensor:
    """The weight plus the mean of the batch's numbers; of the validation set: the weight."""
    return output[0] + y.mean()


TASK = Task(
    title="Counting",
    summary="A cost that tells all that was done before it.",
    kind="regression",
    load=load,
    build=build,
    cost=cost,
    defaults={"learning_rate": 0.01, "momentum": 0.0, "batch_size": 10},
    steps=5000,
    evaluate_every=50,
    device="cpu",
)
