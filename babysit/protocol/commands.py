"""Commands: requests of the server to a worker, as JSON objects in `server.journal`.

The set is closed: `COMMANDS` lists every kind.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from types import NoneType
from typing import Any, ClassVar, Self, TypeAlias

from babysit.protocol.message import Message, by_kind, decode
from babysit.protocol.serialization import ADDED
from babysit.protocol.status import CommandKind
from babysit.protocol.values import RequestedValues, Values

# The types of the fields, checked before a command reaches the training loop.
FIELD_TYPES: dict[str, tuple[type, ...]] = {
    "values": (dict,),
    "at_step": (int, NoneType),
    "over_steps": (int, NoneType),
    "keep_step_size": (bool,),
    "batch_now": (bool,),
    "schedule_follows": (bool, NoneType),
    "steps": (int,),
    "for_steps": (int, NoneType),
    "command_id": (int,),
    "reason": (str,),
    "note": (str,),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandMessage(Message):
    """The base of all commands."""

    @classmethod
    def from_fields(cls, values: dict[str, Any]) -> Self:
        command = cls(**values)
        for item in fields(command):
            value = getattr(command, item.name)
            if type(value) not in FIELD_TYPES[item.name]:
                raise ValueError(f"{item.name} of {command.kind} cannot be {value!r}")
        return command


@dataclass(frozen=True, slots=True, kw_only=True)
class Set(CommandMessage):
    """Change hyperparameters between two steps.

    values: only what changes. `learning_rate` is the effective value from the next update on
        (the base is re-anchored under the schedule); `base_learning_rate` sets the base. For
        options of a script's optimizer also `{"times": factor}` and `{"release": True}`.
    at_step: execute it when this many updates are done; None: before the next update.
    over_steps: change gradually over this many updates, geometrically on a log scale.
    keep_step_size: with `momentum`, multiply the learning rate by (1-new)/(1-old), so that
        lr/(1-momentum) stays as it is.
    batch_now: use the new batch size in the rest of this epoch, not only from the next one on.
    """

    kind: ClassVar[CommandKind] = "set"
    values: RequestedValues
    at_step: int | None = None
    over_steps: int | None = None
    note: str = ""
    keep_step_size: bool = False
    batch_now: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause(CommandMessage):
    """Wait between two steps. The training stays in memory, and a checkpoint is written."""

    kind: ClassVar[CommandKind] = "pause"
    note: str = ""
    reason: str = "user"  # or "no_viewer": the demo waits for a viewer


@dataclass(frozen=True, slots=True, kw_only=True)
class Resume(CommandMessage):
    """Continue after a pause.

    for_steps: pause again after this many updates; None: continue.
    """

    kind: ClassVar[CommandKind] = "resume"
    for_steps: int | None = None
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop(CommandMessage):
    """End the run before its last step; a checkpoint is written."""

    kind: ClassVar[CommandKind] = "stop"
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SaveCheckpoint(CommandMessage):
    """Write a checkpoint that retention never removes."""

    kind: ClassVar[CommandKind] = "save_checkpoint"
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluate(CommandMessage):
    """Evaluate on the validation set at this step."""

    kind: ClassVar[CommandKind] = "evaluate"
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Extend(CommandMessage):
    """Let the run make more steps.

    steps: how many more steps.
    schedule_follows: a schedule that lasts to the end of the run ends at the new last step. None in
        the journals of older versions, whose schedules kept their end, and where no schedule has
        an end.
    """

    kind: ClassVar[CommandKind] = "extend"
    steps: int
    note: str = ""
    schedule_follows: bool | None = field(default=None, metadata=ADDED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancel(CommandMessage):
    """Cancel a scheduled change that has not been made yet."""

    kind: ClassVar[CommandKind] = "cancel"
    command_id: int
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fork(CommandMessage):
    """In a replay only: continue as the fork did that was made here, in the same run.

    values: what the fork changed. steps: the last step of the fork.
    schedule_follows: as in `RunSpec`.
    """

    kind: ClassVar[CommandKind] = "fork"
    values: Values
    steps: int
    note: str = ""
    schedule_follows: bool | None = field(default=None, metadata=ADDED)


Command: TypeAlias = (
    Set | Pause | Resume | Stop | SaveCheckpoint | Evaluate | Extend | Cancel | Fork
)
CANCELLED = "Cancelled before its step came."  # the reason in the `Refused` of a scheduled change

COMMANDS: dict[str, type[Command]] = by_kind(
    (Set, Pause, Resume, Stop, SaveCheckpoint, Evaluate, Extend, Cancel, Fork)
)


def command_from_json(body: dict[str, Any]) -> Command:
    """The command that a JSON object stands for; see `decode` for what it raises."""
    return decode(COMMANDS, body)
