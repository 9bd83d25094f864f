"""Copies for checkpoints: equal, of their own, and in the memory of those that were written."""

from __future__ import annotations

import torch
from torch import nn

from babysit.training.copies import KEPT_BYTES_MIN, Copies, KeptMemory

LARGE = KEPT_BYTES_MIN // 4


class Scaled(torch.Tensor):
    """A tensor with more to it than its values."""


def tensors(fill: float, size: int = LARGE) -> dict[str, torch.Tensor]:
    return {
        "weight": torch.full((size,), fill),
        "turned": torch.full((3, 5), fill).t(),
        "count": torch.tensor(int(fill)),
        "none": torch.zeros(0, 2),
        "learned": nn.Parameter(torch.full((7,), fill, dtype=torch.bfloat16)),
        "flags": torch.ones(3, dtype=torch.bool),
        "wrapped": torch.full((3,), fill).as_subclass(Scaled),
    }


def addresses(copies: dict[str, torch.Tensor]) -> set[int]:
    return {item.data_ptr() for item in copies.values() if item.nbytes >= KEPT_BYTES_MIN}


def test_copies_are_equal_and_later_updates_do_not_touch_them() -> None:
    for size in (1, LARGE):
        own = tensors(2.0, size)

        copies = Copies(KeptMemory()).of(own)
        for name in own.keys() - {"flags"}:
            own[name].detach().fill_(9)

        for name, expected in tensors(2.0, size).items():
            assert torch.equal(copies[name], expected), name
            assert (copies[name].dtype, copies[name].shape) == (expected.dtype, expected.shape)
            assert copies[name].is_contiguous()
            assert not copies[name].requires_grad


def test_copies_are_made_in_the_memory_of_those_that_were_given_back() -> None:
    memory = KeptMemory()
    first = Copies(memory)
    before = addresses(first.of(tensors(1.0)))
    meanwhile = Copies(memory).of(tensors(2.0))
    first.give_back()

    after = Copies(memory).of(tensors(3.0))

    assert addresses(meanwhile).isdisjoint(before)
    assert addresses(after) == before
    assert float(meanwhile["weight"].sum()) == 2.0 * LARGE


def test_memory_is_lent_to_one_at_a_time() -> None:
    memory = KeptMemory()
    first = Copies(memory)
    first.of(tensors(1.0))
    first.give_back()
    first.give_back()

    second, third = Copies(memory).of(tensors(2.0)), Copies(memory).of(tensors(3.0))

    assert addresses(second).isdisjoint(addresses(third))


def test_no_more_than_one_set_is_kept_and_none_after_a_release() -> None:
    memory = KeptMemory()
    several = [Copies(memory) for _ in range(3)]
    for copies in several:
        copies.of(tensors(1.0))
    for copies in several:
        copies.give_back()
    assert len(memory.free) == 1

    late = Copies(memory)
    late.of(tensors(1.0))
    memory.release()
    late.give_back()
    assert memory.free == []

    memory.keep()
    again = Copies(memory)
    again.of(tensors(1.0))
    again.give_back()
    assert len(memory.free) == 1


def test_a_block_that_is_much_too_large_is_not_used() -> None:
    memory = KeptMemory()
    first = Copies(memory)
    before = addresses(first.of(tensors(1.0, 8 * LARGE)))
    first.give_back()

    assert addresses(Copies(memory).of(tensors(1.0))).isdisjoint(before)
