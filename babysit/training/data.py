"""The order of the data: a pure function of (seed, epoch), with an explicit position.

Which examples update k sees depends on the seed and the position alone, not on generators that
something else might have drawn from, so a run can be cut anywhere and go on exactly.
"""

from __future__ import annotations

import ctypes
import hashlib
import random
import signal
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, default_collate

from babysit.task import Examples, ExampleSet, SampleRandom, Task

PR_SET_PDEATHSIG = 1  # of prctl(2)
SAMPLED_EXAMPLES = 8  # of a `Dataset`: reading all of it could take hours
HASHED_BYTES_MAX = 1 << 28  # a larger data set is identified by its first 256 MiB and its size


@dataclass(slots=True)
class Position:
    """How far the data have been used.

    epoch: from 0. index: examples of this epoch already used.
    batch_size: in force in this epoch. next_batch_size: from the next epoch on.
    examples: used since the beginning of the root run.
    rebatched: no batch has been used since `batch_size` changed in the middle of this epoch.
    """

    batch_size: int
    next_batch_size: int
    epoch: int = 0
    index: int = 0
    examples: int = 0
    rebatched: bool = False

    def to_json(self) -> dict[str, Any]:
        """`rebatched` only where it is so: an earlier version may have to read it."""
        return {name: value for name, value in asdict(self).items() if value is not False}


def stream_seed(seed: int, epoch: int, index: int = -1) -> int:
    """A 63-bit seed for one epoch, or for one example of it."""
    text = f"babysit:{seed}:{epoch}:{index}".encode()
    return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "little") >> 1


def epoch_order(seed: int, epoch: int, size: int) -> Tensor:
    """(size,) int64: the examples in the order in which this epoch uses them."""
    generator = torch.Generator().manual_seed(stream_seed(seed, epoch))
    return torch.randperm(size, generator=generator, device="cpu")  # whatever the default is


class Batches:
    """Gives the batch of the next update and keeps the position.

    The last batch of an epoch may be smaller; a single left-over example is passed over, because
    batch normalisation cannot work on one example.
    """

    def __init__(
        self, task: Task, examples: ExampleSet, *, seed: int, position: Position, device: str
    ) -> None:
        self.position = position
        self.size = len(examples)  # type: ignore[arg-type]
        self._task = task
        self._examples = examples
        self._seed = seed
        self._device = torch.device(device)
        self._order = epoch_order(seed, position.epoch, self.size)
        self._loaded: Iterator[Any] | None = None
        self._on_device: Examples | None = None
        if isinstance(examples, Examples):
            self._on_device = Examples(examples.x.to(self._device), examples.y.to(self._device))

    def next(self) -> tuple[Any, Any]:
        """(B, ...) inputs and (B, ...) targets of the next update, on the device."""
        if self._left() == 0:
            self._begin_next_epoch()
        place = self.position
        end = place.index + min(place.batch_size, self.size - place.index)
        indices = self._order[place.index : end]  # (B,)
        batch = self._fetch(indices)
        place.index = end
        place.examples += len(indices)
        place.rebatched = False
        return batch

    def move_to(self, position: Position) -> None:
        """Go on from another position of the same data."""
        self.position = position
        self._order = epoch_order(self._seed, position.epoch, self.size)
        self._loaded = None

    def steps_left_in_epoch(self) -> int:
        """Updates until the next epoch begins, at the batch size of this one."""
        left = self._left()
        full, rest = divmod(left, self.position.batch_size)
        return full + (rest > 1 or (rest == 1 and self.position.batch_size == 1))

    def steps_per_epoch(self) -> int:
        size, batch_size = self.size, self.position.batch_size
        full, rest = divmod(size, batch_size)
        return full + (1 if rest > 1 else 0) or 1

    def epoch_now(self) -> float:
        """Epochs done, as a fraction."""
        return self.position.epoch + self.position.index / self.size

    def change_batch_size(self, batch_size: int, *, now: bool) -> None:
        """Use another batch size from the next epoch on, or for the rest of this one already."""
        place = self.position
        place.next_batch_size = batch_size
        # A size that no batch had is taken back at once: its first batch may have raised.
        if now or place.index == 0 or place.rebatched:
            place.rebatched = place.index > 0
            place.batch_size = batch_size
            self._loaded = None  # what loader workers fetched ahead has the old size

    def _left(self) -> int:
        left = self.size - self.position.index
        lone = left == 1 and self.position.batch_size > 1 and self.position.index > 0
        return 0 if lone else left

    def _begin_next_epoch(self) -> None:
        place = self.position
        place.epoch += 1
        place.index = 0
        place.batch_size = place.next_batch_size
        self._order = epoch_order(self._seed, place.epoch, self.size)
        self._loaded = None

    def _fetch(self, indices: Tensor) -> tuple[Any, Any]:
        if self._on_device is not None:
            chosen = indices.to(self._device)
            x = self._on_device.x.index_select(0, chosen)
            if self._task.augment is not None:
                draws = SampleRandom(self._seed, self.position.epoch, indices.numpy())
                x = self._task.augment(x, draws)
            return x, self._on_device.y.index_select(0, chosen)
        if self._task.loader_workers > 0:
            if self._loaded is None:
                self._loaded = iter(self._loader())
            batch = next(self._loaded)
        else:
            keys = [(self.position.epoch, int(index)) for index in indices]
            source = SeededDataset(self._examples, self._seed)
            with KeptGenerators():
                batch = default_collate([source[key] for key in keys])
        x, y = to_device(batch, self._device)
        return x, y

    def _loader(self) -> DataLoader[Any]:
        """Fetches the rest of this epoch ahead, in other processes; draws nothing from our RNG."""
        place = self.position
        starts = range(place.index, self.size, place.batch_size)
        order, epoch = self._order.tolist(), place.epoch
        batches = [[(epoch, i) for i in order[at : at + place.batch_size]] for at in starts]
        return DataLoader(
            SeededDataset(self._examples, self._seed),
            batch_sampler=batches,
            num_workers=self._task.loader_workers,
            generator=torch.Generator(),
            worker_init_fn=end_with_parent,
        )


