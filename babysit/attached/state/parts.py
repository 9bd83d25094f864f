"""The parts a training is made of: how each is captured between two turns, and put back.

A part is anything with a `state_dict`: networks, optimizers, schedulers, a GradScaler, an average
of the weights. Its state is JSON and tensors, never pickle. Nothing here is cast: an optimizer's
own `load_state_dict` would turn the float32 momentum of a bfloat16 parameter into bfloat16.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from babysit.attached.state.generators import GENERATORS, GeneratorPart
from babysit.attached.state.optimizer_state import OptimizerPart
from babysit.training.checkpoint import is_dense
from babysit.training.user_code.encoding import Encoder, NotEncodable, decode


@dataclass(slots=True)
class PartState:
    """What was captured. The tensors are the training's own, not copies.

    model: tensors of networks. optimizer: tensors of optimizers. extra: all other tensors.
    body: part name -> JSON. lost: what could not be captured, in words.
    """

    model: dict[str, Tensor] = field(default_factory=dict)
    optimizer: dict[str, Tensor] = field(default_factory=dict)
    extra: dict[str, Tensor] = field(default_factory=dict)
    body: dict[str, Any] = field(default_factory=dict)
    lost: list[str] = field(default_factory=list)


class Part(Protocol):
    """One part. name: as it is shown. prefix: of its tensors' names."""

    name: str
    value: Any

    def capture(self, into: PartState) -> None: ...

    def restore(self, state: PartState) -> list[str]:
        """Put the state back. Returns: what could not be put back, in words."""
        ...


class ModulePart:
    """A network: parameters, buffers, modes of its modules, which parameters learn."""

    def __init__(self, name: str, module: nn.Module, prefix: str) -> None:
        self.name, self.value, self.prefix = name, module, prefix

    def tensors(self) -> dict[str, Tensor]:
        """Parameters and buffers by name, also buffers that no `state_dict` holds."""
        held = {name: item for name, item in self.value.state_dict().items() if _is_there(item)}
        for name, buffer in self.value.named_buffers():
            if name not in held and _is_there(buffer):
                held[name] = buffer
        return held

    def capture(self, into: PartState) -> None:
        for name, tensor in self.tensors().items():
            into.model[self.prefix + name] = tensor
        gradients = []
        for name, parameter in self.value.named_parameters():
            # Inside an accumulation they are part of the state. Others cost a copy and do no harm.
            if parameter.grad is not None and is_dense(parameter.grad):
                gradients.append(name)
                into.extra[f"{self.name}/{name}/grad"] = parameter.grad
        into.body[self.name] = {
            "evaluating": [name for name, item in self.value.named_modules() if not item.training],
            "frozen": [n for n, item in self.value.named_parameters() if not item.requires_grad],
            "gradients": gradients,
            "extra": _extra_state(self, into),
        }

    def restore(self, state: PartState) -> list[str]:
        body = state.body[self.name]
        held = {
            name.removeprefix(self.prefix): tensor
            for name, tensor in state.model.items()
            if name.startswith(self.prefix)
        }
        own = self.tensors()
        with torch.no_grad():
            for name in own.keys() & held.keys():
                own[name].copy_(held.pop(name))
        if held:  # of lazy modules, for example: they take shape when they are loaded
            known = self.value.state_dict()
            self.value.load_state_dict(known | held, strict=False)
        extra = _decoded(body["extra"], state.extra)
        if extra:
            self.value.load_state_dict({**self.value.state_dict(), **extra}, strict=False)
        evaluating = set(body["evaluating"])
        for name, module in self.value.named_modules():
            module.training = name not in evaluating
        frozen, gradients = set(body["frozen"]), set(body["gradients"])
        for name, parameter in self.value.named_parameters():
            parameter.requires_grad = name not in frozen
            grad = state.extra[f"{self.name}/{name}/grad"] if name in gradients else None
            parameter.grad = None if grad is None else grad.to(parameter.device).clone()
        missing = [name for name in own if self.prefix + name not in state.model]
        return [f"{self.name}: {name} is not in the checkpoint" for name in missing]


def _is_there(value: Any) -> bool:
    is_lazy = nn.parameter.is_lazy(value)
    return not is_lazy and is_dense(value) and value.device.type != "meta"


def _extra_state(part: ModulePart, into: PartState) -> dict[str, Any]:
    """What else the `state_dict` holds: the extra state of modules, of any type."""
    state = part.value.state_dict()
    others = {name: item for name, item in state.items() if not isinstance(item, Tensor)}
    return _encoded(part.name, others, into)


class StatePart:
    """Anything with `state_dict` and `load_state_dict`."""

    def __init__(self, name: str, value: Any) -> None:
        self.name, self.value = name, value

    def capture(self, into: PartState) -> None:
        state = self.value.state_dict()
        if not isinstance(state, Mapping):
            state = {"": state}
        into.body[self.name] = _encoded(self.name, state, into)

    def restore(self, state: PartState) -> list[str]:
        held = _decoded(state.body[self.name], state.extra)
        if set(held) == {""}:
            self.value.load_state_dict(held[""])
            return []
        now = self.value.state_dict()
        lost = {key: now[key] for key in now if key not in held}  # was not encodable
        self.value.load_state_dict({**lost, **held})
        return []


def _encoded(name: str, state: Mapping[Any, Any], into: PartState) -> dict[str, Any]:
    """JSON of a mapping, key by key: what cannot be encoded does not take the rest with it."""
    pairs = []
    for number, (key, value) in enumerate(state.items()):
        encoder = Encoder()
        try:
            pair = [encoder.encode(key, "key"), encoder.encode(value, f"{name}/{number}")]
        except NotEncodable as error:
            into.lost.append(f"{name}: {key!r} cannot be saved ({error})")
            continue
        into.extra |= encoder.tensors
        pairs.append(pair)
    return {"pairs": pairs}


def _decoded(body: dict[str, Any], tensors: dict[str, Tensor]) -> dict[Any, Any]:
    return {
        decode(key, tensors, "cuda"): decode(value, tensors, "cuda") for key, value in body["pairs"]
    }


def expanded(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    """The parts behind one argument of `attach`: a part, a list or a dict of parts."""
    if isinstance(value, (list, tuple)):
        for number, item in enumerate(value):
            yield from expanded(f"{name}.{number}", item)
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from expanded(str(key), item)
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
