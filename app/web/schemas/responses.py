"""Response models; the types of the page are generated from them."""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

from pydantic import BaseModel, Field

from babysit.protocol.objective import Mode
from babysit.protocol.status import RunStatus

from ...task_description import Number, Task, ValuesOut
from .events import Event
from .machines import Contact, WaitsFor
from .scripts import Part, Script, ScriptDeclared

RequestedValuesOut: TypeAlias = dict[str, float | int | bool | str | dict[str, float | bool]]


class Error(BaseModel):
    """The body of every error."""

    error: str
    message: str
    field: str | None = None
    allowed: list[Any] | None = None
    state: str | None = None


class Health(BaseModel):
    status: Literal["ok"]
    version: str
    database: str
    warnings: list[str]


class Who(BaseModel):
    role: Literal["owner", "viewer"]


class TokenToWatch(BaseModel):
    token: str


class Parent(BaseModel):
    run_id: int
    step: int
    checkpoint_id: int


class Best(BaseModel):
    """value: of the run's objective. val_cost: the same if that is the validation cost."""

    step: int
    value: float
    val_cost: float | None


class Effective(BaseModel):
    learning_rate: Number | None
    momentum: Number | None
    schedule_factor: Number | None


class PendingCommand(BaseModel):
    command_id: int
    kind: str
    at_step: int | None
    values: RequestedValuesOut
    over_steps: int | None
    note: str


class Replayed(BaseModel):
    """The result of a replay: bit-identical up to `step`, or different from `first_step` on."""

    step: int
    equal: bool
    first_step: int | None
    quantity: str | None
    recorded: float | str | None
    found: float | str | None
    branched: bool  # changed by hand, or ended early, after `step`


class TrialOf(BaseModel):
    """The search that the run is a trial of."""

    id: int
    number: int
    round: int


class Exactness(BaseModel):
    """Whether the run can be repeated to the last bit.

    level: exact: steps were made twice, up to `proved_at_step`, and were equal; approximate: not,
        for these reasons; not proved: nothing was made twice so far. Of a script's run they are
        called proved, approximate and seen.
    """

    level: Literal["exact", "approximate", "not proved", "proved", "seen"]
    reasons: list[str]
    proved_at_step: int | None


class Run(BaseModel):
    id: int
    name: str
    task: str
    status: RunStatus
    reason: str | None
    step: int
    steps: int
    seed: int
    values: ValuesOut
    parent: Parent | None
    family_id: int
    live: bool
    created_at: str
    note: str
    started_at: str | None
    ended_at: str | None
    error: str | None
    demo: bool
    initial_values: ValuesOut
    effective: Effective | None
    latest: dict[str, Number]
    best: Best | None
    objective: str  # the series that decides what is best
    mode: Mode
    epoch: Number | None
    steps_per_epoch: int | None
    train_size: int | None
    steps_per_s: Number | None
    attempt: int
    allowed: list[str]
    pending: list[PendingCommand]
    trashed_at: str | None
    last_event_id: int
    threads: int | None
    device: str | None
    max_steps_per_s: float | None
    guard: bool  # whether it pauses when its cost blows up
    replay_of: int | None
    replayed: Replayed | None
    search: TrialOf | None
    machine: str | None  # that trained it last
    # As it is at this moment; messages of the stream leave these out.
    waits_for: WaitsFor | None = None
    contact: Contact | None = None  # with its worker, on another machine
    # Of one run; a list of runs leaves these out.
    exactness: Exactness | None = None
    script: Script | None = None
    parts: list[Part] = Field(default_factory=list)
    declared: ScriptDeclared | None = None
    asked_values: ValuesOut | None = None  # of a script: what it was started with


class Runs(BaseModel):
    runs: list[Run]
    next: int | None  # pass it as `before` for the next page


class Tasks(BaseModel):
    tasks: list[Task]
    ready: bool


class CommandSent(BaseModel):
    command_id: int | None  # the event with this id is the answer
    status: Literal["pending", "no_op"]


class CommandAnswer(BaseModel):
    command_id: int
    run_id: int
    kind: str
    status: Literal["pending", "applied", "refused"]
    step: int | None
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    reason: str | None
    field: str | None
    notes: list[str]
    undo_values: RequestedValuesOut | None
    actor: str
    created_at: str
    at_step: int | None
    effective_step: int | None  # of a change: the first step that uses it


class Events(BaseModel):
    events: list[Event]
    next: int | None  # pass it as `after` (with order=desc as `before`) for the next page


class Series(BaseModel):
    """Columns of equal length. count: all recorded values. counts: those behind each point."""

    step: list[int]
    value: list[Number]
    min: list[Number]
    max: list[Number]
    count: int
    counts: list[int]


class Curves(BaseModel):
    run_id: int
    last_step: int
    series: dict[str, Series]


class CheckpointStorage(BaseModel):
    """The copy of a checkpoint in object storage.

    message: of "failed": why; it is tried again. local: its files are on the server's machine;
    if not, they are fetched when they are needed.
    """

    state: Literal["waiting", "uploading", "stored", "failed"]
    message: str | None
    local: bool


class Checkpoint(BaseModel):
    id: int
    run_id: int
    step: int
    cause: str
    kind: str
    val_cost: Number | None
    objective_value: Number | None  # of a run whose objective is not the validation cost
    bytes: int
    valid: bool
    weights_sha256: str
    state_sha256: str
    best: bool
    pinned: bool
    at: str
    removed: bool
    command_id: int | None
    values: ValuesOut | None  # base values that a branch goes on with; None: it cannot be used
    effective: ValuesOut | None  # what the last update used, of an optimizer's values
    last_command_id: int | None  # the last command that was carried out before it
    storage: CheckpointStorage | None = None  # None: no object storage is set, or it was removed


class KeptInTrash(BaseModel):
    run_id: int
    reason: str


class TrashContent(BaseModel):
    """run_ids: of the runs that are removed for good. bytes: their space on the disk."""

    run_ids: list[int]
    bytes: int
    kept: list[KeptInTrash]


class FamilyMember(BaseModel):
    id: int
    name: str
    status: RunStatus
    step: int
    steps: int
    parent: Parent | None
    live: bool
    best: Best | None
    created_at: str
    trashed_at: str | None


class Family(BaseModel):
    family_id: int
    live_run_id: int
    runs: list[FamilyMember]
