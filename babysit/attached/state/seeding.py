"""Seeds for places of a training, and random numbers that leave no trace."""

from __future__ import annotations

import contextlib
import hashlib
import random
from collections.abc import Iterator

import numpy as np
import torch

from babysit.training.checkpoint import random_tensors, restore_random

SEED_MAX = 2**63


def derived_seed(seed: int, *place: int) -> int:
    """A seed for one place of the training, in [0, 2**63)."""
    text = ",".join(map(str, (seed, *place))).encode()
    return int.from_bytes(hashlib.sha256(text).digest()[:8], "little") % SEED_MAX


def seed_all(seed: int) -> None:
    """Seed every global generator."""
    torch.manual_seed(seed)
    np.random.seed(seed % 2**32)
    random.seed(seed)


@contextlib.contextmanager
def generators_seeded(seed: int) -> Iterator[None]:
    """Other random numbers inside, the same ones as before outside."""
    kept = random_tensors()
    seed_all(seed)
    try:
        yield
    finally:
        restore_random(kept)


class StreamGenerators:
    """The random numbers of an iterator: swapped in while it works, out while it waits."""

    def __init__(self, seed: int) -> None:
        with generators_seeded(seed):
            self._kept = random_tensors()

    @contextlib.contextmanager
    def active(self) -> Iterator[None]:
        outside = random_tensors()
        restore_random(self._kept)
        try:
            yield
        finally:
            self._kept = random_tensors()
            restore_random(outside)
