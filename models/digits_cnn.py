"""Handwritten digits with a convolutional network, batch normalisation, dropout and random shifts.

The same images and the same split as the task `digits`, so the two can be compared. All that makes
an exact continuation hard is here: running statistics, dropout and random augmentation.

Shapes: N examples, B of a batch, C channels, 8 x 8 pixels, 10 digits.
"""

from __future__ import annotations

import gzip
from importlib.util import find_spec
from pathlib import Path

import torch
from torch import Tensor, nn

from babysit.task import Data, Examples, SampleRandom, Task, Values, accuracy

SIDE = 8
DIGITS = 10
INK_MAX = 16.0  # pixels are stored as whole numbers from 0 to 16
VAL_PART = 0.2  # of the examples of each digit
SPLIT_SEED = 1998
SHIFT_MAX = 1  # pixels; the digits fill their images, two would cut them


def load_digits() -> tuple[Tensor, Tensor]:
    """All images and what they show, in the order of the file.

    Reads scikit-learn's file without importing scikit-learn, which would take over a second.

    Returns:
        x: (N, 1, 8, 8) float32, ink from 0 to 1.
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
    # Small whole numbers are bytes: read so, they take half the time that numpy.loadtxt needs.
    table = torch.frombuffer(bytearray(map(int, text.split(b","))), dtype=torch.uint8)
    table = table.reshape(-1, SIDE * SIDE + 1)  # (N, 64 + 1)
    x, y = table[:, :-1].float(), table[:, -1]
    return x.reshape(-1, 1, SIDE, SIDE) / INK_MAX, y.long()


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


def shift(x: Tensor, random: SampleRandom) -> Tensor:
    """Move each image by up to SHIFT_MAX pixels down and right; blank paper comes in.

    Args:
        x: (B, 1, 8, 8) images.
        random: of each image, so its shift does not depend on its batch.

    Returns:
        (B, 1, 8, 8) images.
    """
    padded = nn.functional.pad(x, (SHIFT_MAX,) * 4)  # (B, 1, 8 + 2, 8 + 2)
    down = random.integers(0, 2 * SHIFT_MAX).to(x.device)  # (B,)
    right = random.integers(0, 2 * SHIFT_MAX).to(x.device)  # (B,)
    along = torch.arange(SIDE, device=x.device)  # (8,)
    image = torch.arange(len(x), device=x.device).reshape(-1, 1, 1)  # (B, 1, 1)
    rows = (along + down.unsqueeze(1)).unsqueeze(2)  # (B, 8, 1)
    columns = (along + right.unsqueeze(1)).unsqueeze(1)  # (B, 1, 8)
    return padded[image, 0, rows, columns].unsqueeze(1)


def build(values: Values) -> nn.Module:
    """Convolutions of one width, (N, 1, 8, 8) pixels -> (N, 10) scores of the digits.

    `layers` counts the convolutions, `hidden_units` their channels.
    """
    channels = int(values["hidden_units"])
    layers: list[nn.Module] = []
    inputs = 1
    for layer in range(int(values["layers"])):
        layers += [
            # without bias: the normalisation after it has one
            nn.Conv2d(inputs, channels, kernel_size=3, padding=1, bias=False),
            nn.BatchNorm2d(channels),
            nn.ReLU(),
        ]
        if layer == 0:
            layers.append(nn.MaxPool2d(2))  # (N, C, 4, 4)
        inputs = channels
    return nn.Sequential(
        *layers,
        nn.Flatten(),
        nn.Dropout(float(values["dropout"])),
        nn.Linear(channels * (SIDE // 2) ** 2, DIGITS),
    )


TASK = Task(
    title="Handwritten digits, convolutional",
    summary="The same 1,797 images, with convolutions, batch normalisation and random shifts.",
    load=load,
    build=build,
    hyperparameters=("hidden_units", "layers", "dropout"),
    defaults={"learning_rate": 0.02, "hidden_units": 16, "layers": 2, "dropout": 0.2},
    steps=1000,
    evaluate_every=20,
    metrics={"accuracy": accuracy},
    augment=shift,
    device="cpu",
)
