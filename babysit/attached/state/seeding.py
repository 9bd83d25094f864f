"""Seeds for places of a training, and random numbers that leave no trace."""

from __future__ import annotations

import contextlib
import hashlib
import random
from collections.abc import Iterator
from typing import Any

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
            self._kept = _states()

    @contextlib.contextmanager
    def active(self) -> Iterator[None]:
        outside = _states()
        _put_back(self._kept)
        try:
            yield
        finally:
            self._kept = _states()
            _put_back(outside)


def _states() -> tuple[Any, ...]:
    """As `random_tensors`, but as each library gives it: twice for each batch of a stream."""
    is_used = torch.cuda.is_initialized()  # type: ignore[no-untyped-call]
    cuda = torch.cuda.get_rng_state_all() if is_used else []
    return torch.get_rng_state(), np.random.get_state(legacy=False), random.getstate(), cuda


def _put_back(states: tuple[Any, ...]) -> None:
    torch.set_rng_state(states[0])
    np.random.set_state(states[1])
    random.setstate(states[2])
    for device, state in enumerate(states[3]):
        torch.cuda.set_rng_state(state, device)
