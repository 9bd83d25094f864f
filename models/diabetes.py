"""Diabetes: predict how far the disease will have come in a year, a regression on real, noisy data.

Only 442 people and much that ten measurements cannot tell: the training cost goes on falling while
the validation cost turns up. Weight decay, dropout and stopping early matter here.

Shapes: N people, 10 measurements, W hidden units.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from babysit.task import Data, Examples, Task, Values, mean_squared_error

from ._scikit_learn import data_file

MEASUREMENTS = 10  # age, sex, body mass index, blood pressure and six blood serum values
TRAIN_SIZE = 354  # of 442, four fifths
SPLIT_SEED = 2004

# Mean and standard deviation of the target over the training examples, in the study's own measure
# of progression (from 25 to 346). Constants, so that the metric can give the error in that unit.
TARGET_MEAN = 153.1
TARGET_STD = 77.1


def load_people() -> tuple[Tensor, Tensor]:
    """What was measured of each person, and how far the disease was a year later.

    Returns:
        x: (N, 10) float32, each measurement in its own unit.
        y: (N, 1) float32, progression, 25 to 346.

    Raises:
        ModuleNotFoundError: scikit-learn is not installed.

    Source: Efron, Hastie, Johnstone and Tibshirani, "Least Angle Regression" (2004), as in
    `sklearn.datasets.load_diabetes(scaled=False)`.
    """
    x = np.loadtxt(data_file("diabetes_data_raw.csv.gz"), dtype=np.float32)  # (N, 10)
    y = np.loadtxt(data_file("diabetes_target.csv.gz"), dtype=np.float32)  # (N,)
    return torch.from_numpy(x), torch.from_numpy(y).unsqueeze(1)


def load() -> Data:
    """Standardised by what the training examples tell; the validation set tells nothing."""
    x, y = load_people()
    order = torch.randperm(len(x), generator=torch.Generator().manual_seed(SPLIT_SEED))
    train, val = order[:TRAIN_SIZE], order[TRAIN_SIZE:]
    x = (x - x[train].mean(dim=0)) / x[train].std(dim=0)
    y = (y - TARGET_MEAN) / TARGET_STD
    return Data(train=Examples(x[train], y[train]), val=Examples(x[val], y[val]))


def build(values: Values) -> nn.Module:
    """A ReLU network, (N, 10) standardised measurements -> (N, 1) standardised progression."""
    width = int(values["hidden_units"])
    dropout = float(values["dropout"])
    layers: list[nn.Module] = []
    inputs = MEASUREMENTS
    for _ in range(int(values["layers"])):
        layers += [nn.Linear(inputs, width), nn.ReLU(), nn.Dropout(dropout)]
        inputs = width
    return nn.Sequential(*layers, nn.Linear(inputs, 1))


def mean_absolute_error(output: Tensor, y: Tensor) -> Tensor:
    """Mean distance from the truth, in the study's own measure. output, y: (N, 1)."""
    return (output - y).abs().mean() * TARGET_STD


TASK = Task(
    title="Diabetes progression",
    summary="How far has the disease come a year later? Regression on 442 people; overfits easily.",
    load=load,
    build=build,
    cost=mean_squared_error,
    kind="regression",
    hyperparameters=("hidden_units", "layers", "dropout"),
    defaults={"learning_rate": 0.003, "hidden_units": 32, "layers": 2},
    steps=800,
    evaluate_every=10,
    metrics={"mae": mean_absolute_error},
    device="cpu",
)
