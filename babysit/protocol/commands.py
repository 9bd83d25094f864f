"""Commands: what the server asks of a worker, as JSON objects in `server.journal`.

The set is closed: `COMMANDS` lists every kind.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from types import NoneType
from typing import Any, ClassVar, TypeAlias

from babysit.protocol.serialization import from_json
from babysit.protocol.status import CommandKind
from babysit.protocol.values import Values


@dataclass(frozen=True, slots=True, kw_only=True)
class Set:
    """Change hyperparameters between two steps.

    values: only what is to change. `learning_rate` is the effective value from the next update on
        (the base is re-anchored under the schedule); `base_learning_rate` sets the base.
    at_step: wait until this many updates are done; None: the next step boundary.
    over_steps: go there gradually over this many updates, geometrically on a log scale.
    keep_step_size: with `momentum`, multiply the learning rate by (1-new)/(1-old), so that
        lr/(1-momentum) stays as it is.
    batch_now: re-batch the rest of this epoch at once instead of from the next epoch on.
    """

    kind: ClassVar[CommandKind] = "set"
    values: Values
    at_step: int | None = None
    over_steps: int | None = None
    note: str = ""
    keep_step_size: bool = False
    batch_now: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """Wait between two steps; everything stays in memory, and a checkpoint is written."""

    kind: ClassVar[CommandKind] = "pause"
    note: str = ""
    reason: str = "user"  # or "no_viewer": the demo waits until somebody looks


@dataclass(frozen=True, slots=True, kw_only=True)
class Resume:
    """Go on from a pause.

    for_steps: pause again after so many updates; None: go on.
    """

    kind: ClassVar[CommandKind] = "resume"
    for_steps: int | None = None
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """End the run before its last step; a checkpoint is written."""

    kind: ClassVar[CommandKind] = "stop"
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SaveCheckpoint:
    """Write a checkpoint that retention never removes."""

    kind: ClassVar[CommandKind] = "save_checkpoint"
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluate:
    """Measure the validation set at this step."""

    kind: ClassVar[CommandKind] = "evaluate"
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Extend:
    """Move the run's last step further away.

    steps: how many more.
    schedule_follows: a schedule that lasts to the end of the run ends at the new last step. False
        in the journals of older versions, whose schedules kept their end.
    """

    kind: ClassVar[CommandKind] = "extend"
    steps: int
    note: str = ""
    schedule_follows: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancel:
    """Withdraw a scheduled change that has not happened yet."""

    kind: ClassVar[CommandKind] = "cancel"
    command_id: int
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fork:
    """In a replay only: continue as the fork did that was made here, in the same run.

    values: what the fork changed. steps: the last step of the fork.
    schedule_follows: as in `RunSpec`.
    """

    kind: ClassVar[CommandKind] = "fork"
    values: Values
    steps: int
    note: str = ""
    schedule_follows: bool = False


Command: TypeAlias = (
    Set | Pause | Resume | Stop | SaveCheckpoint | Evaluate | Extend | Cancel | Fork
)
CANCELLED = "Cancelled before its step came."  # why a scheduled change was refused after all

COMMANDS: dict[str, type[Command]] = {
    command.kind: command
    for command in (Set, Pause, Resume, Stop, SaveCheckpoint, Evaluate, Extend, Cancel, Fork)
}

# What the fields of commands may be: a worker must never stumble over one in the middle of a step.
FIELD_TYPES: dict[str, tuple[type, ...]] = {
    "values": (dict,),
    "at_step": (int, NoneType),
    "over_steps": (int, NoneType),
    "keep_step_size": (bool,),
    "batch_now": (bool,),
    "schedule_follows": (bool,),
    "steps": (int,),
    "for_steps": (int, NoneType),
    "command_id": (int,),
    "reason": (str,),
    "note": (str,),
}


def command_from_json(body: dict[str, Any]) -> Command:
    """The command a JSON object stands for.

    Raises:
        ValueError: unknown kind, missing fields, or a value of the wrong type.
    """
    command: Command = from_json(COMMANDS, body)
    for item in fields(command):
        value = getattr(command, item.name)
        if type(value) not in FIELD_TYPES[item.name]:
            raise ValueError(f"{item.name} of {command.kind} cannot be {value!r}")
    return command
