"""State of the task's own code that is in no `state_dict`: counters, caches, own generators.

It is looked for where Python objects keep it: attributes of modules and of objects of the task's
classes, globals of the task's files, variables of closures. What differs from what the task's files
and `build` gave is saved, and put back after they gave it again.
"""

from __future__ import annotations

import hashlib
import json
import operator
from collections import deque
from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass, field
from types import FunctionType, ModuleType
from typing import Any

import torch
from torch import Tensor, nn

from babysit.training.user_code.encoding import (
    SCALARS,
    Encoder,
    NotEncodable,
    decode,
    put_in_place,
)
from babysit.training.user_code.namespaces import (
    Namespace,
    is_of_network,
    is_stateless,
    not_persistent,
    space_of_container,
    space_of_flags,
    spaces_of_function,
)

NAMESPACES_MAX = 5_000
HASHED_BYTES_MAX = 1 << 20  # a larger tensor is known by its version: in-place changes count it up
BYTES_MAX = 1 << 28  # of all that is saved; the largest are left out, and said
CHARACTERS_MAX = 4_000_000  # of JSON
INTERNAL = frozenset({*vars(nn.Module()), "__weakref__", "_compiled_call_impl"})


@dataclass(slots=True)
class Captured:
    """What was found, as JSON and tensors. lost: what changed and could not be saved."""

    values: dict[str, Any] = field(default_factory=dict)
    tensors: dict[str, Tensor] = field(default_factory=dict)
    lost: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Slot:
    """One value. body: as JSON; None: it cannot be saved. mark: changes with the value."""

    path: str
    body: Any
    mark: str
    tensors: dict[str, Tensor]


class UserState:
    """The state of one network and of the files that its task comes from."""

    def __init__(
        self,
        network: nn.Module,
        others: dict[str, Any],
        modules: Iterable[ModuleType],
        data: Iterable[Any],
        earlier: UserState | None = None,
    ) -> None:
        """others: name -> object to look into, such as a data set. data: tensors that never change.

        earlier: of the same process: what the files looked like before they were used.
        """
        self._network = network
        self._others = others
        self._modules = {module.__name__: module for module in modules}
        self._data = [tensor for tensor in data if isinstance(tensor, Tensor)]
        self._scalars: dict[str, Any] = {}  # as they were built, to pass over them quickly
        self._as_built = {slot.path: slot.mark for _, slots in self._walk() for slot in slots}
        self._scalars = {
            f"{space.path}::{name}": value
            for space, _ in self._walk()
            for name, value in space.items().items()
            if type(value) in (*SCALARS, float)
        }
        if earlier is not None:
            kept = earlier._as_built.items()
            self._as_built |= {path: mark for path, mark in kept if not is_of_network(path)}

    def capture(self, *, ignored: Container[str] = (), whole: bool = False) -> Captured:
        """What is not as it was built; the tensors are no copies.

        ignored: paths of values that are saved elsewhere. whole: also what is as it was built.
        """
        found = Captured()
        size = characters = 0
        for slot in (slot for _, slots in self._walk(whole=whole) for slot in slots):
            if slot.path in ignored or (not whole and self._as_built.get(slot.path) == slot.mark):
                continue
            size += sum(tensor.nbytes for tensor in slot.tensors.values())
            characters += len(json.dumps(slot.body))
            if slot.body is None or size > BYTES_MAX or characters > CHARACTERS_MAX:
                found.lost += [] if whole else [slot.path]
                continue
            found.values[slot.path] = slot.body
            found.tensors |= slot.tensors
        return found

    def restore(self, values: dict[str, Any], tensors: dict[str, Tensor], device: str) -> list[str]:
        """Put captured values back; the paths that have no place any more."""
        places = {space.path: space for space, _ in self._walk()}
        missing = []
        for path, body in values.items():
            space, _, name = path.rpartition("::")
            place = places.get(space)
            if place is None:
                missing.append(path)
                continue
            value = decode(body, tensors, device)
            if not put_in_place(place.items().get(name), value):
                place.write(name, value)
        return missing

    def _walk(self, *, whole: bool = True) -> Iterator[tuple[Namespace, list[Slot]]]:
        """All namespaces, each with its values; a value that is no plain one is looked into.

        whole: also with scalars that are the very objects that they were when it was built.
        """
        known = frozenset(map(id, self._saved_elsewhere()))
        waiting = deque[tuple[str, Any]](
            (f"network.{name}" if name else "network", module)
            for name, module in self._network.named_modules()
        )
        waiting += self._others.items()
        waiting += self._modules.items()
        seen: dict[int, Any] = {}  # the objects, too: an id is one's own only as long as it lives
        while waiting and len(seen) < NAMESPACES_MAX:
            path, owner = waiting.popleft()
            if id(owner) in seen:
                continue
            seen[id(owner)] = owner
            for space in self._spaces_of(path, owner):
                slots = []
                for name, value in space.items().items():
                    path = f"{space.path}::{name}"
                    if not whole and self._scalars.get(path, self) is value:
                        continue
                    try:
                        slots.append(_slot(path, value, known))
                    except NotEncodable:
                        if self._is_looked_into(value):
                            waiting.append((f"{space.path}.{name}", value))
                yield space, slots

    def _saved_elsewhere(self) -> list[Tensor]:
        found = list(self._data)
        for module in self._network.modules():
            for parameter in module._parameters.values():
                if parameter is not None:
                    found += [parameter] if parameter.grad is None else [parameter, parameter.grad]
            left_out = module._non_persistent_buffers_set
            found += [
                buffer
                for name, buffer in module._buffers.items()
                if buffer is not None and name not in left_out
            ]
        return found

    def _is_looked_into(self, value: Any) -> bool:
        if isinstance(value, nn.Module):
            return True
        if isinstance(value, FunctionType) and is_stateless(value):
            return False
        if isinstance(value, (list, tuple, dict)):
            return len(value) <= NAMESPACES_MAX
        kind = value if isinstance(value, (type, FunctionType)) else type(value)
        return getattr(kind, "__module__", None) in self._modules

    def _spaces_of(self, path: str, owner: Any) -> Iterator[Namespace]:
        if isinstance(owner, (list, tuple, dict)):
            yield space_of_container(path, owner)
            return
        if isinstance(owner, FunctionType):
            yield from spaces_of_function(path, owner)
        try:
            held = vars(owner)
        except TypeError:
            return
        hidden = INTERNAL if isinstance(owner, nn.Module) else frozenset[str]()

        def items() -> dict[str, Any]:
            return {
                name: value
                for name, value in held.items()
                if isinstance(name, str) and name not in hidden and not name.startswith("__")
            }

        def write(name: str, value: Any) -> None:
            if isinstance(owner, (type, ModuleType)):
                setattr(owner, name, value)
            else:
                vars(owner)[name] = value

        yield Namespace(path, items, write)
        if not isinstance(owner, nn.Module):
            return
        if is_of_network(path):
            yield space_of_flags(path, owner)
            yield Namespace(
                f"{path}.<buffers>",
                lambda: dict(not_persistent(owner)),
                owner._buffers.__setitem__,
            )
        else:  # a teacher, an average of the weights
            for part in ("_parameters", "_buffers", "_modules"):
                yield space_of_container(f"{path}.{part}", held[part])


