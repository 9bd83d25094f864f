"""What can be changed in a script's training, and the transaction that changes it."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from babysit.attached.control.knobs import Knob, plain
from babysit.attached.control.options import NamedOption, Option, StepHooks, named_options
from babysit.attached.control.overrides import Effective, Override
from babysit.attached.control.regrouping import renamed
from babysit.protocol.commands import Set
from babysit.protocol.hyperparameters import Declared, Hyperparameter, InvalidValue
from babysit.protocol.spec.requested import RELEASE
from babysit.protocol.validation import check_requests
from babysit.protocol.values import Relative, RequestedValues, Value, Values
from babysit.training.controls import ChangeMade, ScheduledChange
from babysit.training.schedule import Ramp


@dataclass(slots=True)
class ScriptControls:
    """The options of the optimizers, the knobs, and the arguments of the script.

    step: updates made; ramps are functions of it.
    enforced_at: the step for which the values in the hooks were worked out.
    settings: arguments by name, for `babysit.config`.
    """

    hooks: dict[str, StepHooks] = field(default_factory=dict)
    options: dict[str, NamedOption] = field(default_factory=dict)
    knobs: dict[str, Knob] = field(default_factory=dict)
    settings: dict[str, Hyperparameter] = field(default_factory=dict)
    setting_values: dict[str, Any] = field(default_factory=dict)
    overrides: dict[str, Override] = field(default_factory=dict)
    scheduled: list[ScheduledChange] = field(default_factory=list)
    step: int = 0
    enforced_at: int = 0
    layout: tuple[int, ...] = ()  # groups of each optimizer, when the options were looked for

    # -- what there is

    def find_options(self, optimizers: dict[str, Any]) -> None:
        """Look which groups and options there are now. What was asked for by a name that stands
        for something else now goes on under the name that means what it meant.
        """
        before, names = self.options, set(self.options) | set(self.overrides)
        self.options = named_options(optimizers, names)
        self.layout = self.layout_now()
        if before and before.keys() != self.options.keys():
            self.overrides, self.scheduled = renamed(
                before, self.options, self.overrides, self.scheduled
            )

    def layout_now(self) -> tuple[int, ...]:
        """How many groups each optimizer has."""
        return tuple([len(hooks.optimizer.param_groups) for hooks in self.hooks.values()])

    @property
    def declared(self) -> Declared:
        """All that can be changed, in the order of the tiers."""
        items = [named.hyperparameter for named in self.options.values()]
        items += [knob.hyperparameter for knob in self.knobs.values()]
        items += [item for name, item in self.settings.items() if name not in self.options]
        return {item.name: item for item in sorted(items, key=lambda item: item.tier)}

    @property
    def values(self) -> Values:
        """What the next update would use, by name."""
        found: Values = {}
        for name in self.declared:
            with contextlib.suppress(InvalidValue):  # a function of the script's raised
                found[name] = self.effective(name)
        return found

    def effective(self, name: str) -> Value:
        """What the next update uses, read where it reads it."""
        named = self.options.get(name)
        if named is not None:
            if named.is_factor:
                override = self.overrides.get(name)
                return 1.0 if override is None else float(override.at(self.step))
            option = named.options[0]
            hooks = self.hooks[option.optimizer]
            with hooks.held():
                return option.read(hooks.optimizer.param_groups[option.group])
        if name in self.knobs:
            return self.knobs[name].read()
        return plain(self.setting_values[name])

    # -- changes

    def due(self, step: int) -> list[ScheduledChange]:
        return [change for change in self.scheduled if (change.change.at_step or 0) <= step]

    def forget(self, command_id: int) -> bool:
        planned = len(self.scheduled)
        self.scheduled = [item for item in self.scheduled if item.command_id != command_id]
        return len(self.scheduled) < planned

    def check(self, change: Set) -> RequestedValues:
        """The checked values of a change.

        Raises:
            InvalidValue: it is refused as a whole.
        """
        values = check_requests(self.declared, change.values)
        if change.over_steps is not None:
            if change.over_steps < 1:
                raise InvalidValue("over_steps", "A change takes at least 1 step.")
            if not any(self._can_ramp(name) for name in values):
                message = f"{', '.join(values)} cannot change gradually: leave over_steps out."
                raise InvalidValue("over_steps", message)
        return values

    def _can_ramp(self, name: str) -> bool:
        return name in self.options and self.options[name].hyperparameter.kind == "float"

    def apply(self, change: Set) -> ChangeMade:
        """Make a change between two updates, and read it back.

        Raises:
            InvalidValue: it is refused; nothing was touched.
        """
        values = self.check(change)
        self.enforce()  # a ramp in progress: what the next update would use, not the last one
        before = {name: self.effective(name) for name in values}
        undo: RequestedValues = {name: self._request_now(name) for name in values}
        self._set_knobs(values, before)
        notes: list[str] = []
        for name, value in values.items():
            if name in self.options:
                self._override(name, value, change.over_steps)
                notes += [*self.enforce(), *self._factors_on(name, value)]
            elif name not in self.knobs:
                self.setting_values[name] = value
        after = {name: self.effective(name) for name in values}
        base = {name: self._base(name, after[name]) for name in values}
        return ChangeMade(before, after, undo, base, self.step + 1, list(dict.fromkeys(notes)))

    def _set_knobs(self, values: RequestedValues, before: Values) -> None:
        """All or none of them.

        Raises:
            InvalidValue: a function of the script's raised.
        """
        done: list[str] = []
        for name in values.keys() & self.knobs.keys() - self.options.keys():
            done.append(name)
            try:
                self.knobs[name].write(values[name])
            except InvalidValue:
                for earlier in done:
                    with contextlib.suppress(InvalidValue):
                        self.knobs[earlier].write(before[earlier])
                raise

    def _factors_on(self, name: str, value: Value | Relative) -> list[str]:
        """What else acts on a value that was set for one group, in words."""
        if isinstance(value, dict) or self.options[name].is_factor:
            return []
        option = self.options[name].options[0]
        factors = [
            f"{other} multiplies it by {override.at(self.step):.4g}"
            for other, override in self.overrides.items()
            if override.times and other != name and option in self._options_of(other)
        ]
        return [f"{name}: {', '.join(factors)}."] if factors else []

    def _options_of(self, name: str) -> list[Option]:
        return self.options[name].options if name in self.options else []

    def _base(self, name: str, after: Value) -> Value:
        """Where a ramp leads; for display."""
        override = self.overrides.get(name)
        if override is None or override.ramp is None or override.times or override.released:
            return after
        return override.value

    def _request_now(self, name: str) -> Value | Relative:
        """What to ask for to make the value as it is now."""
        override = self.overrides.get(name)
        if name in self.options:
            return RELEASE if override is None else override.request()
        return self.effective(name)

    def _override(self, name: str, value: Value | Relative, over_steps: int | None) -> None:
        named = self.options[name]
        earlier = self.overrides.pop(name, None)  # the newest comes last, and decides
        if isinstance(value, dict):
            target = Override(float(value.get("times", 1.0)), times=True)
            target.released = "release" in value
        else:
            target = Override(value, times=named.is_factor)
        if over_steps and over_steps > 1 and named.hyperparameter.kind == "float":
            start, end = self._alone(name, earlier, times=target.times), float(target.value)
            if start != end:
                scale = named.hyperparameter.scale
                target.ramp = Ramp(start, end, self.step, over_steps, scale)
        if not target.released or target.ramp is not None:
            self.overrides[name] = target

    def _alone(self, name: str, override: Override | None, *, times: bool) -> float:
        """What an override makes by itself, without others: a factor, or a value."""
        if override is not None and override.times == times:
            return float(override.at(self.step))
        if self.options[name].is_factor:
            return 1.0
        own = self._own(name)
        value = own if override is None else float(override.at(self.step))
        if override is not None and override.times:
            value *= own
        if not times:
            return value
        return value / own if own else 1.0

    def _own(self, name: str) -> float:
        """What the script says."""
        option = self.options[name].options[0]
        group = self.hooks[option.optimizer].optimizer.param_groups[option.group]
        return float(option.read(group))

    def enforce(self) -> list[str]:
        """Bring the overrides into the hooks; ramps that have arrived end here.

        Returns:
            What was done to the state of optimizers, in words for the journal.
        """
        self.enforced_at = self.step
        for name, override in list(self.overrides.items()):
            if override.ramp is not None and override.ramp.is_over(self.step):
                override.ramp = None
                if override.released:
                    del self.overrides[name]
        wanted = self._wanted(self.step)
        notes: list[str] = []
        for hooks in self.hooks.values():
            for option in [item for item in hooks.in_force if item not in wanted]:
                notes += hooks.set(option, None)
        for option, effective in wanted.items():
            hooks = self.hooks[option.optimizer]
            if hooks.in_force.get(option) != effective:
                notes += hooks.set(option, effective)
        return notes

    def _wanted(self, step: int) -> dict[Option, Effective]:
        """What the overrides make of each option in update `step` + 1."""
        rules: dict[Option, list[tuple[bool, Any]]] = {}
        for name, override in self.overrides.items():
            for option in self._options_of(name):  # none: its group is not there (yet)
                rules.setdefault(option, []).append((override.times, override.at(step)))
        return {option: Effective(tuple(found)) for option, found in rules.items()}

    @property
    def moves(self) -> bool:
        """Whether values set by hand differ from one update to the next."""
        return any(override.ramp is not None for override in self.overrides.values())

    # -- checkpoints

    def to_json(self) -> dict[str, Any]:
        return {
            "values": self.values,
            "overrides": [[name, item.to_json()] for name, item in self.overrides.items()],
            "enforced_at": self.enforced_at,
            "settings": {name: self.setting_values[name] for name in self.settings},
            "scheduled": [change.to_json() for change in self.scheduled],
        }

    def restore(self, state: Mapping[str, Any]) -> list[str]:
        """Put back what `to_json` gave; the options are those of the restored groups.

        Returns:
            What could not be put back, in words.
        """
        self.overrides = {name: Override.from_json(item) for name, item in state["overrides"]}
        self.options = {}
        self.find_options({name: hooks.optimizer for name, hooks in self.hooks.items()})
        for name, value in state["settings"].items():
            if name in self.settings:
                self.setting_values[name] = value
        self.scheduled = [ScheduledChange.from_json(item) for item in state["scheduled"]]
        problems = []
        for name, knob in self.knobs.items():
            try:
                if name in state["values"]:
                    knob.write(state["values"][name])
            except InvalidValue as error:
                problems.append(error.message)
        for hooks in self.hooks.values():
            hooks.in_force.clear()
        self.enforced_at = int(state["enforced_at"])
        for option, effective in self._wanted(self.enforced_at).items():
            # The state of the optimizer is as it is: it was saved with these values.
            self.hooks[option.optimizer].in_force[option] = effective
        return problems
