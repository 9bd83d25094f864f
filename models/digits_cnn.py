"""Handwritten digits with a convolutional network, batch normalisation, dropout and random shifts.

The same images and the same split as the task `digits`, so the two can be compared. All that makes
an exact continuation hard is here: running statistics, dropout and random augmentation.

Shapes: N examples, B of a batch, C channels, 8 x 8 pixels, 10 digits.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from babysit.task import Data, Examples, SampleRandom, Task, Values, accuracy

from ._digits import DIGITS, load_digits, split

SIDE = 8
SHIFT_MAX = 1  # pixels; the digits fill their images, two would cut them


def load() -> Data:
    flat, y = load_digits()
    x = flat.reshape(-1, 1, SIDE, SIDE)  # (N, 1, 8, 8)
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
