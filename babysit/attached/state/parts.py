"""The parts a training is made of: how each is captured between two turns, and put back.

A part is anything with a `state_dict`: networks, optimizers, schedulers, a GradScaler, an average
of the weights. Its state is JSON and tensors, never pickle. Nothing here is cast: an optimizer's
own `load_state_dict` would turn the float32 momentum of a bfloat16 parameter into bfloat16.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Protocol

from torch import nn
from torch.optim import Optimizer

from babysit.attached.state.generators import GENERATORS, GeneratorPart
from babysit.attached.state.module_part import ModulePart
from babysit.attached.state.optimizer_state import OptimizerPart
from babysit.attached.state.part_state import PartState, decoded, encoded


class Part(Protocol):
    """One part. name: as it is shown. prefix: of its tensors' names."""

    name: str
    value: Any

    def capture(self, into: PartState) -> None: ...

    def restore(self, state: PartState) -> list[str]:
        """Put the state back. Returns: what could not be put back, in words."""
        ...


class StatePart:
    """Anything with `state_dict` and `load_state_dict`."""

    def __init__(self, name: str, value: Any) -> None:
        self.name, self.value = name, value

    def capture(self, into: PartState) -> None:
        state = self.value.state_dict()
        if not isinstance(state, Mapping):
            state = {"": state}
        into.body[self.name] = encoded(self.name, state, into)

    def restore(self, state: PartState) -> list[str]:
        held = decoded(state.body[self.name], state.extra)
        if set(held) == {""}:
            self.value.load_state_dict(held[""])
            return []
        now = self.value.state_dict()
        lost = {key: now[key] for key in now if key not in held}  # was not encodable
        self.value.load_state_dict({**lost, **held})
        return []


def expanded(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    """The parts behind one argument of `attach`: a part, a list or a dict of parts."""
    if isinstance(value, (list, tuple)):
        for number, item in enumerate(value):
            yield from expanded(f"{name}.{number}", item)
    elif isinstance(value, dict):
        for number, (key, item) in enumerate(value.items()):
            # A parameter, for example, is a key without a name.
            label = str(key) if isinstance(key, (str, int)) else f"{name}.{number}"
            yield from expanded(label, item)
    elif value is not None:
        yield name, unwrapped(value)


def unwrapped(value: Any) -> Any:
    """The object behind the wrappers of `torch.compile`, DDP, Accelerate and Fabric."""
    if isinstance(value, nn.Module):
        value = getattr(value, "_orig_mod", value)
        # Fabric's wrapper keeps what it wraps under both names.
        is_fabric = "_forward_module" in value._modules and "_original_module" in value._modules
        if is_fabric or isinstance(value, nn.parallel.DistributedDataParallel):
            return unwrapped(value.module)
        return value
    inner = getattr(value, "optimizer", None)
    if isinstance(value, Optimizer) and isinstance(inner, Optimizer):
        return unwrapped(inner)
    return value


def is_part(value: Any) -> bool:
    """Whether its state can be taken and put back."""
    has_state = hasattr(value, "state_dict") and hasattr(value, "load_state_dict")
    return has_state or isinstance(value, GENERATORS)


class Parts:
    """All parts of a training, by name, in the order they were attached."""

    def __init__(self) -> None:
        self.by_name: dict[str, Part] = {}
        self.unseen: dict[str, str] = {}  # name -> why nothing of it is captured

    def add(self, name: str, value: Any) -> None:
        """Attach one part; a list or a dict adds each of its parts."""
        known = {id(part.value) for part in self.by_name.values()}
        for wanted, item in expanded(name, value):
            if id(item) in known:
                continue
            label = self.free_name(wanted, name)
            if isinstance(item, nn.Module):
                first = not any(isinstance(part, ModulePart) for part in self.by_name.values())
                self.by_name[label] = ModulePart(label, item, "" if first else f"{label}/")
            elif isinstance(item, Optimizer) and type(item).state_dict is Optimizer.state_dict:
                self.by_name[label] = OptimizerPart(label, item, self.parameter_names)
            elif isinstance(item, GENERATORS):
                self.by_name[label] = GeneratorPart(label, item)
            elif is_part(item):
                self.by_name[label] = StatePart(label, item)
            else:
                self.unseen[label] = (
                    f"a {type(item).__qualname__} has no state_dict and load_state_dict"
                )

    def free_name(self, label: str, name: str) -> str:
        names = (label, f"{name}.{label}", *(f"{label}.{n}" for n in range(2, 1000)))
        return next(item for item in names if item not in self.by_name)

    def optimizers(self) -> dict[str, Any]:
        """Parts with parameter groups, whether torch made them or not."""
        return {
            name: part.value
            for name, part in self.by_name.items()
            if hasattr(part.value, "param_groups") and hasattr(part.value, "step")
        }

    def modules(self) -> dict[str, nn.Module]:
        return {n: p.value for n, p in self.by_name.items() if isinstance(p, ModulePart)}

    def parameter_names(self) -> dict[int, str]:
        """id of a parameter -> its name, over all networks."""
        names: dict[int, str] = {}
        for part in self.by_name.values():
            if isinstance(part, ModulePart):
                for name, parameter in part.value.named_parameters(remove_duplicate=False):
                    names.setdefault(id(parameter), part.prefix + name)
        return names

    def parameters(self) -> dict[str, nn.Parameter]:
        """Name -> parameter, over all networks."""
        found: dict[str, nn.Parameter] = {}
        for part in self.by_name.values():
            if isinstance(part, ModulePart):
                for name, item in part.value.named_parameters(remove_duplicate=False):
                    found[part.prefix + name] = item
        return found

    def capture(self) -> PartState:
        """The state of all parts; a part that raises is named in `lost`, and the rest is kept."""
        state = PartState()
        for name, part in self.by_name.items():
            try:
                part.capture(state)
            except Exception as error:  # a state_dict of somebody's own
                state.body.pop(name, None)
                state.lost.append(f"{name}: its state could not be taken ({error!r})")
        return state

    def restore(self, state: PartState) -> list[str]:
        """Put the state back, networks first. Returns: what could not be put back, in words."""
        problems = [f"{name} is not attached any more" for name in state.body.keys() - self.by_name]
        parts = sorted(self.by_name.values(), key=lambda part: not isinstance(part, ModulePart))
        for part in parts:
            if part.name not in state.body:
                problems.append(f"{part.name} is not in the checkpoint")
                continue
            if isinstance(part, OptimizerPart):
                part.parameters = self.parameters
            problems += part.restore(state)
        return problems
