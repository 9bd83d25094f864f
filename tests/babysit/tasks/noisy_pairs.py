"""A map-style data set with random augmentation in `__getitem__`, from three generators."""

from __future__ import annotations

import random

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import Dataset

from babysit.task import Data, Examples, Task, Values, mean_squared_error

SIZE = 70


class NoisyPairs(Dataset[tuple[Tensor, Tensor]]):
    """Points of a line, moved a little each time they are looked at."""

    def __len__(self) -> int:
        return SIZE

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        x = torch.tensor([index / SIZE, float(np.random.normal())])
        noise = 0.1 * torch.randn(1) + 0.1 * random.random()
        return x, 2 * x[:1] + noise


def load() -> Data:
    x = torch.linspace(0, 1, 20).reshape(-1, 1).repeat(1, 2)
    return Data(train=NoisyPairs(), val=Examples(x, 2 * x[:, :1]))


def build(values: Values) -> nn.Module:
    return nn.Sequential(
        nn.Linear(2, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(0.2), nn.Linear(8, 1)
    )


TASK = Task(
    title="Noisy pairs",
    summary="A line, seen through noise.",
    kind="regression",
    load=load,
    build=build,
    cost=mean_squared_error,
    hyperparameters=("dropout",),
    defaults={"dropout": 0.2, "batch_size": 16},
    steps=100,
    loader_workers=0,
)
