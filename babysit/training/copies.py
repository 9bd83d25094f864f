"""Copies of a training's tensors, in memory that is kept from one checkpoint to the next.

Fresh memory costs more than the copying itself: the system clears each page of it at the first
write. The copies of one checkpoint are written over those of an earlier one, which is on the disk.
"""

from __future__ import annotations

import mmap
import threading
from collections.abc import Mapping

import torch
from torch import Tensor, nn

from babysit.training.tensor_file import DTYPES, huge_memory

KEPT_BYTES_MIN = 1 << 20  # less is quickly allocated
WASTE_MAX = 2  # times what is needed; a larger block is not used for it
ALIGNMENT = 64  # bytes


def copied(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Copies on the CPU that later updates do not touch."""
    return {name: _copied(tensor) for name, tensor in tensors.items()}


def _copied(tensor: Tensor) -> Tensor:
    return tensor.detach().to("cpu", copy=True).contiguous()


class KeptMemory:
    """The blocks that the last copies lay in, for the next ones. May be used by several threads.

    free: those in which no copies lie.
    """

    def __init__(self) -> None:
        self.free: list[mmap.mmap] = []
        self._lock = threading.Lock()
        self._is_open = True

    def block(self, size: int) -> mmap.mmap:
        """A block of at least so many bytes."""
        with self._lock:
            fitting = [item for item in self.free if size <= len(item) <= size * WASTE_MAX]
            if fitting:
                found = min(fitting, key=len)
                self.free = [item for item in self.free if item is not found]
                return found
        return huge_memory(size)

    def give_back(self, blocks: list[mmap.mmap]) -> None:
        """Keep these blocks, and only these: not more memory than one checkpoint takes."""
        with self._lock:
            self.free = list(blocks) if self._is_open else []

    def release(self) -> None:
        """Keep nothing until `keep` is called."""
        with self._lock:
            self._is_open, self.free = False, []

    def keep(self) -> None:
        self._is_open = True


class Copies:
    """The copies of one moment. kept: where their memory comes from; None: it is their own."""

    def __init__(self, kept: KeptMemory | None = None) -> None:
        self._kept = kept
        self._blocks: list[mmap.mmap] = []

    def of(self, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Copies on the CPU that later updates do not touch."""
        size = sum(_aligned(tensor.nbytes) for tensor in tensors.values() if _is_plain(tensor))
        if self._kept is None or size < KEPT_BYTES_MIN:
            return copied(tensors)
        block, place = self._kept.block(size), 0
        self._blocks.append(block)
        found = {}
        for name, tensor in tensors.items():
            if not _is_plain(tensor):
                found[name] = _copied(tensor)
                continue
            held = torch.frombuffer(block, dtype=tensor.dtype, count=tensor.numel(), offset=place)
            found[name] = held.view(tensor.shape).copy_(tensor.detach())
            place += _aligned(tensor.nbytes)
        return found

    def give_back(self) -> None:
        """Nobody reads these copies any more: others may be written over them."""
        blocks, self._blocks = self._blocks, []
        if self._kept is not None and blocks:
            self._kept.give_back(blocks)


def _is_plain(tensor: Tensor) -> bool:
    """Whether its values are all there is; a subclass may hold scales, for example."""
    return type(tensor) in (Tensor, nn.Parameter) and tensor.dtype in DTYPES and tensor.numel() > 0


def _aligned(size: int) -> int:
    return -(-size // ALIGNMENT) * ALIGNMENT