def _slot(path: str, value: Any, known: frozenset[int]) -> Slot:
    """The slot of a plain value, or of one that is known not to be saved.

    Raises:
        NotEncodable: it is no plain value.
    """
    if isinstance(value, (FunctionType, type, ModuleType)):
        raise NotEncodable(path)
    encoder = Encoder(known)
    try:
        body = encoder.encode(value, path)
        return Slot(path, body, _mark(body, encoder.tensors), encoder.tensors)
    except NotEncodable:
        if hasattr(value, "__next__"):  # an iterator: where it is cannot be told
            return Slot(path, None, _place_of(value), {})
        if isinstance(value, (list, deque, dict)) and len(value) > NAMESPACES_MAX:
            return Slot(path, None, f"{len(value)} items", {})
        raise
    except Exception as error:  # an object whose class says something else than it is
        raise NotEncodable(str(error)) from error


def _place_of(iterator: Any) -> str:
    """Changes as an iterator goes on, as far as it can be seen."""
    frame = getattr(iterator, "gi_frame", None)
    names = {} if frame is None else frame.f_locals
    numbers = {name: value for name, value in names.items() if isinstance(value, (int, float))}
    left = operator.length_hint(iterator, -1)
    return f"{repr(iterator)[:200]} {left} {getattr(frame, 'f_lasti', 0)} {numbers}"


def _mark(body: Any, tensors: dict[str, Tensor]) -> str:
    digest = hashlib.blake2b(json.dumps(body, sort_keys=True).encode(), digest_size=16)
    for tensor in tensors.values():
        digest.update(f"{tensor.dtype}{tuple(tensor.shape)}".encode())
        if tensor.nbytes > HASHED_BYTES_MAX:
            digest.update(f"{tensor.data_ptr()}:{tensor._version}".encode())
        else:
            data = tensor.cpu().contiguous().view(-1).view(torch.uint8)
            digest.update(data.numpy().tobytes())
    return digest.hexdigest()
