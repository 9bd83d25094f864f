"""Request models; every field is checked."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from babysit.protocol.commands import (
    Cancel,
    Command,
    Evaluate,
    Extend,
    Pause,
    Resume,
    SaveCheckpoint,
    Set,
    Stop,
)
from babysit.protocol.objective import Mode
from babysit.protocol.recipes.recipe import RECIPE_BYTES_MAX

from ...limits import (
    INT_MAX,
    NAME_CHARACTERS_MAX,
    NOTE_CHARACTERS_MAX,
    PATH_CHARACTERS_MAX,
    STEPS_MAX,
    TOKEN_CHARACTERS_MAX,
    VALUES_MAX,
)

# Each value is checked against the declaration of its hyperparameter.
_PLAIN = [{"type": kind} for kind in ("number", "boolean", "string")]
# Of a script: {"times": 0.5} or {"release": true}.
_RELATIVE = {"type": "object", "additionalProperties": {"anyOf": _PLAIN[:2]}}
ValuesIn: TypeAlias = Annotated[
    dict[str, Any],
    Field(max_length=VALUES_MAX),
    WithJsonSchema({"type": "object", "additionalProperties": {"anyOf": _PLAIN}}),
]
RequestedValuesIn: TypeAlias = Annotated[
    dict[str, Any],
    Field(max_length=VALUES_MAX),
    WithJsonSchema({"type": "object", "additionalProperties": {"anyOf": [*_PLAIN, _RELATIVE]}}),
]
# A registered one: its id, its path, or the name of its file.
ScriptName: TypeAlias = Annotated[str, Field(max_length=PATH_CHARACTERS_MAX)]
Name: TypeAlias = Annotated[str, Field(max_length=NAME_CHARACTERS_MAX)]
Note: TypeAlias = Annotated[str, Field(max_length=NOTE_CHARACTERS_MAX)]
Steps: TypeAlias = Annotated[int, Field(ge=1, le=STEPS_MAX)]
Step: TypeAlias = Annotated[int, Field(ge=0, le=INT_MAX)]


def _no_number(value: Any) -> Any:
    """Reject 0 and 1, which Python takes for False and True."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        raise ValueError
    return value


_EXACTLY = BeforeValidator(_no_number)


class In(BaseModel):
    """A request body: unknown fields and other types are rejected."""

    model_config = ConfigDict(extra="forbid", strict=True)


class SignIn(In):
    token: str = Field(max_length=TOKEN_CHARACTERS_MAX)


class NewRun(In):
    task: Name | None = None
    script: ScriptName | None = None
    values: ValuesIn = Field(default_factory=dict)
    steps: Steps | None = None
    seed: Annotated[int, Field(ge=0, le=INT_MAX)] | None = None
    name: Name | None = None
    note: Note = ""
    max_steps_per_s: Annotated[float, Field(gt=0, le=1e9)] | None = None
    guard: bool = True  # pause when the cost blows up
    paused: bool = False  # before the first step
    objective: Name | None = None  # the series that decides what is best; None: as the task has it
    mode: Mode | None = None


class ControlChange(In):
    tier: Annotated[int, Field(ge=1, le=3)] | None = None
    scale: Literal["linear", "log10", "log2", "minus_log10_one_minus"] | None = None


class RunChange(In):
    name: Annotated[Name | None, Field(examples=["warm restarts"])] = None
    note: Note | None = None
    live: Annotated[Literal[True] | None, _EXACTLY] = None
    guard: bool | None = None
    max_steps_per_s: Annotated[float, Field(ge=0, le=1e9)] | None = None  # 0: full speed
    trashed: Annotated[Literal[False] | None, _EXACTLY] = None
    controls: Annotated[dict[Name, ControlChange], Field(max_length=VALUES_MAX)] | None = None


class NewFork(In):
    values: RequestedValuesIn = Field(default_factory=dict)
    steps: Steps | None = None  # the last step, counted from the root's beginning
    name: Name | None = None
    note: Note = ""
    rewind: bool = False
    max_steps_per_s: Annotated[float, Field(ge=0, le=1e9)] | None = None  # None: its parent's
    guard: bool | None = None  # None: as its parent
    paused: bool = False  # before its first step


class NewReplay(In):
    seed: Annotated[int, Field(ge=0, le=INT_MAX)] | None = (
        None  # a different seed: nothing is compared
    )
    max_steps_per_s: Annotated[float, Field(gt=0, le=1e9)] | None = None


class RecipeSent(NewReplay):
    recipe: Annotated[str, Field(max_length=RECIPE_BYTES_MAX)]  # the file's text


class PinChange(In):
    pinned: Annotated[bool, Field(examples=[True])]


class NewNote(In):
    text: Annotated[
        str,
        Field(min_length=1, max_length=NOTE_CHARACTERS_MAX, examples=["a plateau, I think"]),
    ]
    step: Step | None = None
    command_id: Annotated[int, Field(ge=1, le=INT_MAX)] | None = None


class NoteCorrection(In):
    text: Annotated[
        str,
        Field(min_length=1, max_length=NOTE_CHARACTERS_MAX, examples=["a plateau after all"]),
    ]


class SetIn(In):
    kind: Literal["set"]
    values: RequestedValuesIn
    at_step: Step | None = None
    over_steps: Steps | None = None
    note: Note = ""
    keep_step_size: bool = False
    batch_now: bool = False

    def command(self) -> Command:
        return Set(**self.model_dump(exclude={"kind"}))


class PauseIn(In):
    kind: Literal["pause"]
    note: Note = ""

    def command(self) -> Command:
        return Pause(note=self.note)


class ResumeIn(In):
    kind: Literal["resume"]
    for_steps: Steps | None = None  # pause again after so many
    note: Note = ""

    def command(self) -> Command:
        return Resume(for_steps=self.for_steps, note=self.note)


class PlainIn(In):
    """A command without arguments."""

    kind: Literal["stop", "save_checkpoint", "evaluate"]
    note: Note = ""

    def command(self) -> Command:
        kinds: dict[str, type[Stop | SaveCheckpoint | Evaluate]] = {
            "stop": Stop,
            "save_checkpoint": SaveCheckpoint,
            "evaluate": Evaluate,
        }
        return kinds[self.kind](note=self.note)


class ExtendIn(In):
    kind: Literal["extend"]
    steps: Steps  # how many more
    note: Note = ""

    def command(self) -> Command:
        return Extend(steps=self.steps, note=self.note)


class CancelIn(In):
    kind: Literal["cancel"]
    command_id: Annotated[int, Field(ge=1, le=INT_MAX)]
    note: Note = ""

    def command(self) -> Command:
        return Cancel(command_id=self.command_id, note=self.note)


CommandIn: TypeAlias = Annotated[
    SetIn | PauseIn | ResumeIn | PlainIn | ExtendIn | CancelIn, Field(discriminator="kind")
]
