"""What keeps a run of a script from being exact, found by looking rather than by trusting.

Two things can be lost in silence: state that a part's `state_dict` leaves out, and values that the
loop carries from one turn to the next and that nobody keeps.
"""

from __future__ import annotations

import copy
import hashlib
import json
import random
from collections import deque
from dataclasses import dataclass, field
from types import FrameType, ModuleType
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.utils.data import DataLoader, Dataset, Sampler

from babysit.attached.state.part_state import PartState
from babysit.attached.state.parts import Parts, StatePart
from babysit.training.user_code.encoding import Encoder, NotEncodable

DEPTH_MAX = 3
HASHED_BYTES_MAX = 1 << 20  # a larger tensor is known by its version
CONTAINERS = (list, dict, set, deque, bytearray, np.ndarray)
GENERATORS = (torch.Generator, random.Random, np.random.Generator, np.random.RandomState)


def fingerprint(value: Any, depth: int = 0) -> str:
    """A text that changes with the value, as far as it can be looked into."""
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
            return _joined(value.items(), depth)
        if isinstance(value, (list, tuple, set, deque)):
            return _joined(enumerate(value), depth)
        held = getattr(value, "__dict__", None)
        own = type(value).__qualname__
        return own + (_joined(held.items(), depth) if isinstance(held, dict) else "")
    digest = hashlib.sha256(json.dumps(body).encode())
    for name, tensor in sorted(encoder.tensors.items()):
        digest.update(name.encode())
        digest.update(tensor.detach().cpu().contiguous().flatten().view(torch.uint8).numpy().data)
    return digest.hexdigest()


def _joined(items: Any, depth: int) -> str:
    return "{" + ";".join(f"{key}={fingerprint(item, depth + 1)}" for key, item in items) + "}"


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
    """Objects of the loop that are changed in place between two turns, and that nobody keeps."""

    seen: list[dict[str, tuple[Any, str]]] = field(default_factory=list)
    is_over: bool = False

    def look(self, frame: FrameType, known: set[int]) -> list[str] | None:
        """Look at the names of the loop; at the third turn, say which of them carry a state. None:
        it is too early to say.

        known: ids of all that is attached or kept.
        """
        names = {  # the values themselves: the id of one that is gone may be used again
            name: (value, fingerprint(value))
            for name, value in list(frame.f_locals.items())
            if not name.startswith("__")
            and not _is_known(value, known)
            and _may_carry(value, frame)
        }
        self.seen.append(names)
        if len(self.seen) < 3:
            return None
        self.is_over = True
        before, after = self.seen[-2:]
        self.seen.clear()
        return [
            name
            for name, (value, mark) in after.items()
            if name in before and before[name][0] is value and before[name][1] != mark
        ]


def _is_known(value: Any, known: set[int]) -> bool:
    """Whether it is attached or kept, or wraps networks that are."""
    if id(value) in known or not isinstance(value, nn.Module):
        return id(value) in known
    parameters = [id(item) for item in value.parameters()]
    return bool(parameters) and known.issuperset(parameters)


def _may_carry(value: Any, frame: FrameType) -> bool:
    if isinstance(value, (DataLoader, Dataset, Sampler, Optimizer, ModuleType, type)):
        return False
    if isinstance(value, (*CONTAINERS, *GENERATORS, nn.Module)):
        return True
    if isinstance(value, Tensor):
        return value.grad_fn is None
    own = frame.f_globals.get("__name__")
    return type(value).__module__ == own and hasattr(value, "__dict__")
