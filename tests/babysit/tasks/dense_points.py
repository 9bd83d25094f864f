"""A plain dense network on points of a plane, given one by one: nothing in it is random."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.utils.data import Dataset

from babysit.task import Data, Examples, Task, Values, accuracy

SIZE = 120
CORNERS = 2.5  # the classes are rings of this many to the unit


class Points(Dataset[tuple[Tensor, Tensor]]):
    """Points on a spiral of their own, each with the ring it lies on."""

    def __len__(self) -> int:
        return SIZE

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        angle = torch.tensor(2.4 * index)  # nearly the golden angle: no two points lie close
        radius = (index + 0.5) / SIZE
        x = radius * torch.stack([angle.cos(), angle.sin()])
        return x, torch.tensor(int(CORNERS * radius) % 2)


def load() -> Data:
    x = torch.linspace(-1, 1, 20).reshape(-1, 1).repeat(1, 2)
    y = (CORNERS * x.norm(dim=1)).long() % 2
    return Data(train=Points(), val=Examples(x, y))


def build(values: Values) -> nn.Module:
    return nn.Sequential(nn.Linear(2, 12), nn.Tanh(), nn.Linear(12, 8), nn.Tanh(), nn.Linear(8, 2))


TASK = Task(
    title="Dense points",
    summary="Rings of a plane.",
    load=load,
    build=build,
    metrics={"accuracy": accuracy},
    defaults={"batch_size": 4},
    steps=100,
    loader_workers=0,
)
