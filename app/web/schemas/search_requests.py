"""Request models of searches."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import Field, WithJsonSchema

from babysit.protocol.hyperparameters import Scale
from babysit.protocol.objective import Mode

from ...limits import (
    INT_MAX,
    PARALLEL_MAX,
    ROUNDS_MAX,
    SEEDS_MAX,
    TRIALS_MAX,
    VALUES_MAX,
    WIDEN_MAX,
)
from ...search.coarse_to_fine import KEEP, ROUNDS, WIDEN
from ...search.spec import Strategy
from .requests import In, Name, Note, ScriptName, Steps

SCALES = (
    "The scale on which a range is sampled evenly: `linear`, `log10`, `log2`, or "
    "`minus_log10_one_minus`, which is −log10(1−β). The default is the hyperparameter's own scale. "
    "Integers stay integers on every scale."
)
_VALUE = {"anyOf": [{"type": kind} for kind in ("number", "boolean", "string")]}
_VALUES = {"type": "array", "items": _VALUE}
_WHEN = {
    "type": "object",
    "additionalProperties": _VALUES,
    "description": "Sampled only when each of these hyperparameters has one of the values listed.",
}
_ROW = {
    "type": "object",
    "description": "A range `{scale, low, high}`, a list `{values}`, or one value `{fixed}`.",
    "properties": {
        "scale": {
            "type": "string",
            "enum": list(Scale.__args__),  # type: ignore[attr-defined]
            "description": SCALES,
        },
        "low": {"type": "number"},
        "high": {"type": "number"},
        "values": _VALUES,
        "fixed": _VALUE,
        "when": _WHEN,
    },
}
# Each row is checked against the declaration of its hyperparameter (`app/search/space.py`).
SpaceIn: TypeAlias = Annotated[
    dict[str, Any],
    Field(min_length=1, max_length=VALUES_MAX),
    WithJsonSchema({"type": "object", "additionalProperties": _ROW}),
]
Trials: TypeAlias = Annotated[int, Field(ge=1, le=TRIALS_MAX)]
Parallel: TypeAlias = Annotated[int, Field(ge=1, le=PARALLEL_MAX)]
Seed: TypeAlias = Annotated[int, Field(ge=0, le=INT_MAX)]
Keep: TypeAlias = Annotated[int, Field(ge=1, le=TRIALS_MAX)]
Widen: TypeAlias = Annotated[float, Field(ge=1, le=WIDEN_MAX)]
Rounds: TypeAlias = Annotated[int, Field(ge=1, le=ROUNDS_MAX)]
Points: TypeAlias = Annotated[
    dict[str, Any],
    Field(max_length=VALUES_MAX),
    WithJsonSchema({"type": "object", "additionalProperties": {"type": "integer"}}),
]


class NewSearch(In):
    """task, script: what is trained: a task, or a registered script by its id, path or file name.
    Of a search from a checkpoint, neither is needed.

    trials: how many to sample. A grid has as many as it has cells; for a grid this is the most.

    steps: the last step of each trial, counted from the start of the checkpoint's root run. A
    script without a number ends where its own loops end.

    seed: of the samples, and of each trial's training.
    """

    task: Name | None = None
    script: ScriptName | None = None
    space: SpaceIn
    strategy: Strategy
    trials: Trials | None = None
    steps: Steps | None = None
    parallel: Parallel | None = None
    seed: Seed | None = None
    points: Points = Field(default_factory=dict)  # of a grid along each range, 5 if not named
    keep: Keep = KEEP
    widen: Widen = WIDEN
    rounds: Rounds = ROUNDS
    stop_early: Literal["median", "successive_halving"] | None = None
    from_checkpoint: Annotated[int, Field(ge=1, le=INT_MAX)] | None = None
    objective: Name | None = None  # as of a run
    mode: Mode | None = None
    name: Name | None = None
    note: Note = ""


class SearchPreview(NewSearch):
    """A search that is not started."""


class SearchCommandIn(In):
    kind: Literal["pause", "resume", "stop"]
    note: Note = ""


class Refinement(In):
    """Fields that are None are taken from the search.

    keep, widen: how many of the best trials, and how far around them.
    widen_edges: extend the range of a value that is best at an end of its range.
    """

    keep: Keep | None = None
    widen: Widen | None = None
    widen_edges: bool = False
    strategy: Strategy | None = None
    trials: Trials | None = None
    steps: Steps | None = None
    seed: Seed | None = None
    name: Name | None = None
    note: Note = ""


class RepeatTrial(In):
    run_id: Annotated[int, Field(ge=1, le=INT_MAX)] | None = None  # None: the best one
    seeds: Annotated[int, Field(ge=1, le=SEEDS_MAX)] = 3


class Promotion(In):
    from_: Literal["checkpoint", "scratch"] = Field(alias="from")
    name: Name | None = None
    steps: Steps | None = None
    note: Note = ""
    paused: bool = False  # before its first step
