"""The options of optimizers that can be steered, by their names on the page.

A value set by hand is in force only inside `optimizer.step()`: a hook before the step sets it, a
hook after the step puts back what the script and its schedulers say. Writing into `group["lr"]`
between two steps instead is lost after one step under LambdaLR, OneCycleLR, CyclicLR and
CosineAnnealingWarmRestarts, and an absolute value does not stay one under the others.
"""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from babysit.protocol.hyperparameters import STANDARD, Hyperparameter
from babysit.protocol.option_label import option_label
from babysit.protocol.values import Value
from babysit.training.optimizer import keep_state_sound

# Key of a parameter group -> standard names; `betas` is a pair.
KEYS: dict[str, tuple[str, ...]] = {
    "lr": ("learning_rate",),
    "momentum": ("momentum",),
    "betas": ("beta1", "beta2"),
    "alpha": ("beta2",),
    "eps": ("epsilon",),
    "weight_decay": ("weight_decay",),
    "nesterov": ("nesterov",),
}

USED = ("lr", "momentum", "betas")  # recorded at each step, as the optimizer used them


@dataclass(frozen=True, slots=True)
class Option:
    """One option of one parameter group. index: its place in `betas`; None: it is the whole."""

    optimizer: str
    group: int
    key: str
    index: int | None = None

    def read(self, group: dict[str, Any]) -> Value:
        held = group[self.key] if self.index is None else group[self.key][self.index]
        return _number(held)

    def write(self, group: dict[str, Any], value: Value) -> None:
        if self.index is not None:
            pair = list(group[self.key])
            held = pair[self.index]
            if isinstance(held, Tensor):
                held.fill_(float(value))
                return
            pair[self.index] = value
            group[self.key] = tuple(pair)
        elif isinstance(group[self.key], Tensor):
            with torch.no_grad():
                group[self.key].fill_(float(value))  # a compiled step reads it
        else:
            group[self.key] = value


def _number(value: Any) -> Value:
    if isinstance(value, Tensor):
        return float(value)
    if isinstance(value, (bool, int, float)):
        return value
    return float(value)


@dataclass(slots=True)
class NamedOption:
    """What a name on the page stands for.

    options: those it sets; several if it sets all groups at once.
    is_factor: the name is a factor on all groups, 1 at the start.
    """

    hyperparameter: Hyperparameter
    options: list[Option] = field(default_factory=list)
    is_factor: bool = False


def group_label(group: dict[str, Any], number: int) -> str:
    name = group.get("name")
    return str(name) if isinstance(name, str) and name else str(number)


def named_options(
    optimizers: dict[str, Any], known: Collection[str] = ()
) -> dict[str, NamedOption]:
    """All options that can be steered, by name.

    known: names that were there before, and stay.

    One optimizer with one group has the plain names. With several groups, `learning_rate` is a
    factor on all, and `learning_rate.<group>` the value of one; any other plain name sets all
    groups, if they begin with the same value. With several optimizers, the name of each stands in
    front.
    """
    found: dict[str, NamedOption] = {}
    for part, optimizer in optimizers.items():
        prefix = "" if len(optimizers) == 1 else f"{part}."
        groups = optimizer.param_groups
        for name, options in _by_name(part, groups).items():
            if len(groups) == 1:
                found[prefix + name] = _named(prefix + name, name, options, groups)
                continue
            if name == "learning_rate":
                factor = _factor(prefix + name)
                found[prefix + name] = NamedOption(factor, options, is_factor=True)
            elif prefix + name in known or _are_equal(options, groups):
                found[prefix + name] = _named(prefix + name, name, options, groups)
            for option in options:
                label = f"{prefix}{name}.{group_label(groups[option.group], option.group)}"
                found[label] = _named(label, name, [option], groups)
    return found


def _are_equal(options: list[Option], groups: list[dict[str, Any]]) -> bool:
    return len({option.read(groups[option.group]) for option in options}) == 1


