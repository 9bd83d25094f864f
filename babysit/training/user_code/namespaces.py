"""The places where Python objects keep values: attributes, globals, variables of closures."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import FunctionType
from typing import Any

from torch import Tensor, nn


@dataclass(frozen=True, slots=True)
class Namespace:
    """Names with values: a module's attributes, a file's globals, a closure's variables."""

    path: str
    items: Callable[[], dict[str, Any]]
    write: Callable[[str, Any], None]


def is_of_network(path: str) -> bool:
    """Whether a value is of the network itself, not of the files around it."""
    return path.startswith("network")


def not_persistent(module: nn.Module) -> dict[str, Tensor]:
    """The buffers of a module that its `state_dict` leaves out."""
    names = module._non_persistent_buffers_set
    return {
        name: buffer
        for name, buffer in module._buffers.items()
        if name in names and buffer is not None
    }


def space_of_flags(path: str, module: nn.Module) -> Namespace:
    """The mode of a module, and which of its own parameters are trained."""
    own = {name: item for name, item in module._parameters.items() if item is not None}

    def items() -> dict[str, Any]:
        return {"training": module.training, **{n: item.requires_grad for n, item in own.items()}}

    def write(name: str, value: Any) -> None:
        if name in own:
            own[name].requires_grad_(bool(value))
        else:
            module.training = bool(value)

    return Namespace(f"{path}.<flags>", items, write)


def space_of_container(path: str, held: Any) -> Namespace:
    """The elements of a container that is not saved as a whole."""

    def items() -> dict[str, Any]:
        pairs = held.items() if isinstance(held, dict) else enumerate(held)
        return {str(key): value for key, value in pairs if isinstance(key, (str, int))}

    def write(name: str, value: Any) -> None:
        if isinstance(held, dict):
            key = next((key for key in held if str(key) == name), name)
            held[key] = value
        elif isinstance(held, list):
            held[int(name)] = value

    return Namespace(path, items, write)


def is_stateless(function: FunctionType) -> bool:
    """Whether a function can keep nothing from one call to the next."""
    return not (function.__closure__ or function.__defaults__ or function.__dict__)


def spaces_of_function(path: str, function: FunctionType) -> Iterator[Namespace]:
    cells = dict(zip(function.__code__.co_freevars, function.__closure__ or (), strict=True))

    def items() -> dict[str, Any]:
        found = {}
        for name, cell in cells.items():
            try:
                found[name] = cell.cell_contents
            except ValueError:  # it has no value yet
                continue
        return found

    def write(name: str, value: Any) -> None:
        cells[name].cell_contents = value

    yield Namespace(f"{path}.<closure>", items, write)
    defaults = function.__defaults__
    if defaults:
        yield space_of_container(f"{path}.<defaults>", defaults)
