"""A network whose updates draw from every generator, so that none can be forgotten unnoticed."""

from __future__ import annotations

import random

import numpy as np
import torch
from torch import Tensor, nn

from babysit.task import Data, Examples, Task, Values, mean_squared_error


def load() -> Data:
    generator = torch.Generator().manual_seed(1)
    x = torch.randn(90, 3, generator=generator)
    y = x.sum(dim=1, keepdim=True).sin()
    return Data(train=Examples(x[:70], y[:70]), val=Examples(x[70:], y[70:]))


def build(values: Values) -> nn.Module:
    return nn.Sequential(
        nn.Linear(3, 8), nn.BatchNorm1d(8), nn.Tanh(), nn.Dropout(0.2), nn.Linear(8, 1)
    )


def cost(output: Tensor, y: Tensor, values: Values) -> Tensor:
    noise = random.gauss(0, 0.1) + np.random.normal(0, 0.1) + 0.1 * torch.randn(()).item()
    return mean_squared_error(output + noise, y, values)


TASK = Task(
    title="All random",
    summary="Noise from torch, numpy and python in every update.",
    kind="regression",
    load=load,
    build=build,
    cost=cost,
    hyperparameters=("dropout",),
    defaults={"dropout": 0.2, "batch_size": 16},
    steps=100,
)
