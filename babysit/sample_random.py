"""Random numbers for augmentation: each example of a batch has a stream of its own."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor


class SampleRandom:
    """Random numbers for a batch in which each example has a stream of its own.

    A stream depends on (seed, epoch, index of the example) and nothing else, so augmentation is
    the same whatever the batch size, the number of loader workers, or where a run was resumed.
    """

    def __init__(self, seed: int, epoch: int, indices: NDArray[np.int64]) -> None:
        start = _mix(np.uint64(seed % 2**64) + _mix(np.uint64(epoch) + np.uint64(1)))
        self._keys = _mix(start + indices.astype(np.uint64))  # (B,)
        self._draws = 0

    def _next(self) -> NDArray[np.uint64]:
        self._draws += 1
        with np.errstate(over="ignore"):
            keys: NDArray[np.uint64] = _mix(self._keys + np.uint64(self._draws) * _GOLDEN)
        return keys

    def uniform(self, low: float = 0.0, high: float = 1.0) -> Tensor:
        """(B,) float32, evenly from [low, high)."""
        unit = (self._next() >> np.uint64(11)).astype(np.float64) / 2**53
        return torch.from_numpy((low + (high - low) * unit).astype(np.float32))

    def integers(self, low: int, high: int) -> Tensor:
        """(B,) int64, evenly from low to high, both included."""
        span = np.uint64(high - low + 1)
        return torch.from_numpy((self._next() % span).astype(np.int64) + low)


_GOLDEN = np.uint64(0x9E3779B97F4A7C15)


def _mix(key: Any) -> Any:
    """The finalizer of SplitMix64 (Steele, Lea, Flood 2014): each bit in moves each bit out."""
    with np.errstate(over="ignore"):
        key = (key + _GOLDEN) & np.uint64(0xFFFFFFFFFFFFFFFF)
        key = (key ^ (key >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        key = (key ^ (key >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return key ^ (key >> np.uint64(31))
