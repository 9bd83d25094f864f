"""Random generators of a script's own: as parts of a training, and where data sets and samplers
keep them.
"""

from __future__ import annotations

import contextlib
import copy
import functools
import random
from collections.abc import Iterator
from types import FunctionType, MethodType
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn

from babysit.training.user_code.encoding import Encoder, decode, put_in_place
from babysit.training.user_code.namespaces import spaces_of_function

if TYPE_CHECKING:
    from babysit.attached.state.part_state import PartState

GENERATORS = (torch.Generator, random.Random, np.random.Generator, np.random.RandomState)
DEPTH_MAX = 5  # of attributes and elements in which generators are looked for
ELEMENTS_MAX = 50  # of a container; in a longer one there are data
OBJECTS_MAX = 1000  # looked into at once


class GeneratorPart:
    """A generator of PyTorch, NumPy or Python."""

    def __init__(self, name: str, value: Any) -> None:
        self.name, self.value = name, value

    def capture(self, into: PartState) -> None:
        encoder = Encoder()
        into.body[self.name] = {"generator": encoder.encode(self.value, self.name)}
        into.extra |= encoder.tensors

    def restore(self, state: PartState) -> list[str]:
        body = state.body[self.name]
        if "generator" not in body:  # of an earlier version
            self.value.set_state(state.extra[self.name].clone())
            return []
        held = decode(body["generator"], state.extra, "cpu")
        is_back = put_in_place(self.value, held)
        return [] if is_back else [f"{self.name}: it is a generator of another kind now"]


def generators_in(*holders: Any) -> dict[str, Any]:
    """Path -> generator, for all that data sets, samplers and functions keep."""
    found: dict[str, Any] = {}
    seen: set[int] = set()
    waiting = [("", holder, 0) for holder in holders]
    while waiting and len(seen) < OBJECTS_MAX:
        path, value, depth = waiting.pop(0)
        if id(value) in seen:
            continue
        seen.add(id(value))
        if isinstance(value, GENERATORS):
            found.setdefault(path or "generator", value)
        elif depth < DEPTH_MAX:
            inside = [(f"{path}.{name}" if path else name, item) for name, item in _inside(value)]
            waiting += [(name, item, depth + 1) for name, item in inside]
    return found


def _inside(value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, (Tensor, np.ndarray, nn.Module, type, str, bytes)):
        return
    if isinstance(value, MethodType):
        yield "self", value.__self__
    elif isinstance(value, functools.partial):
        yield "func", value.func
        yield from value.keywords.items()
        yield from ((str(number), item) for number, item in enumerate(value.args))
    elif isinstance(value, FunctionType):
        for space in spaces_of_function("", value):
            yield from space.items().items()
    elif isinstance(value, (dict, list, tuple)):
        if len(value) <= ELEMENTS_MAX:
            pairs = value.items() if isinstance(value, dict) else enumerate(value)
            yield from ((str(key), item) for key, item in pairs)
    elif isinstance(held := getattr(value, "__dict__", None), dict):
        yield from held.items()


def seed_generator(generator: Any, seed: int) -> None:
    """seed: from 0 on."""
    if isinstance(generator, torch.Generator):
        generator.manual_seed(seed)
    elif isinstance(generator, np.random.Generator):
        kind: Any = type(generator.bit_generator)
        generator.bit_generator.state = kind(seed).state
    else:
        generator.seed(seed % 2**32)


@contextlib.contextmanager
def own_generators_seeded(seed: int, *holders: Any) -> Iterator[None]:
    """The generators that loaders and samplers keep, seeded inside, as before outside."""
    found = list(generators_in(*holders).values())
    kept = [copy_of(generator) for generator in found]
    for generator in found:
        seed_generator(generator, seed)
    try:
        yield
    finally:
        for generator, before in zip(found, kept, strict=True):
            put_in_place(generator, before)


def copy_of(generator: Any) -> Any:
    if isinstance(generator, torch.Generator):
        return generator.clone_state()
    return copy.deepcopy(generator)
