"""The state of a torch optimizer by the names of its parameters, so that it can be put back into
groups that the script adds only later.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from babysit.training.optimizer import INDICES, VALUES
from babysit.training.user_code.encoding import Encoder, NotEncodable, decode, put_in_place

if TYPE_CHECKING:
    from babysit.attached.state.part_state import PartState


class OptimizerPart:
    """An optimizer whose `state_dict` is torch's own."""

    def __init__(
        self, name: str, optimizer: Optimizer, parameter_names: Callable[[], dict[int, str]]
    ) -> None:
        """parameter_names: id of a parameter -> its name."""
        self.name, self.value = name, optimizer
        self.parameters: Callable[[], dict[str, nn.Parameter]] = dict
        self._names = parameter_names

    def capture(self, into: PartState) -> None:
        names = self._own_names()
        groups = []
        for number, group in enumerate(self.value.param_groups):
            options: dict[str, Any] = {}
            for key, value in group.items():
                if key == "params":
                    continue
                encoder = Encoder()
                try:
                    options[key] = encoder.encode(value, f"{self.name}/groups/{number}/{key}")
                except NotEncodable as error:
                    into.lost.append(f"{self.name}: option {key!r} cannot be saved ({error})")
                    continue
                into.extra |= encoder.tensors
            groups.append(
                {"params": [names[id(item)] for item in group["params"]], "options": options}
            )
        states = {}
        for parameter, state in self.value.state.items():
            if id(parameter) in names:
                states[names[id(parameter)]] = self._capture_state(
                    names[id(parameter)], state, into
                )
        for name, parameter in self._unnamed(names):
            into.optimizer[f"{self.name}/{name}/parameter"] = parameter
        into.body[self.name] = {"groups": groups, "state": states}

    def _own_names(self) -> dict[int, str]:
        """Names of all its parameters; of those that no attached network has, by their place."""
        names = dict(self._names())
        for number, group in enumerate(self.value.param_groups):
            for place, parameter in enumerate(group["params"]):
                names.setdefault(id(parameter), f"#{number}.{place}")
        return names

    def _unnamed(self, names: dict[int, str]) -> list[tuple[str, Tensor]]:
        return [
            (names[id(item)], item)
            for group in self.value.param_groups
            for item in group["params"]
            if names[id(item)].startswith("#")
        ]

    def _capture_state(self, name: str, state: dict[str, Any], into: PartState) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key, value in state.items():
            place = f"{self.name}/{name}/{key}"
            if isinstance(value, Tensor) and value.is_sparse:
                into.optimizer[place + INDICES] = value._indices()
                into.optimizer[place + VALUES] = value._values()
                found[key] = {"sparse": list(value.shape)}
            elif isinstance(value, Tensor) and value.layout is torch.strided:
                into.optimizer[place] = value
                found[key] = {"on_cpu": value.device.type == "cpu"}
            else:
                encoder = Encoder()
                try:
                    found[key] = {"value": encoder.encode(value, place)}
                except NotEncodable as error:
                    into.lost.append(f"{self.name}: {key!r} cannot be saved ({error})")
                    continue
                into.extra |= encoder.tensors
        return found

    def restore(self, state: PartState) -> list[str]:
        body = state.body[self.name]
        by_name: dict[str, Tensor] = dict(self.parameters())
        names = self._own_names()
        by_name |= dict(self._unnamed(names))
        with torch.no_grad():
            for name, parameter in self._unnamed(names):
                held = state.optimizer.get(f"{self.name}/{name}/parameter")
                if held is not None:
                    parameter.copy_(held)
        problems = self._restore_groups(body["groups"], by_name, state)
        self.value.state.clear()
        for name, entries in body["state"].items():
            if name not in by_name:
                problems.append(f"{self.name}: its parameter {name} is not there")
                continue
            parameter = by_name[name]
            for key, entry in entries.items():
                place = f"{self.name}/{name}/{key}"
                self.value.state[parameter][key] = _restored(place, entry, parameter, state)
        return problems

    def _restore_groups(
        self, saved: list[dict[str, Any]], by_name: dict[str, Tensor], state: PartState
    ) -> list[str]:
        groups, problems = self.value.param_groups, []
        del groups[len(saved) :]  # code at the start of an epoch adds them again
        for number, entry in enumerate(saved):
            missing = [name for name in entry["params"] if name not in by_name]
            problems += [f"{self.name}: its parameter {name} is not there" for name in missing]
            params = [by_name[name] for name in entry["params"] if name in by_name]
            options = {key: decode(v, state.extra, "cpu") for key, v in entry["options"].items()}
            if number == len(groups):
                groups.append({"params": params})
            group = groups[number]
            group["params"] = params
            for key, value in options.items():
                # A learning rate in a tensor may be known to a compiled step: keep the tensor.
                if not (isinstance(value, Tensor) and put_in_place(group.get(key), value)):
                    group[key] = value
        return problems


def _restored(place: str, entry: dict[str, Any], parameter: Tensor, state: PartState) -> Any:
    if "sparse" in entry:
        indices = state.optimizer[place + INDICES].to(parameter.device).clone()
        values = state.optimizer[place + VALUES].to(parameter.device).clone()
        return torch.sparse_coo_tensor(indices, values, entry["sparse"], check_invariants=False)
    if "on_cpu" in entry:
        device = torch.device("cpu") if entry["on_cpu"] else parameter.device
        return state.optimizer[place].to(device).clone()
    return decode(entry["value"], state.extra, parameter.device.type)
