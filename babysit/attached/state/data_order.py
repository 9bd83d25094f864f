"""Where a loop's batches come from, so that they can be continued in the middle of an epoch.

The order of an epoch is drawn once, with all generators seeded by (seed, place of the loop), so it
can be drawn again. Batches that other processes fetch are seeded one by one; those that this
process fetches draw from its generators, which are part of every checkpoint.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import DataLoader, IterableDataset, get_worker_info

from babysit.attached.state.generators import (
    generators_in,
    own_generators_seeded,
    seed_generator,
)
from babysit.attached.state.seeding import derived_seed, generators_seeded, seed_all
from babysit.attached.state.streams import EndlessSource, Source, StreamSource, length_of

Ordered = Callable[[Any, int, int], "Source | None"]  # loader, seed, epoch

ORDER_MAX = 50_000_000  # batches of an epoch whose order is drawn at once


class SeededBatch(list[Any]):
    """The indices of one batch, with the seed for whoever fetches it."""

    def __init__(self, indices: Any, seed: int) -> None:
        super().__init__(indices)
        self.seed = seed


class SeededFetch:
    """A data set whose batches are fetched by other processes, each with its own seed."""

    def __init__(self, dataset: Any) -> None:
        self.dataset = dataset
        self._own: list[Any] | None = None  # generators of the data set, in a worker

    def __getitems__(self, indices: SeededBatch) -> list[Any]:
        if get_worker_info() is not None:
            seed_all(indices.seed)
            if self._own is None:
                self._own = list(generators_in(self.dataset).values())
            for number, generator in enumerate(self._own):
                seed_generator(generator, derived_seed(indices.seed, number))
        fetch = getattr(self.dataset, "__getitems__", None)
        if fetch is not None:
            return list(fetch(list(indices)))
        return [self.dataset[index] for index in indices]

    def __len__(self) -> int:
        return len(self.dataset)


class WorkerStart:
    """What a worker begins with: the script's own function, which finds its own data set."""

    def __init__(self, function: Callable[[int], Any]) -> None:
        self._function = function

    def __call__(self, worker: int) -> None:
        info: Any = get_worker_info()
        if isinstance(info.dataset, SeededFetch):
            object.__setattr__(info, "dataset", info.dataset.dataset)
        self._function(worker)


class CountSource(Source):
    """Numbers: for loops without a data set. has_more: whether they go on after the last one."""

    def __init__(self, count: int, has_more: Callable[[], bool] = lambda: False) -> None:
        self._count = self.length = count
        self._has_more = has_more
        self.extends = True

    def begin(self, index: int) -> Iterator[int]:
        while index < self._count or self._has_more():
            yield index
            index += 1


class ShuffledSource(Source):
    """Index tensors of shuffled mini-batches, int64; the last one may be smaller."""

    def __init__(self, count: int, batch_size: int, seed: int, *, drop_last: bool) -> None:
        generator = torch.Generator().manual_seed(seed)
        self._batches = torch.split(torch.randperm(count, generator=generator), batch_size)
        if not count or (drop_last and len(self._batches[-1]) < batch_size):
            self._batches = self._batches[:-1]
        self.length = len(self._batches)

    def begin(self, index: int) -> Iterator[Tensor]:
        return iter(self._batches[index:])


class LoaderSource(Source):
    """A `DataLoader` over a data set with indices."""

    def __init__(self, loader: DataLoader[Any], seed: int, epoch: int) -> None:
        self._loader, self._seed = loader, seed
        sampler = loader.batch_sampler if loader.batch_sampler is not None else loader.sampler
        for item in (loader, sampler, loader.sampler, getattr(sampler, "sampler", None)):
            set_epoch = getattr(item, "set_epoch", None)
            if set_epoch is not None:
                set_epoch(epoch)
        own = own_generators_seeded(seed, sampler, loader.sampler, loader.generator)
        with generators_seeded(seed), own:
            self._order = list(itertools.islice(sampler, ORDER_MAX))
        self.length = len(self._order)
        self.digest = hashlib.sha256(repr(self._order).encode()).hexdigest()[:16]

    def begin(self, index: int) -> Iterator[Any]:
        loader = self._loader
        rest = self._order[index:]
        workers, init = loader.num_workers, loader.worker_init_fn
        dataset: Any = loader.dataset
        if loader.batch_sampler is None:
            batches: Any = rest
        else:
            batches = [
                SeededBatch(item, derived_seed(self._seed, number))
                for number, item in enumerate(rest, index)
            ]
            dataset = SeededFetch(dataset) if workers else dataset
        sampling = (
            {"sampler": batches, "batch_size": None}
            if loader.batch_sampler is None
            else {"batch_sampler": batches}
        )
        copy = DataLoader(
            dataset,
            **sampling,
            num_workers=workers,
            collate_fn=loader.collate_fn,
            pin_memory=loader.pin_memory,
            timeout=loader.timeout,
            worker_init_fn=None if init is None else WorkerStart(init),
            multiprocessing_context=loader.multiprocessing_context,
            generator=torch.Generator().manual_seed(derived_seed(self._seed, index)),
            prefetch_factor=loader.prefetch_factor,
        )
        if loader.batch_sampler is None and workers:
            self.problem = "its samples are fetched one by one, by processes that are not seeded"
        return iter(copy)


def ordered_source(loader: Any, seed: int, epoch: int) -> Source | None:
    """The source of a loader whose order can be drawn at once; None: it is another iterable."""
    return LoaderSource(loader, seed, epoch) if has_an_order(loader) else None


def source_of(
    loader: Any,
    seed: int,
    epoch: int,
    steps: int | None = None,
    *,
    has_more: Callable[[], bool] = lambda: False,
    ordered: Ordered = ordered_source,
) -> Source:
    """The source of what `run.batches` was given."""

    def one(number: int) -> Source:
        place = seed if number == 0 else derived_seed(seed, -1 - number)
        found = ordered(loader, place, epoch + number)
        return found if found is not None else StreamSource(loader, place)

    if steps is None:
        return one(0)
    if iter_is_itself(loader):
        return StreamSource(loader, seed, steps, has_more)
    endless = EndlessSource(one, steps, has_more)
    endless.is_stream = not has_an_order(loader)
    return endless


def iter_is_itself(loader: Any) -> bool:
    """Whether it is an iterator already, which cannot be begun again."""
    return hasattr(loader, "__next__")


def has_an_order(loader: Any) -> bool:
    return (
        isinstance(loader, DataLoader)
        and type(loader).__iter__ is DataLoader.__iter__
        and not isinstance(loader.dataset, IterableDataset)
        and (length_of(loader) or ORDER_MAX) < ORDER_MAX
    )
