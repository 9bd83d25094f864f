"""What can be changed in a script's training, and the transaction that changes it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from babysit.attached.control.options import NamedOption, Option, StepHooks, named_options
from babysit.attached.control.overrides import Effective, Override
from babysit.protocol.commands import Set
from babysit.protocol.hyperparameters import Declared, Hyperparameter, InvalidValue
from babysit.protocol.requested import RELEASE
from babysit.protocol.validation import check_requests
from babysit.protocol.values import Relative, RequestedValues, Value, Values
from babysit.training.controls import ChangeMade, ScheduledChange
from babysit.training.schedule import Ramp


@dataclass(slots=True)
class Knob:
    """A value of the script's own that is changed by a function of its own."""

    hyperparameter: Hyperparameter
    get: Callable[[], Any]
    set: Callable[[Any], Any]


@dataclass(slots=True)
class ScriptControls:
    """The options of the optimizers, the knobs, and the arguments of the script.

    step: updates made; ramps are functions of it.
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

    # -- what there is

    def find_options(self, optimizers: dict[str, Any]) -> None:
        """Look which groups and options there are now."""
        self.options = named_options(optimizers)

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
            return _plain(self.knobs[name].get())
        return _plain(self.setting_values[name])

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
        before = {name: self.effective(name) for name in values}
        undo: RequestedValues = {name: self._request_now(name) for name in values}
        notes: list[str] = []
        for name, value in values.items():
            if name in self.options:
                self._override(name, value, before[name], change.over_steps)
                notes += self.enforce()
            elif name in self.knobs:
                try:
                    self.knobs[name].set(value)
                except Exception as error:  # the script's own function
                    message = f"The script's function for {name} raised: {error!r}"
                    raise InvalidValue(name, message) from error
            else:
                self.setting_values[name] = value
        after = {name: self.effective(name) for name in values}
        base = {name: self._base(name, after[name]) for name in values}
        return ChangeMade(before, after, undo, base, self.step + 1, list(dict.fromkeys(notes)))

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

    def _override(
        self, name: str, value: Value | Relative, now: Value, over_steps: int | None
    ) -> None:
        named = self.options[name]
        earlier = self.overrides.get(name)
        if isinstance(value, dict):
            target = Override(float(value.get("times", 1.0)), times=True)
            target.released = "release" in value
        else:
            target = Override(value, times=named.is_factor)
        if over_steps and over_steps > 1 and named.hyperparameter.kind == "float":
            start = float(now)
            if target.times and not named.is_factor:
                own = self._own(name)
                start = float(now) / own if own else 1.0
            end = float(target.value)
            if start != end:
                scale = named.hyperparameter.scale
                target.ramp = Ramp(start, end, self.step, over_steps, scale)
        if target.released and target.ramp is None:
            if earlier is not None:
                del self.overrides[name]
            return
        self.overrides[name] = target

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
        wanted: dict[Option, list[tuple[bool, Any]]] = {}
        for name, override in list(self.overrides.items()):
            named = self.options.get(name)
            if named is None:
                continue  # its group is not there (yet)
            if override.ramp is not None and override.ramp.is_over(self.step):
                override.ramp = None
                if override.released:
                    del self.overrides[name]
                    continue
            for option in named.options:
                wanted.setdefault(option, []).append((override.times, override.at(self.step)))
        notes: list[str] = []
        for hooks in self.hooks.values():
            for option in [item for item in hooks.in_force if item not in wanted]:
                notes += hooks.set(option, None)
        for option, rules in wanted.items():
            hooks = self.hooks[option.optimizer]
            known = hooks.in_force.get(option)
            effective = Effective(tuple(rules))
            if known != effective:
                notes += hooks.set(option, effective)
        return notes

    @property
    def moves(self) -> bool:
        """Whether values set by hand differ from one update to the next."""
        return any(override.ramp is not None for override in self.overrides.values())

    # -- checkpoints

    def to_json(self) -> dict[str, Any]:
        return {
            "values": self.values,
            "overrides": {name: item.to_json() for name, item in self.overrides.items()},
            "settings": {name: self.setting_values[name] for name in self.settings},
            "scheduled": [change.to_json() for change in self.scheduled],
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Put back what `to_json` gave; the options are those of the restored groups."""
        self.overrides = {
            name: Override.from_json(item) for name, item in state["overrides"].items()
        }
        for name, value in state["settings"].items():
            if name in self.settings:
                self.setting_values[name] = value
        self.scheduled = [ScheduledChange.from_json(item) for item in state["scheduled"]]
        for name, knob in self.knobs.items():
            if name in state["values"]:
                knob.set(state["values"][name])
        for hooks in self.hooks.values():
            hooks.in_force.clear()
        self._enforce_silently()

    def _enforce_silently(self) -> None:
        """As `enforce`, with the state of the optimizers as it is: it was saved with the values."""
        for name, override in self.overrides.items():
            for option in self.options[name].options if name in self.options else ():
                hooks = self.hooks[option.optimizer]
                rules = hooks.in_force.get(option, Effective(()))
                rule = (override.times, override.at(self.step))
                hooks.in_force[option] = Effective((*rules.rules, rule))


def _plain(value: Any) -> Value:
    if isinstance(value, (bool, int, float, str)):
        return value
    try:
        return float(value)
    except (TypeError, ValueError):
        return str(value)
