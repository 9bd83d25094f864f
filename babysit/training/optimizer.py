"""The optimizers, and the traps in their state when a hyperparameter changes in mid-run.

Measured on torch 2.13 (CPU):

- SGD keeps a momentum buffer while momentum is 0 but does not update it; back at 0.9 the stale
  velocity drives the weights the wrong way for some ten steps. RMSprop does the same, and raises a
  KeyError when momentum was 0 from the beginning.
- Adam's bias correction uses the new beta with the old step count: beta1 0.9 -> 0.999 at step 20
  makes the next update 42 times as large. One multiplication of the moments removes the jump.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch import nn
from torch.optim import SGD, Adam, AdamW, Optimizer, RMSprop

from babysit.protocol.values import Values

INDICES, VALUES = "#indices", "#values"  # of a sparse tensor


def build_optimizer(parameters: Iterable[nn.Parameter], values: Values) -> Optimizer:
    """The optimizer that `values` name, with one parameter group."""
    kinds = {"sgd": SGD, "adam": Adam, "adamw": AdamW, "rmsprop": RMSprop}
    options = group_options(values)
    return kinds[str(values["optimizer"])](list(parameters), **options)  # type: ignore[no-any-return]


def group_options(values: Values) -> dict[str, Any]:
    """The options of the parameter group, in torch's own names."""
    options: dict[str, Any] = {
        "lr": float(values["learning_rate"]),
        "weight_decay": float(values["weight_decay"]),
    }
    match values["optimizer"]:
        case "sgd":
            options["momentum"] = float(values["momentum"])
            options["nesterov"] = bool(values["nesterov"])
        case "adam" | "adamw":
            options["betas"] = (float(values["beta1"]), float(values["beta2"]))
            options["eps"] = float(values["epsilon"])
        case "rmsprop":
            options["momentum"] = float(values["momentum"])
            options["alpha"] = float(values["beta2"])
            options["eps"] = float(values["epsilon"])
    return options


def read_back(optimizer: Optimizer) -> Values:
    """What the next update will really use, in the names of the hyperparameters."""
    group = optimizer.param_groups[0]
    values: Values = {"learning_rate": group["lr"], "weight_decay": group["weight_decay"]}
    if "betas" in group:
        values["beta1"], values["beta2"] = group["betas"]
    if "momentum" in group:
        values["momentum"] = group["momentum"]
    if "nesterov" in group:
        values["nesterov"] = group["nesterov"]
    if "alpha" in group:
        values["beta2"] = group["alpha"]
    if "eps" in group:
        values["epsilon"] = group["eps"]
    return values


def write(optimizer: Optimizer, values: Values) -> list[str]:
    """Make the next update use `values`; the state is kept in step with them.

    Returns:
        What was done to the state, in words for the journal.
    """
    options = group_options(values)
    done: list[str] = []
    for group in optimizer.param_groups:
        before = {name: group[name] for name in options}
        if options == before:
            continue
        group.update(options)
        done += keep_state_sound(optimizer, group, before)
    return done


def keep_state_sound(
    optimizer: Optimizer, group: dict[str, Any], before: dict[str, Any]
) -> list[str]:
    """Keep a group's state in step with its options, of which `before` holds the earlier values.

    Returns:
        What was done to the state, in words for the journal.
    """
    done: list[str] = []
    if "betas" in group and group["betas"] != before["betas"]:
        step = _rescale_moments(optimizer, group, before["betas"])
        if step:
            note = f"Optimizer state rescaled so that the step does not jump (Adam, step {step})."
            done.append(note)
    if "momentum" in group and group["momentum"] != before["momentum"]:
        if group["momentum"] == 0 and _clear_velocity(optimizer, group):
            done.append("Velocity cleared: it would be stale when momentum comes back.")
        elif before["momentum"] == 0 and isinstance(optimizer, RMSprop):
            _add_velocity(optimizer, group)
    return done


def _rescale_moments(optimizer: Optimizer, group: dict[str, Any], old: tuple[float, float]) -> int:
    """Multiply Adam's moments so that their bias-corrected values stay as they are."""
    beta1, beta2 = group["betas"]
    step = 0
    for parameter in group["params"]:
        state = optimizer.state.get(parameter)
        if not state:
            continue
        step = int(state.get("step", 0))
        if step == 0 or not {"exp_avg", "exp_avg_sq"} <= state.keys():
            continue  # an optimizer of another kind
        state["exp_avg"].mul_((1 - beta1**step) / (1 - old[0] ** step))
        second = (1 - beta2**step) / (1 - old[1] ** step)
        state["exp_avg_sq"].mul_(second)
        if "max_exp_avg_sq" in state:
            state["max_exp_avg_sq"].mul_(second)
    return step


def _clear_velocity(optimizer: Optimizer, group: dict[str, Any]) -> bool:
    cleared = False
    for parameter in group["params"]:
        state = optimizer.state.get(parameter, {})
        buffer = state.get("momentum_buffer")
        if buffer is None:
            continue
        cleared = True
        if isinstance(optimizer, RMSprop):
            buffer.zero_()  # RMSprop makes the buffer only once, at its first step
        else:
            del state["momentum_buffer"]  # SGD begins again with the plain gradient
    return cleared


def _add_velocity(optimizer: Optimizer, group: dict[str, Any]) -> None:
    """Give RMSprop the buffer that it makes only if momentum was above 0 at its first step."""
    for parameter in group["params"]:
        state = optimizer.state.get(parameter)
        if state and "momentum_buffer" not in state:
            state["momentum_buffer"] = torch.zeros_like(parameter)


def state_tensors(optimizer: Optimizer, names: list[str]) -> dict[str, torch.Tensor]:
    """The optimizer's state as named tensors: `<parameter>/<key>`; `names` in parameter order.

    A sparse one, as SGD keeps for `nn.Embedding(sparse=True)`, is two: its indices and its values.
    """
    tensors: dict[str, torch.Tensor] = {}
    parameters = optimizer.param_groups[0]["params"]
    for name, parameter in zip(names, parameters, strict=True):
        for key, value in optimizer.state.get(parameter, {}).items():
            if value is None:
                continue
            tensor = torch.as_tensor(value)
            if tensor.is_sparse:  # not coalesced: the order of its sums decides the last bit
                tensors[f"{name}/{key}{INDICES}"] = tensor._indices()
                tensors[f"{name}/{key}{VALUES}"] = tensor._values()
            else:
                tensors[f"{name}/{key}"] = tensor
    return tensors


def load_state_tensors(
    optimizer: Optimizer, names: list[str], tensors: dict[str, torch.Tensor]
) -> None:
    """Put back what `state_tensors` gave; hyperparameters are not touched."""
    parameters = dict(zip(names, optimizer.param_groups[0]["params"], strict=True))
    for place, tensor in tensors.items():
        name, key = place.rsplit("/", 1)
        parameter = parameters[name]
        if key.endswith(VALUES):
            continue  # together with its indices
        # torch keeps Adam's step counts on the CPU, whatever the device of the parameter.
        device = torch.device("cpu") if key == "step" else parameter.device
        held = tensor.to(device).clone()
        if key.endswith(INDICES):
            key = key.removesuffix(INDICES)
            values = tensors[f"{name}/{key}{VALUES}"].to(device).clone()
            size = parameter.shape
            held = torch.sparse_coo_tensor(held, values, size, check_invariants=False)
        optimizer.state[parameter][key] = held
