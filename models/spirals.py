"""Two spirals: tell which of two intertwined arms a point of the plane lies on.

The first thing a newcomer sees. It is small enough for thousands of updates a second, hard enough
to sit on a plateau while the learning rate is too low, and its network can be drawn whole.

Shapes: N points or examples of a batch, W hidden units, G points along one side of the picture.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn

from babysit.task import Data, Examples, Task, Values, accuracy

TRAIN_SIZE = 1000
VAL_SIZE = 500
DATA_SEED = 1988  # the data are the same in every run, whatever the run's own seed

# Chosen together, so that a learning rate of 0.003 stays near a cost of 0.6 for over a thousand
# updates, raising it to 0.05 at step 300 brings 0.05 by step 900, and 1 or more diverges.
TURNS = 1.65  # of each arm, from the middle to the rim
RADIUS = 2.5
NOISE_STD = 0.03

GRID = 48  # points along one side of the picture
PICTURE_HALF_WIDTH = 1.1 * RADIUS
PICTURE_POINTS = 240  # enough to see the arms, few enough to send often


def make_spirals(n: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Sample points and the arm each one lies on.

    Args:
        n: how many points; an odd one out goes to arm 0.
        generator: the only source of randomness, so equal seeds give equal sets.

    Returns:
        x: (N, 2) float32, coordinates within about ±RADIUS.
        y: (N,) int64, the arm, 0 or 1, in turn.

    Raises:
        ValueError: n is less than 2, so one arm would be empty.

    Source: the two-spirals benchmark of Lang and Witbrock (1988), with noise, and with points
    spread evenly over the disc.
    """
    if n < 2:
        raise ValueError(f"n must be at least 2, got {n}")
    y = torch.arange(n) % 2  # (N,)
    part = torch.rand(n, generator=generator).sqrt()  # (N,) of the way to the rim
    angle = part * TURNS * 2 * math.pi + y * math.pi  # (N,) radians; arm 1 is half a turn on
    x = RADIUS * part.unsqueeze(1) * torch.stack([angle.cos(), angle.sin()], dim=1)  # (N, 2)
    x += NOISE_STD * torch.randn(x.shape, generator=generator)
    return x, y


def load() -> Data:
    generator = torch.Generator().manual_seed(DATA_SEED)
    train = Examples(*make_spirals(TRAIN_SIZE, generator))
    return Data(train=train, val=Examples(*make_spirals(VAL_SIZE, generator)))


def build(values: Values) -> nn.Module:
    """A tanh network, (N, 2) coordinates -> (N, 2) scores of the arms."""
    width = int(values["hidden_units"])
    dropout = float(values["dropout"])
    layers: list[nn.Module] = []
    inputs = 2
    for _ in range(int(values["layers"])):
        layers += [nn.Linear(inputs, width), nn.Tanh(), nn.Dropout(dropout)]
        inputs = width
    return nn.Sequential(*layers, nn.Linear(inputs, 2))


def picture(network: nn.Module) -> dict[str, Any]:
    """What the network believes all over the plane, and some of the points it learns from.

    Draws no random numbers and leaves the network in the mode it was in.

    Returns:
        kind: "decision_boundary".
        x, y: (G,) coordinates of the columns and rows of z.
        z: (G, G) rows of probabilities of arm 1, from 0 to 1; NaN once the network has diverged.
        points: x, y, label, each as long as the others: training points and their arms.
    """
    along = torch.linspace(-PICTURE_HALF_WIDTH, PICTURE_HALF_WIDTH, GRID)  # (G,)
    rows, columns = torch.meshgrid(along, along, indexing="ij")  # (G, G) each
    plane = torch.stack([columns, rows], dim=-1).reshape(-1, 2)  # (G·G, 2)
    training = network.training
    network.eval()
    with torch.inference_mode():
        z = network(plane).softmax(dim=1)[:, 1].reshape(GRID, GRID)  # (G, G)
    network.train(training)
    x, y = make_spirals(TRAIN_SIZE, torch.Generator().manual_seed(DATA_SEED))
    shown = slice(PICTURE_POINTS)  # the arms take turns, so both are shown
    return {
        "kind": "decision_boundary",
        "x": _short(along),
        "y": _short(along),
        "z": [_short(row) for row in z],
        "points": {
            "x": _short(x[shown, 0]),
            "y": _short(x[shown, 1]),
            "label": y[shown].tolist(),
        },
    }


def _short(numbers: Tensor) -> list[float]:
    """Three decimals: more cannot be seen in a thumbnail."""
    return [round(number, 3) for number in numbers.tolist()]


TASK = Task(
    title="Two spirals",
    summary="Which of two intertwined spirals does a point lie on? Tiny, fast and easy to picture.",
    load=load,
    build=build,
    hyperparameters=("hidden_units", "layers", "dropout"),
    defaults={"learning_rate": 0.05, "hidden_units": 32, "layers": 2},
    steps=3000,
    evaluate_every=20,
    metrics={"accuracy": accuracy},
    picture=picture,
    device="cpu",
)
