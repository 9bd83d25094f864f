"""A network as a part of a training."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from babysit.attached.state.part_state import PartState, decoded, encoded
from babysit.attached.state.plain_values import PlainValues
from babysit.training.checkpoint import is_dense
from babysit.training.optimizer import INDICES, VALUES


class ModulePart:
    """A network: parameters, buffers, modes of its modules, which parameters learn."""

    def __init__(self, name: str, module: nn.Module, prefix: str) -> None:
        self.name, self.value, self.prefix = name, module, prefix
        self.plain = PlainValues(module)

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
            if parameter.grad is not None:
                gradients.append(name)
                place = f"{self.name}/{name}/grad"
                into.extra |= tensors_of(place, parameter.grad)
        into.body[self.name] = {
            "evaluating": [name for name, item in self.value.named_modules() if not item.training],
            "frozen": [n for n, item in self.value.named_parameters() if not item.requires_grad],
            "gradients": gradients,
            "extra": _extra_state(self, into),
        }
        plain = self.plain.capture(f"{self.name}/plain", into.extra)
        if plain:
            into.body[self.name]["plain"] = plain

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
        extra = decoded(body["extra"], state.extra)
        if extra:
            self.value.load_state_dict({**self.value.state_dict(), **extra}, strict=False)
        evaluating = set(body["evaluating"])
        for name, module in self.value.named_modules():
            module.training = name not in evaluating
        frozen, gradients = set(body["frozen"]), set(body["gradients"])
        for name, parameter in self.value.named_parameters():
            parameter.requires_grad = name not in frozen
            parameter.grad = None
            if name in gradients:
                parameter.grad = _gradient(f"{self.name}/{name}/grad", parameter, state.extra)
        self.plain.restore(body.get("plain", {}), state.extra)
        missing = [name for name in own if self.prefix + name not in state.model]
        return [f"{self.name}: {name} is not in the checkpoint" for name in missing]


def tensors_of(place: str, gradient: Tensor) -> dict[str, Tensor]:
    """A gradient as dense tensors, by name; of a sparse one its indices and values."""
    if gradient.layout is torch.sparse_coo:
        return {place + INDICES: gradient._indices(), place + VALUES: gradient._values()}
    return {place: gradient} if is_dense(gradient) else {}


def _gradient(place: str, parameter: nn.Parameter, held: dict[str, Tensor]) -> Tensor | None:
    device = parameter.device
    if place + INDICES in held:
        indices, values = (held[place + end].to(device).clone() for end in (INDICES, VALUES))
        shape = parameter.shape
        return torch.sparse_coo_tensor(indices, values, shape, check_invariants=False)
    return held[place].to(device).clone() if place in held else None


def _is_there(value: Any) -> bool:
    is_lazy = nn.parameter.is_lazy(value)
    return not is_lazy and is_dense(value) and value.device.type != "meta"


def _extra_state(part: ModulePart, into: PartState) -> dict[str, Any]:
    """What else the `state_dict` holds: the extra state of modules, of any type."""
    state = part.value.state_dict()
    others = {name: item for name, item in state.items() if not isinstance(item, Tensor)}
    return encoded(part.name, others, into)
