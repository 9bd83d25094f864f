"""The scanned digits of the tasks `digits` and `digits_cnn`, and their split."""

from __future__ import annotations

import gzip

import numpy as np
import torch
from torch import Tensor

from ._scikit_learn import data_file

PIXELS = 8 * 8
DIGITS = 10
INK_MAX = 16.0  # pixels are stored as whole numbers from 0 to 16
VAL_PART = 0.2  # of the examples of each digit
SPLIT_SEED = 1998


def load_digits() -> tuple[Tensor, Tensor]:
    """All images and what they show, in the order of the file.

    Returns:
        x: (N, 64) float32, ink from 0 to 1, rows of the image one after the other.
        y: (N,) int64, the digit, 0 to 9.

    Raises:
        ModuleNotFoundError: scikit-learn is not installed.

    Source: the test set of "Optical Recognition of Handwritten Digits" (Alpaydin and Kaynak, UCI
    Machine Learning Repository, 1998), as in `sklearn.datasets.load_digits`.
    """
    file = data_file("digits.csv.gz")
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
