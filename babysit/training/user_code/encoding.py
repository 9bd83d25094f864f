"""Python values as JSON and tensors, and back: what a checkpoint can hold without pickle."""

from __future__ import annotations

import random
from collections import Counter, OrderedDict, defaultdict, deque
from typing import Any

import numpy as np
import torch
from torch import Tensor

NODES_MAX = 100_000  # values in one encoded value; a larger one is no state, it is data
SCALARS = (type(None), bool, int, str)
KINDS = {"list": list, "tuple": tuple, "set": set, "frozenset": frozenset, "deque": deque}
MAPPINGS = {"dict": dict, "ordered_dict": OrderedDict, "counter": Counter}

FACTORIES: dict[str, Any] = {"int": int, "float": float, "list": list, "dict": dict, "set": set}


class NotEncodable(Exception):
    """A value of a type that JSON and tensors do not cover, or one that is too large."""


class Encoder:
    """Turns values into JSON; tensors in them go to `tensors`, by name."""

    def __init__(self, known: frozenset[int] = frozenset()) -> None:
        """known: ids of tensors that are saved elsewhere, such as parameters."""
        self.tensors: dict[str, Tensor] = {}
        self._known = known
        self._nodes = 0

    def encode(self, value: Any, name: str) -> Any:
        """JSON for a value; its tensors are named after `name`.

        Raises:
            NotEncodable: it, or something in it, cannot be encoded.
        """
        self._nodes += 1
        if self._nodes > NODES_MAX:
            raise NotEncodable(f"{name} is too large")
        kind = type(value)
        if kind in SCALARS:
            return value
        if kind is float:
            return {"float": value.hex()}
        if kind is complex:
            return {"complex": [value.real.hex(), value.imag.hex()]}
        if isinstance(value, Tensor):
            return {"tensor": self._add(value, name), "device": value.device.type}
        for word, container in KINDS.items():
            if kind is container:
                items = sorted(value, key=repr) if word.endswith("set") else value
                parts = [self.encode(item, f"{name}.{i}") for i, item in enumerate(items)]
                return {word: parts, "maxlen": value.maxlen} if word == "deque" else {word: parts}
        for word, container in MAPPINGS.items():
            if kind is container:
                return {
                    word: [
                        [self.encode(key, f"{name}.{i}.key"), self.encode(item, f"{name}.{i}")]
                        for i, (key, item) in enumerate(value.items())
                    ]
                }
        return self._encode_special(value, name)

    def _encode_special(self, value: Any, name: str) -> Any:
        if isinstance(value, (np.ndarray, np.generic)):
            try:
                tensor = torch.from_numpy(np.array(value))
            except TypeError as error:
                raise NotEncodable(f"{name}: {error}") from error
            return {"array": self._add(tensor, name), "scalar": isinstance(value, np.generic)}
        if isinstance(value, torch.Generator):
            state = self._add(value.get_state(), name)
            return {"torch_generator": state, "device": value.device.type}
        if type(value) is random.Random:
            return {"random": self.encode(value.getstate(), name)}
        if isinstance(value, np.random.Generator):
            return {"numpy_generator": self.encode(value.bit_generator.state, name)}
        if isinstance(value, np.random.RandomState):
            return {"random_state": self.encode(value.get_state(), name)}
        if isinstance(value, torch.dtype):
            return {"dtype": str(value).removeprefix("torch.")}
        if isinstance(value, torch.device):
            return {"device": str(value)}
        if isinstance(value, torch.Size):
            return {"size": list(value)}
        if type(value) is bytes:
            return {"bytes": value.hex()}
        if type(value) is defaultdict and value.default_factory in FACTORIES.values():
            word = next(key for key, held in FACTORIES.items() if held is value.default_factory)
            return {"defaultdict": self.encode(dict(value), name), "factory": word}
        raise NotEncodable(f"{name} is a {type(value).__qualname__}")

    def _add(self, tensor: Tensor, name: str) -> str:
        if id(tensor) in self._known:
            raise NotEncodable(f"{name} is saved elsewhere")
        if tensor.is_sparse or tensor.is_quantized or tensor.device.type == "meta":
            raise NotEncodable(f"{name} is not a dense tensor")
        self.tensors[name] = tensor.detach()
        return name


def decode(body: Any, tensors: dict[str, Tensor], device: str) -> Any:
    """The value behind `Encoder.encode`. device: where tensors go that were not on the CPU.

    Raises:
        ValueError, KeyError, TypeError: it is not what `encode` gives.
    """

    def part(item: Any) -> Any:
        return decode(item, tensors, device)

    if type(body) in SCALARS:
        return body
    word, held = next(iter(body.items()))
    match word:
        case "float":
            return float.fromhex(held)
        case "complex":
            return complex(*(float.fromhex(item) for item in held))
        case "tensor":
            found = tensors[held].clone()
            return found if body["device"] == "cpu" else found.to(device)
        case "deque":
            return deque(map(part, held), maxlen=body["maxlen"])
        case "list" | "tuple" | "set" | "frozenset":
            return KINDS[word](map(part, held))
        case "dict" | "ordered_dict" | "counter":
            return MAPPINGS[word]({part(key): part(item) for key, item in held})
        case "defaultdict":
            return defaultdict(FACTORIES[body["factory"]], part(held))
        case "device":
            return torch.device(held)
        case "size":
            return torch.Size(held)
        case "bytes":
            return bytes.fromhex(held)
        case "array":
            array = tensors[held].clone().numpy()
            return array[()] if body["scalar"] else array
        case "dtype":
            return getattr(torch, held)
    return _decode_generator(word, held, tensors, part(held) if word != "torch_generator" else None)


def _decode_generator(word: str, held: Any, tensors: dict[str, Tensor], state: Any) -> Any:
    match word:
        case "torch_generator":
            generator = torch.Generator()
            generator.set_state(tensors[held].clone())
            return generator
        case "random":
            found = random.Random()
            found.setstate(state)
            return found
        case "numpy_generator":
            kinds = {"PCG64", "PCG64DXSM", "MT19937", "Philox", "SFC64"}
            if state["bit_generator"] not in kinds:
                raise ValueError(f"unknown generator {state['bit_generator']!r}")
            bits = getattr(np.random, state["bit_generator"])()
            bits.state = state
            return np.random.Generator(bits)
        case "random_state":
            old = np.random.RandomState()
            old.set_state(state)
            return old
    raise ValueError(f"unknown kind {word!r}")


def put_in_place(existing: Any, value: Any) -> bool:
    """Give an object that others may refer to, too, a new content; False: it must be replaced."""
    if isinstance(existing, Tensor) and isinstance(value, Tensor):
        if existing.shape != value.shape or existing.dtype != value.dtype:
            return False
        with torch.no_grad():
            existing.copy_(value)
        return True
    if type(existing) is not type(value):
        return False
    if isinstance(existing, torch.Generator):
        existing.set_state(value.get_state())
    elif isinstance(existing, random.Random):
        existing.setstate(value.getstate())
    elif isinstance(existing, np.random.Generator):
        existing.bit_generator.state = value.bit_generator.state
    elif isinstance(existing, np.random.RandomState):
        existing.set_state(value.get_state())
    elif isinstance(existing, list):
        existing[:] = value
    elif isinstance(existing, (dict, set)):
        existing.clear()
        existing.update(value)
    elif isinstance(existing, deque) and existing.maxlen == value.maxlen:
        existing.clear()
        existing.extend(value)
    elif isinstance(existing, np.ndarray) and existing.shape == value.shape and existing.size:
        existing[...] = value
    else:
        return False
    return True
