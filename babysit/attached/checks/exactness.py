"""What keeps a run of a script from being exact, found by looking rather than by trusting.

Two things can be lost in silence: state that a part's `state_dict` leaves out, and values that the
loop carries from one turn to the next and that nobody keeps.
"""

from __future__ import annotations

import copy
import hashlib
import json
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from types import FrameType, ModuleType
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.utils.data import DataLoader, Dataset, Sampler

from babysit.attached.state.generators import GENERATORS
from babysit.attached.state.part_state import PartState
from babysit.attached.state.parts import Parts, StatePart
from babysit.training.user_code.encoding import Encoder, NotEncodable

DEPTH_MAX = 3
LOOKS = 3  # at a loop, between its first turns
HASHED_BYTES_MAX = 1 << 20  # a larger tensor is known by its version
CONTAINERS = (list, dict, set, deque, bytearray, np.ndarray)
NOT_CARRYING = (DataLoader, Dataset, Sampler, Optimizer, ModuleType, type)


def fingerprint(value: Any, depth: int = 0, known: frozenset[int] = frozenset()) -> str:
    """A text that changes with the value, as far as it can be looked into.

    known: ids of what is attached or kept, which does not count.
    """
    if is_known(value, known):
        return "known"
    if isinstance(value, nn.Module):
        versions = [t._version for t in (*value.parameters(), *value.buffers())]
        return f"module {id(value)} {versions}"
    if isinstance(value, (Optimizer, ModuleType, type)) or callable(value):
        return type(value).__qualname__
    if isinstance(value, Tensor) and value.nbytes > HASHED_BYTES_MAX:
        return f"tensor {tuple(value.shape)} {value._version}"
    encoder = Encoder()
    try:
        body = encoder.encode(value, "v")
    except NotEncodable:
        if depth >= DEPTH_MAX:
            return type(value).__qualname__
        if isinstance(value, dict):
            return _joined(value.items(), depth, known)
        if isinstance(value, (list, tuple, set, deque)):
            return _joined(enumerate(value), depth, known)
        held = getattr(value, "__dict__", None)
        own = type(value).__qualname__
        return own + (_joined(held.items(), depth, known) if isinstance(held, dict) else "")
    digest = hashlib.sha256(json.dumps(body).encode())
    for name, tensor in sorted(encoder.tensors.items()):
        digest.update(name.encode())
        digest.update(tensor.detach().cpu().contiguous().flatten().view(torch.uint8).numpy().data)
    return digest.hexdigest()


def _joined(items: Any, depth: int, known: frozenset[int]) -> str:
    pairs = [
        f"{key if isinstance(key, (str, int)) else type(key).__qualname__}="
        f"{fingerprint(item, depth + 1, known)}"
        for key, item in items
    ]
    return "{" + ";".join(pairs) + "}"


@dataclass(slots=True)
class RoundTrip:
    """Whether parts come back whole: copies of the parts as they were at first, into which a later
    state is loaded, must equal the parts of then.
    """

    copies: dict[str, Any] = field(default_factory=dict)
    is_over: bool = False

    def remember(self, parts: Parts) -> None:
        """Copy the parts whose `state_dict` is the script's or a library's own."""
        shared: dict[int, Any] = {}
        for part in parts.by_name.values():
            if not isinstance(part, StatePart):
                shared[id(part.value)] = part.value  # a scheduler refers to its optimizer
        for name, part in parts.by_name.items():
            # PyTorch's and ours come back; a scaler makes some attributes only when it is used.
            is_known = type(part.value).__module__.startswith(("torch.", "babysit."))
            if isinstance(part, StatePart) and not is_known:
                try:
                    self.copies[name] = copy.deepcopy(part.value, dict(shared))
                except Exception:  # not every object can be copied
                    continue

    def problems(self, parts: Parts) -> tuple[list[str], list[str]]:
        """What does not come back, and what perhaps does not, in words. The parts of the training
        are not touched.
        """
        self.is_over = True
        found: list[str] = []
        perhaps: list[str] = []
        for name, first in self.copies.items():
            part = parts.by_name.get(name)
            if part is None:
                continue
            state = PartState()
            try:
                part.capture(state)
                again = StatePart(name, first)
                again.restore(state)
            except Exception as error:
                found.append(f"{name}: its state cannot be put back ({error!r})")
                continue
            lost = [
                key
                for key, value in _attributes(part.value).items()
                if fingerprint(value) != fingerprint(_attributes(first).get(key))
            ]
            if lost:
                perhaps.append(
                    f"{name}: its state_dict does not bring back {', '.join(sorted(lost))}: add "
                    "that to its state_dict and load_state_dict."
                )
        self.copies.clear()
        return found, perhaps


def _attributes(value: Any) -> dict[str, Any]:
    held = getattr(value, "__dict__", {})
    return {
        key: item
        for key, item in held.items()
        if not isinstance(item, Optimizer) and not callable(item)
    }


@dataclass(slots=True)
class CarriedCheck:
    """Objects of a loop that are changed in place between two turns, and that nobody keeps.

    seen: for each loop its names with their values, at its first turns.
    """

    seen: dict[Any, list[dict[str, tuple[Any, str]]]] = field(default_factory=dict)
    site: tuple[Any, int] = (None, 0)  # of the loop in progress in the script
    sites: set[tuple[Any, int]] = field(default_factory=set)  # those that were looked at

    def look(self, frame: FrameType, known: set[int]) -> list[str] | None:
        """Look at the names of the loop; at the third turn, say which of them carry a state. None:
        it is too early to say.

        known: ids of all that is attached or kept.
        """
        ids = frozenset(known)
        names = {  # the values themselves: the id of one that is gone may be used again
            name: (value, fingerprint(value, 0, ids))
            for name, value in _looked_at(frame)
            if not is_known(value, ids)
        }
        seen = self.seen.setdefault(self.site, [])
        seen.append(names)
        if len(seen) < LOOKS:
            return None
        before, after = self.seen.pop(self.site)[-2:]
        return [
            name
            for name, (value, mark) in after.items()
            if name in before
            and before[name][1] != mark
            and (before[name][0] is value or "." in name)
        ]


def is_known(value: Any, known: frozenset[int]) -> bool:
    """Whether it is attached or kept, or wraps networks that are."""
    if id(value) in known or not isinstance(value, nn.Module):
        return id(value) in known
    parameters = [id(item) for item in value.parameters()]
    return bool(parameters) and known.issuperset(parameters)


def _looked_at(frame: FrameType) -> Iterator[tuple[str, Any]]:
    """What may carry a state: values of the loop's names, and attributes of the script's own
    objects, by names such as `self.count`.
    """
    own = frame.f_globals.get("__name__")
    for name, value in list(frame.f_locals.items()):
        is_ours = type(value).__module__.startswith("babysit.")
        if name.startswith("__") or is_ours or isinstance(value, NOT_CARRYING):
            continue
        if isinstance(value, (*CONTAINERS, *GENERATORS, nn.Module)):
            yield name, value
        elif isinstance(value, Tensor):
            if value.grad_fn is None:
                yield name, value
        elif type(value).__module__ == own and isinstance(
            held := getattr(value, "__dict__", None), dict
        ):
            for key, item in list(held.items()):
                is_result = isinstance(item, Tensor) and item.grad_fn is not None
                is_ours = type(item).__module__.startswith("babysit.")
                if not (is_result or is_ours or isinstance(item, NOT_CARRYING)):
                    yield f"{name}.{key}", item