def end_with_parent(_: int = 0) -> None:
    """In a child process: end when the parent does, however that ends (Linux only)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class SeededDataset(Dataset[Any]):
    """A data set whose every example has generators seeded by (seed, epoch, index)."""

    def __init__(self, examples: Any, seed: int) -> None:
        self._examples = examples
        self._seed = seed

    def __getitem__(self, key: tuple[int, int]) -> Any:
        epoch, index = key
        seed = stream_seed(self._seed, epoch, index)
        torch.default_generator.manual_seed(seed)  # the CPU's only: a GPU's is not put back
        np.random.seed(seed % 2**32)
        random.seed(seed)
        return self._examples[index]


class KeptGenerators:
    """Leaves the global generators of torch, numpy and python as they were before the block."""

    def __enter__(self) -> None:
        self._torch = torch.get_rng_state()
        is_used = torch.cuda.is_initialized()  # type: ignore[no-untyped-call]
        self._cuda = torch.cuda.get_rng_state_all() if is_used else []
        self._numpy = np.random.get_state()
        self._python = random.getstate()

    def __exit__(self, *exception: object) -> None:
        torch.set_rng_state(self._torch)
        torch.cuda.set_rng_state_all(self._cuda)
        np.random.set_state(self._numpy)
        random.setstate(self._python)


def to_device(batch: Any, device: torch.device) -> Any:
    """The batch with every tensor in it moved."""
    if isinstance(batch, Tensor):
        return batch.to(device)
    if isinstance(batch, dict):
        return {name: to_device(item, device) for name, item in batch.items()}
    if isinstance(batch, (list, tuple)):
        return tuple(to_device(item, device) for item in batch)
    return batch


def data_sha256(examples: ExampleSet) -> str:
    """Identifies a set of examples; a `Dataset` by its kind, length and a few of its examples."""
    digest = hashlib.sha256()
    if isinstance(examples, Examples):
        for tensor in (examples.x, examples.y):
            digest.update(f"{tensor.dtype}{tuple(tensor.shape)}".encode())
            data = tensor.detach().cpu().contiguous().view(-1).view(torch.uint8)
            digest.update(data[:HASHED_BYTES_MAX].numpy().tobytes())
    else:
        size = len(examples)  # type: ignore[arg-type]
        digest.update(f"{type(examples).__qualname__}{size}".encode())
        source = SeededDataset(examples, 0)
        with KeptGenerators():
            for index in range(0, size, max(1, size // SAMPLED_EXAMPLES)):
                _update(digest, source[0, index])
    return digest.hexdigest()


def _update(digest: Any, item: Any) -> None:
    """Add what an example holds: tensors and arrays by their bytes, the rest by its text."""
    if isinstance(item, (list, tuple)):
        for part in item:
            _update(digest, part)
    elif isinstance(item, dict):
        for name, part in sorted(item.items()):
            digest.update(str(name).encode())
            _update(digest, part)
    elif isinstance(item, (Tensor, np.ndarray)):
        array = np.ascontiguousarray(item)
        digest.update(f"{array.dtype}{array.shape}".encode() + array.tobytes())
    else:
        digest.update(repr(item).encode())
