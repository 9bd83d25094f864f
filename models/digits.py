"""Handwritten digits: name the digit in an 8 x 8 image with a plain network of dense layers.

Real data that need no download: scikit-learn ships 1,797 scanned digits. The place to see what
width, depth, dropout and weight decay do to the gap between training and validation curve.

Shapes: N examples, 64 pixels, W hidden units, 10 digits.
"""

from __future__ import annotations

from torch import nn

from babysit.task import Data, Examples, Task, Values, accuracy

from ._digits import DIGITS, PIXELS, load_digits, split


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
