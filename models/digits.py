"""Handwritten digits: name the digit in an 8 x 8 image with a plain network of dense layers.

Real data that need no download: scikit-learn ships 1,797 scanned digits. The place to see what
width, depth, dropout and weight decay do to the gap between training and validation curve.

Shapes: N examples, 64 pixels, W hidden units, 10 digits.
"""

from __future__ import annotations

import gzip
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from babysit.task import Data, Examples, Task, Values, accuracy

PIXELS = 8 * 8
DIGITS = 10
INK_MAX = 16.0  # pixels are stored as whole numbers from 0 to 16
VAL_PART = 0.2  # of the examples of each digit
SPLIT_SEED = 1998


def load_digits() -> tuple[Tensor, Tensor]:
    """All images and what they show, in the order of the file.

    Reads scikit-learn's file without importing scikit-learn, which would take over a second.

    Returns:
        x: (N, 64) float32, ink from 0 to 1, rows of the image one after the other.
        y: (N,) int64, the digit, 0 to 9.

    Raises:
        ModuleNotFoundError: scikit-learn is not installed.

    Source: the test set of "Optical Recognition of Handwritten Digits" (Alpaydin and Kaynak, UCI
    Machine Learning Repository, 1998), as in `sklearn.datasets.load_digits`.
    """
    package = find_spec("sklearn")
    if package is None or package.origin is None:
        raise ModuleNotFoundError("The digits come with scikit-learn, which is not installed.")
    file = Path(package.origin).parent / "datasets" / "data" / "digits.csv.gz"
    text = gzip.decompress(file.read_bytes()).strip().replace(b"\n", b",")
    # A tenth of the time that numpy.loadtxt needs: every trial of a search reads this.
    numbers = np.fromstring(text, dtype=np.uint8, sep=",")
    table = torch.from_numpy(numbers).reshape(-1, PIXELS + 1)  # (N, 64 + 1)
    x, y = table[:, :-1].float(), table[:, -1]
    return x / INK_MAX, y.long()


def split(y: Tensor) -> tuple[Tensor, Tensor]:
    """Which examples to learn from and which to measure on: the same part of every digit.

    The same people wrote on both sides, so the measured accuracy holds for these writers.

    Args:
        y: (N,) int64, the digits.

    Returns:
        Two sets of places in y, sorted, that have none in common and together are all.
    """
    generator = torch.Generator().manual_seed(SPLIT_SEED)
    held_out = torch.zeros(len(y), dtype=torch.bool)  # (N,)
    for digit in range(DIGITS):
        places = (y == digit).nonzero().flatten()
        shuffled = places[torch.randperm(len(places), generator=generator)]
        held_out[shuffled[: round(VAL_PART * len(places))]] = True
    return (~held_out).nonzero().flatten(), held_out.nonzero().flatten()


def load() -> Data:
    x, y = load_digits()
    train, val = split(y)
    return Data(train=Examples(x[train], y[train]), val=Examples(x[val], y[val]))


def build(values: Values) -> nn.Module:
    """A ReLU network, (N, 64) pixels -> (N, 10) scores of the digits."""
    width = int(values["hidden_units"])
    dropout = float(values["dropout"])
    layers: list[nn.Module] = []
    inputs = PIXELS
    for _ in range(int(values["layers"])):
        layers += [nn.Linear(inputs, width), nn.ReLU(), nn.Dropout(dropout)]
        inputs = width
    return nn.Sequential(*layers, nn.Linear(inputs, DIGITS))


TASK = Task(
    title="Handwritten digits",
    summary="Name the digit in a scanned 8 × 8 image, with dense layers. 1,797 real examples.",
    load=load,
    build=build,
    hyperparameters=("hidden_units", "layers", "dropout"),
    defaults={"learning_rate": 0.05, "hidden_units": 64, "layers": 2, "dropout": 0.2},
    steps=1000,
    evaluate_every=20,
    metrics={"accuracy": accuracy},
    device="cpu",
)
