"""The hyperparameters of a running training: what they are now, and how a change is carried out.

A change is a transaction between two steps. It is checked, written to the optimizer, and read back
from it; the answer carries what was read, never what was asked for.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, cast

from torch import nn
from torch.optim import Optimizer

from babysit.protocol.commands import Set
from babysit.protocol.hyperparameters import BASE_LEARNING_RATE, Declared, InvalidValue
from babysit.protocol.validation import check_change
from babysit.protocol.values import RequestedValues, Values
from babysit.training.data import Batches
from babysit.training.optimizer import read_back, write
from babysit.training.schedule import SCHEDULE_KEYS, Ramp, Schedule, scale_of
from babysit.training.user_code.dropout import dropout_modules, set_dropout

# A change of these may rescale or clear parts of the optimizer's state.
STATE_KEYS = frozenset({"momentum", "beta1", "beta2"})
# Written to the optimizer before an update whenever they can have moved.
OPTIMIZER_KEYS = ("learning_rate", "momentum", "beta1", "beta2", "epsilon", "weight_decay")


@dataclass(slots=True)
class ScheduledChange:
    """A `Set` that waits for its step."""

    command_id: int
    change: Set
    actor: str

    def to_json(self) -> dict[str, Any]:
        return {"command_id": self.command_id, "actor": self.actor, "change": asdict(self.change)}

    @classmethod
    def from_json(cls, body: dict[str, Any]) -> ScheduledChange:
        return cls(body["command_id"], Set(**body["change"]), body["actor"])


@dataclass(frozen=True, slots=True)
class ChangeMade:
    """What a change did, as read back."""

    before: Values
    after: Values
    undo_values: RequestedValues
    values: Values  # base values of what changed: where a ramp leads
    effective_step: int
    notes: list[str]


@dataclass(slots=True)
class Controls:
    """Base values, schedule, ramps and scheduled changes: the settings part of a run's state.

    values: base values of all declared hyperparameters. `learning_rate` is lr's base.
    """

    declared: Declared
    values: Values
    schedule: Schedule
    ramps: dict[str, Ramp] = field(default_factory=dict)
    scheduled: list[ScheduledChange] = field(default_factory=list)

    @property
    def moves(self) -> bool:
        """Whether values differ from one update to the next by themselves."""
        return self.schedule.kind != "constant" or bool(self.ramps)

    def effective(self, step: int) -> Values:
        """The values of update `step` + 1: base, times schedule, on their ramps."""
        values = dict(self.values)
        for name, ramp in self.ramps.items():
            values[name] = ramp.at(step)
        values["learning_rate"] = float(values["learning_rate"]) * self.schedule.factor(step)
        return values

    def write_to(self, optimizer: Optimizer, step: int) -> list[str]:
        """Make update `step` + 1 use its values; ramps that have arrived end here."""
        notes = write(optimizer, self.effective(step))
        for name in [name for name, ramp in self.ramps.items() if ramp.is_over(step)]:
            del self.ramps[name]
        return notes

    def due(self, step: int) -> list[ScheduledChange]:
        """The scheduled changes whose step has come, in the order they were sent."""
        return [change for change in self.scheduled if (change.change.at_step or 0) <= step]

    def forget(self, command_id: int) -> bool:
        """Take a scheduled change out; False when there is none of that id."""
        planned = len(self.scheduled)
        self.scheduled = [item for item in self.scheduled if item.command_id != command_id]
        return len(self.scheduled) < planned

    def to_json(self) -> dict[str, Any]:
        return {
            "values": dict(self.values),  # a snapshot must not see later changes
            "schedule": asdict(self.schedule),
            "ramps": {name: asdict(ramp) for name, ramp in self.ramps.items()},
            "scheduled": [change.to_json() for change in self.scheduled],
        }

    @classmethod
    def from_json(cls, declared: Declared, state: dict[str, Any]) -> Controls:
        return cls(
            declared=declared,
            values=state["values"],
            schedule=Schedule(**state["schedule"]),
            ramps={name: Ramp(**ramp) for name, ramp in state["ramps"].items()},
            scheduled=[ScheduledChange.from_json(change) for change in state["scheduled"]],
        )


def checked_change(controls: Controls, change: Set, step: int) -> Values:
    """What a change asks for, complete and checked: linked values are worked out.

    Raises:
        InvalidValue: the change is refused as a whole.
    """
    current = controls.effective(step)
    # Against the values that ramps lead to: what goes together now must go together then, too.
    values = dict(cast(Values, check_change(controls.declared, controls.values, change.values)))
    _check_over_steps(change.over_steps, values)
    linked = change.keep_step_size and "momentum" in values
    if linked and not {"learning_rate", "base_learning_rate"} & set(values):
        left, right = 1 - float(values["momentum"]), 1 - float(current["momentum"])
        rate = float(current["learning_rate"]) * left / right
        values["learning_rate"] = controls.declared["learning_rate"].check(rate)
    _check_base(controls, values, step, change.over_steps)
    return values


def _check_over_steps(over_steps: int | None, values: Values) -> None:
    if over_steps is None:
        return
    if over_steps < 1:
        raise InvalidValue("over_steps", "A change takes at least 1 step.")
    rampable = (*OPTIMIZER_KEYS, "base_learning_rate")
    if not set(values) & set(rampable):
        message = f"{', '.join(values)} cannot change gradually: leave over_steps out."
        raise InvalidValue("over_steps", message)


def _check_base(controls: Controls, values: Values, step: int, over_steps: int | None) -> None:
    """The base that a change leads to must be a learning rate itself: a fork starts from it."""
    schedule = controls.schedule
    begins = bool(set(values) & set(SCHEDULE_KEYS))
    if begins:
        schedule = Schedule.begun({**controls.values, **values}, start=step, last_step=step + 1)
    factor = schedule.factor(step)
    wanted = float(values.get("learning_rate", 0.0))
    if wanted and (factor == 0 or wanted / factor > BASE_LEARNING_RATE.high):
        message = (
            f"The schedule multiplies the base by {factor:.3g} here, so the base would be "
            f"above {BASE_LEARNING_RATE.high:g}. Set base_learning_rate instead, or schedule "
            f"to constant in the same change."
        )
        raise InvalidValue("learning_rate", message)
    keeps_rate = begins and schedule.kind != "one_cycle" and "base_learning_rate" not in values
    if keeps_rate and not wanted and not controls.effective(step)["learning_rate"]:
        # The new schedule begins at the learning rate of now: for ever 0, if that is 0.
        message = "The learning rate is 0 here: set learning_rate in the same change."
        raise InvalidValue("learning_rate", message)
    if begins and over_steps and factor:  # on the way from here the base is largest at its start
        start = float(controls.effective(step)["learning_rate"]) / factor
        if start > BASE_LEARNING_RATE.high:
            message = (
                f"The new schedule multiplies the base by {factor:.3g} here, so the way to it "
                f"would begin at a base of {start:.3g}, above {BASE_LEARNING_RATE.high:g}. "
                "Leave over_steps out, or lower the learning rate first."
            )
            raise InvalidValue("over_steps", message)


def apply_change(
    controls: Controls, change: Set, *, step: int, last_step: int, parts: TrainingParts
) -> ChangeMade:
    """Carry a checked change out between update `step` and the next one.

    Raises:
        InvalidValue: the change is refused; nothing was touched.
    """
    values = checked_change(controls, change, step)
    if "dropout" in values and not parts.dropout:
        raise InvalidValue("dropout", "This network has no nn.Dropout modules to change.")
    names = {"learning_rate" if name == "base_learning_rate" else name for name in values}
    if names & set(SCHEDULE_KEYS):
        names.add("learning_rate")
    before = effective_values(controls, parts, step, names)
    undo = _undo_values(controls, values)

    starts_from = controls.effective(step)
    _set_base_values(controls, values, step=step, last_step=last_step)
    _begin_ramps(controls, starts_from, names, step=step, over_steps=change.over_steps)
    effective_step = step + 1
    if "batch_size" in values:
        effective_step = _change_batch_size(parts.batches, values, step, now=change.batch_now)
    if "dropout" in values:
        set_dropout(parts.network, parts.dropout, float(values["dropout"]))
    notes = controls.write_to(parts.optimizer, step)
    if not names & STATE_KEYS:
        notes = []  # of a ramp that is under way

    after = effective_values(controls, parts, step, names)
    base = {name: controls.values[name] for name in sorted(names)}
    return ChangeMade(before, after, undo, base, effective_step, notes)


@dataclass(frozen=True, slots=True)
class TrainingParts:
    """What a change acts on. dropout: names of the modules whose rate the hyperparameter sets."""

    network: nn.Module
    optimizer: Optimizer
    batches: Batches
    dropout: list[str]


def effective_values(
    controls: Controls, parts: TrainingParts, step: int, names: set[str]
) -> Values:
    """The named values as the optimizer, the network and the data order really hold them now."""
    real = read_back(parts.optimizer)
    real["batch_size"] = parts.batches.position.next_batch_size
    found = {name: real[name] if name in real else controls.values[name] for name in sorted(names)}
    if "dropout" in names and parts.dropout:
        found["dropout"] = dropout_modules(parts.network)[parts.dropout[0]].p
    if "learning_rate" in names and controls.schedule.kind != "constant":
        found["base_learning_rate"] = controls.values["learning_rate"]
    return found


def _undo_values(controls: Controls, values: Values) -> Values:
    undo: Values = {}
    for name in values:
        base = "learning_rate" if name == "base_learning_rate" else name
        undo[base] = controls.values[base]
    if set(values) & set(SCHEDULE_KEYS):
        undo["learning_rate"] = controls.values["learning_rate"]
        undo["schedule"] = controls.values["schedule"]
    if "learning_rate" in undo and (undo.get("schedule") or controls.schedule.kind) != "constant":
        undo["base_learning_rate"] = undo.pop("learning_rate")
    kind = str(undo.get("schedule", controls.schedule.kind))
    return {
        name: value
        for name, value in undo.items()
        if name not in controls.declared
        or (schedules := controls.declared[name].schedules) is None
        or kind in schedules
    }


def _set_base_values(controls: Controls, values: Values, *, step: int, last_step: int) -> None:
    rate_now = float(controls.effective(step)["learning_rate"])
    for name, value in values.items():
        if name not in ("learning_rate", "base_learning_rate"):
            controls.values[name] = value
            controls.ramps.pop(name, None)
    new_schedule = bool(set(values) & set(SCHEDULE_KEYS))
    if new_schedule:
        # It begins here, at the learning rate of now; one_cycle's base is its peak and stays.
        controls.schedule = Schedule.begun(controls.values, start=step, last_step=last_step)
        if controls.schedule.kind != "one_cycle":
            controls.values["learning_rate"] = rate_now
            controls.ramps.pop("learning_rate", None)
    if "base_learning_rate" in values:
        controls.values["learning_rate"] = values["base_learning_rate"]
        controls.ramps.pop("learning_rate", None)
    elif "learning_rate" in values:
        factor = controls.schedule.factor(step)
        controls.values["learning_rate"] = float(values["learning_rate"]) / factor
        controls.ramps.pop("learning_rate", None)


def _begin_ramps(
    controls: Controls, before: Values, names: set[str], *, step: int, over_steps: int | None
) -> None:
    if not over_steps or over_steps < 2:
        return
    for name in names & set(OPTIMIZER_KEYS):
        start = float(before[name])
        if name == "learning_rate":  # a ramp of the base: the schedule goes on underneath
            start /= controls.schedule.factor(step) or 1.0
        end = float(controls.values[name])
        if start != end:
            controls.ramps[name] = Ramp(start, end, step, over_steps, scale_of(name))


def _change_batch_size(batches: Batches, values: Values, step: int, *, now: bool) -> int:
    at_once = now or batches.position.index == 0 or batches.position.rebatched
    waits = 0 if at_once else batches.steps_left_in_epoch()
    batches.change_batch_size(int(values["batch_size"]), now=now)
    return step + waits + 1