def _by_name(part: str, groups: list[dict[str, Any]]) -> dict[str, list[Option]]:
    found: dict[str, list[Option]] = {}
    for number, group in enumerate(groups):
        for key, names in KEYS.items():
            if key not in group or group[key] is None:
                continue
            for index, name in enumerate(names):
                option = Option(part, number, key, index if len(names) > 1 else None)
                with contextlib.suppress(TypeError, ValueError, IndexError):  # not a number
                    option.read(group)
                    found.setdefault(name, []).append(option)
    return found


def _named(
    name: str, standard: str, options: list[Option], groups: list[dict[str, Any]]
) -> NamedOption:
    item = STANDARD[standard]
    label = option_label(name) or item.label
    value = options[0].read(groups[options[0].group])
    declared = item.but(
        name=name,
        label=label,
        default=value,
        optimizers=None,
        schedules=None,
        relative=item.kind == "float",
        when="live",
    )
    if declared.kind == "float":  # the script's own value is right, whatever it is
        number = float(value)
        declared = declared.but(low=min(item.low, number), high=max(item.high, number))
    return NamedOption(declared, options)


def _factor(name: str) -> Hyperparameter:
    return STANDARD["learning_rate"].but(
        name=name,
        label="Learning rate factor",
        symbol="",
        default=1.0,
        low=0.0,
        high=1e6,
        low_included=False,
        relative=True,
        help="Multiplies the learning rates of all parameter groups.",
    )


@dataclass(slots=True)
class StepHooks:
    """The hooks of one optimizer.

    in_force: Option -> the function from the script's own value to the one in force.
    used: what the last step used. count: steps made.
    """

    optimizer: Any
    in_force: dict[Option, Any] = field(default_factory=dict)
    used: list[dict[str, Any]] = field(default_factory=list)
    count: int = 0
    failed: bool = False  # to set a value; the script's own are in force
    _own: list[tuple[Option, Any]] = field(default_factory=list)

    def labels(self) -> list[str]:
        """What stands behind an option's name, for each group."""
        groups = self.optimizer.param_groups
        return [f".{group_label(group, number)}" for number, group in enumerate(groups)]

    def before(self, *_: Any) -> None:
        """Put the values set by hand into force."""
        if self._own:  # the last step raised
            self.after()
        groups = self.optimizer.param_groups
        for option, effective in self.in_force.items():
            if option.group < len(groups):
                group = groups[option.group]
                own = option.read(group)
                self._own.append((option, own))
                option.write(group, effective(own))
        self.used = [_used_of(group) for group in groups]
        self.count += 1

    def after(self, *_: Any) -> None:
        """Give the script its own values back; also where the step itself has raised."""
        if not self._own:  # nothing was set by hand
            return
        groups = self.optimizer.param_groups
        while self._own:
            option, own = self._own.pop()
            if option.group < len(groups):
                option.write(groups[option.group], own)

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """As inside a step, to read back what it would use."""
        count, used = self.count, self.used
        self.before()
        try:
            yield
        finally:
            self.after()
            self.count, self.used = count, used

    def set(self, option: Option, effective: Any) -> list[str]:
        """Put a value into force from the next step on, or none with None.

        Returns:
            What was done to the optimizer's state, in words for the journal.
        """
        groups = self.optimizer.param_groups
        with self.held():
            before = {key: _held(value) for key, value in groups[option.group].items()}
        if effective is None:
            self.in_force.pop(option, None)
        else:
            self.in_force[option] = effective
        if option.key not in ("momentum", "betas"):
            return []
        with self.held():
            return keep_state_sound(self.optimizer, groups[option.group], before)


def _used_of(group: dict[str, Any]) -> dict[str, Any]:
    """What is recorded of a group, as it is in force now. This runs at each step."""
    used = {}
    for key in USED:
        if key in group:
            value = group[key]
            used[key] = value if type(value) is float else _held(value)
    return used


def _held(value: Any) -> Any:
    """The value of now: schedulers change tensors in place. Nothing waits for the device here."""
    if isinstance(value, Tensor):
        return value.detach().clone()
    return tuple([_held(item) for item in value]) if isinstance(value, tuple) else value
