"""A convolution on small pictures that are moved and mirrored at random when they are fetched."""

from __future__ import annotations

import random

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import Dataset

from babysit.task import Data, Examples, Task, Values

SIZE = 120
EDGE = 6


def picture(index: int) -> Tensor:
    """(1, EDGE, EDGE) a bar across or down, with a pattern of its own."""
    x = torch.zeros(1, EDGE, EDGE)
    place = index // 2 % EDGE
    bar = torch.linspace(0.5, 1.5, EDGE) + index / SIZE
    if index % 2:
        x[0, place] = bar
    else:
        x[0, :, place] = bar
    return x


class Shifted(Dataset[tuple[Tensor, Tensor]]):
    """Bars, with noise and moved around the edge."""

    def __len__(self) -> int:
        return SIZE

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        x = picture(index).roll(int(np.random.randint(EDGE)), dims=1 + index % 2)
        if random.random() < 0.5:
            x = x.flip(2)
        return x + 0.1 * torch.randn(x.shape), torch.tensor(index % 2)


def load() -> Data:
    x = torch.stack([picture(index) for index in range(20)])
    return Data(train=Shifted(), val=Examples(x, torch.arange(20) % 2))


def build(values: Values) -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(1, 4, 3, padding=1),
        nn.BatchNorm2d(4),
        nn.ReLU(),
        nn.AdaptiveAvgPool2d(3),
        nn.Flatten(),
        nn.Linear(36, 2),
    )


TASK = Task(
    title="Shifted images",
    summary="Bars across or down, never twice at the same place.",
    load=load,
    build=build,
    defaults={"batch_size": 4},
    steps=100,
    loader_workers=0,
)
