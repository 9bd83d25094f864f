"""Generators that data sets and samplers keep are found, saved, and seeded where others fetch."""

from __future__ import annotations

import functools
import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch.utils.data import ConcatDataset, DataLoader, Dataset, Sampler, Subset

from babysit.attached.state.data_order import LoaderSource
from babysit.attached.state.data_parts import DataParts
from babysit.attached.state.generators import (
    GeneratorPart,
    generators_in,
    own_generators_seeded,
    seed_generator,
)
from babysit.attached.state.part_state import PartState
from babysit.attached.state.parts import Parts

KINDS: dict[str, Callable[[], Any]] = {
    "torch": lambda: torch.Generator().manual_seed(1),
    "python": lambda: random.Random(1),
    "numpy": lambda: np.random.default_rng(1),
    "numpy, another": lambda: np.random.Generator(np.random.Philox(1)),
    "numpy, old": lambda: np.random.RandomState(1),
}


def drawn(generator: Any) -> float:
    if isinstance(generator, torch.Generator):
        return float(torch.rand(1, generator=generator, dtype=torch.float64))
    return float(
        generator.random_sample()
        if isinstance(generator, np.random.RandomState)
        else generator.random()
    )


class Drawing(Dataset[float]):
    """A data set whose items are drawn."""

    def __init__(self, generator: Any = None) -> None:
        self.generator = generator

    def __len__(self) -> int:
        return 12

    def __getitem__(self, index: int) -> float:
        return drawn(self.generator)


@pytest.mark.parametrize("kind", KINDS)
def test_a_generator_is_a_part_that_is_put_back_in_place(kind: str) -> None:
    generator = KINDS[kind]()
    drawn(generator)
    state = PartState()
    part = GeneratorPart("own", generator)

    part.capture(state)
    state.extra = {name: item.clone() for name, item in state.extra.items()}
    first = [drawn(generator) for _ in range(3)]
    assert part.restore(state) == []

    assert [drawn(generator) for _ in range(3)] == first


@pytest.mark.parametrize("kind", KINDS)
def test_generators_are_seeded_inside_and_as_before_outside(kind: str) -> None:
    generator, twin = KINDS[kind](), KINDS[kind]()
    seen = []

    for _ in range(2):
        with own_generators_seeded(5, {"of": [generator]}):
            seen.append(drawn(generator))

    assert seen[0] == seen[1]
    assert drawn(generator) == drawn(twin)


def test_generators_are_found_behind_subsets_functions_and_lists() -> None:
    one, two, three, four = (KINDS["numpy"]() for _ in range(4))
    data: Any = ConcatDataset([Subset(Drawing(one), [0, 1]), Drawing(two)])

    def collate(batch: Any, with_: Any = None) -> Any:
        return batch, three

    found = generators_in(data, functools.partial(collate, with_=four))

    assert {id(item) for item in found.values()} == {id(one), id(two), id(three), id(four)}


def test_the_order_of_a_sampler_with_a_generator_of_its_own_can_be_drawn_again() -> None:
    class Shuffling(Sampler[int]):
        def __init__(self) -> None:
            self.random = random.Random(0)

        def __len__(self) -> int:
            return 12

        def __iter__(self) -> Any:
            order = list(range(12))
            self.random.shuffle(order)
            return iter(order)

    loader = DataLoader(Drawing(), batch_size=3, sampler=Shuffling())

    digests = [LoaderSource(loader, seed, 0).digest for seed in (1, 1, 2)]

    assert digests[0] == digests[1] != digests[2]


def test_a_generator_that_a_worker_is_given_is_seeded_for_each_batch() -> None:
    def begin(worker: int) -> None:
        info: Any = torch.utils.data.get_worker_info()
        assert isinstance(info.dataset, Drawing)
        info.dataset.generator = np.random.default_rng(info.seed)

    loader = DataLoader(Drawing(), batch_size=3, num_workers=1, worker_init_fn=begin)

    whole = torch.cat(list(LoaderSource(loader, 1, 0).begin(0)))
    continued = torch.cat(list(LoaderSource(loader, 1, 0).begin(2)))

    assert torch.equal(whole[6:], continued)
    assert len(set(whole.tolist())) == 12


def test_the_generators_of_a_loop_are_parts_until_another_loop_of_the_script_begins() -> None:
    parts, loader = Parts(), DataLoader(Drawing(KINDS["numpy"]()))
    loops = DataParts(parts)
    generator = KINDS["python"]()
    other = DataLoader(Drawing(generator))

    loops.set_loop(loader, top=1, inner=1)
    loops.set_loop(other, top=1, inner=2)
    assert list(parts.by_name) == ["data.1.generator", "data.2.generator"]
    loops.set_loop(other, top=2, inner=1)

    assert list(parts.by_name) == ["data.1.generator"]
    assert parts.by_name["data.1.generator"].value is generator


def test_a_seed_decides_what_a_generator_draws() -> None:
    for make in KINDS.values():
        one, other = make(), make()
        drawn(other)

        seed_generator(one, 2**62)
        seed_generator(other, 2**62)

        assert drawn(one) == drawn(other)
